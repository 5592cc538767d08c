//! The command `load`: it sends what it says, counts what comes, and fails when something is wrong. No test looks at a time.

mod odd_servers;
mod usage;

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use wechatpay_mock::{Fault, FaultRule, Latency, Limits, MockServer};

use crate::support::kit::{Run, kit};

/// The request that is sent before all others, and not counted.
const FIRST: u64 = 1;

/// Options for a run that is over soon.
const SHORT: [&str; 8] = ["--duration", "200ms", "--warm-up", "0s", "--signed", "20", "--connections", "4"];

/// How a run went, with the report if there is one.
struct Loaded {
    run: Run,
    report: Option<Value>,
}

impl Loaded {
    fn figure(&self, name: &str) -> u64 {
        let report = self.report.as_ref().unwrap_or_else(|| panic!("no report: {}", self.run.stderr));
        report[name].as_u64().unwrap_or_else(|| panic!("{name}: {report}"))
    }
}

/// Runs `wechatpay-contract load` on this target, with these options and those of [`SHORT`] that they do not repeat.
async fn load(target: &str, options: &[&str]) -> Loaded {
    load_trusting(None, target, options).await
}

/// The same, with the authorities in this file in place of the machine's.
async fn load_trusting(authorities: Option<&Path>, target: &str, options: &[&str]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("load.json");
    let to_report = format!("json={}", report.display());
    let short = SHORT.chunks(2).filter(|pair| !options.contains(&pair[0])).flatten();
    let fixed = ["--target", target, "--report", &to_report];
    let all = fixed.iter().chain(short).chain(options);
    let run = kit("load", authorities, all).await;
    let report = fs::read_to_string(report).ok().map(|json| serde_json::from_str(&json).unwrap());
    Loaded { run, report }
}

/// A mock whose journal forgets nothing of a short run.
async fn mock() -> MockServer {
    let limits = Limits::default().with_journal_exchanges(1_000_000).unwrap();
    MockServer::builder().limits(limits.with_journal_bytes(1 << 30).unwrap()).start().await.unwrap()
}

