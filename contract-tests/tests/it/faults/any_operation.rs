//! Faults on operations of every family: by rule, by number, and with the operation's own errors.

use serde_json::{Value, json};
use wechatpay_mock::{Fault, FaultMatch, FaultRule, FaultSource, MockServer, Warning};
use wechatpay_openapi::Contract;

use crate::support::{RawRequest, RawResponse, exchange, frozen_mock};

const ORDER: &str = "post_pay_transactions_native";
const REFUND: &str = "post_refund_domestic_refunds";

fn get(target: &str) -> RawRequest {
    RawRequest { target: target.into(), ..RawRequest::certificates() }
}

/// The example of an operation with a body, with this value at this place of it.
fn example(id: &str, pointer: &str, value: impl Into<Value>) -> RawRequest {
    let operation = Contract::current().operation(id).unwrap();
    let mut body = operation.example().unwrap().clone();
    *body.pointer_mut(pointer).unwrap() = value.into();
    let target = operation.path().as_str().to_owned();
    RawRequest { method: "POST", target, body: body.to_string().into(), ..RawRequest::sample() }
}

fn rule(when: Value) -> FaultRule {
    let when: FaultMatch = serde_json::from_value(when).unwrap();
    FaultRule { when, ..FaultRule::of(Fault::BadGateway) }
}

async fn is_affected(mock: &MockServer, request: &RawRequest) -> bool {
    match exchange(mock, request).await {
        response if response.status() == "502" => true,
        // Nobody placed the order that is queried.
        response if response.status().starts_with('2') || response.status() == "404" => false,
        response => panic!("{}", response.to_text()),
    }
}

#[tokio::test]
async fn a_rule_selects_requests_by_values_at_any_place() {
    let order = |total: u64| example(ORDER, "/amount/total", total);
    let query = |number: &str| get(&format!("/v3/pay/transactions/out-trade-no/{number}?mchid=1900000001"));
    let stocks =
        |limit: u64| get(&format!("/v3/marketing/favor/stocks?offset=0&limit={limit}&stock_creator_mchid=1"));
    for (when, affected, other) in [
        (json!({ "path.out_trade_no": "1217752501" }), query("1217752501"), query("1217752502")),
        (json!({ "path.out_trade_no": 1_217_752_501 }), query("1217752501"), query("1217752502")),
        (json!({ "query.limit": 10 }), stocks(10), stocks(11)),
        (
            json!({ "query.limit": "10", "operation": "get_marketing_favor_stocks" }),
            stocks(10),
            query("1217752501"),
        ),
        (json!({ "body./amount/total": 100 }), order(100), order(101)),
        (json!({ "body./amount": { "total": 100 }, "operation": ORDER }), order(100), order(101)),
        (json!({ "body./amount/total": 100, "path.out_trade_no": "1" }), query("1217752501"), order(100)),
    ] {
        let mock = frozen_mock().await;
        let is_ever = when.get("path.out_trade_no") != Some(&json!("1"));
        mock.add_fault(rule(when.clone())).unwrap();
        assert_eq!(is_affected(&mock, &affected).await, is_ever, "{when}");
        assert!(!is_affected(&mock, &other).await, "{when}");
        assert_eq!(mock.faults()[0].seen, u64::from(is_ever), "{when}");
    }
}

#[tokio::test]
async fn a_rule_sees_encrypted_fields_decrypted() {
    let mock = frozen_mock().await;
    mock.add_fault(rule(json!({ "body./encrypted_echo_message": "13800138000" }))).unwrap();
    let (serial, public_key) = mock.credentials().public_key.unwrap();
    let key = wechatpay_protocol::EncryptingKey::from_pem(&public_key).unwrap();
    for (text, is_selected) in [("13800138000", true), ("13800138001", false)] {
        let encrypted = key.encrypt(text).unwrap();
        let body = json!({ "echo_message": "hello", "encrypted_echo_message": encrypted });
        let target = "/v3/security/echo".into();
        let request =
            RawRequest { method: "POST", target, body: body.to_string().into(), ..RawRequest::sample() };
        let request = request.header(&format!("Wechatpay-Serial: {serial}"));
        assert_eq!(is_affected(&mock, &request).await, is_selected, "{text}");
    }
}

#[tokio::test]
async fn a_place_that_no_request_has_is_refused_with_the_reason() {
    let mock = frozen_mock().await;
    for (when, reason) in [
        (
            json!({ "body.amount": 1 }),
            "expected path.NAME, query.NAME or body./POINTER, found \"body.amount\"",
        ),
        (
            json!({ "path.out_trad_no": "1" }),
            "of any operation, found none of this name; did you mean path.out_trade_no?",
        ),
        (json!({ "path.out_trade_no": "1", "operation": ORDER }), &format!("of the path of {ORDER}")),
        (
            json!({ "query.limits": 1, "operation": "get_marketing_favor_stocks" }),
            "did you mean query.limit?",
        ),
        (json!({ "query.limit": [1] }), "expected a text, a number, true or false, found a list"),
        (
            json!({ "body./a": 1, "operation": "get_marketing_favor_stocks" }),
            "expected an operation with JSON in its body",
        ),
        (
            json!({ "path.out_trade_no": "1", "operation": "none" }),
            "match.operation: expected an operationId",
        ),
    ] {
        let error = mock.add_fault(rule(when.clone())).unwrap_err().to_string();
        assert!(error.starts_with("match") && error.contains(reason), "{when}: {error}");
    }
    assert_eq!(mock.faults(), []);
}

