//! Each kind of merchant shares an order, has something returned, and releases what is left.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{OperationError, OrderName, Payment};

use super::{
    APPID, MERCHANT, RETURN, STRANGER, UNFREEZE, back, for_sharing, merchant, release, request, two_merchants,
};
use crate::{
    bills,
    payments::{Shop, without},
};

const SUB: &str = "1900000119";

#[tokio::test]
async fn a_direct_merchant_shares_an_order_in_parts() {
    let shop = Shop::with(two_merchants()).await;
    let id = shop.sharable("A00001", 1000).await;
    assert_eq!(shop.left(&id).await, 1000);
    let added = json!({ "account": MERCHANT, "relation_type": "STORE", "type": "MERCHANT_ID" });
    assert_eq!(shop.add(MERCHANT).await, added);
    assert_eq!(shop.add(MERCHANT).await, added);

    let asked = request("P1", &id, &[merchant(MERCHANT, 200)], false);
    let answer = shop.share(asked.clone()).await;
    let mut expected = json!({
        "order_id": answer["order_id"], "out_order_no": "P1", "state": "PROCESSING", "transaction_id": id,
        "receivers": [{
            "account": MERCHANT, "amount": 200, "create_time": "2025-09-04T10:06:32+08:00", "description": "分给商户",
            "detail_id": answer["receivers"][0]["detail_id"], "finish_time": "1970-01-01T08:00:00+08:00",
            "result": "PENDING", "type": "MERCHANT_ID",
        }],
    });
    assert_eq!(answer, expected);
    expected["state"] = "FINISHED".into();
    expected["receivers"][0]["result"] = "SUCCESS".into();
    expected["receivers"][0]["finish_time"] = "2025-09-04T10:06:32+08:00".into();
    assert_eq!(shop.shared("P1", &id).await, expected);
    assert_eq!(shop.share(asked).await, expected);
    assert_eq!(shop.left(&id).await, 800);

    let told = shop.mock.callbacks().last().cloned().unwrap();
    assert_eq!((told.mchid.as_str(), told.event_type.as_str()), (MERCHANT, "PROFITSHARING.SUCCESS"));
    let told = json!({
        "mchid": "1900000001", "transaction_id": id, "order_id": answer["order_id"], "out_order_no": "P1",
        "receiver": { "type": "MERCHANT_ID", "account": MERCHANT, "amount": 200, "description": "分给商户" },
        "success_time": "2025-09-04T10:06:32+08:00",
    });
    assert_eq!(shop.told(), told);

    let returned = shop.give_back(back("R1", "P1", MERCHANT, 50)).await;
    let expected = json!({
        "amount": 50, "create_time": "2025-09-04T10:06:32+08:00", "description": "用户退款",
        "finish_time": "2025-09-04T10:06:32+08:00", "order_id": answer["order_id"], "out_order_no": "P1",
        "out_return_no": "R1", "result": "SUCCESS", "return_id": returned["return_id"], "return_mchid": MERCHANT,
    });
    assert_eq!(returned, expected);
    let target = format!("{RETURN}/R1?out_order_no=P1");
    assert_eq!(shop.call(Method::GET, &target, Value::Null).await, expected);
    assert_eq!(shop.left(&id).await, 850);
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS", "PROFITSHARING.SUCCESS", "PROFITSHARING.RETURN"]);
    assert_eq!(
        (&shop.told()["out_order_no"], &shop.told()["order_id"]),
        (&json!("R1"), &returned["return_id"])
    );

    let released = shop.call(Method::POST, UNFREEZE, release("P2", &id)).await;
    let rest = &released["receivers"][0];
    assert_eq!((&rest["account"], &rest["amount"]), (&json!("1900000001"), &json!(850)));
    assert_eq!(shop.shared("P2", &id).await["receivers"][0]["result"], "SUCCESS");
    assert_eq!(shop.left(&id).await, 0);
    shop.refused_share(request("P3", &id, &[merchant(MERCHANT, 1)], false), OperationError::SharingFinished)
        .await;
}

