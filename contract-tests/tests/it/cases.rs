//! Every case of `fixtures/cases/` holds for the mock.

use std::path::{Path, PathBuf};

use wechatpay_contract::{
    case::{self, Case},
    run,
};
use wechatpay_mock::MockServer;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/cases")
}

/// What differs, for each case that does not hold for that mock.
async fn differences(case: &Case, mock: &MockServer) -> Vec<String> {
    let differences = run::run(case, &mock.url(), &mock.credentials()).await;
    differences.into_iter().map(|difference| format!("{}: {difference}", case.id)).collect()
}

#[tokio::test]
async fn every_case_holds() {
    let shared = MockServer::builder().start().await.unwrap();
    let mut failed = Vec::new();
    for case in case::load(&folder()).unwrap() {
        let own = match &case.given {
            Some(given) => Some(given.start().await.unwrap()),
            None => None,
        };
        failed.extend(differences(&case, own.as_ref().unwrap_or(&shared)).await);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn a_server_that_others_have_used_holds_the_cases_again_and_again() {
    let mock = MockServer::builder().start().await.unwrap();
    let cases = case::load(&folder()).unwrap();
    for case in cases.iter().chain(&cases).filter(|case| case.given.is_none()) {
        assert_eq!(differences(case, &mock).await, [""; 0]);
    }
}

#[test]
fn the_cases_in_the_command_are_those_of_the_folder() {
    let ids = |cases: Vec<Case>| {
        let mut ids: Vec<_> = cases.into_iter().map(|case| case.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(case::embedded().unwrap()), ids(case::load(&folder()).unwrap()));
}
