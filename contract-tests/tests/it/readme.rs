//! What the READMEs promise: their examples in Rust are tests, their list of faults is whole, and both say the same.

mod lost_answer;
mod points;

use std::collections::BTreeSet;

use wechatpay_mock::{Applied, FAULTS, Fault, Provenance, TRIGGER_FORMS};

/// Each with what it calls a fault that leaves a request unapplied, applies it, or lies in the answer only.
const READMES: [(&str, [&str; 3]); 2] = [
    (include_str!("../../../README.md"), ["no", "yes", "always"]),
    (include_str!("../../../README.zh-CN.md"), ["否", "是", "必然"]),
];

/// The sources of the examples in Rust, in order.
const EXAMPLES: [&str; 2] = [include_str!("readme/points.rs"), include_str!("readme/lost_answer.rs")];

/// The language and the content of each block of code.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    text.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect()
}

/// The rows of the table of faults: names, and whether they are applied.
fn fault_rows(text: &str) -> Vec<(Vec<&str>, &str)> {
    let table = text.split("| `MOCK*…*0001`").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows = table.lines().skip(2).map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    rows.map(|cells| (cells[1].split('`').skip(1).step_by(2).collect(), cells[3])).collect()
}

#[test]
fn each_readme_lists_every_fault_and_whether_it_is_applied() {
    for (text, words) in READMES {
        let word = |fault: &Fault| match fault.applied() {
            Applied::No => words[0],
            Applied::Yes => words[1],
            Applied::Always => words[2],
        };
        let rows = fault_rows(text);
        let listed: Vec<_> = rows
            .iter()
            .flat_map(|(names, applied)| names.iter().map(move |name| (*name, *applied)))
            .collect();
        let known: BTreeSet<_> = FAULTS.iter().map(|fault| (fault.name(), word(fault))).collect();
        assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), known);
        assert_eq!(listed.len(), FAULTS.len(), "a fault is listed twice");
    }
}

#[test]
fn the_first_seven_rows_of_the_faults_are_the_documented_ones() {
    for (text, _) in READMES {
        let first: BTreeSet<_> = fault_rows(text).into_iter().take(7).flat_map(|(names, _)| names).collect();
        let documented = FAULTS.iter().filter(|fault| fault.provenance() == Provenance::Documented);
        assert_eq!(first, documented.map(|fault| fault.name()).collect());
    }
}

#[test]
fn each_readme_shows_every_form_of_magic_number() {
    for (text, _) in READMES {
        for form in TRIGGER_FORMS {
            assert!(text.contains(&format!("\n{} ", form.number)), "expected {}, found none", form.number);
        }
    }
}

#[test]
fn each_example_in_rust_is_a_test() {
    for (text, _) in READMES {
        let shown: Vec<_> = blocks(text)
            .into_iter()
            .filter(|(language, _)| *language == "rust")
            .map(|(_, code)| code)
            .collect();
        let tested = EXAMPLES.map(|source| source.split_once("\n\n").unwrap().1);
        assert_eq!(shown, tested, "expected the examples of the README below tests/it/readme/");
    }
}

#[test]
fn both_readmes_show_the_same_code() {
    // What stands in plain text may be in the reader's language.
    let code =
        |text| blocks(text).into_iter().filter(|(language, _)| *language != "text").collect::<Vec<_>>();
    let [english, chinese] = READMES.map(|(text, _)| code(text));
    assert_eq!(english, chinese);
}
