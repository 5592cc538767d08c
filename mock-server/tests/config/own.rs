//! The user's own operations: contract files and stubs.

use super::*;

const SHOP: &str = r#"{
  "openapi": "3.0.3",
  "paths": {
    "/v3/shop/{id}": {
      "get": {
        "operationId": "show_shop",
        "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }]
      }
    }
  }
}"#;

const STUB: &str = "[[stub]]\nmethod = \"GET\"\npath = \"/v3/shop/{id}\"";

fn ids(config: &Config) -> Vec<&str> {
    let own = |id: &&str| id.starts_with("stub") || id.ends_with("shop");
    config.contract().operation_ids().filter(own).collect()
}

#[test]
fn contract_files_and_stubs_add_operations() {
    let folder = Folder::new(&format!("contracts = [\"shop.json\"]\n{STUB}\nbody = {{ id = \"1\" }}"));
    let config = folder.with("shop.json", SHOP).read().unwrap();
    assert_eq!(ids(&config), ["show_shop", "stub GET /v3/shop/{id}"]);
    let shown = config.to_string();
    assert!(shown.contains("shop.json, 1 operation\n"), "{shown}");
    assert!(shown.contains("stub            GET /v3/shop/{id}\n"), "{shown}");
    assert_eq!(ids(&Config::default()), [""; 0]);
}

#[test]
fn a_fault_may_name_an_added_operation() {
    let rule = "[[fault]]\nfault = \"system-error\"\nmatch = { operation = \"show_shop\" }";
    let folder = Folder::new(rule).with("shop.json", SHOP);
    assert!(folder.error()[1].contains("match.operation"));
    let files = [folder.0.path().join("shop.json")];
    assert_eq!(Config::from_files(folder.file(), &files).unwrap().faults.len(), 1);
    // If the file is wrong, only that is said.
    fs::write(&files[0], "{").unwrap();
    let errors = Config::from_files(folder.file(), &files).unwrap_err();
    assert_eq!(errors.errors().len(), 1, "{errors}");
}

#[test]
fn a_mistake_in_a_contract_file_has_its_line() {
    for (old, new, line, expected) in [
        ("\"parameters\"", "parameters", 7, "expected JSON, found key must be a string at line 7 column 9"),
        ("3.0.3", "2.0", 2, "expected OpenAPI 3.0 or 3.1, found openapi 2.0"),
        ("{id}", "{id", 4, "/v3/shop/{id: expected a path like"),
        ("\"get\"", "\"fetch\"", 5, "fetch /v3/shop/{id}: expected one of the methods delete, get"),
        (
            "/v3/shop/{id}",
            "/__mock/{id}",
            4,
            "/__mock/{id}: expected a path of the gateway's, found one of the",
        ),
        ("\"path\"", "\"cookie\"", 7, "get /v3/shop/{id}: id: expected a parameter in path, query or header"),
        ("\"show_shop\"", "\"set_rights\"", 6, "get /v3/shop/{id}: PATCH /v3/marketing/"),
        (
            "\"show_shop\",",
            "\"show_shop\",\n\"x-mock\": {\n\"depth\": \"rules\" },",
            8,
            "get /v3/shop/{id}: expected x-mock.depth to be example or resource, found rules",
        ),
    ] {
        let folder = Folder::new("contracts = [\"shop.json\"]").with("shop.json", &SHOP.replace(old, new));
        let [place, problem, advice] = folder.error();
        assert_eq!(place, format!("shop.json:{line}"), "{problem}");
        assert!(problem.starts_with(expected), "{problem}");
        assert_eq!(advice, "docs/en/how-to/add-an-operation.md shows a file that works");
    }
    let [place, _, advice] = Folder::new("contracts = [\"a\"]").with("a", "openapi: 3.1.0").error();
    assert_eq!((&*place, &*advice), ("a:1", "write it as JSON, which is what the mock reads"));
}

#[test]
fn two_contract_files_must_not_have_the_same_operation() {
    let folder =
        Folder::new("contracts = [\"a.json\", \"b.json\"]").with("a.json", SHOP).with("b.json", SHOP);
    let [place, problem, _] = folder.error();
    assert_eq!(place, "b.json:5");
    assert_eq!(
        problem,
        "get /v3/shop/{id}: expected each method and path once, found it in another file too"
    );
}

