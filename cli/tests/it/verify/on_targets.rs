//! Which cases run on which server.

use std::{collections::BTreeSet, fs, net::TcpListener, path::Path};

use serde_json::Value;
use tempfile::TempDir;
use wechatpay_contract::case;
use wechatpay_mock::{MockServer, NewMerchant, TrustMode, write_credentials};
use wechatpay_protocol::Credentials;

use super::{shown, verify, verify_trusting};

fn written(credentials: &Credentials) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_credentials(credentials, dir.path(), false).unwrap();
    dir
}

/// The ids that the command lists.
async fn listed(options: &[&str]) -> Vec<String> {
    let run = verify(options.iter().copied().chain(["--list"])).await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run.stdout.lines().map(|line| line.split(": ").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn cases_that_need_a_mock_are_skipped_on_a_target_and_counted() {
    let mock = MockServer::builder().start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report.json");
    let run = verify(["--target", &mock.url(), "--report", &format!("json={}", shown(&report))]).await;
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let json: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    let given = case::embedded().unwrap().iter().filter(|case| case.given.is_some()).count();
    assert!(given > 0 && json["skipped"] == given, "{}", json["skipped"]);
    let skipped = json["cases"].as_array().unwrap().iter().find(|case| case["outcome"] == "skipped").unwrap();
    assert_eq!(skipped["reason"], "needs a mock with its own state, policies or time");
    let count = run.stdout.matches("  skip  ").count();
    assert_eq!(count, given);
}

#[tokio::test]
async fn a_trusted_target_is_called_over_tls() {
    let mock = MockServer::builder().start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let authority = dir.path().join("ca.pem");
    fs::write(&authority, mock.ca_pem().await.unwrap()).unwrap();
    let target = mock.url().replace("http://127.0.0.1", "https://localhost");
    let options = ["--target", &target, "--filter", "rights/", "--filter", "bodies/"];
    let run = verify_trusting(Some(&authority), options).await;
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(mock.exchanges().iter().all(|exchange| exchange.request.is_tls()));

    let stranger = MockServer::builder().start().await.unwrap();
    for (trusted, problem) in [
        (stranger.ca_pem().await.unwrap(), "invalid peer certificate"),
        (String::new(), "expected certificate authorities to trust"),
    ] {
        fs::write(&authority, trusted).unwrap();
        let run = verify_trusting(Some(&authority), options).await;
        assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(problem), "{}", run.stderr);
    }
}

#[tokio::test]
async fn the_cases_run_as_any_merchant() {
    let mock = MockServer::builder().start().await.unwrap();
    let merchant = mock.make_merchant(NewMerchant { new_key: true, ..NewMerchant::default() }).unwrap();
    let dir = written(&merchant);
    let run = verify(["--target", &mock.url(), "--credentials", &shown(dir.path())]).await;
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

#[tokio::test]
async fn cases_about_a_key_that_the_merchant_does_not_have_are_skipped() {
    let mock = MockServer::builder().start().await.unwrap();
    for (trust, lacking) in
        [(TrustMode::PublicKey, "platform certificate"), (TrustMode::PlatformCertificate, "public key")]
    {
        let merchant = mock.make_merchant(NewMerchant { trust, ..NewMerchant::default() }).unwrap();
        let dir = written(&merchant);
        let run = verify(["--target", &mock.url(), "--credentials", &shown(dir.path())]).await;
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains(&format!("the credentials have no {lacking}")), "{}", run.stdout);
    }
}

#[tokio::test]
async fn nothing_is_sent_to_another_machine_that_may_be_a_real_gateway() {
    // An address reserved for documentation: packets to it are lost.
    for target in ["http://192.0.2.1:8080", "http://api.mch.weixin.qq.com"] {
        let run = verify(["--target", target]).await;
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert!(run.stderr.contains("is not on this machine, so it may be a real gateway"), "{}", run.stderr);
        assert!(run.stderr.contains("--i-know-this-is-not-a-mock"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn only_harmless_cases_are_sent_to_a_possible_real_gateway() {
    let mock = MockServer::builder().start().await.unwrap();
    // The same machine, by an address that the check does not recognise as local.
    let elsewhere = mock.url().replace("127.0.0.1", "[::ffff:127.0.0.1]");
    let run = verify(["--target", &elsewhere]).await;
    assert_eq!((run.code, mock.exchanges().len()), (Some(2), 0));

    let run = verify(["--target", &elsewhere, "--i-know-this-is-not-a-mock"]).await;
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let harmless = case::embedded().unwrap().iter().filter(|case| case.harmless).count();
    assert!(run.stdout.contains(&format!("\n{harmless} passed, 0 failed, ")), "{}", run.stdout);
    for exchange in mock.exchanges() {
        let (method, status) = (&exchange.request.method, exchange.status);
        assert!(method == "GET" || status.unwrap().is_client_error(), "{method} {status:?}");
    }
}

#[tokio::test]
async fn an_unreachable_target_is_one_error() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let run = verify(["--target", &url]).await;
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.lines().count()), (Some(2), "", 1));
    let beginning =
        format!("error: expected a response of {url} to GET /v3/certificates, found no connection to ");
    assert!(run.stderr.starts_with(&beginning), "{}", run.stderr);
}

#[tokio::test]
async fn credentials_that_the_target_does_not_know_are_one_error() {
    let (mock, other) =
        (MockServer::builder().start().await.unwrap(), MockServer::builder().start().await.unwrap());
    let stranger = written(&other.make_merchant(NewMerchant::default()).unwrap());
    let run = verify(["--target", &mock.url(), "--credentials", &shown(stranger.path())]).await;
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.lines().count()), (Some(2), "", 1));
    assert!(run.stderr.contains("does not accept the signature of merchant "), "{}", run.stderr);
    assert!(run.stderr.contains("401 {\"code\":\"SIGN_ERROR\""), "{}", run.stderr);
}

