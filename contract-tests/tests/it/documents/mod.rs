//! The generated parts of the documentation are up to date, its examples in Rust are tests, and its links lead to files.
//! `UPDATE_DOCS=1` writes what is generated.

mod assistants;
mod lost_answer;
mod parity;
mod points;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;
use wechatpay_contract::{case, real, table};
use wechatpay_mock::{
    Config, FaultRule,
    diagnosis::{
        known_business_view_hints, known_business_view_mistakes, known_hints, known_mistakes,
        known_pay_sign_hints, known_pay_sign_mistakes, known_resource_hints, known_resource_mistakes,
        known_response_hints, known_response_mistakes,
    },
    policies::POLICIES,
};
use wechatpay_openapi::Contract;
use wechatpay_texts::Language;

/// The sources of the examples in Rust, in the order of the tutorial.
const EXAMPLES: [&str; 2] = [include_str!("points.rs"), include_str!("lost_answer.rs")];

const LANGUAGES: [Language; 2] = [Language::English, Language::Chinese];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// The language and the content of each block of code.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    text.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect()
}

/// Checks that the text between the markers of a page is the generated one, or writes it. In each language.
fn check_generated(page: &str, marker: &str, generate: impl Fn() -> String) {
    for language in LANGUAGES {
        check_generated_in(&format!("docs/{}/{page}", language.name()), marker, &language.within(&generate));
    }
}

fn check_generated_in(page: &str, marker: &str, generated: &str) {
    let text = read(page);
    let (begin, end) = (format!("<!-- begin: {marker} -->\n"), format!("\n<!-- end: {marker} -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{page}: expected {begin}"));
    let (documented, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page}: expected {end}"));
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(root().join(page), format!("{before}{begin}{generated}{end}{after}")).unwrap();
    } else {
        assert!(
            documented == generated,
            "{page}, {marker}: out of date; UPDATE_DOCS=1 cargo test -p wechatpay-contract --test contract documents"
        );
    }
}

#[test]
fn the_table_of_behaviours_is_up_to_date() {
    let cases = case::load(&root().join("fixtures/cases")).unwrap();
    check_generated("reference/behaviour.md", "behaviour", || {
        table::behaviour(&cases, "../../../fixtures/cases")
    });
}

#[test]
fn the_count_of_real_samples_is_documented() {
    let samples = real::embedded().unwrap();
    let equal = samples.iter().filter(|sample| sample.unequal.is_none()).count();
    let count = format!("real samples: {}, equal: {equal}", samples.len());
    for language in LANGUAGES {
        let page = format!("docs/{}/explanation/why-believe-the-mock.md", language.name());
        assert!(read(&page).contains(&count), "{page}: expected {count}");
    }
}

#[test]
fn the_list_of_operations_is_up_to_date() {
    check_generated("reference/operations.md", "operations", || table::operations(Contract::current()));
}

#[test]
fn the_list_of_events_is_up_to_date() {
    check_generated("reference/events.md", "events", || table::events(Contract::current()));
}

#[test]
fn the_tables_of_faults_are_up_to_date() {
    // One after the other, because both may write.
    check_generated("reference/faults.md", "faults", table::faults);
    check_generated("reference/faults.md", "request-numbers", table::request_numbers);
    check_generated("reference/faults.md", "callback-faults", table::callback_faults);
}

#[test]
fn the_documented_rules_are_valid_and_the_same_in_both_languages() {
    let page = read("docs/en/how-to/inject-faults.md");
    let between =
        |start: &str, end: &str| page.split(start).nth(1).unwrap().split(end).next().unwrap().to_owned();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.toml");
    fs::write(&file, between("```toml\n", "```")).unwrap();
    let rule: FaultRule = serde_json::from_str(&between("curl -d '", "'")).unwrap();
    assert_eq!(Config::from_file(&file).unwrap().faults, [rule]);
}

#[test]
fn each_example_in_rust_is_a_test() {
    let tutorial = read("docs/en/tutorial/rust.md");
    let shown: Vec<_> = blocks(&tutorial)
        .into_iter()
        .filter(|(language, _)| *language == "rust")
        .map(|(_, code)| code)
        .collect();
    let tested = EXAMPLES.map(|source| source.split_once("\n\n").unwrap().1);
    assert_eq!(shown, tested, "expected the examples below tests/it/documents/");
}

#[track_caller]
fn assert_lists<'a>(page: &str, names: impl IntoIterator<Item = &'a str>) {
    let names: Vec<_> = names.into_iter().collect();
    for language in LANGUAGES {
        let page = format!("docs/{}/{page}", language.name());
        let text = read(&page);
        let missing: Vec<_> = names.iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{page} lacks {missing:?}");
    }
}

#[test]
fn the_lists_of_names_are_complete() {
    let policies = POLICIES.iter().map(|policy| policy.name);
    assert_lists("reference/configuration.md", policies.clone());
    assert_lists("explanation/own-choices.md", policies);
    let mistakes = [
        known_mistakes(),
        known_response_mistakes(),
        known_resource_mistakes(),
        known_pay_sign_mistakes(),
        known_business_view_mistakes(),
    ]
    .concat();
    let hints = known_hints().chain(known_response_hints()).chain(known_resource_hints());
    let hints = hints.chain(known_pay_sign_hints()).chain(known_business_view_hints());
    let diagnoses: Vec<_> = mistakes.into_iter().chain(hints).map(|one| one.name).collect();
    assert_lists("reference/diagnoses.md", diagnoses);

    // The arms of this function are the only list of warning names in the code.
    let warnings = include_str!("../../../../mock-server/src/api/warning.rs").split("=> \"").skip(1);
    assert_lists("reference/warnings.md", warnings.map(|arm| arm.split('"').next().unwrap()));
}

/// The pages at the root, and every page below `docs/`.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<_> =
        ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "llms.txt"].map(|name| root().join(name)).into();
    let below_docs = WalkDir::new(root().join("docs")).into_iter().map(|entry| entry.unwrap().into_path());
    pages.extend(below_docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    pages
}

#[test]
fn every_relative_link_points_to_a_file() {
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        let without_code: String = text.split("```").step_by(2).collect();
        for link in without_code.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            assert!(path.parent().unwrap().join(file).exists(), "{}: {link}", path.display());
        }
    }
}
