//! Our own client passes every probe, whichever keys it trusts.

use super::prove;

/// The command that makes the sample call.
const CLIENT: [&str; 4] = [env!("CARGO_BIN_EXE_wechatpay-mock"), "call", "rights", "patch"];

#[tokio::test]
async fn our_client_passes_every_probe() {
    let run = prove(&[&["--timeout", "9", "--"][..], &CLIENT].concat(), &[]).await;
    run.assert_every_probe_passed();
    assert!(run.probes("skipped").is_empty());
}

#[tokio::test]
async fn our_client_passes_every_probe_with_the_platform_certificate() {
    let options = [&["--timeout", "9", "--keys", "certificate", "--"][..], &CLIENT].concat();
    let run = prove(&options, &[("WECHATPAY_TRUST", "certificate")]).await;
    run.assert_every_probe_passed();
    assert_eq!(Vec::from_iter(run.probes("skipped")), ["honest-public-key", "public-key-switch"]);
}

#[tokio::test]
async fn our_client_follows_a_certificate_change_over() {
    let options = [&["--timeout", "9", "--keys", "certificate", "--"][..], &CLIENT].concat();
    let run = prove(&options, &[("WECHATPAY_TRUST", "download")]).await;
    run.assert_every_probe_passed();
    let probes = &run.report.unwrap()["probes"];
    for id in ["change-over", "certificate-replaced"] {
        let probe = probes.as_array().unwrap().iter().find(|probe| probe["id"] == id).unwrap();
        assert_eq!(probe["did"], "exit code 0; 2 requests, the last answered 204", "{id}");
    }
}