#[tokio::test]
async fn the_last_request_shows_what_the_merchant_itself_gets() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 50).await;
    shop.add(STRANGER).await;
    let answer = shop.share(request("P1", &id, &[merchant(STRANGER, 5)], true)).await;
    let rest = &answer["receivers"][1];
    assert_eq!((&rest["amount"], &rest["description"]), (&json!(45), &json!("解冻给分账方")));
    assert_eq!((&rest["type"], &rest["account"]), (&json!("MERCHANT_ID"), &json!("1900000001")));
    assert_eq!(shop.left(&id).await, 0);
}

/// An order of a sub-merchant's, paid a minute ago.
async fn of_a_sub_merchant(shop: &Shop) -> String {
    let mut order = without(without(for_sharing("A00001", 1000), "appid"), "mchid");
    order["sp_appid"] = APPID.into();
    order["sp_mchid"] = "1900000001".into();
    order["sub_mchid"] = SUB.into();
    order["payer"] = json!({ "sp_openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" });
    let placed = shop.call(Method::POST, "/v3/pay/partner/transactions/jsapi", order).await;
    let prepay_id = OrderName::PrepayId(placed["prepay_id"].as_str().unwrap().into());
    let paid = shop.mock.pay(&Payment::of(prepay_id)).unwrap();
    shop.mock.clock().advance(60);
    paid["transaction_id"].as_str().unwrap().into()
}

/// The same for a sub-merchant.
fn of(mut body: Value, sub_mchid: &str) -> Value {
    body["sub_mchid"] = sub_mchid.into();
    body
}

#[tokio::test]
async fn a_service_provider_shares_a_sub_merchants_order() {
    let shop = Shop::with(two_merchants()).await;
    let id = of_a_sub_merchant(&shop).await;
    let receiver =
        json!({ "appid": APPID, "type": "MERCHANT_ID", "account": MERCHANT, "relation_type": "STORE" });
    let asked = || request("P1", &id, &[merchant(MERCHANT, 300)], false);
    // Added for the service provider itself, not for the sub-merchant.
    shop.add(MERCHANT).await;
    shop.refused_share(of(asked(), SUB), OperationError::SharingNoRelation).await;
    let added = shop.call(Method::POST, super::ADD, of(receiver, SUB)).await;
    assert_eq!(added["sub_mchid"], SUB);
    shop.refused_share(asked(), OperationError::OtherSubMerchantsOrder).await;
    shop.refused_share(of(asked(), "1900000120"), OperationError::SharingOtherSubMerchant).await;
    let answer = shop.share(of(asked(), SUB)).await;
    assert_eq!(answer["sub_mchid"], SUB);
    let target = format!("{}/P1?transaction_id={id}&sub_mchid={SUB}", super::SHARE);
    assert_eq!(shop.call(Method::GET, &target, Value::Null).await["state"], "FINISHED");
    assert_eq!((&shop.told()["sp_mchid"], &shop.told()["sub_mchid"]), (&json!("1900000001"), &json!(SUB)));
    let returned = shop.give_back(of(back("R1", "P1", MERCHANT, 300), SUB)).await;
    assert_eq!((&returned["sub_mchid"], &returned["result"]), (&json!(SUB), &json!("SUCCESS")));
    shop.call(Method::POST, UNFREEZE, of(release("P2", &id), SUB)).await;
    assert_eq!(shop.left(&id).await, 0);
    let config = format!("/v3/profitsharing/merchant-configs/{SUB}");
    let config = shop.call(Method::GET, &config, Value::Null).await;
    assert_eq!(config, json!({ "sub_mchid": SUB, "max_ratio": 3000 }));
}

const ECOMMERCE: &str = "/v3/ecommerce/profitsharing";

fn of_a_platform(number: &str, transaction_id: &str, amount: u64, is_last: bool) -> Value {
    json!({
        "appid": APPID, "sub_mchid": SUB, "transaction_id": transaction_id, "out_order_no": number, "finish": is_last,
        "receivers": [{
            "type": "MERCHANT_ID", "receiver_account": MERCHANT, "amount": amount, "description": "分给商户",
        }],
    })
}