#[test]
fn a_contract_file_must_exist() {
    let [place, problem, _] = error("\ncontracts = [\"none.json\"]");
    assert_eq!(place, "mock.toml:2");
    assert!(problem.starts_with("contracts: expected a file, found none at "), "{problem}");
    let errors = Config::default().with_contract_files(&["none.json".into()]).unwrap_err();
    assert!(
        errors.to_string().contains("\nnone.json: expected a contract file that can be read"),
        "{errors}"
    );
    let [_, problem, advice] = error("contracts = \"shop.json\"");
    assert_eq!(problem, "contracts: expected an array of strings, found a string");
    assert_eq!(advice, "put it in brackets: [\"shop.json\"]");
}

#[test]
fn a_mistake_in_a_stub_has_its_line() {
    for (stub, line, expected) in [
        ("path = \"/v3/a\"", 1, "expected the key method, found none"),
        ("method = \"GET\"", 1, "expected the key path, found none"),
        (
            "method = \"get\"\npath = \"/v3/a\"",
            2,
            "method: expected one of GET, POST, PUT, PATCH, DELETE, HEAD",
        ),
        ("method = \"GET\"\npath = \"v3\"", 3, "path: expected a path like /v3/shop/{id}, found \"v3\""),
        ("method = \"GET\"\npath = \"/v3/a?b=1\"", 3, "path: expected a path like /v3/shop/{id}"),
        (
            "method = \"GET\"\npath = \"/__mock/a\"",
            3,
            "path: expected a path like /v3/shop/{id}, found one of",
        ),
        ("method = \"GET\"\npath = \"/__mock\"", 3, "path: expected a path like /v3/shop/{id}, found one of"),
        (
            "method = \"HEAD\"\npath = \"/v3/a\"\nbody = \"a\"",
            4,
            "body: expected none, as no response to HEAD",
        ),
        ("method = \"GET\"\npath = \"/v3/a\"\nstatus = 100", 4, "status: expected 200 to 599, found 100"),
        (
            "method = \"GET\"\npath = \"/v3/a\"\nstatus = 204\nbody = \"a\"",
            5,
            "body: expected none, as a 204",
        ),
        (
            "method = \"GET\"\npath = \"/v3/a\"\nheaders = 1",
            4,
            "headers: expected a table of strings, found 1",
        ),
        (
            "method = \"GET\"\npath = \"/v3/a\"\nheaders.\"a b\" = \"1\"",
            4,
            "a b: expected the name of a header",
        ),
        (
            "method = \"GET\"\npath = \"/v3/a\"\nheaders = { Content-Length = \"1\" }",
            4,
            "Content-Length: expected another header than those by which the response is sent",
        ),
        ("method = \"GET\"\npath = \"/v3/a\"\nbodi = 1", 4, "expected one of the keys method, path, status"),
    ] {
        let [place, problem, _] = error(&format!("[[stub]]\n{stub}"));
        assert_eq!(place, format!("mock.toml:{line}"), "{stub}: {problem}");
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn two_stubs_differ_in_method_or_path() {
    let [place, problem, _] = error(&format!("{STUB}\n{}", STUB.replace("id", "other")));
    assert_eq!(place, "mock.toml:6");
    let expected =
        "path: expected each method and path once, found GET /v3/shop/{other} again, first in line 3";
    assert_eq!(problem, expected);
    let config = Folder::new(&format!("{STUB}\n{}", STUB.replace("GET", "PUT"))).read().unwrap();
    assert_eq!(ids(&config), ["stub GET /v3/shop/{id}", "stub PUT /v3/shop/{id}"]);
}

#[test]
fn stubs_are_limited_in_number_and_size() {
    let stub = |index: usize, body: &str| {
        format!("[[stub]]\nmethod = \"GET\"\npath = \"/v3/{index}\"\nbody = \"{body}\"\n")
    };
    let many: String = (0..1001).map(|index| stub(index, "")).collect();
    let [place, problem, _] = error(&many);
    assert_eq!((&*place, &*problem), ("mock.toml:4001", "expected at most 1000 [[stub]], found more"));
    let large: String = (0..2).map(|index| stub(index, &"a".repeat(9 * 1024 * 1024))).collect();
    let [place, problem, _] = error(&large);
    assert_eq!(place, "mock.toml:8");
    assert_eq!(problem, "expected at most 16777216 bytes in the bodies of all stubs, found more");
}
