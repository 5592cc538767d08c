//! Files that are missing, not TOML, or have unknown keys or values of another type are refused.

use super::*;

#[test]
fn a_missing_file_is_named() {
    let error = Config::from_file("/nonexistent/mock.toml").unwrap_err();
    assert!(error.to_string().contains("/nonexistent/mock.toml: expected a configuration"), "{error}");
}

#[test]
fn invalid_toml_is_reported_with_its_line_and_not_quoted() {
    let [place, problem, _] = error("\n[[merchant]]\napiv3_key = \"SECRET");
    assert_eq!(
        (&*place, &*problem),
        ("mock.toml:3", "this is not TOML: invalid basic string, expected `\"`")
    );
    let error = Folder::new("[[merchant]]\napiv3_key = SECRET").read().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_key() {
    let [place, problem, advice] = error("\nlisen = \"127.0.0.1:8080\"");
    assert_eq!(place, "mock.toml:2");
    assert!(problem.starts_with("expected one of the keys listen, tls_listen, hosts,"), "{problem}");
    assert_eq!(advice, "did you mean listen?");
    assert_eq!(error("[[merchant]]\nmchid = \"1\"\napi_v3_key = \"x\"")[2], "did you mean apiv3_key?");
    assert_eq!(error("[limits]\nxyz = 1")[2], "remove it");
}

#[test]
fn one_bracket_where_there_should_be_two_is_refused() {
    let [place, problem, advice] = error("[merchant]\nmchid = \"1\"");
    assert_eq!((&*place, &*problem), ("mock.toml:1", "merchant: expected [[merchant]], found a table"));
    assert!(advice.starts_with("write [[merchant]], with two brackets"), "{advice}");
    for config in ["[[limits]]\nbody = 1", "[[policies]]\nrepeat = \"accept\"", "policies = [\"accept\"]"] {
        let [_, problem, advice] = error(config);
        assert!(problem.contains("], found an array") && advice.starts_with("write ["), "{problem}");
    }
    for config in ["merchant = [[\"1\"]]", "merchant = [\"1\"]"] {
        let [place, problem, _] = error(config);
        assert_eq!(place, "mock.toml:1");
        assert!(problem.starts_with("merchant: expected [[merchant]], found a"), "{problem}");
    }
}

#[test]
fn a_value_of_another_type_is_refused_and_not_shown() {
    for config in [
        "hosts = \"SECRET\"",
        "hosts = [[\"SECRET\"]]",
        "listen = [\"SECRET\"]",
        "public_key = \"SECRET\"",
        "limits = \"SECRET\"",
        "limits.body = \"SECRET\"",
        "merchant = \"SECRET\"",
        "[[merchant]]\nmchid = \"1\"\napiv3_key = { SECRET = 1 }",
    ] {
        let [_, problem, advice] = error(config);
        assert!(problem.contains(": expected ") && !problem.contains("SECRET"), "{problem}");
        assert!(!advice.contains("SECRET"), "{advice}");
    }
}

#[test]
fn a_key_with_a_mistake_is_not_also_reported_as_missing() {
    for config in [
        "[[merchant]]\nmchid = 1",
        "[public_key]\nid = 1\nprivate_key = \"{credentials}/pub_key_private.pem\"",
        "[[merchant]]\nmchid = \"1\"\ncertificate = 1\nprivate_key = \"{credentials}/apiclient_key.pem\"",
        "[[platform_certificate]]\ncertificate = 1\nprivate_key = \"{credentials}/platform_key.pem\"",
    ] {
        assert!(error(config)[1].ends_with(": expected a string, found 1"));
    }
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_their_lines() {
    let folder = Folder::new("listen = \"8080\"\nx = 1\n[limits]\nbody = 0\n[[merchant]]\ntrust = \"none\"");
    let error = folder.read().unwrap_err();
    let lines: Vec<_> = error.errors().iter().map(|error| error.line.unwrap()).collect();
    assert_eq!(lines, [1, 2, 4, 5, 6]);
    assert!(error.to_string().starts_with("the configuration has 5 mistakes\n/"), "{error}");
    let in_one_table = "[[merchant]]\nmchid = 1\nkind = 1\nx = 1\n\"y.z\" = 1\n[[fault]]\ntimes = \"1\"\nttl = -1\nmatch = { nth = -1, x = 1 }";
    let lines: Vec<_> =
        Folder::new(in_one_table).read().unwrap_err().errors().iter().map(|error| error.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 7, 8, 9, 9].map(Some));
}