#[tokio::test]
async fn keys_of_another_gateway_are_one_error() {
    let mock = MockServer::builder().start().await.unwrap();
    let mut credentials = mock.credentials();
    credentials.platform_certificate = None;
    let dir = written(&credentials);
    let run = verify(["--target", &mock.url(), "--credentials", &shown(dir.path())]).await;
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.lines().count()), (Some(2), "", 1));
    assert!(
        run.stderr.contains("signs with the key 6B02BF8E93D977998EC83F5E1A7E346B7265A191"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn missing_credentials_are_wrong_usage() {
    let mock = MockServer::builder().start().await.unwrap();
    let run =
        verify(["--target", &mock.url(), "--credentials", &shown(Path::new("/nonexistent/keys"))]).await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.starts_with("error: cannot read /nonexistent/keys\n"), "{}", run.stderr);
}

#[tokio::test]
async fn shards_list_every_case_once() {
    let all = listed(&[]).await;
    let mut shards = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        shards.extend(listed(&["--shard", shard]).await);
    }
    assert!(shards.len() == all.len() && all.len() > 140, "{} of {}", shards.len(), all.len());
    assert_eq!(shards.into_iter().collect::<BTreeSet<_>>(), all.into_iter().collect());
}

#[tokio::test]
async fn a_list_says_what_would_be_skipped_and_sends_nothing() {
    let mock = MockServer::builder().start().await.unwrap();
    let run = verify([
        "--list",
        "--target",
        &mock.url(),
        "--filter",
        "rights/sample",
        "--filter",
        "business/repeat-refused",
    ])
    .await;
    assert_eq!((run.code, mock.exchanges().len()), (Some(0), 0));
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("(skipped: needs a mock"), "{lines:?}");
    assert!(lines[1].starts_with("rights/sample: ") && !lines[1].contains("skipped"), "{lines:?}");
}

#[tokio::test]
async fn wrong_usage_is_reported_before_anything_is_sent() {
    for (options, message) in [
        (["--filter", "no/such/case"], "expected a case with no/such/case in its id"),
        (["--shard", "3/2"], "expected i/n with i from 1 to n"),
        (["--report", "html=a"], "expected junit=FILE, json=FILE or tap=FILE"),
        (["--target", "ftp://127.0.0.1"], "expected https://host:port or http://host:port"),
    ] {
        let run = verify(options).await;
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{options:?}");
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
    let run = verify(["--i-know-this-is-not-a-mock"]).await;
    assert_eq!(run.code, Some(2));
}
