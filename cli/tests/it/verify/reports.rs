//! Every report shows a failed case.

use std::{fs, path::Path};

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use serde_json::{Value, json};
use tempfile::TempDir;
use wechatpay_mock::{
    Fault, FaultRule, MockServer,
    policies::{Policies, Repeat},
};

use super::{shown, verify};
use crate::support::{Ended, repository};

/// A run with every report.
struct Reported {
    run: Ended,
    dir: TempDir,
}

impl Reported {
    async fn of<I: AsRef<str>>(options: impl IntoIterator<Item = I>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let reports =
            ["junit", "json", "tap"].map(|form| format!("--report={form}={}", shown(&dir.path().join(form))));
        let options = options.into_iter().map(|option| option.as_ref().to_owned());
        let run = verify(options.chain(reports)).await;
        Self { run, dir }
    }

    fn text(&self, form: &str) -> String {
        fs::read_to_string(self.dir.path().join(form)).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text("json")).unwrap()
    }

    fn junit(&self) -> Report {
        Report::deserialize_from_str(&self.text("junit")).unwrap()
    }
}

/// A mock that rejects a repeated number, so that the case `rights/repeated` fails.
async fn refusing_repeats() -> MockServer {
    let policies = Policies { repeat: Repeat::Reject, ..Policies::default() };
    MockServer::builder().policies(policies).start().await.unwrap()
}

#[tokio::test]
async fn the_built_in_mock_passes_every_case_in_every_report() {
    let reported = Reported::of::<&str>([]).await;
    assert_eq!(reported.run.code, Some(0), "{}{}", reported.run.stdout, reported.run.stderr);
    assert_eq!(reported.run.stderr, "");
    let json = reported.json();
    let cases = json["cases"].as_array().unwrap();
    assert_eq!(
        (&json["passed"], &json["failed"], &json["skipped"]),
        (&json!(cases.len()), &json!(0), &json!(0))
    );
    let last = reported.run.stdout.lines().last().unwrap();
    assert!(
        last.starts_with(&format!("{} passed, 0 failed, 0 skipped: a mock started inside", cases.len())),
        "{last}"
    );
    assert!(!reported.run.stdout.contains('\u{1b}'), "no colours in a pipe");
    assert_eq!(reported.junit().tests, cases.len());
    assert_eq!(tap(&reported.text("tap")), vec![true; cases.len()]);
}

#[tokio::test]
async fn a_failed_case_shows_expected_and_found() {
    let mock = refusing_repeats().await;
    let run = verify(["--target", &mock.url(), "--filter", "rights/repeated"]).await;
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    let shown: Vec<_> = run.stdout.lines().map(str::trim_end).collect();
    let failed = shown.iter().position(|line| line.starts_with("  FAIL  repeated ")).unwrap();
    assert!(shown[failed + 1].starts_with("        exchange 2, PATCH /v3/"), "{}", shown[failed + 1]);
    assert_eq!(shown[failed + 2], "          status: expected 204, found 400");
    let body = "          body: expected no bytes, found {\"code\":\"INVALID_REQUEST\",\"message\":\"商户请求单号重复\"}";
    assert_eq!(shown[failed + 3], body);
    assert!(
        shown.last().unwrap().starts_with("1 passed, 1 failed, 0 skipped: http://127.0.0.1:"),
        "{}",
        run.stdout
    );
}

#[tokio::test]
async fn a_failed_case_is_in_the_json() {
    let mock = refusing_repeats().await;
    let json = Reported::of(["--target", &mock.url(), "--filter", "rights/"]).await.json();
    let failed: Vec<_> =
        json["cases"].as_array().unwrap().iter().filter(|case| case["outcome"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!((&failed[0]["id"], &json["failed"]), (&json!("rights/repeated"), &json!(1)));
    let status = &failed[0]["differences"][0];
    assert_eq!(
        (&status["subject"], &status["expected"], &status["actual"]),
        (&json!("status"), &json!("204"), &json!("400"))
    );
    assert!(status["at"].as_str().unwrap().starts_with("exchange 2, PATCH "), "{status}");
}

#[tokio::test]
async fn a_failed_case_is_in_the_junit() {
    let mock = refusing_repeats().await;
    let report = Reported::of(["--target", &mock.url(), "--filter", "rights/repeated"]).await.junit();
    assert_eq!((report.tests, report.failures, report.errors), (2, 1, 0));
    let suite = &report.test_suites[0];
    assert_eq!((suite.name.as_str(), suite.failures), ("rights", 1));
    let failed = suite.test_cases.iter().find(|case| case.name.as_str() == "rights/repeated").unwrap();
    let TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, description, .. } = &failed.status else {
        panic!("expected a failure, found {:?}", failed.status)
    };
    let description = description.as_ref().unwrap().as_str();
    assert!(description.contains("- 204") && description.contains("+ 400"), "{description}");
}

#[tokio::test]
async fn a_failed_case_is_in_the_tap() {
    let mock = refusing_repeats().await;
    let text = Reported::of(["--target", &mock.url(), "--filter", "rights/repeated"]).await.text("tap");
    let mut good = tap(&text);
    good.sort_unstable();
    assert_eq!(good, [false, true]);
    let block = text.split("  ---\n").nth(1).unwrap().split("  ...\n").next().unwrap();
    let differences = block.lines().find_map(|line| line.strip_prefix("  differences: ")).unwrap();
    let differences: Value = serde_json::from_str(differences).unwrap();
    assert_eq!(differences[0]["subject"], "status");
}

#[tokio::test]
async fn a_response_with_a_wrong_signature_is_shown_with_the_message() {
    let mut rule = FaultRule::of(Fault::WrongKey);
    rule.when.operation = Some("set_rights".into());
    let mock = MockServer::builder().fault(rule).start().await.unwrap();
    let run = verify(["--target", &mock.url(), "--filter", "rights/sample"]).await;
    assert_eq!(run.code, Some(1));
    let lines: Vec<_> = run.stdout.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| *line == "the message that should be signed:").unwrap();
    let signed = &lines[at + 1..at + 4];
    assert!(signed[0].ends_with("\\n") && signed[1].len() == 32 + 2 && signed[2] == "\\n", "{signed:?}");
}

