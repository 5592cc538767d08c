//! Every case of `fixtures/cases/` holds for the mock.

use std::path::Path;

use wechatpay_contract::{case, run};

#[tokio::test]
async fn every_case_holds() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/cases");
    let mut failed = Vec::new();
    for case in case::load(&dir).unwrap() {
        let mock = case.given.clone().unwrap_or_default().start().await.unwrap();
        for difference in run::run(&case, &mock.url(), &mock.credentials()).await {
            failed.push(format!("{}: {difference}", case.id));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
