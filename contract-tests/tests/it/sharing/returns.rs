//! Returns of what merchants have received.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{Limits, OperationError, Payments};

use super::{MERCHANT, RETURN, STRANGER, back, merchant, request, two_merchants};
use crate::payments::{REFUNDS, Shop, refund};

const DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn a_merchant_returns_no_more_than_it_has_received() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 1000).await;
    shop.add(STRANGER).await;
    let receivers = [merchant(STRANGER, 100), merchant(STRANGER, 50)];
    let shared = shop.share(request("P1", &id, &receivers, false)).await;
    shop.refused_return(back("R1", "P1", STRANGER, 151), OperationError::ReturnExceeds).await;
    shop.give_back(back("R1", "P1", STRANGER, 120)).await;
    shop.refused_return(back("R2", "P1", STRANGER, 31), OperationError::ReturnExceeds).await;
    let mut by_id = back("R2", "P1", STRANGER, 30);
    by_id.as_object_mut().unwrap().remove("out_order_no");
    shop.refused_return(by_id.clone(), OperationError::ReturnWithoutOrder).await;
    by_id["order_id"] = shared["order_id"].clone();
    let returned = shop.give_back(by_id.clone()).await;
    assert_eq!(shop.give_back(by_id.clone()).await, returned);
    by_id["amount"] = 29.into();
    shop.refused_return(by_id, OperationError::ReturnDifferent).await;
    assert_eq!(shop.left(&id).await, 1000);
}

#[tokio::test]
async fn only_merchants_that_have_received_something_return_it() {
    let shop = Shop::with(two_merchants()).await;
    let id = shop.sharable("A00001", 1000).await;
    shop.shares("P1", &id, STRANGER, 10).await;
    shop.shares("P2", &id, MERCHANT, 10).await;
    shop.refused_return(back("R1", "P1", MERCHANT, 1), OperationError::ReturnOtherMerchant).await;
    shop.refused_return(back("R1", "P9", MERCHANT, 1), OperationError::ReturnUnknown).await;
    let mut two = back("R1", "P1", STRANGER, 1);
    two["order_id"] = shop.shared("P2", &id).await["order_id"].clone();
    shop.refused_return(two, OperationError::RefundOtherOrder).await;
    let user = json!({
        "appid": super::APPID, "type": "PERSONAL_OPENID", "account": "oUser", "relation_type": "USER",
    });
    shop.call(Method::POST, super::ADD, user).await;
    let receiver = json!({ "type": "PERSONAL_OPENID", "account": "oUser", "amount": 9, "description": "x" });
    shop.share(request("P3", &id, &[receiver], true)).await;
    shop.refused_return(back("R1", "P3", "oUser", 1), OperationError::ReturnOtherMerchant).await;
    // Nor does the merchant itself.
    shop.refused_return(back("R1", "P3", "1900000001", 1), OperationError::ReturnOtherMerchant).await;
    let unknown = format!("{RETURN}/R9?out_order_no=P1");
    shop.refused(Method::GET, &unknown, Value::Null, OperationError::UnknownSharing).await;
}

#[tokio::test]
async fn a_return_is_possible_for_180_days() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 1000).await;
    shop.shares("P1", &id, STRANGER, 100).await;
    shop.mock.clock().advance(180 * DAY);
    shop.give_back(back("R1", "P1", STRANGER, 1)).await;
    shop.mock.clock().advance(1);
    shop.refused_return(back("R2", "P1", STRANGER, 1), OperationError::ReturnTooLate).await;
}

#[tokio::test]
async fn a_return_takes_as_long_as_the_configuration_says_and_is_not_made_twice_meanwhile() {
    let mut config = two_merchants();
    config.payments = Payments { sharing_delay: std::time::Duration::from_secs(60), ..Payments::default() };
    let shop = Shop::with(config).await;
    let id = shop.sharable("A00001", 1000).await;
    shop.shares("P1", &id, MERCHANT, 100).await;
    shop.mock.clock().advance(60);
    let returned = shop.give_back(back("R1", "P1", MERCHANT, 60)).await;
    assert_eq!(
        (&returned["result"], &returned["finish_time"]),
        (&json!("PROCESSING"), &json!("1970-01-01T08:00:00+08:00"))
    );
    shop.refused_return(back("R2", "P1", MERCHANT, 41), OperationError::ReturnExceeds).await;
    assert_eq!(shop.left(&id).await, 900);
    shop.mock.clock().advance(60);
    let target = format!("{RETURN}/R1?out_order_no=P1");
    assert_eq!(shop.call(Method::GET, &target, Value::Null).await["result"], "SUCCESS");
    assert_eq!(shop.left(&id).await, 960);
    assert_eq!(shop.events().last().unwrap(), "PROFITSHARING.RETURN");
}