#[tokio::test]
async fn every_request_of_a_closed_loop_is_right_and_counted() {
    let mock = mock().await;
    let loaded = load(&mock.url(), &["--threads", "2", "--verify-every", "1"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
    let requests = loaded.figure("requests");
    let exchanges = mock.exchanges();
    assert_eq!(exchanges.len() as u64, requests + FIRST);
    assert!(exchanges.iter().all(|exchange| exchange.is_authenticated && exchange.rejection.is_none()));
    let report = loaded.report.as_ref().unwrap();
    assert_eq!(report["statuses"], json!({ "204": requests }));
    assert_eq!((loaded.figure("failed"), loaded.figure("verified")), (0, requests.min(10_000)));
}

#[tokio::test]
async fn a_rate_sends_exactly_what_is_due() {
    let mock = mock().await;
    let loaded = load(&mock.url(), &["--rate", "200", "--duration", "300ms", "--warm-up", "50ms"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
    assert_eq!(loaded.figure("requests"), 60);
    // The warm-up has the same pace, and is not counted.
    assert_eq!(mock.exchanges().len() as u64, 60 + 10 + FIRST);
}

#[tokio::test]
async fn a_burst_sends_its_requests_each_time() {
    let mock = mock().await;
    let loaded = load(&mock.url(), &["--burst", "10", "--every", "100ms", "--duration", "250ms"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
    assert_eq!((loaded.figure("requests"), mock.exchanges().len() as u64), (30, 30 + FIRST));
}

#[tokio::test]
async fn a_request_that_finds_no_free_connection_counts_from_when_it_was_due() {
    let late =
        FaultRule { latency: Some(Latency::Fixed(300)), times: Some(FIRST + 1), ..FaultRule::default() };
    let mock = MockServer::builder().fault(late).start().await.unwrap();
    let loaded = load(&mock.url(), &["--rate", "100", "--duration", "100ms", "--connections", "1"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
    // The last of ten was due after 90 ms, and the first was answered after 300 ms.
    let least = loaded.report.as_ref().unwrap()["latency_us"]["min"].as_u64().unwrap();
    assert!(least >= 210_000, "{least}");
}

#[tokio::test]
async fn requests_are_sent_again_from_the_first_when_all_were_sent() {
    let mock = mock().await;
    let loaded = load(&mock.url(), &["--rate", "100", "--duration", "200ms", "--signed", "5"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
    let report = loaded.report.as_ref().unwrap();
    assert_eq!((loaded.figure("signed"), &report["is_repeated"]), (5, &json!(true)));
    assert!(loaded.run.stdout.contains("sent again from the first"), "{}", loaded.run.stdout);
    let bodies = mock.exchanges();
    let bodies: BTreeSet<_> = bodies.iter().map(|exchange| exchange.request.body.clone()).collect();
    assert_eq!(bodies.len() as u64, 5 + FIRST);
}

#[tokio::test]
async fn requests_are_spread_over_members() {
    let mock = mock().await;
    let loaded = load(&mock.url(), &["--rate", "100", "--duration", "200ms", "--members", "5"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
    assert_eq!(loaded.figure("members"), 5);
    let targets = mock.exchanges();
    let targets: BTreeSet<_> = targets.iter().map(|exchange| &exchange.request.target).collect();
    assert_eq!(targets.len(), 5);
}

#[tokio::test]
async fn bodies_are_as_long_as_was_asked_for() {
    let mock = mock().await;
    let loaded = load(&mock.url(), &["--body-bytes", "3000"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
    assert_eq!(loaded.figure("body_bytes"), 3000);
    assert!(mock.exchanges().iter().all(|exchange| exchange.request.body_length == 3000));
}

#[tokio::test]
async fn the_report_has_the_names_that_programs_know() {
    let mock = mock().await;
    let loaded = load(&mock.url(), &["--rate", "50"]).await;
    let report = loaded.report.unwrap();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&report),
        [
            "body_bytes",
            "connections",
            "failed",
            "is_busy_polling",
            "is_repeated",
            "latency_us",
            "members",
            "mode",
            "rate",
            "requests",
            "requests_per_second",
            "seconds",
            "signed",
            "statuses",
            "target",
            "threads",
            "verified"
        ]
    );
    assert_eq!(names(&report["latency_us"]), ["max", "mean", "min", "p50", "p90", "p99", "p99_9"]);
    assert_eq!((&report["mode"], &report["rate"]), (&json!("open"), &json!(50)));
    assert_eq!(report["is_busy_polling"], json!(false));
    assert_eq!((&report["target"], &report["connections"]), (&json!(mock.url()), &json!(4)));
}

#[tokio::test]
async fn threads_that_never_sleep_send_the_same_and_end_in_time() {
    // Far more than the run takes, and less than answers are waited for that do not come.
    const IN_TIME: f64 = 8.0;
    let mock = mock().await;
    for (options, requests) in
        [(&["--threads", "2"] as &[_], None), (&["--rate", "200", "--threads", "2"], Some(40))]
    {
        let (before, options) = (mock.exchanges().len() as u64, [options, &["--busy-poll"]].concat());
        let loaded = load(&mock.url(), &options).await;
        assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
        assert!(loaded.run.stdout.contains("2 threads, busy polling\n"), "{}", loaded.run.stdout);
        let report = loaded.report.as_ref().unwrap();
        assert_eq!(report["is_busy_polling"], json!(true));
        let sent = loaded.figure("requests");
        assert!(sent > 0 && sent == requests.unwrap_or(sent), "{report}");
        assert_eq!((&report["statuses"], loaded.figure("failed")), (&json!({ "204": sent }), 0));
        assert_eq!(mock.exchanges().len() as u64, before + sent + FIRST);
        assert!(report["seconds"].as_f64().unwrap() < IN_TIME, "{report}");
    }
}

#[tokio::test]
async fn a_target_is_loaded_by_tls_if_it_is_trusted() {
    let mock = mock().await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    fs::write(&authority, mock.ca_pem().await.unwrap()).unwrap();
    let target = mock.url().replace("http://127.0.0.1", "https://localhost");
    let loaded = load_trusting(Some(&authority), &target, &["--rate", "100"]).await;
    assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
    assert_eq!((loaded.figure("requests"), loaded.figure("failed")), (20, 0));
    assert!(mock.exchanges().iter().all(|exchange| exchange.request.is_tls()));
}

#[tokio::test]
async fn an_answer_that_is_not_to_be_believed_fails_the_run() {
    for (fault, problem) in
        [(Fault::Unsigned, "the answer has no header "), (Fault::WrongKey, "not signed with PUB_KEY_ID_")]
    {
        let mock = MockServer::builder().fault(FaultRule::of(fault)).start().await.unwrap();
        let options = ["--rate", "100", "--verify-every", "5"];
        let loaded = load(&mock.url(), &options).await;
        assert_eq!(loaded.run.code, Some(1), "{}{}", loaded.run.stdout, loaded.run.stderr);
        assert_eq!((loaded.figure("failed"), loaded.figure("verified")), (4, 0));
        let reason = format!("4: not verified: {problem}");
        assert!(loaded.run.stdout.contains(&reason), "{}", loaded.run.stdout);

        let loaded = load(&mock.url(), &["--rate", "100", "--verify-every", "0"]).await;
        assert_eq!(loaded.run.code, Some(0), "{}{}", loaded.run.stdout, loaded.run.stderr);
    }
}

#[tokio::test]
async fn a_refusal_fails_the_run_and_says_why() {
    let twice = FaultRule { times: Some(FIRST + 2), ..FaultRule::of(Fault::SystemError) };
    let mock = MockServer::builder().fault(twice).start().await.unwrap();
    let loaded = load(&mock.url(), &["--rate", "100"]).await;
    assert_eq!(loaded.run.code, Some(1), "{}{}", loaded.run.stdout, loaded.run.stderr);
    assert_eq!(loaded.report.as_ref().unwrap()["statuses"], json!({ "204": 18, "500": 2 }));
    assert_eq!(loaded.figure("failed"), 2);
    assert!(loaded.run.stdout.contains("2: 500 SYSTEM_ERROR: "), "{}", loaded.run.stdout);
}
