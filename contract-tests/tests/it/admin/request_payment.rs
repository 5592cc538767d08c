//! What a front end hands to the client is checked as the client does it: signed by Node, and by the code under test.

use std::process::Command;

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use wechatpay_mock::{Apiv2Key, Clock, Config, MockServer};
use wechatpay_protocol::{Credentials, SigningKey};

use super::{Admin, Response};
use crate::support::{NOW, RawRequest, exchange, tools::are_missing};

const APPID: &str = "wxd678efh567hg6787";

/// Places an order, and returns its `prepay_id`.
pub(super) async fn prepay_id(admin: &Admin, product: &str, out_trade_no: &str) -> String {
    let mut body: Value = serde_json::from_slice(&RawRequest::order(out_trade_no).body).unwrap();
    if product == "jsapi" {
        body["payer"] = json!({ "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" });
    }
    let target = format!("/v3/pay/transactions/{product}");
    let order = RawRequest { target, body: body.to_string().into(), ..RawRequest::order(out_trade_no) };
    let placed = exchange(&admin.mock, &order).await;
    let placed: Value = serde_json::from_slice(&placed.body).unwrap();
    placed["prepay_id"].as_str().unwrap_or_else(|| panic!("{placed}")).to_owned()
}

/// What a page hands to the client.
pub(super) fn handed(prepay_id: &str) -> Value {
    let key = SigningKey::from_pem(&Credentials::development().merchant_key).unwrap();
    let message = format!("{APPID}\n1756951532\nabc\nprepay_id={prepay_id}\n");
    json!({
        "appId": APPID, "timeStamp": "1756951532", "nonceStr": "abc", "package": format!("prepay_id={prepay_id}"),
        "signType": "RSA", "paySign": key.sign(message.as_bytes()).to_string(),
    })
}

async fn request(admin: &Admin, handed: &Value, own: Value) -> Response {
    let of = |value: &Value| value.as_object().cloned().unwrap();
    let body: Map<_, _> = of(handed).into_iter().chain(of(&own)).collect();
    admin.post("/request-payment", &body.into()).await
}

#[tokio::test]
async fn a_user_pays_only_what_is_signed_rightly() {
    let admin = Admin::new().await;
    let id = prepay_id(&admin, "jsapi", "1217752501201407033233368018").await;
    let mut wrong = handed(&id);
    wrong["nonceStr"] = "abd".into();
    let refused = request(&admin, &wrong, json!({})).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body["shown"], "支付验证签名失败");
    assert_eq!(refused.body["errMsg"], "requestPayment:fail 支付验证签名失败");
    assert_eq!(refused.body["diagnosis"]["name"], "other-message");
    assert_eq!(refused.body["diagnosis"]["signature"]["verdict"], "other-message");

    let right = handed(&id);
    for (action, message) in [("cancel", "requestPayment:fail cancel"), ("fail", "requestPayment:fail")] {
        let left = request(&admin, &right, json!({ "action": action })).await;
        assert_eq!(left.status, 200);
        assert_eq!(left.body["errMsg"], message);
        assert_eq!(left.body["trade_state"], "NOTPAY");
    }
    let other = request(&admin, &right, json!({ "openid": "another" })).await;
    assert_eq!(other.status, 409);
    assert_eq!(other.body["shown"], "下单账号与支付账号不一致，请核实后再支付");
    let paid = request(&admin, &right, json!({})).await;
    assert_eq!(paid.status, 200);
    assert_eq!(paid.body["errMsg"], "requestPayment:ok");
    assert_eq!(paid.body["trade_state"], "SUCCESS");
    assert_eq!(paid.body["out_trade_no"], "1217752501201407033233368018");
    let again = request(&admin, &right, json!({})).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.body["errMsg"], "requestPayment:fail 该订单已支付");
}

