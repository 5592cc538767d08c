//! Which servers the client accepts over TLS.

use wechatpay_client::{Client, ConfigurationError, RightsChange, tls::system_authorities};
use wechatpay_mock::MockServer;

#[tokio::test]
async fn an_untrusted_certificate_is_distinguished_from_an_unreachable_server() {
    let mock = MockServer::builder().start().await.unwrap();
    let https = mock.url().replace("http://", "https://");
    let (change, absent) = (RightsChange::new("1"), "http://127.0.0.1:1");
    for (base_url, is_untrusted) in [(https.as_str(), true), (absent, false)] {
        let client = match Client::builder().base_url(base_url).build() {
            Ok(client) => client,
            // On a machine without system CAs, the client fails before it sends anything.
            Err(error) => {
                assert!(system_authorities().is_err() && matches!(error, ConfigurationError::Tls(_)));
                continue;
            }
        };
        let error = client.set_rights("card", "code", &change).await.unwrap_err();
        assert_eq!((error.is_connect(), error.is_untrusted_server()), (true, is_untrusted), "{error:?}");
    }
}
