//! What is refused: the file itself.

use super::*;

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::from_file("/nonexistent/mock.toml").unwrap_err();
    assert!(error.to_string().contains("/nonexistent/mock.toml: expected a configuration"), "{error}");
}

#[test]
fn what_is_not_toml_is_said_with_its_line_and_not_quoted() {
    let [place, problem, _] = complaint("\n[[merchant]]\napiv3_key = \"SECRET");
    assert_eq!(
        (&*place, &*problem),
        ("mock.toml:3", "this is not TOML: invalid basic string, expected `\"`")
    );
    let error = Folder::new("[[merchant]]\napiv3_key = SECRET").read().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_that_there_is() {
    let [place, problem, advice] = complaint("\nlisen = \"127.0.0.1:8080\"");
    assert_eq!(place, "mock.toml:2");
    assert!(problem.starts_with("expected one of the keys listen, tls_listen, hosts,"), "{problem}");
    assert_eq!(advice, "did you mean listen?");
    assert_eq!(complaint("[[merchant]]\nmchid = \"1\"\napi_v3_key = \"x\"")[2], "did you mean apiv3_key?");
    assert_eq!(complaint("[limits]\nxyz = 1")[2], "remove it");
}

#[test]
fn one_bracket_where_there_should_be_two_is_refused() {
    let [place, problem, advice] = complaint("[merchant]\nmchid = \"1\"");
    assert_eq!((&*place, &*problem), ("mock.toml:1", "merchant: expected [[merchant]], found a table"));
    assert!(advice.starts_with("write [[merchant]], with two brackets"), "{advice}");
    assert!(complaint("[[limits]]\nbody = 1")[2].starts_with("write [limits]"));
}

#[test]
fn all_mistakes_are_found_at_once_in_the_order_of_the_lines() {
    let folder = Folder::new("listen = \"8080\"\nx = 1\n[limits]\nbody = 0\n[[merchant]]\ntrust = \"none\"");
    let error = folder.read().unwrap_err();
    let lines: Vec<_> = error.complaints().iter().map(|complaint| complaint.line().unwrap()).collect();
    assert_eq!(lines, [1, 2, 4, 5, 6]);
    assert!(error.to_string().starts_with("the configuration has 5 mistakes\n/"), "{error}");
}