#[tokio::test]
async fn an_ecommerce_platform_shares_a_sub_merchants_order() {
    let shop = Shop::with(two_merchants()).await;
    let id = of_a_sub_merchant(&shop).await;
    let orders = format!("{ECOMMERCE}/orders");
    let no_relation = OperationError::SharingNoRelation;
    shop.refused(Method::POST, &orders, of_a_platform("P1", &id, 200, false), no_relation).await;
    let receiver = json!({
        "appid": APPID, "type": "MERCHANT_ID", "account": MERCHANT, "name": "商户", "relation_type": "SUPPLIER",
    });
    let added = shop.call(Method::POST, &format!("{ECOMMERCE}/receivers/add"), receiver).await;
    assert_eq!(added, json!({ "account": MERCHANT, "type": "MERCHANT_ID" }));
    let answer = shop.call(Method::POST, &orders, of_a_platform("P1", &id, 200, false)).await;
    let expected = json!({
        "order_id": answer["order_id"], "out_order_no": "P1", "status": "PROCESSING", "sub_mchid": SUB,
        "transaction_id": id, "receivers": [{
            "amount": 200, "description": "分给商户", "detail_id": answer["receivers"][0]["detail_id"],
            "finish_time": "1970-01-01T08:00:00+08:00", "receiver_account": MERCHANT, "result": "PENDING",
            "type": "MERCHANT_ID",
        }],
    });
    assert_eq!(answer, expected);
    let query = |number: &str| format!("{orders}?sub_mchid={SUB}&transaction_id={id}&out_order_no={number}");
    assert_eq!(shop.call(Method::GET, &query("P1"), Value::Null).await["status"], "FINISHED");
    let amounts = format!("{orders}/{id}/amounts");
    assert_eq!(shop.call(Method::GET, &amounts, Value::Null).await["unsplit_amount"], 800);

    // The ordinary API can't share it any more.
    let ordinary = of(request("P2", &id, &[merchant(MERCHANT, 1)], false), SUB);
    shop.refused_share(ordinary, OperationError::SharingOnlyEcommerce).await;

    let order_id = &answer["order_id"];
    let returning = json!({
        "sub_mchid": SUB, "order_id": order_id, "out_return_no": "R1", "return_mchid": MERCHANT, "amount": 50,
        "description": "分账回退",
    });
    let returned = shop.call(Method::POST, &format!("{ECOMMERCE}/returnorders"), returning).await;
    let expected = json!({
        "amount": 50, "finish_time": "2025-09-04T10:06:32+08:00", "order_id": order_id, "out_order_no": "P1",
        "out_return_no": "R1", "result": "SUCCESS", "return_mchid": MERCHANT, "return_no": returned["return_no"],
        "sub_mchid": SUB,
    });
    assert_eq!(returned, expected);
    let target = format!("{ECOMMERCE}/returnorders?sub_mchid={SUB}&out_order_no=P1&out_return_no=R1");
    assert_eq!(shop.call(Method::GET, &target, Value::Null).await, expected);

    let finish = of(release("P3", &id), SUB);
    let finished = shop.call(Method::POST, &format!("{ECOMMERCE}/finish-order"), finish).await;
    let expected = json!({ "order_id": finished["order_id"], "out_order_no": "P3", "sub_mchid": SUB, "transaction_id": id });
    assert_eq!(finished, expected);
    let shown = shop.call(Method::GET, &query("P3"), Value::Null).await;
    assert_eq!(
        (&shown["finish_amount"], &shown["finish_description"]),
        (&json!(850), &json!("解冻全部剩余资金"))
    );
    let finished = OperationError::SharingFinished;
    shop.refused(Method::POST, &orders, of_a_platform("P4", &id, 1, false), finished).await;
}

