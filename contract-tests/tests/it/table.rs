//! The tables in the documentation are those of the cases and of the faults.

use std::{
    fs,
    path::{Path, PathBuf},
};

use wechatpay_contract::{case, fault_table, table};
use wechatpay_mock::{Config, FaultRule};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_table_of_behaviours_is_up_to_date() {
    let cases = case::load(&root().join("fixtures/cases")).unwrap();
    let documented = fs::read_to_string(root().join("docs/behaviour.md")).unwrap();
    assert!(
        documented == table::markdown(&cases, "../fixtures/cases"),
        "docs/behaviour.md is out of date: cargo run -p wechatpay-contract -- behaviour > docs/behaviour.md"
    );
}

#[test]
fn the_table_of_faults_is_up_to_date() {
    let documented = fs::read_to_string(root().join("docs/faults.md")).unwrap();
    assert!(
        documented == fault_table::markdown(),
        "docs/faults.md is out of date: cargo run -p wechatpay-contract -- faults > docs/faults.md"
    );
}

#[test]
fn the_rules_that_the_documentation_shows_are_good_and_the_same() {
    let documented = fault_table::markdown();
    let between = |start: &str, end: &str| {
        documented.split(start).nth(1).unwrap().split(end).next().unwrap().to_owned()
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.toml");
    fs::write(&file, between("```toml\n", "```")).unwrap();
    let rule: FaultRule = serde_json::from_str(&between("curl -d '", "'")).unwrap();
    assert_eq!(Config::from_file(&file).unwrap().faults, [rule]);
}
