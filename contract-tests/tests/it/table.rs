//! The table of behaviours in the documentation is that of the cases.

use std::{fs, path::Path};

use wechatpay_contract::{case, table};

#[test]
fn the_table_of_behaviours_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cases = case::load(&root.join("fixtures/cases")).unwrap();
    let documented = fs::read_to_string(root.join("docs/behaviour.md")).unwrap();
    assert!(
        documented == table::markdown(&cases, "../fixtures/cases"),
        "docs/behaviour.md is out of date: cargo run -p wechatpay-contract -- behaviour > docs/behaviour.md"
    );
}
