//! The mock passes every case in `fixtures/cases/`.

use std::path::{Path, PathBuf};

use wechatpay_contract::{
    case,
    verify::{self, Outcome, Results, TestEnvironment, tree},
};
use wechatpay_mock::{
    MockServer,
    policies::{Policies, Repeat},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/cases")
}

/// Runs all cases. The text describes those that fail.
async fn all(environment: &TestEnvironment) -> (Results, String) {
    let results =
        verify::run(verify::plan(case::load(&folder()).unwrap(), environment), environment, |_| {}).await;
    let mut tree = Vec::new();
    tree::write(&mut anstream::StripStream::new(&mut tree), &results).unwrap();
    let tree = String::from_utf8(tree).unwrap();
    (results, tree)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_passes_every_case() {
    let (results, tree) = all(&TestEnvironment::mock().await.unwrap()).await;
    assert!(results.cases.iter().all(|result| result.outcome == Outcome::Passed), "{tree}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_server_passes_the_cases_repeatedly() {
    let mock = MockServer::builder().start().await.unwrap();
    let target = mock.url().parse().unwrap();
    let environment = TestEnvironment::target(target, mock.credentials(), false).unwrap();
    for _ in 0..3 {
        let (results, tree) = all(&environment).await;
        assert_eq!(results.counts().failed, 0, "{tree}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_cases_use_the_same_request_number() {
    let policies = Policies { repeat: Repeat::Reject, ..Policies::default() };
    let mock = MockServer::builder().policies(policies).start().await.unwrap();
    let environment =
        TestEnvironment::target(mock.url().parse().unwrap(), mock.credentials(), false).unwrap();
    for _ in 0..2 {
        let (results, _) = all(&environment).await;
        let failed = results.cases.iter().filter(|result| matches!(result.outcome, Outcome::Failed(_)));
        let ids: Vec<_> = failed.map(|result| result.case.id.as_str()).collect();
        assert_eq!(ids, ["member-card/read-back", "rights/repeated"], "these two repeat their own number");
    }
}

#[test]
fn the_embedded_cases_are_those_of_the_folder() {
    let ids = |cases: Vec<case::Case>| {
        let mut ids: Vec<_> = cases.into_iter().map(|case| case.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(case::embedded().unwrap()), ids(case::load(&folder()).unwrap()));
}
