//! The rights operation agrees with a simple model of it, for any caller and in any order.

mod concurrent;
mod reference;
mod sequential;

use wechatpay_client::Client;
use wechatpay_mock::{Config, Language, MerchantConfig, MockServer, OperationError, policies::Policies};

use reference::{MERCHANTS, Member, Refused};

/// A mock with the model's merchants, and a client for each.
struct Setup {
    mock: MockServer,
    clients: [Client; MERCHANTS.len()],
}

impl Setup {
    async fn start(policies: &Policies) -> Self {
        let merchants = MERCHANTS.map(|mchid| MerchantConfig::new(mchid.parse().unwrap()));
        let mut config = Config::default().with_merchants(merchants);
        config.policies = policies.clone();
        let mock = MockServer::builder().config(config).start().await.unwrap();
        let client = |mchid| {
            let credentials = mock.credentials_of(mchid).unwrap();
            Client::builder().base_url(&mock.url()).credentials(&credentials).build().unwrap()
        };
        Self { clients: MERCHANTS.map(client), mock }
    }

    /// The points that a merchant reads from the member's card.
    async fn points(&self, merchant: usize, Member { card_id, code }: Member) -> Result<i64, Refused> {
        let target = format!("/v3/marketing/membercard-open/cards/{card_id}/codes/{code}");
        let sent = self.clients[merchant].call(http::Method::GET, &target, "").await;
        let card: serde_json::Value =
            serde_json::from_slice(sent.map_err(|error| refused(&error))?.body()).unwrap();
        Ok(card["bonus_value"].as_i64().unwrap())
    }
}

/// The rule that a refusal names in its message.
fn refused(error: &wechatpay_client::Error) -> Refused {
    use OperationError::*;
    let rejection = error.api_error().unwrap_or_else(|| panic!("{error:?}"));
    let rules =
        [UnknownCard, UnknownCode, Repeated, RepeatedDifferently, Arithmetic, StaleBefore, NegativeTotal];
    let named = |rule: &OperationError| rejection.message() == Some(rule.message(Language::ZhCn));
    let rule = rules.into_iter().find(named).unwrap_or_else(|| panic!("{rejection}"));
    assert_eq!(rejection.status(), rule.status());
    Refused(rule)
}