#[tokio::test]
async fn a_request_with_a_rejected_signature_is_shown_with_the_message() {
    let dir = tempfile::tempdir().unwrap();
    let case = json!({
        "id": "of-ones-own",
        "title": "a stranger's signature is accepted",
        "why": "It is not.",
        "standing": "own-choice",
        "source": "this test",
        "exchanges": [{
            "request": { "method": "GET", "target": "/v3/certificates" },
            "sign": "wrong-key",
            "expect": { "status": 200, "signed_by": "either-key", "body": { "schema": "certificate_list" } }
        }]
    });
    fs::write(dir.path().join("of-ones-own.json"), case.to_string()).unwrap();
    let run = verify(["--cases", &shown(dir.path())]).await;
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    for expected in [
        "status: expected 200, found 401",
        "GET\\n",
        "/v3/certificates\\n",
        "the mock's diagnosis is strangers-key",
    ] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_written_is_wrong_usage() {
    let run = verify(["--filter", "rights/sample", "--report", "json=/nonexistent/folder/report"]).await;
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.starts_with("error: cannot write the report /nonexistent/folder/report\n"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn invalid_cases_are_wrong_usage() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.json"), "{\n\"id\": 1\n}").unwrap();
    let run = verify(["--cases", &shown(dir.path())]).await;
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains(&format!("{}, line 2: ", shown(&dir.path().join("a.json")))),
        "{}",
        run.stderr
    );
    let run = verify(["--cases", &shown(Path::new("/nonexistent"))]).await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
}

fn is_chinese(text: &str) -> bool {
    text.contains(|char| matches!(char, '\u{4e00}'..='\u{9fff}'))
}

#[tokio::test]
async fn every_title_is_listed_in_chinese() {
    let run = verify(["--lang", "zh", "--list"]).await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let english: Vec<_> = run.stdout.lines().filter(|line| !is_chinese(line)).collect();
    assert!(english.is_empty() && run.stdout.lines().count() > 500, "{english:#?}");
}

#[tokio::test]
async fn a_failure_is_explained_in_chinese() {
    let dir = tempfile::tempdir().unwrap();
    let case = fs::read_to_string(repository("fixtures/cases/rights/empty-guide.json")).unwrap();
    let own = case.replace("a guide without fields is accepted", "our own guide");
    fs::create_dir(dir.path().join("rights")).unwrap();
    for (id, case) in [("empty-guide", case), ("own-guide", own.replace("empty-guide", "own-guide"))] {
        let failing = case.replace("\"status\": 204", "\"status\": 203");
        fs::write(dir.path().join(format!("rights/{id}.json")), failing).unwrap();
    }
    let run = verify(["--lang", "zh", "--cases", &shown(dir.path()), "--report", "tap=-"]).await;
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    for text in [
        "not ok 1 - rights/empty-guide: 没有字段的 guide 可以接受",
        "not ok 2 - rights/own-guide: our own guide",
        "它的字段都是可选的。",
    ] {
        assert!(run.stdout.contains(text), "{text} in {}", run.stdout);
    }
}

/// Parses TAP 14. Returns whether each test point passed.
fn tap(text: &str) -> Vec<bool> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let plan: usize = lines.next().unwrap().strip_prefix("1..").unwrap().parse().unwrap();
    let mut good = Vec::new();
    for line in lines.filter(|line| !line.starts_with("  ")) {
        let (is_good, rest) = match line.strip_prefix("not ok ") {
            Some(rest) => (false, rest),
            None => (true, line.strip_prefix("ok ").unwrap()),
        };
        good.push(is_good);
        assert!(rest.starts_with(&format!("{} - ", good.len())), "{line}");
    }
    assert_eq!(good.len(), plan);
    good
}
