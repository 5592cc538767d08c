//! What a front end hands to openBusinessView is checked as the client does it.

use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wechatpay_client::Client;
use wechatpay_mock::{Apiv2Key, Clock, Config, MockServer};

use super::{Admin, Response};
use crate::support::NOW;

const KEY: &str = "wechatpay-mock-dev-apiv2-key-32b";
const SERVICE: &str = "2002000000000558128851361561536";
const APPID: &str = "wxd678efh567hg6787";

/// HMAC-SHA256 with a key of at most 64 bytes, in hex.
fn hmac(key: &str, text: &str) -> String {
    let pad = |with: u8| {
        let mut pad = [with; 64];
        pad.iter_mut().zip(key.bytes()).for_each(|(one, byte)| *one ^= byte);
        pad
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    base16ct::upper::encode_string(&outer)
}

/// A mock whose merchant has a key of API v2.
async fn admin() -> Admin {
    let mut merchant = Config::default().merchants()[0].clone();
    merchant.apiv2_key = Apiv2Key::new(KEY);
    let config = Config::default().with_merchants([merchant]);
    Admin::of(MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap())
}

async fn call(admin: &Admin, method: Method, target: &str, body: Value) -> Value {
    let ours = admin.mock.clock().clone();
    let builder = Client::builder().base_url(&admin.mock.url()).credentials(&admin.mock.credentials());
    let client = builder.clock(move || ours.now()).build().unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    serde_json::from_slice(client.call(method, target, body).await.unwrap().body()).unwrap()
}

/// The package of a new order.
pub(super) async fn package(admin: &Admin, number: &str) -> String {
    let order = json!({
        "out_order_no": number, "appid": APPID, "service_id": SERVICE, "service_introduction": "某某酒店",
        "time_range": { "start_time": "20250904100000" }, "risk_fund": { "name": "DEPOSIT", "amount": 10_000 },
        "notify_url": "http://127.0.0.1:1/notify",
    });
    let created = call(admin, Method::POST, "/v3/payscore/serviceorder", order).await;
    created["package"].as_str().unwrap().to_owned()
}

/// What the front end hands over, signed with this key.
fn signed(key: &str, mut parameters: Value) -> Value {
    let pairs = parameters.as_object().unwrap().iter();
    let text = pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect::<Vec<_>>();
    parameters["sign"] = hmac(key, &format!("{}&key={key}", text.join("&"))).into();
    parameters
}

fn parameters(package: &str) -> Value {
    json!({
        "mch_id": "1900000001", "nonce_str": "abc", "package": package, "sign_type": "HMAC-SHA256",
        "timestamp": "1756951532",
    })
}

async fn open(admin: &Admin, view: &str, data: Value, own: Value) -> Response {
    let mut body = json!({ "businessType": view, "extraData": data });
    for (name, value) in own.as_object().unwrap() {
        body[name] = value.clone();
    }
    admin.post("/open-business-view", &body).await
}

/// Calls of every status.
pub(super) async fn calls(admin: &Admin, number: &str) -> Vec<(Value, Value)> {
    package(admin, number).await;
    let application = json!({
        "service_id": SERVICE, "appid": APPID, "authorization_code": number,
        "notify_url": "http://127.0.0.1:1/notify",
    });
    let applied = call(admin, Method::POST, "/v3/payscore/permissions", application).await;
    let view = |token: &str| json!({ "businessType": "wxpayScoreEnable", "extraData": { "apply_permissions_token": token } });
    let token = applied["apply_permissions_token"].as_str().unwrap();
    vec![
        (json!({ "out_order_no": number }), view(token)),
        (json!({ "out_order_no": number }), view(token)),
        (json!({ "out_order_no": "none" }), view("none")),
        (json!({}), json!({ "businessType": "wxpayScoreUse" })),
    ]
}

#[tokio::test]
async fn a_user_confirms_only_what_is_signed_rightly_and_the_front_end_finds_the_order() {
    let admin = admin().await;
    let package = package(&admin, "S00001").await;
    let wrong = signed("0123456789abcdef0123456789abcdef", parameters(&package));
    let refused = open(&admin, "wxpayScoreUse", wrong, json!({})).await;
    assert_eq!((refused.status, &refused.body["shown"]), (400, &json!("商户签名校验失败")));
    assert_eq!(refused.body["errMsg"], "openBusinessView:fail 商户签名校验失败");
    assert_eq!(refused.body["diagnosis"]["name"], "no-known-mistake-fits");
    let apiv3_key = admin.mock.credentials().apiv3_key;
    let wrong = signed(apiv3_key.expose(), parameters(&package));
    let refused = open(&admin, "wxpayScoreUse", wrong, json!({})).await;
    assert_eq!(refused.body["diagnosis"]["name"], "view-signed-with-apiv3-key");
    assert!(!refused.text.contains(KEY) && !refused.text.contains(apiv3_key.expose()));

    let right = signed(KEY, parameters(&package));
    let left = open(&admin, "wxpayScoreUse", right.clone(), json!({ "action": "fail" })).await;
    assert_eq!(
        (&left.body["errMsg"], &left.body["state"]),
        (&json!("openBusinessView:fail cancel"), &json!("CREATED"))
    );
    let query = right.as_object().unwrap().iter();
    let query = query.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect::<Vec<_>>();
    let opened = json!({ "businessType": "wxpayScoreUse", "queryString": query.join("&") });
    let opened = admin.post("/open-business-view", &opened).await;
    assert_eq!(
        (&opened.body["errMsg"], &opened.body["state"]),
        (&json!("openBusinessView:ok"), &json!("DOING"))
    );
    let query_id = opened.body["extraData"]["query_id"].as_str().unwrap();
    let target = format!("/v3/payscore/serviceorder?query_id={query_id}&service_id={SERVICE}&appid={APPID}");
    let found = call(&admin, Method::GET, &target, Value::Null).await;
    assert_eq!((&found["out_order_no"], &found["state"]), (&json!("S00001"), &json!("DOING")));
    let again = open(&admin, "wxpayScoreUse", right, json!({})).await;
    assert_eq!((again.status, &again.body["shown"]), (409, &json!("当前订单状态不合法")));
}

#[tokio::test]
async fn a_number_is_accepted_only_for_its_purpose_and_an_order_has_one_query_id() {
    let admin = admin().await;
    let package = package(&admin, "S00001").await;
    let application = json!({ "service_id": SERVICE, "appid": APPID, "authorization_code": "P00001" });
    let applied = call(&admin, Method::POST, "/v3/payscore/permissions", application).await;
    let token = applied["apply_permissions_token"].as_str().unwrap();
    let opened = open(&admin, "wxpayScoreUse", signed(KEY, parameters(&package)), json!({})).await;
    let query_id = opened.body["extraData"]["query_id"].as_str().unwrap();
    for other in [query_id, token, "out_order_no=S00001"] {
        let refused = open(&admin, "wxpayScoreUse", signed(KEY, parameters(other)), json!({})).await;
        assert_eq!(refused.body["diagnosis"]["name"], "view-unknown(package)", "{other}");
        assert_eq!(admin.post("/service-orders", &json!({ "package": other })).await.status, 404);
    }
    for other in [query_id, &package] {
        let token = json!({ "apply_permissions_token": other });
        assert_eq!(open(&admin, "wxpayScoreEnable", token, json!({})).await.status, 400);
    }
    let ours = admin.mock.clock().clone();
    let builder = Client::builder().base_url(&admin.mock.url()).credentials(&admin.mock.credentials());
    let client = builder.clock(move || ours.now()).build().unwrap();
    for other in [&package, token] {
        let target = format!("/v3/payscore/serviceorder?query_id={other}&service_id={SERVICE}&appid={APPID}");
        assert!(client.call(Method::GET, &target, String::new()).await.is_err(), "{other}");
    }
    let detail = json!({
        "mch_id": "1900000001", "nonce_str": "abc", "out_order_no": "S00001", "service_id": SERVICE,
        "sign_type": "HMAC-SHA256", "timestamp": "1756951532",
    });
    let looked = open(&admin, "wxpayScoreDetail", signed(KEY, detail.clone()), json!({})).await;
    assert_eq!(looked.body["extraData"]["query_id"], query_id);
    let mut other = detail;
    other["service_id"] = "500002".into();
    let refused = open(&admin, "wxpayScoreDetail", signed(KEY, other), json!({})).await;
    assert_eq!(refused.body["diagnosis"]["name"], "view-other-service-id(service_id)");
    let opened = admin.post("/service-orders", &json!({ "apply_permissions_token": token })).await;
    assert_eq!(opened.body["authorization_state"], "AVAILABLE", "{}", opened.text);
}

#[tokio::test]
async fn a_misspelt_name_is_named_and_leads_to_the_order_all_the_same() {
    let admin = admin().await;
    package(&admin, "77").await;
    let handed = signed(
        KEY,
        json!({
            "mch_id": "1900000001", "nonce_str": "abc", "out_order_no": "77", "service_id": SERVICE,
            "sign_type": "HMAC-SHA256", "timestamp": "1756951532",
        }),
    );
    let mut misspelt = handed.clone();
    misspelt["outOrderNo"] = misspelt.as_object_mut().unwrap().remove("out_order_no").unwrap();
    let refused = open(&admin, "wxpayScoreDetail", misspelt, json!({})).await;
    assert_eq!(refused.body["diagnosis"]["name"], "view-parameter-misspelt(out_order_no)");
    let mut number = handed;
    number["out_order_no"] = 77.into();
    let looked = open(&admin, "wxpayScoreDetail", number, json!({})).await;
    assert_eq!(looked.status, 200, "{}", looked.text);
}

#[tokio::test]
async fn the_error_of_a_name_that_nobody_has_says_what_was_looked_for() {
    let admin = admin().await;
    let unknown = admin.post("/service-orders", &json!({ "authorization_code": "x" })).await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.text.contains("of a service order or of a permission"), "{}", unknown.text);
}

