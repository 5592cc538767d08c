//! Every call shown in the documentation works, and its table lists every call.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use wechatpay_mock::admin_openapi;

use super::Admin;
use crate::support::RawRequest;

const ADMIN_PAGES: [&str; 2] = [
    include_str!("../../../../docs/en/reference/admin.md"),
    include_str!("../../../../docs/zh/reference/admin.md"),
];

/// The READMEs, and every page below `docs/`.
fn pages() -> Vec<String> {
    fn below(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let pages = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"].map(|page| root.join(page));
    let pages = below(&root.join("docs")).into_iter().chain(pages);
    let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.map(|page| fs::read_to_string(page).unwrap()).collect()
}

/// Method, path below `/__mock`, and body.
type Call<'a> = (&'a str, &'a str, &'a str);

/// The call of a shell line, if it is under `/__mock/` and uses neither a shell variable nor a file.
fn call(line: &str) -> Option<Call<'_>> {
    // Quotes that are escaped are those of cmd.exe.
    if !line.starts_with("curl ") || line.contains(['$', '@']) || line.contains("\\\"") {
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
async fn every_call_shown_in_the_documentation_works() {
    let mut shown = 0;
    for page in pages() {
        let calls: Vec<_> = page.lines().filter_map(call).collect();
        if calls.is_empty() {
            continue;
        }
        let admin = Admin::new().await;
        admin.five_exchanges().await;
        admin.exchange(&RawRequest::order("1217752501201407033233368018")).await;
        super::business_view::package(&admin, "1234323JKHDFE1243252").await;
        super::transfers::package_info(&admin, "plfk2020042013").await;
        shown += calls.len();
        for (method, path, body) in calls {
            let response = admin.call(method, path, body).await;
            let allowed = if path == "/verify" { &[200, 409][..] } else { &[200, 201] };
            assert!(
                allowed.contains(&response.status),
                "{method} {path} {body}: {} {}",
                response.status,
                response.text
            );
        }
    }
    assert!(shown > 10, "expected the documentation to show calls, found {shown}");
}

#[test]
fn the_table_of_calls_is_complete() {
    let document: Value = serde_json::from_str(&admin_openapi()).unwrap();
    let described = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    let described: BTreeSet<_> = described.collect();
    for page in ADMIN_PAGES {
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let listed = rows.filter(|call| call.contains(" /__mock/")).map(ToOwned::to_owned);
        assert_eq!(listed.collect::<BTreeSet<_>>(), described);
    }
}
