//! Texts of the gateway that no state of the mock brings about come by a fault rule.

use serde_json::json;
use wechatpay_mock::{Clock, FaultRule, MockServer};

use crate::support::{NOW, RawRequest, exchange};

const ORDER: &str = "/v3/pay/transactions/native";
const PARTNER: &str = "/v3/pay/partner/transactions/native";
const COMBINED: &str = "/v3/combine-transactions/native";
const REFUND: &str = "/v3/refund/domestic/refunds";

/// The target, the status, the code and the text.
const TEXTS: [(&str, u16, &str, &str); 21] = [
    (ORDER, 400, "PARAM_ERROR", "appid和openid不匹配"),
    (ORDER, 400, "PARAM_ERROR", "无效的openid"),
    (ORDER, 400, "PARAM_ERROR", "AppID不存在，请检查后再试"),
    (ORDER, 400, "INVALID_REQUEST", "产品权限异常"),
    (ORDER, 400, "MCH_NOT_EXISTS", "商户号不存在"),
    (ORDER, 403, "NO_AUTH", "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试"),
    (ORDER, 403, "NO_AUTH", "此商家的收款功能已被限制"),
    (ORDER, 403, "NO_AUTH", "商户状态为不可用或者已经注销"),
    (ORDER, 429, "FREQUENCY_LIMITED", "请求频率超过限制"),
    (ORDER, 500, "SYSTEM_ERROR", "系统异常，请稍后重试"),
    (PARTNER, 400, "PARAM_ERROR", "受理关系不存在"),
    (PARTNER, 403, "NO_AUTH", "该产品授权已被解除"),
    (PARTNER, 403, "NO_AUTH", "特约子商户商户号未授权服务商的产品权限"),
    (PARTNER, 400, "PARAM_ERROR", "sub_mch_id与sub_appid不匹配"),
    (PARTNER, 400, "PARAM_ERROR", "受理机构必须传入sub_mch_id"),
    (COMBINED, 400, "PARAM_ERROR", "子单appid不等于combine_appid"),
    (COMBINED, 500, "SYSTEMERROR", "系统异常，请稍后重试"),
    (COMBINED, 403, "NOAUTH", "商户无权限"),
    (REFUND, 404, "MCH_NOT_EXISTS", "商户号不存在"),
    (REFUND, 403, "USER_ACCOUNT_ABNORMAL", "退款请求失败"),
    (REFUND, 429, "FREQUENCY_LIMITED", "频率限制，1个月之前的订单请降低申请频率再重试"),
];

/// A request that keeps the rules of the operation.
fn body(target: &str) -> serde_json::Value {
    let url = "https://www.weixin.qq.com/wxpay/pay.php";
    let amount = json!({ "total": 1, "currency": "CNY" });
    match target {
        ORDER => json!({
            "appid": "wxd678efh567hg6787", "mchid": "1900000001", "description": "x",
            "out_trade_no": "unseen", "notify_url": url, "amount": amount,
        }),
        PARTNER => json!({
            "sp_appid": "wxd678efh567hg6787", "sp_mchid": "1900000001", "sub_mchid": "1900000109", "description": "x",
            "out_trade_no": "unseen", "notify_url": url, "amount": amount,
        }),
        COMBINED => {
            let sub_order = |number: &str| {
                json!({
                    "mchid": "1900000001", "out_trade_no": number, "attach": "x", "description": "x",
                    "amount": { "total_amount": 1, "currency": "CNY" },
                })
            };
            json!({
                "combine_appid": "wxd678efh567hg6787", "combine_mchid": "1900000001",
                "combine_out_trade_no": "unseen", "notify_url": url,
                "sub_orders": [sub_order("unseen-1"), sub_order("unseen-2")],
            })
        }
        _ => json!({
            "out_trade_no": "unseen", "out_refund_no": "unseen",
            "amount": { "refund": 1, "total": 1, "currency": "CNY" },
        }),
    }
}

#[tokio::test]
async fn texts_that_no_state_brings_about_come_by_fault_rule() {
    for (target, status, code, message) in TEXTS {
        let rule = json!({ "error": { "status": status, "code": code, "message": message } });
        let rule: FaultRule = serde_json::from_value(rule).unwrap();
        let mock = MockServer::builder().clock(Clock::fixed(NOW)).fault(rule).start().await.unwrap();
        let body = body(target).to_string().into_bytes();
        let request = RawRequest { method: "POST", target: target.into(), body, ..RawRequest::sample() };
        let response = exchange(&mock, &request.header("Content-Type: application/json")).await;
        assert_eq!(response.status(), status.to_string(), "{target} {message}");
        assert_eq!(
            String::from_utf8(response.body).unwrap(),
            format!("{{\"code\":\"{code}\",\"message\":\"{message}\"}}")
        );
        assert!(response.head.contains("\r\nWechatpay-Signature: "), "{}", response.head);
    }
}
