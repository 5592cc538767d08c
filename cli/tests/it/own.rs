//! Operations of the user's own on the command line: the example in the documents works, and mistakes are shown with their
//! lines.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ended, Running, repository, run};

/// The blocks of the page about it, with their languages: the contract file, the commands, and what these print.
fn blocks() -> Vec<(String, String)> {
    let page = fs::read_to_string(repository("docs/en/how-to/add-an-operation.md")).unwrap();
    let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    blocks.map(|(language, code)| (language.to_owned(), code.to_owned())).collect()
}

/// A folder with the contract file of the page, changed.
fn stores(change: impl Fn(String) -> String) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.json");
    fs::write(&file, change(blocks().swap_remove(0).1)).unwrap();
    (folder, file)
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_documented_example_is_answered_as_shown() {
    let (_folder, file) = stores(|text| text);
    let mock = Running::start(&["--quiet", "--contract", shown(&file)]);
    let url = format!("http://{}", mock.address);
    let call = |body: &str| -> Ended {
        run(&["call", "--base-url", &url, "POST", "/v3/example-shop/stores/2002", body])
    };
    let blocks = blocks();
    let [_, _, (json, answer), _, (text, refusal), (_, mistake), ..] = &blocks[..] else {
        panic!("{blocks:?}")
    };
    assert_eq!((json.as_str(), text.as_str()), ("json", "text"));
    let answered = call(r#"{"store_name":"南山店"}"#);
    assert_eq!((answered.code, &answered.stdout), (Some(0), answer), "{}", answered.stderr);
    let refused = call("{}");
    assert_eq!((refused.code, &refused.stderr), (Some(1), refusal));

    let (_folder, file) = stores(|text| text.replace("        \"operationId\": \"open_store\",\n", ""));
    let refused = run(&["--contract", shown(&file)]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""));
    let folder = format!("{}/", shown(file.parent().unwrap()));
    assert_eq!(&refused.stderr.replace(&folder, ""), mistake);
}

#[test]
fn a_mistake_is_shown_with_its_line_by_each_command_that_reads_the_file() {
    let (folder, file) = stores(|text| text.replace("\"path\"", "\"cookie\""));
    let config = folder.path().join("mock.toml");
    fs::write(&config, "contracts = [\"bad.json\"]\n").unwrap();
    let (file, config) = (shown(&file), shown(&config));
    for arguments in [
        &["serve", "--contract", file][..],
        &["--contract-file", file],
        &["run", "--contract-file", file, "--", "true"],
        &["operations", "--contract", file],
        &["check-config", config],
        &["--config", config],
        &["keys", "x", "--config", config],
    ] {
        let refused = run(arguments);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        let expected =
            "bad.json:10: post /v3/example-shop/stores/{store_id}: store_id: expected a parameter in";
        assert!(refused.stderr.contains(expected), "{arguments:?}: {}", refused.stderr);
    }
}

#[test]
fn added_operations_are_listed() {
    let (_folder, file) = stores(|text| text);
    let listed = run(&["operations", "--contract", shown(&file), "--family", "stores"]);
    assert!(
        listed.stdout.starts_with("stores\n  POST   /v3/example-shop/stores/{store_id} "),
        "{}",
        listed.stdout
    );
    let listed = run(&["operations", "--contract", shown(&file), "--json"]).stdout;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert!(listed.as_array().unwrap().iter().any(|operation| operation["id"] == "open_store"));
}

#[test]
fn a_run_can_expect_an_added_operation() {
    let (_folder, file) = stores(|text| text);
    let arguments =
        ["run", "--contract-file", shown(&file), "--allow-none", "--expect", "open_store=0", "--", "true"];
    assert_eq!(run(&arguments).code, Some(0));
}

#[test]
fn check_config_shows_contract_files_and_stubs() {
    let (folder, _) = stores(|text| text);
    let config = folder.path().join("mock.toml");
    let stub = "[[stub]]\nmethod = \"GET\"\npath = \"/v3/example-shop/stores/{store_id}\"\n";
    fs::write(&config, format!("contracts = [\"bad.json\"]\n{stub}")).unwrap();
    let checked = run(&["check-config", shown(&config)]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(checked.stdout.contains("bad.json, 1 operation\n"), "{}", checked.stdout);
    assert!(checked.stdout.contains("GET /v3/example-shop/stores/{store_id}\n"), "{}", checked.stdout);
    let refused = stub.replace("GET", "FETCH");
    fs::write(&config, refused).unwrap();
    let refused = run(&["check-config", shown(&config)]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("mock.toml:2: method: expected one of GET, POST,"), "{}", refused.stderr);
}
