//! What can't be measured is one error, before anything is measured.

use std::{fs, net::TcpListener};

use tempfile::TempDir;
use wechatpay_mock::{MockServer, NewMerchant, write_credentials};
use wechatpay_protocol::Credentials;

use super::load;
use crate::support::kit::kit;

fn written(credentials: &Credentials) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_credentials(credentials, dir.path(), false).unwrap();
    dir
}

/// How the run fails for `target` and these options: with one line, and no figures.
async fn error(target: &str, options: &[&str]) -> String {
    let loaded = load(target, options).await;
    let run = &loaded.run;
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
    assert!(loaded.report.is_none());
    run.stderr.clone()
}

#[tokio::test]
async fn a_target_that_is_not_there_is_one_error() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let error = error(&url, &[]).await;
    assert!(
        error.starts_with(&format!("error: expected an answer of {url}, found no connection to ")),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[tokio::test]
async fn a_target_on_another_machine_must_be_known_to_be_no_gateway() {
    // An address for documentation: whatever is sent there is lost.
    let error = error("http://192.0.2.1:8080", &[]).await;
    assert!(
        error.contains("is not on this machine, so it may be a real gateway, and nothing was sent"),
        "{error}"
    );

    let mock = MockServer::builder().start().await.unwrap();
    // The same machine, by an address that the catch does not take for it.
    let elsewhere = mock.url().replace("127.0.0.1", "[::ffff:127.0.0.1]");
    let loaded = load(&elsewhere, &["--rate", "50", "--i-know-this-is-not-a-mock"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}", loaded.run.stderr);
}

#[tokio::test]
async fn credentials_that_the_target_does_not_take_are_one_error_with_its_reason() {
    let (mock, other) =
        (MockServer::builder().start().await.unwrap(), MockServer::builder().start().await.unwrap());
    let stranger = other.make_merchant(NewMerchant::default()).unwrap();
    let dir = written(&stranger);
    let error = error(&mock.url(), &["--credentials", &dir.path().display().to_string()]).await;
    assert!(error.contains(&format!("as merchant {}: 401 SIGN_ERROR: ", stranger.mchid)), "{error}");
    // Nothing was signed ahead, and nothing sent but the one request.
    assert_eq!((error.lines().count(), mock.exchanges().len()), (1, 1));
}

#[tokio::test]
async fn without_a_key_of_the_gateway_nothing_can_be_verified() {
    let mock = MockServer::builder().start().await.unwrap();
    let mut credentials = mock.credentials();
    (credentials.platform_certificate, credentials.public_key) = (None, None);
    let keyless = written(&credentials);
    let path = keyless.path().display().to_string();
    let error = error(&mock.url(), &["--credentials", &path]).await;
    assert!(error.contains("no key of the gateway") && error.contains("--verify-every 0"), "{error}");

    let loaded = load(&mock.url(), &["--credentials", &path, "--rate", "50", "--verify-every", "0"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}", loaded.run.stderr);
}

#[tokio::test]
async fn a_run_that_would_outlive_its_signatures_is_refused() {
    let mock = MockServer::builder().start().await.unwrap();
    let error = error(&mock.url(), &["--duration", "4m 50s", "--warm-up", "1s"]).await;
    assert!(
        error.contains("a signature is good for 300 s: expected warm-up and duration of at most 290 s"),
        "{error}"
    );
    assert!(mock.exchanges().is_empty());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_what_would() {
    let mock = MockServer::builder().start().await.unwrap();
    for (options, problem) in [
        (&["--duration", "10"] as &[_], "expected a time with its unit, such as 10s or 500ms, found \"10\""),
        (&["--duration", "0s"], "expected more than no time"),
        (&["--rate", "0"], "'--rate <R>'"),
        (&["--burst", "5"], "--every <DURATION>"),
        (&["--every", "1s"], "--burst <N>"),
        (&["--burst", "5", "--every", "1s", "--rate", "5"], "cannot be used with"),
        (&["--connections", "2", "--threads", "3"], "at most as many threads as connections, found 3 for 2"),
        (&["--body-bytes", "10"], "expected a body of "),
        (&["--body-bytes", "1048577"], " to 1048576 bytes, found 1048577"),
        (&["--body-bytes", "1048576", "--signed", "2000"], "to be signed ahead, found 2000"),
        (&["--report", "junit=a"], "expected json=FILE, found \"junit=a\""),
    ] {
        let error = error(&mock.url(), options).await;
        assert!(error.contains(problem), "{options:?}: {error}");
    }
    assert!(mock.exchanges().is_empty());
}

#[tokio::test]
async fn help_shows_examples_and_exit_codes() {
    let run = kit("load", None, ["--help"]).await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for text in ["Examples:", "--rate 2000", "Exit codes:", "5 minutes"] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
}

#[tokio::test]
async fn a_report_that_can_not_be_written_is_an_error() {
    let mock = MockServer::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere/load.json");
    let target = mock.url();
    let report = format!("json={}", nowhere.display());
    let options =
        ["--target", &target, "--duration", "50ms", "--warm-up", "0s", "--signed", "5", "--report", &report];
    let run = kit("load", None, options).await;
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("cannot write the report "), "{}", run.stderr);
    assert!(fs::metadata(nowhere).is_err());
}
