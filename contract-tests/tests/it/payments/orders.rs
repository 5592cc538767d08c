//! Orders of a direct merchant.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use wechatpay_client::Client;
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{
    Config, MerchantConfig, OperationError, OrderName, PayerAction, Payment, PaymentError, Payments,
    policies::{AppidMismatch, ClosedOrderText, PaidOrderCode, RepeatOrderText},
};

use super::{OPENID, Shop, by_number, closing, code, native, order, refund, without};
use crate::support::{
    RawRequest, exchange, frozen_mock,
    receiver::{NO_CONTENT, Receiver},
};

const DAY: i64 = 24 * 60 * 60;

/// What the user sees who can't pay.
fn shown(result: Result<Value, PaymentError>) -> &'static str {
    match result {
        Err(PaymentError::Refused { shown, .. }) => shown,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_order_is_placed_and_paid_and_its_callback_and_both_queries_tell_the_same() {
    let shop = Shop::open().await;
    let mut receiver = Receiver::start(&[NO_CONTENT]).await;
    let mut wanted = order("A00001");
    wanted["notify_url"] = format!("http://127.0.0.1:{}/paid", receiver.port()).into();
    wanted["attach"] = "附加数据".into();
    let placed = shop.place("jsapi", wanted).await;
    let prepay_id = placed["prepay_id"].as_str().unwrap();
    assert!(prepay_id.starts_with("wx04100532") && prepay_id.len() == 36, "{placed}");
    let unpaid = json!({
        "amount": { "payer_currency": "CNY", "total": 100 }, "appid": "wxd678efh567hg6787", "mchid": "1900000001",
        "out_trade_no": "A00001", "promotion_detail": [], "scene_info": { "device_id": "" },
        "trade_state": "NOTPAY", "trade_state_desc": "订单未支付",
    });
    assert_eq!(shop.query("A00001").await, unpaid);

    let paid = shop.mock.pay(&Payment::of(OrderName::PrepayId(prepay_id.into()))).unwrap();
    let transaction_id = paid["transaction_id"].as_str().unwrap();
    let expected = json!({
        "amount": { "currency": "CNY", "payer_currency": "CNY", "payer_total": 100, "total": 100 },
        "appid": "wxd678efh567hg6787", "attach": "附加数据", "bank_type": "OTHERS", "mchid": "1900000001",
        "out_trade_no": "A00001", "payer": { "openid": OPENID }, "promotion_detail": [],
        "success_time": "2025-09-04T10:05:32+08:00", "trade_state": "SUCCESS", "trade_state_desc": "支付成功",
        "trade_type": "JSAPI", "transaction_id": transaction_id,
    });
    assert_eq!(shop.query("A00001").await, expected);
    let by_id = format!("/v3/pay/transactions/id/{transaction_id}?mchid=1900000001");
    assert_eq!(shop.call(Method::GET, &by_id, Value::Null).await, expected);
    let callback = receiver.next().await;
    assert_eq!(callback.line, "POST /paid");
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS"]);
    assert_eq!(shop.told(), without(expected, "promotion_detail"));
    assert_eq!(shop.pay("A00001").map_err(|error| error.to_string()), Err(
        "expected an order that can still be paid, found one in state \"SUCCESS\"; place another order with a new number; \
         the user sees 该订单已支付"
            .into()
    ));
}

#[tokio::test]
async fn a_repeated_order_is_the_same_order_and_another_one_with_its_number_is_refused() {
    let shop = Shop::open().await;
    let first = shop.place("jsapi", order("A00001")).await;
    assert_eq!(shop.place("jsapi", order("A00001")).await, first);
    let mut other = order("A00001");
    other["amount"]["total"] = 101.into();
    shop.refused_order("jsapi", other, OperationError::OrderRepeated).await;
    shop.refused_order("native", native("A00001"), OperationError::OrderRepeated).await;
    shop.refused_order("codepay", code("A00001"), OperationError::OrderNumberUsed).await;
    shop.pay("A00001").unwrap();
    shop.refused_order("jsapi", order("A00001"), OperationError::OrderPaidBefore).await;
}

#[tokio::test]
async fn a_code_leads_to_its_order_until_it_is_ordered_again() {
    let shop = Shop::open().await;
    let code_of = |placed: Value| OrderName::CodeUrl(placed["code_url"].as_str().unwrap().into());
    let old = code_of(shop.place("native", native("A00001")).await);
    let new = code_of(shop.place("native", native("A00001")).await);
    assert!(matches!(shop.mock.pay(&Payment::of(old)), Err(PaymentError::UnknownOrder { .. })));
    assert_eq!(shop.mock.pay(&Payment::of(new)).unwrap()["trade_type"], "NATIVE");
}

#[tokio::test]
async fn a_closed_order_stays_closed_and_a_number_can_be_closed_before_it_is_ordered() {
    let shop = Shop::open().await;
    shop.place("app", native("A00001")).await;
    shop.close("A00001").await;
    shop.close("A00001").await;
    assert_eq!(shop.state("A00001").await, "CLOSED");
    assert_eq!(shown(shop.pay("A00001")), "订单已关闭");
    shop.refused_order("app", native("A00001"), OperationError::OrderClosed).await;

    shop.close("NEVER1").await;
    shop.refused(Method::GET, &by_number("NEVER1"), Value::Null, OperationError::UnknownOrder).await;
    shop.refused_order("app", native("NEVER1"), OperationError::OrderRepeated).await;

    shop.place("app", native("A00002")).await;
    shop.pay("A00002").unwrap();
    let body = json!({ "mchid": "1900000001" });
    shop.refused(Method::POST, &closing("A00002"), body, OperationError::OrderPaid).await;
}

#[tokio::test]
async fn an_absent_mchid_of_a_close_is_told_of_as_if_it_were_in_the_path() {
    let shop = Shop::open().await;
    let message =
        shop.try_call(Method::POST, &closing("A00001"), json!({ "mch_id": "1" })).await.unwrap_err();
    assert_eq!(
        message,
        "输入源“/uri_template/mchid”映射到字段“直连商户号”必填性规则校验失败，此字段为必填项"
    );
}

#[tokio::test]
async fn time_ends_an_order() {
    let shop = Shop::open().await;
    let pay = |number: &'static str| shown(shop.pay(number));
    let mut short = order("A00001");
    short["time_expire"] = "2025-09-04T10:15:32+08:00".into();
    shop.place("jsapi", short).await;
    shop.place("jsapi", order("A00002")).await;
    shop.mock.clock().advance(600);
    assert_eq!(pay("A00001"), "订单已超过商户设置的最晚支付成功时间，请重新发起支付");
    assert_eq!(shop.state("A00001").await, "NOTPAY");
    shop.mock.clock().advance(2 * 60 * 60 - 600);
    assert_eq!(pay("A00002"), "支付请求已失效，请重新发起支付");
    shop.place("jsapi", order("A00002")).await;
    shop.pay("A00002").unwrap();
    shop.mock.clock().advance(7 * DAY);
    assert_eq!((shop.state("A00001").await, shop.state("A00002").await), ("CLOSED".into(), "SUCCESS".into()));
}

#[tokio::test]
async fn an_order_is_paid_by_itself_once_the_mocks_clock_says_so() {
    let auto_pay = Some(Duration::from_secs(2));
    let mut config = Config::default();
    config.payments = Payments { auto_pay, ..Payments::default() };
    let shop = Shop::with(config).await;
    let mut receiver = Receiver::start(&[NO_CONTENT]).await;
    let mut wanted = order("A00001");
    wanted["notify_url"] = format!("http://127.0.0.1:{}/paid", receiver.port()).into();
    shop.place("jsapi", wanted).await;
    assert_eq!(shop.state("A00001").await, "NOTPAY");
    shop.mock.clock().advance(2);
    // Nobody asks for the order.
    receiver.next().await;
    assert_eq!(shop.query("A00001").await["success_time"], "2025-09-04T10:05:34+08:00");

    shop.place("jsapi", order("A00002")).await;
    shop.close("A00002").await;
    shop.mock.clock().advance(2);
    assert_eq!(shop.state("A00002").await, "CLOSED");
    assert_eq!(shop.events().len(), 1);
}

#[tokio::test]
async fn a_number_says_what_the_user_does() {
    let shop = Shop::open().await;
    for (number, state) in
        [("MOCK*pay*1", "SUCCESS"), ("MOCK*pay-fail*1", "NOTPAY"), ("MOCK*none*1", "NOTPAY")]
    {
        shop.place("jsapi", order(number)).await;
        assert_eq!(shop.state(number).await, state, "{number}");
    }
    for (number, state) in
        [("A00001", "SUCCESS"), ("MOCK*pay-fail*2", "PAYERROR"), ("MOCK*user-paying*2", "USERPAYING")]
    {
        assert_eq!(shop.place("codepay", code(number)).await["trade_state"], state, "{number}");
        assert_eq!(shop.state(number).await, state, "{number}");
    }
    // A code payment has no callback.
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS"]);
}

#[tokio::test]
async fn a_code_order_is_reversed_not_closed() {
    let shop = Shop::open().await;
    let reverse = |number: &str| format!("/v3/pay/transactions/out-trade-no/{number}/reverse");
    let body = || json!({ "appid": "wxd678efh567hg6787", "mchid": "1900000001" });
    let post = Method::POST;
    shop.place("codepay", code("MOCK*user-paying*1")).await;
    shop.refused(post.clone(), &reverse("MOCK*user-paying*1"), body(), OperationError::BeingPaid).await;
    let mchid = json!({ "mchid": "1900000001" });
    shop.refused(post.clone(), &closing("MOCK*user-paying*1"), mchid, OperationError::OnlyReverse).await;
    shop.act("MOCK*user-paying*1", PayerAction::Fail).unwrap();
    shop.call(post.clone(), &reverse("MOCK*user-paying*1"), body()).await;
    assert_eq!(shop.state("MOCK*user-paying*1").await, "REVOKED");
    shop.refused_order("codepay", code("MOCK*user-paying*1"), OperationError::OrderReversed).await;

    shop.place("codepay", code("A00001")).await;
    shop.call(post.clone(), &reverse("A00001"), body()).await;
    assert_eq!(shop.state("A00001").await, "REVOKED");
    // The money went back with it.
    shop.refused(post.clone(), super::REFUNDS, refund("R1", "A00001", 1), OperationError::RefundedAll).await;
    shop.place("jsapi", order("A00002")).await;
    shop.refused(post, &reverse("A00002"), body(), OperationError::NotReversible).await;
}

#[tokio::test]
async fn what_does_not_belong_together_is_refused() {
    let mut config = Config::default();
    let mut merchant = config.merchants()[0].clone();
    merchant.appids = vec!["wxd678efh567hg6787".into()];
    config = config.with_merchants([merchant]);
    let shop = Shop::with(config.clone()).await;
    let with = |name: &str, value: &str| {
        let mut order = order("A00001");
        order[name] = value.into();
        order
    };
    shop.refused_order("jsapi", with("mchid", "1900000002"), OperationError::OtherMchid).await;
    shop.refused_order("jsapi", with("appid", "wx1"), OperationError::OtherAppid).await;
    shop.place("jsapi", order("A00001")).await;
    let query = "/v3/pay/transactions/out-trade-no/A00001?mchid=1900000002";
    shop.refused(Method::GET, query, Value::Null, OperationError::OtherMerchantsOrder).await;
    let query = "/v3/pay/transactions/id/123?mchid=1900000001";
    shop.refused(Method::GET, query, Value::Null, OperationError::InvalidTransactionId).await;

    config.policies.appid_mismatch = AppidMismatch::Code;
    config.policies.repeat_order_text = RepeatOrderText::Number;
    config.policies.closed_order_text = ClosedOrderText::Void;
    config.policies.paid_order_code = PaidOrderCode::Old;
    let shop = Shop::with(config).await;
    shop.refused_order("jsapi", with("appid", "wx1"), OperationError::OtherAppidDocumented).await;
    shop.place("jsapi", order("A00001")).await;
    shop.refused_order("jsapi", with("attach", "a"), OperationError::OrderRepeated201).await;
    shop.close("A00001").await;
    shop.refused_order("jsapi", order("A00001"), OperationError::OrderVoid).await;
    shop.place("jsapi", order("A00002")).await;
    shop.pay("A00002").unwrap();
    shop.refused_order("jsapi", order("A00002"), OperationError::OrderPaidBeforeOld).await;
}

#[tokio::test]
async fn another_user_can_not_pay() {
    let shop = Shop::open().await;
    shop.place("jsapi", order("A00001")).await;
    let order = || OrderName::OutTradeNo("A00001".into());
    let other = Payment { openid: Some("another".into()), ..Payment::of(order()) };
    assert_eq!(shown(shop.mock.pay(&other)), "下单账号与支付账号不一致，请核实后再支付");
    let unknown = Payment { merchant: Some("1".into()), ..Payment::of(order()) };
    assert!(matches!(shop.mock.pay(&unknown), Err(PaymentError::UnknownMerchant { .. })));
    shop.act("A00001", PayerAction::Cancel).unwrap();
    shop.act("A00001", PayerAction::Fail).unwrap();
    assert_eq!(shop.state("A00001").await, "NOTPAY");
    shop.act("A00001", PayerAction::Close).unwrap();
    assert_eq!(shop.state("A00001").await, "CLOSED");
}

#[tokio::test]
async fn below_payments_authorization_is_checked_first_and_answered_without_a_request_id() {
    let mock = frozen_mock().await;
    let query = |sign| RawRequest { target: by_number("A00001"), sign, ..RawRequest::certificates() };
    for (request, what) in [
        (query(Sign::Unsigned), "none"),
        (query(Sign::Unsigned).header("Authorization: Bearer 1"), "another scheme"),
        (RawRequest { headers: Vec::new(), ..query(Sign::Unsigned) }, "none, and no User-Agent"),
    ] {
        let response = exchange(&mock, &request).await;
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(response.status(), "401", "{what}");
        assert_eq!(body, json!({ "code": "SIGN_ERROR", "message": "签名信息错误，验签失败" }), "{what}");
        assert!(!response.head.contains("Request-ID"), "{what}");
    }
}

#[tokio::test]
async fn a_time_expire_without_a_zone_is_refused() {
    let shop = Shop::open().await;
    for time in ["tomorrow", "2026-12-01T10:00:00", ""] {
        let mut order = order("A00001");
        order["time_expire"] = time.into();
        shop.refused_order("jsapi", order, OperationError::TimeExpire).await;
    }
}

#[tokio::test]
async fn an_order_is_not_closed_before_its_time_expire() {
    let shop = Shop::open().await;
    let mut late = order("A00001");
    late["time_expire"] = "2025-09-14T10:05:32+08:00".into();
    shop.place("jsapi", late).await;
    shop.mock.clock().advance(8 * DAY);
    assert_eq!(shop.state("A00001").await, "NOTPAY");
    shop.mock.clock().advance(2 * DAY);
    assert_eq!(shop.state("A00001").await, "CLOSED");
}

#[tokio::test]
async fn an_order_that_two_merchants_have_is_paid_only_if_the_merchant_is_named() {
    let config = Config::default();
    let first = config.merchants()[0].clone();
    let second = MerchantConfig { mchid: "1900000002".parse().unwrap(), ..first.clone() };
    let shop = Shop::with(config.with_merchants([first, second])).await;
    shop.place("jsapi", order("A00001")).await;
    let ours = shop.mock.clock().clone();
    let builder = Client::builder().base_url(&shop.mock.url());
    let builder = builder.credentials(&shop.mock.credentials_of("1900000002").unwrap());
    let other = builder.clock(move || ours.now()).build().unwrap();
    let mut same = order("A00001");
    same["mchid"] = "1900000002".into();
    other.call(Method::POST, "/v3/pay/transactions/jsapi", same.to_string()).await.unwrap();

    let error = shop.pay("A00001").unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected an order, a transfer, a service order or a permission of one merchant, found one of each of 1900000001, 1900000002; name the merchant"
    );
    let merchant = Some("1900000002".to_owned());
    let named = Payment { merchant, ..Payment::of(OrderName::OutTradeNo("A00001".into())) };
    assert_eq!(shop.mock.pay(&named).unwrap()["merchant"], "1900000002");
    assert_eq!(shop.state("A00001").await, "NOTPAY");
}
