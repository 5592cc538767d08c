//! Every case of `fixtures/cases/` holds for the mock.

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

/// Runs all cases; the text tells of those that fail.
async fn all(environment: &TestEnvironment) -> (Results, String) {
    let results =
        verify::run(verify::plan(case::load(&folder()).unwrap(), environment), environment, |_| {}).await;
    let mut tree = Vec::new();
    tree::write(&mut anstream::StripStream::new(&mut tree), &results).unwrap();
    let tree = String::from_utf8(tree).unwrap();
    (results, tree)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_holds() {
    let (results, tree) = all(&TestEnvironment::mock().await.unwrap()).await;
    assert!(results.cases.iter().all(|result| result.outcome == Outcome::Passed), "{tree}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_others_have_used_holds_the_cases_again_and_again() {
    let mock = MockServer::builder().start().await.unwrap();
    let target = mock.url().parse().unwrap();
    let environment = TestEnvironment::target(target, mock.credentials(), false).unwrap();
    for _ in 0..3 {
        let (results, tree) = all(&environment).await;
        assert_eq!(results.counts().failed, 0, "{tree}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_cases_change_something_under_the_same_number() {
    let policies = Policies { repeat: Repeat::Reject, ..Policies::default() };
    let mock = MockServer::builder().policies(policies).start().await.unwrap();
    let environment =
        TestEnvironment::target(mock.url().parse().unwrap(), mock.credentials(), false).unwrap();
    for _ in 0..2 {
        let (results, _) = all(&environment).await;
        let failed = results.cases.iter().filter(|result| matches!(result.outcome, Outcome::Failed(_)));
        let ids: Vec<_> = failed.map(|result| result.case.id.as_str()).collect();
        assert_eq!(
            ids,
            ["member-card/read-back", "rights/repeated"],
            "these two repeat a number of their own"
        );
    }
}

#[test]
fn the_cases_in_the_command_are_those_of_the_folder() {
    let ids = |cases: Vec<case::Case>| {
        let mut ids: Vec<_> = cases.into_iter().map(|case| case.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(case::embedded().unwrap()), ids(case::load(&folder()).unwrap()));
}