#[tokio::test]
async fn each_mistake_of_a_shop_in_node_is_named_and_a_right_one_is_paid() {
    if are_missing(&["node"]) {
        return;
    }
    let admin = Admin::new().await;
    let page = prepay_id(&admin, "jsapi", "1217752501201407033233368018").await;
    // The mock's randomness is always the same, so that only the time makes another prepay_id.
    admin.mock.clock().advance(1);
    let ids = [page, prepay_id(&admin, "app", "1217752501201407033233368019").await];
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/admin/front_end.mjs");
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/credentials/apiclient_key.pem");
    let apiv3_key = Credentials::development().apiv3_key;
    let mut node = Command::new("node");
    let output = node.arg(here).args(&ids).args([key, apiv3_key.expose()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cases: Vec<(String, Option<String>, Value)> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(cases.len() > 30);
    let mut wrong = Vec::new();
    for (client, mistake, handed) in cases {
        let response = request(&admin, &handed, json!({ "client": client, "action": "cancel" })).await;
        let found = response.body["diagnosis"]["name"].as_str().map(str::to_owned);
        let status = if mistake.is_none() { 200 } else { 400 };
        if (response.status, &found) != (status, &mistake) {
            wrong.push(format!("{client}: expected {mistake:?}, found {}", response.text));
        }
        // Only these two let the client be told by the parameters.
        if mistake.is_none() && client != "js-sdk" {
            let guessed = request(&admin, &handed, json!({ "action": "cancel" })).await;
            assert_eq!(guessed.status, 200, "{client}: {}", guessed.text);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let paid = request(&admin, &handed(&ids[0]), json!({})).await;
    assert_eq!(paid.body["errMsg"], "requestPayment:ok");
}

#[tokio::test]
async fn a_service_provider_pays_with_the_appid_whose_openid_was_ordered_with() {
    let admin = Admin::new().await;
    let with = |payer: Value, number: &str| {
        let body = json!({
            "sp_appid": APPID, "sp_mchid": "1900000001", "sub_appid": "wx2421b1c4370ec43b", "sub_mchid": "1900000109",
            "description": "测试", "out_trade_no": number, "notify_url": "http://127.0.0.1:1/notify",
            "amount": { "total": 100, "currency": "CNY" }, "payer": payer,
        });
        let (target, body) = ("/v3/pay/partner/transactions/jsapi".into(), body.to_string().into());
        RawRequest { target, body, ..RawRequest::order(number) }
    };
    let openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
    for (payer, number, is_right) in
        [(json!({ "sp_openid": openid }), "100001", true), (json!({ "sub_openid": openid }), "100002", false)]
    {
        let placed = exchange(&admin.mock, &with(payer, number)).await;
        let placed: Value = serde_json::from_slice(&placed.body).unwrap();
        let found = request(&admin, &handed(placed["prepay_id"].as_str().unwrap()), json!({})).await;
        if is_right {
            assert_eq!(found.status, 200, "{}", found.text);
        } else {
            assert_eq!(found.body["diagnosis"]["name"], "pay-other-appid+pay-other-appid-signed");
            assert_eq!(found.body["shown"], "商户传入的appid参数不正确，请联系商户处理");
        }
    }
}

#[tokio::test]
async fn a_wrong_call_is_refused_with_a_message() {
    let admin = Admin::new().await;
    admin.post("/request-payment", &json!([])).await.assert_refused(400, "expected a JSON object");
    let empty = request(&admin, &json!({}), json!({})).await;
    assert_eq!(empty.status, 400);
    let names = empty.body["diagnosis"]["name"].as_str().unwrap();
    assert!(names.starts_with("pay-parameter-missing(timeStamp)+pay-parameter-missing(nonceStr)"), "{names}");
    for own in [json!({ "client": "h5" }), json!({ "action": "none" }), json!({ "openid": null })] {
        let refused = request(&admin, &json!({}), own.clone()).await;
        assert_eq!(refused.status, 400, "{own}");
        assert!(refused.body["diagnosis"].is_null(), "{own}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_pay_sign_as_in_api_v2_is_proved_with_the_merchants_apiv2_key() {
    let apiv2_key = "wechatpay-mock-dev-apiv2-key-32b";
    let mut merchant = Config::default().merchants()[0].clone();
    merchant.apiv2_key = Apiv2Key::new(apiv2_key);
    assert!(!format!("{merchant:?}").contains(apiv2_key));
    let config = Config::default().with_merchants([merchant]);
    let admin =
        Admin::of(MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap());
    let id = prepay_id(&admin, "jsapi", "1217752501201407033233368018").await;
    let mut handed = handed(&id);
    handed["signType"] = "MD5".into();
    let text = format!("appId={APPID}&nonceStr=abc&package=prepay_id={id}&signType=MD5&timeStamp=1756951532");
    let text = format!("{text}&key={apiv2_key}");
    handed["paySign"] = base16ct::upper::encode_string(&Md5::digest(text)).into();
    let refused = request(&admin, &handed, json!({})).await;
    assert_eq!(refused.status, 400);
    let name = refused.body["diagnosis"]["name"].as_str().unwrap();
    assert!(name.contains("pay-signed-with-md5"), "{}", refused.text);
    assert!(!refused.text.contains(apiv2_key));
}

#[tokio::test]
async fn what_is_right_for_the_js_sdk_is_refused_only_with_the_name_of_that_client() {
    let admin = Admin::new().await;
    let id = prepay_id(&admin, "jsapi", "1217752501201407033233368018").await;
    let mut handed = handed(&id);
    let time = handed.as_object_mut().unwrap().remove("timeStamp").unwrap();
    handed["timestamp"] = time;
    let refused = request(&admin, &handed, json!({})).await;
    assert_eq!(refused.status, 400);
    assert!(refused.body["message"].as_str().unwrap().contains("\"client\": \"js-sdk\""), "{}", refused.text);
    let paid = request(&admin, &handed, json!({ "client": "js-sdk" })).await;
    assert_eq!(paid.status, 200, "{}", paid.text);
}
