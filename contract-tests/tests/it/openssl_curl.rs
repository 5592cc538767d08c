//! The mock agrees with a client made only of openssl and curl.

use std::path::Path;

use tokio::process::Command;
use wechatpay_mock::{MockServer, write_credentials};

use crate::support::tools::are_missing;

#[tokio::test]
async fn openssl_and_curl_get_a_204_that_openssl_verifies() {
    if are_missing(&["bash", "curl", "openssl"]) {
        return;
    }
    let mock = MockServer::builder().start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    write_credentials(&mock.credentials(), dir.path(), false).unwrap();

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("openssl-curl.sh");
    let output = Command::new("bash").arg(script).arg(mock.url()).arg(dir.path()).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let merchant = mock.credentials();
    let (serial_no, _) = merchant.platform_certificate.unwrap();
    let (public_key_id, _) = merchant.public_key.unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        format!("204, verified with {serial_no}\n204, verified with {public_key_id}\n")
    );
}
