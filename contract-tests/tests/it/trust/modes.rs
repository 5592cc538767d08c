//! Trust modes: a merchant gets signatures only by the keys that it has.

use wechatpay_client::{Client, RightsChange, Trust};
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{
    Clock, Config, MerchantConfig, MockServer, TrustMode, Warning, policies::SignedRefusals,
};
use wechatpay_protocol::Credentials;

use crate::support::{NOW, RawRequest, RawResponse, exchange};

const CERTIFICATE: &str = "6B02BF8E93D977998EC83F5E1A7E346B7265A191";
const PUBLIC_KEY: &str = "PUB_KEY_ID_0119000000012026010100000000000001";

/// A mock with a fixed clock and the development merchant in this mode.
async fn mock(trust: TrustMode) -> MockServer {
    let merchant = MerchantConfig { trust, ..MerchantConfig::development() };
    let config = Config::default().with_merchants([merchant]);
    MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap()
}

fn client(mock: &MockServer, trust: Trust) -> Client {
    let builder = Client::builder().base_url(&mock.url()).credentials(&mock.credentials());
    builder.trust(trust).clock(|| NOW).build().unwrap()
}

/// The serial number of the key whose signature the client verified.
async fn verified_key(mock: &MockServer, trust: Trust) -> String {
    let change = RightsChange::new("trust");
    let verified = client(mock, trust).set_rights("card", "code", &change).await;
    verified.unwrap_or_else(|error| panic!("{trust:?}: {error:?}")).signature().serial.to_string()
}

/// The key that signed the response to the sample call with these headers.
async fn signing_key(mock: &MockServer, headers: &[&str]) -> Option<String> {
    let request = headers.iter().fold(RawRequest::sample(), |request, line| request.header(line));
    serial_in(&exchange(mock, &request).await)
}

fn serial_in(response: &RawResponse) -> Option<String> {
    response.head.lines().find_map(|line| line.strip_prefix("Wechatpay-Serial: ")).map(Into::into)
}

#[tokio::test]
async fn a_client_works_with_the_platform_certificate() {
    let mock = mock(TrustMode::PlatformCertificate).await;
    assert!(mock.credentials().public_key.is_none());
    for trust in [Trust::Certificate, Trust::Downloaded] {
        assert_eq!(verified_key(&mock, trust).await, CERTIFICATE, "{trust:?}");
    }
}

#[tokio::test]
async fn a_client_works_with_the_public_key() {
    let mock = mock(TrustMode::PublicKey).await;
    assert!(mock.credentials().platform_certificate.is_none());
    assert_eq!(verified_key(&mock, Trust::PublicKey).await, PUBLIC_KEY);
}

#[tokio::test]
async fn a_client_works_with_both() {
    let mock = mock(TrustMode::Both).await;
    for (trust, key) in
        [(Trust::Certificate, CERTIFICATE), (Trust::PublicKey, PUBLIC_KEY), (Trust::Downloaded, CERTIFICATE)]
    {
        assert_eq!(verified_key(&mock, trust).await, key, "{trust:?}");
    }
}

#[tokio::test]
async fn merchants_of_one_mock_can_have_different_modes() {
    let merchants = [("1", TrustMode::PlatformCertificate), ("2", TrustMode::PublicKey)]
        .map(|(mchid, trust)| MerchantConfig { trust, ..MerchantConfig::new(mchid.parse().unwrap()) });
    let config = Config::default().with_merchants(merchants);
    let mock = MockServer::builder().config(config).start().await.unwrap();
    for (mchid, key) in [("1", CERTIFICATE), ("2", PUBLIC_KEY)] {
        let credentials: Credentials = mock.credentials_of(mchid).unwrap();
        let client = Client::builder().base_url(&mock.url()).credentials(&credentials).build().unwrap();
        let verified = client.set_rights("card", "code", &RightsChange::new("1")).await.unwrap();
        assert_eq!(verified.signature().serial.as_str(), key);
    }
}

