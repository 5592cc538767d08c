//! Invalid seeds are refused.

use super::*;

#[test]
fn an_invalid_seed_is_reported_with_its_own_file_and_line() {
    let seed = "{\n  \"merchants\": {\n    \"1900000001\": { \"crads\": [] }\n  }\n}";
    let [place, problem, _] = Folder::new("seed = \"seed.json\"").with("seed.json", seed).error();
    assert_eq!(place, "seed.json:3");
    assert!(
        problem.contains("unknown field `crads`, expected `may_use_member_cards` or `cards`"),
        "{problem}"
    );
}

#[test]
fn a_seed_for_a_merchant_that_is_not_configured_is_refused() {
    let seed = "{ \"merchants\": {\n  \"1900000009\": {} } }";
    let [place, problem, _] = Folder::new("seed = \"seed.json\"").with("seed.json", seed).error();
    assert_eq!(place, "seed.json:2");
    assert_eq!(problem, "expected the mchid of a merchant (1900000001), found \"1900000009\"");
}
