//! What a client without files gets: a merchant's credentials, and the certificate authority.

use std::path::Path;

use serde_json::json;
use wechatpay_mock::{ApiCertificate, Config, MerchantConfig, MockServer, credentials_env};
use wechatpay_protocol::{Credentials, CredentialsFile};

use super::{Admin, Response, signed_by};
use crate::support::{NOW, RawRequest};

fn credentials(response: Response) -> Credentials {
    assert_eq!(response.status, 200, "{response:?}");
    let file: CredentialsFile = serde_json::from_value(response.body).unwrap();
    Credentials::from_inline(&file).unwrap()
}

#[tokio::test]
async fn a_client_can_call_with_the_credentials_that_the_mock_shows() {
    let admin = Admin::new().await;
    let shown = credentials(admin.get("/credentials").await);
    assert!(shown.to_inline() == admin.mock.credentials().to_inline());
    assert_eq!(admin.exchange(&signed_by(&shown, RawRequest::sample())).await, 204);
}

#[tokio::test]
async fn a_created_merchant_is_shown_as_when_it_was_created() {
    let admin = Admin::new().await;
    let made = admin.make_merchant(&json!({ "mchid": "42", "new_key": true, "trust": "public-key" })).await;
    let shown = credentials(admin.get("/credentials?merchant=42").await);
    assert!(shown.to_inline() == made.to_inline());
    admin.get("/credentials?merchant=43").await.assert_refused(404, "expected the mchid of a merchant");
}

#[tokio::test]
async fn the_secrets_of_a_configured_merchant_are_not_shown() {
    let made = Admin::new().await.make_merchant(&json!({ "new_key": true })).await;
    let certificate = ApiCertificate::new(&made.merchant_certificate, Some(&made.merchant_key)).unwrap();
    let only_apiv3_key =
        MerchantConfig { apiv3_key: made.apiv3_key.clone(), ..MerchantConfig::new("41".parse().unwrap()) };
    let both = MerchantConfig {
        certificate,
        apiv3_key: made.apiv3_key.clone(),
        ..MerchantConfig::new("42".parse().unwrap())
    };
    let only_certificate = MerchantConfig {
        certificate: ApiCertificate::new(&made.merchant_certificate, None).unwrap(),
        ..MerchantConfig::new("43".parse().unwrap())
    };
    let config = Config::default().with_merchants([only_apiv3_key, both, only_certificate]);
    let clock = wechatpay_mock::Clock::fixed(NOW);
    let admin = Admin::of(MockServer::builder().config(config).clock(clock).start().await.unwrap());
    for mchid in ["41", "42", "43"] {
        let shown = admin.get(&format!("/credentials?merchant={mchid}")).await;
        assert_eq!((shown.status, shown.body["mchid"].as_str()), (200, Some(mchid)));
        for secret in ["merchant_key", "apiv3_key"] {
            assert!(shown.body.get(secret).is_none(), "{secret} of {mchid}");
        }
        assert!(!shown.text.contains("PRIVATE KEY") && !shown.text.contains(made.apiv3_key.expose()));
        let env = admin.get(&format!("/credentials?merchant={mchid}&format=env")).await.text;
        let names: Vec<_> = env.lines().map(|line| line.split_once('=').unwrap().0).collect();
        assert!(
            names.contains(&"export WECHATPAY_MCHID") && names.contains(&"export WECHATPAY_PUBLIC_KEY"),
            "{env}"
        );
        assert!(
            !env.contains("WECHATPAY_MERCHANT_KEY")
                && !env.contains("APIV3")
                && !env.contains(made.apiv3_key.expose())
        );
        for public in ["merchant_certificate", "platform_certificate", "public_key"] {
            assert!(shown.body[public].as_str().unwrap().contains("-----BEGIN "), "{public} of {mchid}");
        }
    }
    assert_eq!(admin.get("/credentials").await.body["mchid"], "41", "the first in the configuration");
}

#[tokio::test]
async fn the_format_env_has_the_same_without_the_files() {
    let admin = Admin::new().await;
    let credentials = admin.mock.credentials();
    let shown = admin.get("/credentials?merchant=1900000001&format=env").await;
    assert!(
        shown.head.to_lowercase().contains("\r\ncontent-type: text/plain; charset=utf-8\r\n"),
        "{}",
        shown.head
    );
    let variables = credentials_env(&credentials, Path::new(""));
    assert!(variables.contains(&("WECHATPAY_MERCHANT_KEY".into(), "apiclient_key.pem".into())));
    let lines = variables.iter().map(|(name, value)| format!("export {name}='{value}'\n"));
    assert_eq!(shown.text, lines.collect::<String>());
    assert_eq!(admin.get("/credentials?format=json").await.body, admin.get("/credentials").await.body);
    admin
        .get("/credentials?format=toml")
        .await
        .assert_refused(400, "format: expected json or env, found \"toml\"");
}

#[tokio::test]
async fn the_authority_is_the_one_that_clients_must_trust() {
    let admin = Admin::new().await;
    let shown = admin.get("/ca.pem").await;
    assert_eq!((shown.status, shown.text), (200, admin.mock.ca_pem().await.unwrap()));
}

#[tokio::test]
async fn where_the_api_is_off_or_needs_a_token_so_do_both_calls() {
    let builder = MockServer::builder;
    let off = Admin::of(builder().listen("0.0.0.0:0".parse().unwrap()).start().await.unwrap());
    let token = "correct-horse-battery";
    let closed = builder().admin_token(token.parse().unwrap()).start().await.unwrap();
    let closed = Admin::of(closed);
    for path in ["/ca.pem", "/credentials"] {
        off.get(path).await.assert_refused(404, "/__mock/ is off");
        closed.get(path).await.assert_refused(401, "expected the header Authorization: Bearer TOKEN");
    }
    let open = closed.with(&format!("Authorization: Bearer {token}"));
    for path in ["/ca.pem", "/credentials"] {
        assert_eq!(open.get(path).await.status, 200, "{path}");
    }
}
