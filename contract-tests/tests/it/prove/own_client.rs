//! Our own client lets nothing through, whichever keys it trusts.

use std::path::Path;

use serde_json::Value;
use tokio::{process::Command, sync::OnceCell};

use super::{prove, repository};

/// The binary of `wechatpay-client`. Cargo names only those of the tests' own package; but it builds all of them for the
/// tests of the workspace, and puts them beside each other. Where only this package was built, it is built here.
async fn client() -> &'static str {
    static CLIENT: OnceCell<String> = OnceCell::const_new();
    let path = Path::new(env!("CARGO_BIN_EXE_wechatpay-contract"));
    let client = path.with_file_name("wechatpay-client").with_extension(std::env::consts::EXE_EXTENSION);
    let found = async || if client.exists() { client.display().to_string() } else { build().await };
    CLIENT.get_or_init(found).await
}

async fn build() -> String {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "-p", "wechatpay-client", "--bin", "wechatpay-client"]);
    cargo.args(["--profile", profile, "--message-format", "json"]).current_dir(repository("."));
    let output = cargo.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).unwrap();
    let mut messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages.find_map(|message| Some(message["executable"].as_str()?.to_owned())).unwrap()
}

#[tokio::test]
async fn nothing_is_let_through_by_our_client() {
    let run = prove(&["--timeout", "9", "--", client().await, "rights", "patch"], &[]).await;
    run.assert_nothing_let_through();
    assert!(run.probes("skipped").is_empty());
}

#[tokio::test]
async fn nothing_is_let_through_by_our_client_with_the_platform_certificate() {
    let client = client().await;
    let options = ["--timeout", "9", "--keys", "certificate", "--", client, "rights", "patch"];
    let run = prove(&options, &[("WECHATPAY_TRUST", "certificate")]).await;
    run.assert_nothing_let_through();
    assert_eq!(Vec::from_iter(run.probes("skipped")), ["honest-public-key", "public-key-switch"]);
}

#[tokio::test]
async fn our_client_follows_a_change_of_certificates_that_it_downloads() {
    let client = client().await;
    let options = ["--timeout", "9", "--keys", "certificate", "--", client, "rights", "patch"];
    let run = prove(&options, &[("WECHATPAY_TRUST", "download")]).await;
    run.assert_nothing_let_through();
    let probes = &run.report.unwrap()["probes"];
    for id in ["change-over", "certificate-replaced"] {
        let probe = probes.as_array().unwrap().iter().find(|probe| probe["id"] == id).unwrap();
        assert_eq!(probe["did"], "exit code 0; 2 requests, the last answered 204", "{id}");
    }
}