#[tokio::test]
async fn a_number_chooses_why_nothing_is_returned() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 1000).await;
    shop.shares("P1", &id, STRANGER, 100).await;
    shop.shared("P1", &id).await;
    for reason in [
        "ACCOUNT_ABNORMAL",
        "BALANCE_NOT_ENOUGH",
        "TIME_OUT_CLOSED",
        "PAYER_ACCOUNT_ABNORMAL",
        "INVALID_REQUEST",
    ] {
        let number = format!("MOCK*failed-{}*1", reason.to_lowercase().replace('_', "-"));
        let returned = shop.give_back(back(&number, "P1", STRANGER, 100)).await;
        assert_eq!((&returned["result"], &returned["fail_reason"]), (&json!("FAILED"), &json!(reason)));
    }
    assert_eq!(shop.left(&id).await, 900);
    shop.give_back(back("R1", "P1", STRANGER, 100)).await;
    assert_eq!(shop.left(&id).await, 1000);
}

#[tokio::test]
async fn each_merchant_has_its_own_numbers_receivers_and_orders() {
    let shop = Shop::with(two_merchants()).await;
    let id = shop.sharable("A00001", 1000).await;
    shop.shares("P1", &id, STRANGER, 100).await;
    let credentials = shop.mock.credentials_of(MERCHANT).unwrap();
    let clock = shop.mock.clock().clone();
    let builder = wechatpay_client::Client::builder().base_url(&shop.mock.url()).credentials(&credentials);
    let client = builder.clock(move || clock.now()).build().unwrap();
    let Shop { mock, .. } = shop;
    let other = Shop { mock, client };
    let asked = request("P1", &id, &[merchant(STRANGER, 100)], false);
    other.refused_share(asked, OperationError::SharingUnknownOrder).await;
    other.refused_return(back("R1", "P1", STRANGER, 1), OperationError::ReturnUnknown).await;
    let target = format!("{}/P1?transaction_id={id}", super::SHARE);
    other.refused(Method::GET, &target, Value::Null, OperationError::UnknownSharing).await;
}

#[tokio::test]
async fn a_return_ends_even_if_the_mock_had_to_forget_what_was_shared() {
    let mut config = two_merchants();
    config.payments = Payments { sharing_delay: std::time::Duration::from_secs(60), ..Payments::default() };
    config.limits = Limits::default().with_store_bytes(1 << 20).unwrap();
    let shop = Shop::with(config).await;
    let id = shop.sharable("A00001", 100).await;
    shop.shares("P1", &id, MERCHANT, 30).await;
    shop.mock.clock().advance(60);
    shop.give_back(back("R1", "P1", MERCHANT, 30)).await;
    // What is changed last is forgotten last.
    shop.call(Method::POST, REFUNDS, refund("B1", "A00001", 1)).await;
    let shared = format!("{}/P1?transaction_id={id}", super::SHARE);
    let mut others = 1_900_000_200..1_900_010_000;
    for other in others.by_ref().take(800) {
        shop.add(&other.to_string()).await;
    }
    while shop.try_call(Method::GET, &shared, Value::Null).await.is_ok() {
        shop.add(&others.next().unwrap().to_string()).await;
    }
    let too_much = OperationError::RefundNotEnough;
    shop.refused(Method::POST, REFUNDS, refund("B2", "A00001", 70), too_much).await;
    shop.mock.clock().advance(60);
    let target = format!("{RETURN}/R1?out_order_no=P1");
    assert_eq!(shop.call(Method::GET, &target, Value::Null).await["result"], "SUCCESS");
    shop.call(Method::POST, REFUNDS, refund("B2", "A00001", 99)).await;
    let told = shop.events().into_iter().filter(|event| event == "PROFITSHARING.RETURN").count();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_number_is_short_and_no_path_to_a_sub_merchants_number() {
    let shop = Shop::open().await;
    for number in ["", "1900000119/R1", &"R".repeat(65)] {
        for (target, sub_mchid) in
            [(RETURN, None), ("/v3/ecommerce/profitsharing/returnorders", Some("1900000119"))]
        {
            let mut asked = back(number, "P1", STRANGER, 1);
            if let Some(sub_mchid) = sub_mchid {
                asked["sub_mchid"] = sub_mchid.into();
            }
            let refused = shop.try_call(Method::POST, target, asked).await.unwrap_err();
            assert!(refused.contains("商户") && refused.contains("单号"), "{target} {number}: {refused}");
        }
        let finish = json!({
            "sub_mchid": "1900000119", "transaction_id": "4200000000", "out_order_no": number, "description": "x",
        });
        let target = "/v3/ecommerce/profitsharing/finish-order";
        let refused = shop.try_call(Method::POST, target, finish).await.unwrap_err();
        assert!(refused.contains("商户") && refused.contains("单号"), "{target} {number}: {refused}");
    }
}
