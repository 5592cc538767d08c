//! The command itself: wrong usage, the list of probes, and the reports.

#[cfg(unix)]
use std::{
    path::Path,
    process::{Command, Stdio},
};

use wechatpay_contract::prove::PROBES;
use wechatpay_texts::Language;

use super::prove;
use crate::support::repository;
#[cfg(unix)]
use crate::support::{command, ignores_hangups};

#[tokio::test]
async fn a_client_that_fails_against_a_correct_mock_ends_the_run_with_2() {
    let run = prove(&["--", "sh", "-c", "echo no key >&2; exit 3"], &[]).await;
    assert_eq!((run.code, run.report), (Some(2), None));
    for text in ["exit code 3", "no request reached the mock", "client    no key"] {
        assert!(run.stderr.contains(text), "{text} in {}", run.stderr);
    }
}

#[tokio::test]
async fn every_probe_is_listed_in_chinese() {
    let run = prove(&["--lang", "zh", "--list"], &[]).await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for probe in PROBES.iter() {
        let title = Language::Chinese.within(|| probe.about.title.to_string());
        assert!(run.stdout.contains(&format!("{title}：必须")), "{title} in {}", run.stdout);
    }
}

#[tokio::test]
async fn a_client_that_never_calls_fails() {
    let run = prove(&["--", "true"], &[]).await;
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("exit code 0: the call never reached the mock"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_hangup_stops_the_client_and_removes_its_keys() {
    if ignores_hangups() {
        return;
    }
    // Pipes, so that each side waits for the other.
    let folder = tempfile::tempdir().unwrap();
    let [told, never] = ["told", "never"].map(|name| folder.path().join(name));
    assert!(Command::new("mkfifo").args([&told, &never]).status().unwrap().success());
    let script = format!("echo $SSL_CERT_FILE > {}; cat {}", told.display(), never.display());
    let mut prove = command();
    prove.args(["prove-client", "--", "sh", "-c", &script]);
    let mut prove = prove.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let bundle = std::fs::read_to_string(told).unwrap();
    let keys = Path::new(bundle.trim_end()).parent().unwrap();
    assert!(keys.join("apiclient_key.pem").exists());
    assert!(Command::new("kill").args(["-s", "HUP", &prove.id().to_string()]).status().unwrap().success());
    assert_eq!(prove.wait().unwrap().code(), Some(2));
    assert!(!keys.exists(), "{bundle}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_hangs_is_killed_with_its_child_processes() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let command = format!("sleep 600 & echo $! > {}; wait", pid.display());
    let run = prove(&["--timeout", "1", "--", "sh", "-c", &command], &[]).await;
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("it had not ended after 1 s"), "{}", run.stderr);

    let pid = std::fs::read_to_string(pid).unwrap();
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    let is_running = || state().is_ok_and(|stat| !stat.contains(") Z "));
    let ended = async {
        while is_running() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), ended).await.expect("sleep was ended");
}

#[tokio::test]
async fn the_error_says_why_the_mock_rejected_the_request() {
    let call = "curl -s -X PATCH --noproxy '*' -H 'Authorization: Bearer 1' -f \
                \"$WECHATPAY_BASE_URL/v3/marketing/membercard-open/cards/1/codes/1/rights\"";
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "expected curl on a machine of CI, found none");
        return;
    }
    let run = prove(&["--", "sh", "-c", call], &[]).await;
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("401 set_rights: check"), "{}", run.stderr);
}

#[tokio::test]
async fn a_run_that_cannot_start_is_wrong_usage() {
    for (options, text) in [
        (&["--", "/nonexistent/client"][..], "cannot run \"/nonexistent/client\""),
        (&["--filter", "nothing", "--", "true"], "no probe has nothing in its id or group"),
        (&[], "--url"),
        (&["--url", "http://127.0.0.1:1/"], "--listen"),
        (&["--keys", "any", "--", "true"], "expected both, certificate or public-key, found \"any\""),
        (&["--timeout", "0", "--", "true"], "expected 0.1 to 590 seconds"),
        (&["--report", "html=a", "--", "true"], "expected junit=FILE or json=FILE"),
    ] {
        let run = prove(options, &[]).await;
        assert_eq!(run.code, Some(2), "{options:?}");
        assert!(run.stderr.contains(text), "{text} in {}", run.stderr);
    }
}

#[tokio::test]
async fn list_shows_every_probe_and_runs_none() {
    let run = prove(&["--list"], &[]).await;
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), PROBES.len()));
    assert!(
        run.stdout
            .contains("unsigned [critical] the response has no signature at all: must reject the response\n")
    );
    let filtered = prove(&["--list", "--filter", "repeats", "--filter", "signtest"], &[]).await;
    assert_eq!(filtered.stdout.lines().count(), 4, "{}", filtered.stdout);
}

#[tokio::test]
async fn a_finding_is_in_every_report_with_advice() {
    let client = repository("examples/careless-client/careless.py").display().to_string();
    let filters = ["--filter", "signtest", "--filter", "honest", "--keys", "both"];
    let run = prove(&[&filters[..], &["--", "python3", &client]].concat(), &[]).await;
    let Some(report) = run.report else {
        assert!(std::env::var_os("CI").is_none(), "{}", run.stderr);
        return;
    };
    assert_eq!(report["not_held"], 3);
    let probe = report["probes"].as_array().unwrap().iter().find(|probe| probe["id"] == "signtest").unwrap();
    let finding = &probe["findings"][0];
    assert_eq!((&finding["kind"], &finding["severity"]), (&"let-through".into(), &"critical".into()));
    assert_eq!(report["summary"], run.stdout.lines().last().unwrap());

    let junit = run.junit.unwrap();
    for text in [
        "failures=\"3\"",
        "classname=\"prove-client.signature\"",
        "type=\"critical\"",
        "how to fix it: treat it like any",
    ] {
        assert!(junit.contains(text), "{text} in {junit}");
    }
    assert!(run.stdout.contains("how to fix it   treat it like any invalid signature"), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'), "colours in a pipe");
}