#[tokio::test]
async fn an_order_that_the_ordinary_api_shares_is_not_shared_by_a_platform() {
    let shop = Shop::open().await;
    let id = of_a_sub_merchant(&shop).await;
    shop.call(Method::POST, UNFREEZE, of(release("P1", &id), SUB)).await;
    let orders = format!("{ECOMMERCE}/orders");
    let refused = OperationError::SharingNotEcommerce;
    shop.refused(Method::POST, &orders, of_a_platform("P2", &id, 1, false), refused).await;
}

#[tokio::test]
async fn a_part_of_a_combined_order_is_shared_by_itself() {
    let shop = Shop::open().await;
    let sub_order = |number: &str, is_shared: bool| {
        json!({
            "mchid": "1900000001", "attach": "x", "amount": { "total_amount": 500, "currency": "CNY" },
            "out_trade_no": number, "description": "示例商品", "settle_info": { "profit_sharing": is_shared },
        })
    };
    let order = json!({
        "combine_appid": APPID, "combine_mchid": "1900000001", "combine_out_trade_no": "C00001",
        "sub_orders": [sub_order("C00011", true), sub_order("C00012", false)],
        "combine_payer_info": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
        "notify_url": "http://127.0.0.1:1/notify",
    });
    shop.call(Method::POST, "/v3/combine-transactions/jsapi", order).await;
    let paid = shop.pay("C00001").unwrap();
    shop.mock.clock().advance(60);
    let id = |at: usize| paid["sub_orders"][at]["transaction_id"].as_str().unwrap().to_owned();
    shop.shares("P1", &id(0), STRANGER, 150).await;
    assert_eq!(shop.left(&id(0)).await, 350);
    let other = request("P2", &id(1), &[merchant(STRANGER, 1)], false);
    shop.refused_share(other, OperationError::SharingNotOrdered).await;
}

#[tokio::test]
async fn what_was_shared_and_returned_is_in_the_bill_of_the_day() {
    let shop = Shop::with(two_merchants()).await;
    let id = shop.sharable("A00001", 1000).await;
    let shared = shop.shares("P1", &id, MERCHANT, 200).await;
    shop.shares("MOCK*closed-no-auth*1", &id, STRANGER, 10).await;
    shop.shared("P1", &id).await;
    let returned = shop.give_back(back("R1", "P1", MERCHANT, 50)).await;
    shop.call(Method::POST, UNFREEZE, release("P2", &id)).await;
    let target = "/v3/profitsharing/bills?bill_date=2025-09-04";
    shop.refused(Method::GET, target, Value::Null, OperationError::BillDate).await;
    shop.mock.clock().advance(24 * 60 * 60);
    let applied = shop.call(Method::GET, target, Value::Null).await;
    let file = bills::raw(&shop.mock, &shop.client, bills::target_of(&applied)).await;
    let bill = bills::Bill::of(&file.body);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let expected = [
        ("分账时间", ["2025-09-04 10:06:32"; 2].map(String::from)),
        ("分账发起方", ["1900000001"; 2].map(String::from)),
        ("分账方", ["1900000001"; 2].map(String::from)),
        ("微信订单号", [id.clone(), id.clone()]),
        ("微信分账/回退单号", [text(&shared["order_id"]), text(&returned["return_id"])]),
        ("分账明细单号", [text(&shared["receivers"][0]["detail_id"]), text(&returned["return_id"])]),
        ("商户分账/回退单号", ["P1", "R1"].map(String::from)),
        ("订单金额", ["10.00"; 2].map(String::from)),
        ("分账接收方", [MERCHANT; 2].map(String::from)),
        ("金额", ["2.00", "0.50"].map(String::from)),
        ("业务类型", ["分账", "分账回退"].map(String::from)),
        ("处理状态", ["成功"; 2].map(String::from)),
        ("备注", ["分给商户", "用户退款"].map(String::from)),
    ];
    for (name, values) in expected {
        assert_eq!(bill.column(name), values, "{name}");
    }
    let other = format!("{target}&sub_mchid={SUB}");
    shop.refused(Method::GET, &other, Value::Null, OperationError::NoStatement).await;
}
