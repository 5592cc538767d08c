//! The life of a member card through the client, from its template to its end: each step is seen by the others.

use http::Method;
use serde_json::{Value, json};
use wechatpay_client::Client;
use wechatpay_mock::{Config, Language, MockServer, OperationError, policies::UnknownCard};
use wechatpay_openapi::Contract;

const CARDS: &str = "/v3/marketing/membercard-open/cards";
const CODE: &str = "1000200030004";
const OPENID: &str = "obLatjnx9gnqzS4myYGmLZ7LgLBA";

/// A mock that refuses unknown cards, and its merchant's client.
struct Setup {
    _mock: MockServer,
    client: Client,
}

impl Setup {
    async fn start() -> Self {
        let mut config = Config::default();
        config.policies.unknown_card = UnknownCard::Reject;
        let mock = MockServer::builder().config(config).start().await.unwrap();
        let client =
            Client::builder().base_url(&mock.url()).credentials(&mock.credentials()).build().unwrap();
        Self { _mock: mock, client }
    }

    /// The body of a successful answer; `null` if it has none.
    async fn call(&self, method: Method, target: &str, body: Option<Value>) -> Value {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let response = self
            .client
            .call(method, target, body)
            .await
            .unwrap_or_else(|error| panic!("{target}: {error:?}"));
        serde_json::from_slice(response.body()).unwrap_or_default()
    }

    async fn show(&self, target: &str) -> Value {
        self.call(Method::GET, target, None).await
    }

    /// Expects this refusal.
    async fn refused(&self, method: Method, target: &str, body: Option<Value>, expected: OperationError) {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let error = self.client.call(method, target, body).await.unwrap_err();
        let refusal = error.api_error().unwrap_or_else(|| panic!("{target}: {error:?}"));
        assert_eq!(refusal.message(), Some(expected.message(Language::ZhCn)), "{target}");
    }

    /// Makes a template, and returns its `card_id`.
    async fn template(&self) -> String {
        let create = Contract::current().operation("post_marketing_membercard_open_cards").unwrap();
        let card = self.call(Method::POST, CARDS, create.example().cloned()).await;
        card["card_id"].as_str().unwrap().into()
    }
}

fn rights(number: &str, points: i64) -> Option<Value> {
    Some(json!({ "out_request_no": number, "add_bonus_value": points }))
}

#[tokio::test]
async fn a_card_that_one_operation_makes_is_seen_and_changed_and_refused_by_the_others() {
    let setup = Setup::start().await;
    let (patch, post) = (Method::PATCH, Method::POST);
    let card_id = setup.template().await;
    let card = format!("{CARDS}/{card_id}");
    let member = format!("{card}/codes/{CODE}");
    let set_rights = format!("{member}/rights");

    let template = setup.show(&card).await;
    assert_eq!((&template["title"], &template["status"]), (&json!("微信支付测试卡"), &json!("APPROVED")));
    let listed = setup.show(&format!("{CARDS}?offset=0&limit=10")).await;
    let is_listed =
        |list: &Value| list["data"].as_array().unwrap().iter().any(|it| it["card_id"] == *card_id);
    assert!(is_listed(&listed), "{listed}");
    setup.refused(Method::GET, &member, None, OperationError::UnknownCode).await;

    // Members collect points once the template says so.
    let points = json!({ "show_bonus": true, "show_favor": false,
        "bonus": { "init_bonus": 100, "bonus_value_word": "积分", "bonus_cost_word": "抵扣" } });
    setup.call(patch.clone(), &format!("{card}/rights"), Some(points)).await;
    let codes = Some(json!({ "code": [CODE] }));
    for expected in ["SUCCESS", "DUPLICATE"] {
        let results = setup.call(post.clone(), &format!("{card}/codes/deposit"), codes.clone()).await;
        assert_eq!(results["data"][0], json!({ "code": CODE, "result": expected }));
    }
    assert_eq!(setup.show(&member).await["user_card_status"], "NOT_ACTIVATE");
    setup.refused(patch.clone(), &set_rights, rights("1", 50), OperationError::CardNotEffective).await;

    let number = Some(json!({ "membership_number": "316510891298" }));
    setup.call(post.clone(), &format!("{member}/activate"), number).await;
    setup.call(patch.clone(), &set_rights, rights("1", 50)).await;
    setup.call(patch.clone(), &set_rights, rights("2", -30)).await;
    let level = Some(json!({ "level": "钻石会员", "out_request_no": "3" }));
    setup.call(patch.clone(), &member, level).await;
    let shown = setup.show(&member).await;
    let fields =
        ["bonus_value", "membership_number", "level", "user_card_status"].map(|name| shown[name].clone());
    assert_eq!(fields, [json!(120), json!("316510891298"), json!("钻石会员"), json!("EFFECTIVE")]);

    let reason = Some(json!({ "reason": "用户违反会员条例" }));
    setup.call(post.clone(), &format!("{member}/unavailable"), reason.clone()).await;
    assert_eq!(setup.show(&member).await["user_card_status"], "UNAVAILABLE");
    setup.refused(patch.clone(), &set_rights, rights("4", 1), OperationError::CardNotEffective).await;
    setup.refused(post, &format!("{member}/unavailable"), reason, OperationError::CardNotEffective).await;

    setup.call(Method::DELETE, &card, None).await;
    assert_eq!(setup.show(&card).await["status"], "DELETED");
    setup.refused(patch, &set_rights, rights("5", 1), OperationError::UnknownCard).await;
    assert!(!is_listed(&setup.show(&format!("{CARDS}?offset=0&limit=10")).await));
}

