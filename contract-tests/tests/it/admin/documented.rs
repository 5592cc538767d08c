//! What the documentation tells users to call is answered, and its table has every call.

use std::collections::BTreeSet;

use serde_json::Value;
use wechatpay_mock::admin_openapi;

use super::Admin;

const ADMIN_PAGE: &str = include_str!("../../../../docs/admin.md");
const PAGES: [&str; 4] = [
    include_str!("../../../../README.md"),
    include_str!("../../../../README.zh-CN.md"),
    ADMIN_PAGE,
    include_str!("../../../../docs/faults.md"),
];

/// Method, path below `/__mock`, and body.
type Call<'a> = (&'a str, &'a str, &'a str);

/// What a line of shell calls, if that is something under `/__mock/` and nothing in it is for the shell to fill in.
fn call(line: &str) -> Option<Call<'_>> {
    if !line.starts_with("curl ") || line.contains('$') {
        return None;
    }
    let pieces = line.split('\'').enumerate();
    let words: Vec<_> = pieces
        .flat_map(|(at, piece)| {
            let is_quoted = at % 2 == 1;
            if is_quoted { vec![piece] } else { piece.split_whitespace().collect() }
        })
        .collect();
    let path = words.iter().find_map(|word| word.strip_prefix("http://127.0.0.1:8080/__mock"))?;
    let after = |option| words.iter().position(|word| *word == option).map(|at| words[at + 1]);
    let body = after("-d");
    let method = after("-X").unwrap_or(if body.is_some() { "POST" } else { "GET" });
    Some((method, path, body.unwrap_or_default()))
}

#[tokio::test]
async fn every_call_that_the_documentation_shows_is_answered() {
    for page in PAGES {
        let admin = Admin::new().await;
        admin.five_exchanges().await;
        let calls: Vec<_> = page.lines().filter_map(call).collect();
        assert!(!calls.is_empty());
        for (method, path, body) in calls {
            let answer = admin.call(method, path, body).await;
            let may_be = if path == "/verify" { &[200, 409][..] } else { &[200, 201] };
            assert!(
                may_be.contains(&answer.status),
                "{method} {path} {body}: {} {}",
                answer.status,
                answer.text
            );
        }
    }
}

#[test]
fn the_table_of_calls_has_every_call() {
    let document: Value = serde_json::from_str(&admin_openapi()).unwrap();
    let described = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    let listed: BTreeSet<_> = ADMIN_PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|call| call.contains(" /__mock/"))
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!(listed, described.collect());
}
