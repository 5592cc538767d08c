//! `docs/llms.json`, what coding assistants need to know of the mock, is up to date. `llms.txt` names it.

use std::{collections::BTreeMap, env, fs};

use serde_json::Value;
use wechatpay_mock::{FAULTS, Fault, TRIGGER_FORMS, admin_openapi};
use wechatpay_openapi::Contract;

use super::{read, root};

const PAGE: &str = "docs/llms.json";

/// The page: objects of texts, with a line for each.
fn generated() -> String {
    let contract = Contract::current();
    let mut depths = BTreeMap::<_, usize>::new();
    for operation in contract.operations() {
        *depths.entry(operation.depth().as_str()).or_default() += 1;
    }
    let with_rules = contract.operations().iter().filter(|operation| operation.depth().as_str() == "rules");
    let sections = [
        ("operations_by_depth", pairs(depths)),
        (
            "operations_with_rules",
            pairs(
                with_rules
                    .map(|operation| (operation, format!("{}: {}", operation.id(), operation.summary()))),
            ),
        ),
        ("faults", pairs(FAULTS.iter().map(|fault| (fault, fault.meaning())))),
        ("faults_of_callbacks", pairs(Fault::of_callbacks().map(|fault| (fault, fault.meaning())))),
        ("numbers", pairs(TRIGGER_FORMS.iter().map(|form| (form.number, form.meaning.text())))),
        ("calls", calls()),
    ];
    let sections = sections.map(|(name, pairs)| {
        let lines =
            pairs.iter().map(|(key, text)| format!("  {}: {}", Value::from(&**key), Value::from(&**text)));
        format!(" {}: {{\n{}\n }}", Value::from(name), lines.collect::<Vec<_>>().join(",\n"))
    });
    format!("{{\n{}\n}}\n", sections.join(",\n"))
}

fn pairs(all: impl IntoIterator<Item = (impl ToString, impl ToString)>) -> Vec<(String, String)> {
    all.into_iter().map(|(key, text)| (key.to_string(), text.to_string())).collect()
}

/// Everything under `/__mock/`.
fn calls() -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&admin_openapi()).unwrap();
    let calls = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, call)| {
            let summary = call["summary"].as_str().unwrap().replace('\n', " ");
            (format!("{} {path}", method.to_uppercase()), summary)
        })
    });
    calls.collect()
}

#[test]
fn the_data_for_assistants_is_up_to_date() {
    let generated = generated();
    serde_json::from_str::<Value>(&generated).unwrap();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(root().join(PAGE), generated).unwrap();
    } else {
        let hint = "UPDATE_DOCS=1 cargo test -p wechatpay-contract --test contract documents";
        assert!(read(PAGE) == generated, "{PAGE}: out of date; {hint}");
    }
}

#[test]
fn what_assistants_read_is_short() {
    for (page, most) in [("llms.txt", 5_000), (PAGE, 40_000)] {
        let length = read(page).len();
        assert!(length <= most, "{page}: expected at most {most} bytes, found {length}");
    }
}