#[tokio::test]
async fn an_imported_card_is_the_users() {
    let setup = Setup::start().await;
    let card_id = setup.template().await;
    let target = format!("{CARDS}/{card_id}/users/import");
    let import = |code: Value| json!({ "openid": OPENID, "code": code, "out_request_no": "1" });
    let made = setup.call(Method::POST, &target, Some(import(json!(CODE)))).await;
    assert_eq!(made["code"], CODE);
    let again = setup.call(Method::POST, &target, Some(import(json!(CODE)))).await;
    assert_eq!(again, made);
    let other = Some(import(json!("other")));
    setup.refused(Method::POST, &target, other, OperationError::RepeatedDifferently).await;

    let cards =
        |openid| format!("/v3/marketing/membercard-open/user/cards?openid={openid}&offset=0&limit=10");
    let listed = setup.show(&cards(OPENID)).await;
    assert_eq!(listed["data"], json!([{ "card_id": card_id, "code": CODE }]));
    assert_eq!(setup.show(&cards("another")).await["total_count"], 0);
    // Its template has no points.
    let set_rights = format!("{CARDS}/{card_id}/codes/{CODE}/rights");
    setup.refused(Method::PATCH, &set_rights, rights("1", 1), OperationError::NoPoints).await;
    // Without a code, the gateway makes one.
    let import = json!({ "openid": OPENID, "out_request_no": "2" });
    let made = setup.call(Method::POST, &target, Some(import)).await;
    let member = format!("{CARDS}/{card_id}/codes/{}", made["code"].as_str().unwrap());
    assert_eq!(setup.show(&member).await["openid"], OPENID);
}

#[tokio::test]
async fn a_template_is_made_once_for_a_request_number() {
    let setup = Setup::start().await;
    assert_eq!(setup.template().await, setup.template().await);
    let create = Contract::current().operation("post_marketing_membercard_open_cards").unwrap();
    let mut other = create.example().unwrap().clone();
    other["title"] = "另一张卡".into();
    setup.refused(Method::POST, CARDS, Some(other.clone()), OperationError::RepeatedDifferently).await;
    other["out_request_no"] = "2".into();
    let made = setup.call(Method::POST, CARDS, Some(other)).await;
    assert_ne!(made["card_id"], setup.template().await.as_str());
}

#[tokio::test]
async fn an_unknown_template_is_refused_by_every_operation() {
    let setup = Setup::start().await;
    let card = format!("{CARDS}/unknown");
    let unknown = OperationError::UnknownCard;
    setup.refused(Method::GET, &card, None, unknown).await;
    setup.refused(Method::DELETE, &card, None, unknown).await;
    setup
        .refused(Method::POST, &format!("{card}/codes/deposit"), Some(json!({ "code": ["1"] })), unknown)
        .await;
    let qrcode = Some(json!({ "activate_type": "AUTO_ACTIVATE" }));
    setup.refused(Method::POST, &format!("{card}/qrcode"), qrcode, unknown).await;
    setup.refused(Method::POST, &format!("{card}/codes/1/activate"), Some(json!({})), unknown).await;
}