#[tokio::test]
async fn a_user_looks_at_the_details_of_an_order_and_pays_it_there() {
    let admin = admin().await;
    package(&admin, "S00001").await;
    admin.post("/service-orders", &json!({ "out_order_no": "S00001" })).await;
    let completion = json!({
        "appid": APPID, "service_id": SERVICE, "total_amount": 100, "post_payments": [{ "name": "房费", "amount": 100 }],
    });
    call(&admin, Method::POST, "/v3/payscore/serviceorder/S00001/complete", completion).await;
    let handed = signed(
        KEY,
        json!({
            "mch_id": "1900000001", "nonce_str": "abc", "out_order_no": "S00001", "service_id": SERVICE,
            "sign_type": "HMAC-SHA256", "timestamp": "1756951532",
        }),
    );
    let looked = open(&admin, "wxpayScoreDetail", handed.clone(), json!({})).await;
    assert_eq!(looked.body["state_description"], "MCH_COMPLETE", "{}", looked.text);
    let paid = open(&admin, "wxpayScoreDetail", handed, json!({ "action": "pay" })).await;
    assert_eq!(paid.body["state"], "DONE", "{}", paid.text);
}

#[tokio::test]
async fn a_token_of_a_permission_opens_its_page_for_an_hour() {
    let admin = admin().await;
    let apply = async || {
        let application = json!({ "service_id": SERVICE, "appid": APPID, "authorization_code": "P00001" });
        call(&admin, Method::POST, "/v3/payscore/permissions", application).await
    };
    let token = json!({ "apply_permissions_token": apply().await["apply_permissions_token"] });
    admin.mock.clock().advance(3_600);
    let late = open(&admin, "wxpayScoreEnable", token.clone(), json!({})).await;
    assert_eq!(late.status, 409, "{}", late.text);
    apply().await;
    admin.mock.clock().advance(3_599);
    let opened = open(&admin, "wxpayScoreEnable", token, json!({ "openid": "oX" })).await;
    assert_eq!(
        (&opened.body["authorization_state"], &opened.body["openid"]),
        (&json!("AVAILABLE"), &json!("oX"))
    );
}

#[tokio::test]
async fn without_the_key_of_api_v2_the_refusal_says_so() {
    let admin = Admin::new().await;
    let package = package(&admin, "S00001").await;
    let refused = open(&admin, "wxpayScoreUse", signed(KEY, parameters(&package)), json!({})).await;
    assert!(refused.text.contains("configure its apiv2_key"), "{}", refused.text);
}