#[tokio::test]
async fn a_number_of_the_merchant_chooses_the_fault_wherever_it_stands() {
    let number = "MOCK*bad-gateway*0001";
    for request in [
        get(&format!("/v3/pay/transactions/out-trade-no/{number}?mchid=1900000001")),
        get(&format!("/v3/refund/domestic/refunds/{number}")),
        get("/v3/profitsharing/orders/MOCK%2Abad-gateway%2A0001?transaction_id=1"),
        get(&format!("/v3/payscore/serviceorder?service_id=1&appid=2&out_order_no={number}")),
        example(ORDER, "/out_trade_no", number),
        example(REFUND, "/out_refund_no", number),
        example("post_combine_transactions_jsapi", "/combine_out_trade_no", number),
    ] {
        let mock = frozen_mock().await;
        assert!(is_affected(&mock, &request).await, "{}", request.target);
        let exchanges = mock.exchanges();
        assert_eq!(exchanges[0].fault.as_ref().unwrap().by, FaultSource::TriggerNumber);
    }
}

#[tokio::test]
async fn with_x1_the_first_request_with_a_number_fails_whichever_operation_it_is_for() {
    let mock = frozen_mock().await;
    let number = "MOCK*bad-gateway|x1*1";
    assert!(is_affected(&mock, &example(ORDER, "/out_trade_no", number)).await);
    assert!(!is_affected(&mock, &example(ORDER, "/out_trade_no", number)).await);
    let query = "/v3/pay/transactions/out-trade-no/MOCK*bad-gateway%7Cx1*1?mchid=1900000001";
    assert!(!is_affected(&mock, &get(query)).await);
}

#[tokio::test]
async fn a_misspelt_fault_in_a_number_is_a_warning_that_names_the_field() {
    let mock = frozen_mock().await;
    assert!(!is_affected(&mock, &example(ORDER, "/out_trade_no", "MOCK*sytem-error*1")).await);
    let exchanges = mock.exchanges();
    let found = exchanges[0].warnings.iter().find_map(|warning| match warning {
        Warning::MalformedTriggerNumber { problem } => Some(problem),
        _ => None,
    });
    let problem = found.unwrap();
    assert!(
        problem.starts_with("out_trade_no: ") && problem.contains("did you mean system-error?"),
        "{problem}"
    );
}

#[tokio::test]
async fn neither_a_number_within_an_object_nor_another_field_chooses_a_fault() {
    let mock = frozen_mock().await;
    let number = "MOCK*bad-gateway*0001";
    let combined = example("post_combine_transactions_jsapi", "/sub_orders/0/out_trade_no", number);
    assert!(!is_affected(&mock, &combined).await);
    assert!(!is_affected(&mock, &example(ORDER, "/description", number)).await);
}

fn error(response: &RawResponse) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    format!("{} {} {}", response.status(), text("code"), text("message"))
}

#[tokio::test]
async fn a_fault_answers_with_the_operations_own_error_where_it_has_one() {
    let combined = "post_combine_transactions_jsapi";
    let profit_sharing = |fault| (fault, get("/v3/profitsharing/orders/1?transaction_id=1"));
    for ((fault, request), expected) in [
        // The same code with a text of its own.
        ((Fault::FrequencyLimited, example(ORDER, "/attach", "a")), "429 FREQUENCY_LIMITED 请求频率超过限制"),
        ((Fault::NoAuth, example(REFUND, "/out_refund_no", "1")), "403 NO_AUTH 没有退款权限"),
        // Another spelling.
        ((Fault::SystemError, example(combined, "/combine_out_trade_no", "12")), "500 SYSTEMERROR 系统错误"),
        ((Fault::NoAuth, example(combined, "/combine_out_trade_no", "12")), "403 NOAUTH 商户无权限"),
        (
            (Fault::ResourceNotExists, get("/v3/pay/transactions/out-trade-no/123456?mchid=1900000001")),
            "404 ORDER_NOT_EXIST 订单不存在",
        ),
        // The text is not known.
        (profit_sharing(Fault::FrequencyLimited), "429 RATELIMIT_EXCEED 频率超限"),
        // A spelling that is asked for by name.
        (profit_sharing(Fault::RatelimitExceeded), "429 RATELIMIT_EXCEEDED 请求频率超过限制"),
        // No error like it.
        (profit_sharing(Fault::RuleLimit), "403 RULE_LIMIT 业务规则限制"),
    ] {
        let mock = frozen_mock().await;
        mock.add_fault(FaultRule::of(fault)).unwrap();
        let response = exchange(&mock, &request).await;
        assert_eq!(error(&response), expected, "{fault}");
        let code = expected.split(' ').nth(1);
        assert_eq!(mock.exchanges()[0].code(), code, "{fault}");
    }
}

#[tokio::test]
async fn in_another_language_an_operations_own_error_has_its_code_and_the_general_text() {
    let mock = frozen_mock().await;
    mock.add_fault(FaultRule::of(Fault::SystemError)).unwrap();
    let request = example("post_combine_transactions_jsapi", "/combine_out_trade_no", "12");
    let response = exchange(&mock, &request.header("Accept-Language: en")).await;
    assert_eq!(error(&response), "500 SYSTEMERROR system error, try again later");
}
