//! The operations that send callbacks.

use http::Method;
use serde_json::{Value, json};
use wechatpay_client::Client;
use wechatpay_mock::{DeliveryState, Fault, FaultRule, MockServer};

use crate::support::receiver::{OK, Receiver};

const CARDS: &str = "/v3/marketing/membercard-open/cards";

struct Setup {
    mock: MockServer,
    client: Client,
    receiver: Receiver,
}

impl Setup {
    async fn start() -> Self {
        let mock = MockServer::builder().start().await.unwrap();
        let client =
            Client::builder().base_url(&mock.url()).credentials(&mock.credentials()).build().unwrap();
        Self { mock, client, receiver: Receiver::start(&[OK]).await }
    }

    async fn call(&self, method: Method, target: &str, body: Value) {
        self.client
            .call(method, target, body.to_string())
            .await
            .unwrap_or_else(|error| panic!("{target}: {error:?}"));
    }

    /// The event and the resource of the next callback.
    async fn told(&mut self) -> (String, Value) {
        let received = self.receiver.next().await;
        let plain = received.verify(&self.mock.credentials(), self.mock.clock().now()).unwrap();
        let body: Value = serde_json::from_slice(&received.body).unwrap();
        (body["event_type"].as_str().unwrap().into(), serde_json::from_slice(&plain).unwrap())
    }
}

#[tokio::test]
async fn a_merchant_hears_of_cards_that_users_accept_and_activate_where_it_said() {
    let mut setup = Setup::start().await;
    let url = setup.receiver.url();
    let callback = "/v3/marketing/membercard-open/callback";
    setup.call(Method::PATCH, callback, json!({ "notify_url": url })).await;
    setup.call(Method::POST, &format!("{CARDS}/c1/codes/deposit"), json!({ "code": ["1"] })).await;
    let activate = format!("{CARDS}/c1/codes/1/activate");
    for scene in ["NEW_ACTIVATE", "RECOVER"] {
        setup.call(Method::POST, &activate, json!({ "membership_number": "M1" })).await;
        let (event, resource) = setup.told().await;
        assert_eq!(event, "MEMBERCARD.ACTIVATE_CARD");
        let fields = ["event_type", "card_id", "code", "activate_scene"].map(|name| resource[name].clone());
        assert_eq!(fields, ["MEMBER_CARD_ACTIVATE", "c1", "1", scene].map(Value::from));
        assert!(resource["event_time"].as_str().unwrap().ends_with("+08:00"));
    }
    let import = wechatpay_openapi::Contract::current()
        .operation("post_marketing_membercard_open_cards_users_import")
        .and_then(|operation| operation.example().cloned())
        .unwrap();
    setup.call(Method::POST, &format!("{CARDS}/c1/users/import"), import.clone()).await;
    let (event, resource) = setup.told().await;
    assert_eq!((event.as_str(), &resource["event_type"]), ("MEMBERCARD.ACCEPT_CARD", &json!("NEW_ACTIVATE")));
    assert_eq!(resource["openid"], import["openid"]);
}

#[tokio::test]
async fn echo_is_followed_by_a_callback_if_it_asks_for_one() {
    let mut setup = Setup::start().await;
    let url = setup.receiver.url();
    setup.call(Method::POST, "/v3/security/echo", json!({ "echo_message": "会员", "notify_url": url })).await;
    let (event, resource) = setup.told().await;
    assert_eq!((event.as_str(), &resource["echo_message"]), ("SECURITY_ECHO.SUCCESS", &json!("会员")));
    setup.call(Method::POST, "/v3/security/echo", json!({ "echo_message": "1" })).await;
    assert_eq!(setup.mock.callbacks().len(), 1);
}

#[tokio::test]
async fn a_callback_is_sent_if_and_only_if_the_change_is_made() {
    let mut setup = Setup::start().await;
    let echo = json!({ "echo_message": "1", "notify_url": setup.receiver.url() }).to_string();
    for (fault, is_told) in
        [(Fault::SystemError, false), (Fault::SystemErrorApplied, true), (Fault::WrongKey, true)]
    {
        setup.mock.clear_faults();
        setup.mock.add_fault(FaultRule::of(fault)).unwrap();
        let before = setup.mock.callbacks().len();
        setup.client.call(Method::POST, "/v3/security/echo", echo.clone()).await.unwrap_err();
        assert_eq!(setup.mock.callbacks().len() - before, usize::from(is_told), "{fault}");
    }
    setup.told().await;
    setup.told().await;
}

#[tokio::test]
async fn a_refund_tells_the_notify_url_that_it_names_and_the_same_request_again_tells_nothing() {
    let mut setup = Setup::start().await;
    let operation = wechatpay_openapi::Contract::current().operation("post_ecommerce_refunds_apply").unwrap();
    let mut refund = operation.example().cloned().unwrap();
    refund["notify_url"] = setup.receiver.url().into();
    for _ in 0..2 {
        setup.call(Method::POST, "/v3/ecommerce/refunds/apply", refund.clone()).await;
    }
    let (event, resource) = setup.told().await;
    assert_eq!(event, "REFUND.SUCCESS");
    assert_eq!(resource["out_refund_no"], refund["out_refund_no"]);
    assert_eq!(resource["amount"]["refund"], refund["amount"]["refund"]);
    assert_eq!(setup.mock.attempted(1, 1).await.unwrap().state, DeliveryState::Received);
    assert_eq!(setup.mock.callbacks().len(), 1);
}
