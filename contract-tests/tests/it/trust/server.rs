//! Whom the client believes to be the gateway, when it calls by TLS.

use wechatpay_client::{Client, ConfigurationError, RightsChange, tls::system_authorities};
use wechatpay_mock::MockServer;

#[tokio::test]
async fn a_server_that_no_trusted_authority_vouches_for_is_told_from_one_that_is_not_there() {
    let mock = MockServer::builder().start().await.unwrap();
    let secret = mock.url().replace("http://", "https://");
    let (change, absent) = (RightsChange::new("1"), "http://127.0.0.1:1");
    for (base_url, is_untrusted) in [(secret.as_str(), true), (absent, false)] {
        let client = match Client::builder().base_url(base_url).build() {
            Ok(client) => client,
            // A machine without any authorities says so before anything is sent.
            Err(error) => {
                assert!(system_authorities().is_err() && matches!(error, ConfigurationError::Tls(_)));
                continue;
            }
        };
        let error = client.set_rights("card", "code", &change).await.unwrap_err();
        assert_eq!((error.is_connect(), error.is_untrusted_server()), (true, is_untrusted), "{error:?}");
    }
}