#[tokio::test]
async fn without_a_platform_certificate_the_list_is_a_404_with_a_hint() {
    let mock = mock(TrustMode::PublicKey).await;
    let error = client(&mock, Trust::PublicKey).certificates().await.unwrap_err();
    let rejection = error.api_error().unwrap();
    assert_eq!(rejection.status(), 404);
    assert_eq!(rejection.code(), Some("RESOURCE_NOT_EXISTS"));
    assert_eq!(
        rejection.message(),
        Some(
            "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引\
             https://pay.weixin.qq.com/doc/v3/merchant/4012153196"
        )
    );
    assert_eq!(serial_in(&exchange(&mock, &RawRequest::certificates()).await).as_deref(), Some(PUBLIC_KEY));
}

#[tokio::test]
async fn without_a_platform_certificate_the_public_key_signs_everything() {
    let mock = mock(TrustMode::PublicKey).await;
    for wanted in ["", CERTIFICATE, PUBLIC_KEY, "PUB_KEY_ID_1", "5157F09E", "nonsense"] {
        let header = format!("Wechatpay-Serial: {wanted}");
        assert_eq!(signing_key(&mock, &[&header]).await.as_deref(), Some(PUBLIC_KEY), "{wanted}");
    }
    assert_eq!(signing_key(&mock, &[]).await.as_deref(), Some(PUBLIC_KEY));
}

#[tokio::test]
async fn without_a_public_key_the_platform_certificate_signs_everything() {
    let mock = mock(TrustMode::PlatformCertificate).await;
    for wanted in ["", CERTIFICATE, PUBLIC_KEY, "PUB_KEY_ID_1", "5157F09E", "nonsense"] {
        let header = format!("Wechatpay-Serial: {wanted}");
        assert_eq!(signing_key(&mock, &[&header]).await.as_deref(), Some(CERTIFICATE), "{wanted}");
    }
}

#[tokio::test]
async fn only_a_request_that_could_choose_between_keys_gets_a_warning_if_it_names_none() {
    let named = format!("Wechatpay-Serial: {PUBLIC_KEY}");
    for (trust, request, is_warned) in [
        (TrustMode::PublicKey, RawRequest::sample(), true),
        (TrustMode::Both, RawRequest::sample().header("Wechatpay-Serial: "), true),
        (TrustMode::PublicKey, RawRequest::sample().header(&named), false),
        (TrustMode::PlatformCertificate, RawRequest::sample(), false),
        (TrustMode::Both, RawRequest::certificates(), false),
    ] {
        let mock = mock(trust).await;
        exchange(&mock, &request).await;
        let warnings = &mock.exchanges()[0].warnings;
        assert_eq!(warnings.contains(&Warning::NoWechatpaySerial), is_warned, "{trust:?}: {request:?}");
    }
}

#[tokio::test]
async fn with_both_keys_only_a_public_key_id_selects_the_public_key() {
    let mock = mock(TrustMode::Both).await;
    for (wanted, key) in [
        ("PUB_KEY_ID_1", PUBLIC_KEY),
        (PUBLIC_KEY, PUBLIC_KEY),
        (CERTIFICATE, CERTIFICATE),
        (&CERTIFICATE.to_lowercase(), CERTIFICATE),
        ("5157F09E", CERTIFICATE),
        ("", CERTIFICATE),
        ("nonsense", CERTIFICATE),
    ] {
        let header = format!("Wechatpay-Serial: {wanted}");
        assert_eq!(signing_key(&mock, &[&header]).await.as_deref(), Some(key), "{wanted}");
    }
}

#[tokio::test]
async fn a_refusal_is_signed_if_the_request_signature_verifies_unless_the_policy_says_otherwise() {
    for (policy, key) in [(SignedRefusals::Business, Some(PUBLIC_KEY)), (SignedRefusals::None, None)] {
        let merchant = MerchantConfig { trust: TrustMode::PublicKey, ..MerchantConfig::development() };
        let mut config = Config::default().with_merchants([merchant]);
        config.policies.signed_refusals = policy;
        let mock = MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap();

        let refused = exchange(&mock, &RawRequest::certificates()).await;
        assert_eq!((refused.status(), serial_in(&refused).as_deref()), ("404", key));
        let unsigned = RawRequest { sign: Sign::WrongKey, ..RawRequest::certificates() };
        assert_eq!(serial_in(&exchange(&mock, &unsigned).await), None);
        // A client that demands a signature of a 4xx would not show the gateway's error.
        let error = client(&mock, Trust::PublicKey).certificates().await.unwrap_err();
        assert_eq!(error.api_error().and_then(|error| error.code()), Some("RESOURCE_NOT_EXISTS"));
    }
}
