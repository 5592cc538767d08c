//! What the command line promises to people and to scripts.

use std::fs;

use serde_json::Value;

use crate::support::{Running, command, run};

fn json(arguments: &[&str]) -> Value {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", ended.stdout))
}

#[test]
fn a_command_without_a_separator_is_told_where_the_separator_goes() {
    let ended = run(&["run", "--contract", "npm", "test"]);
    assert_eq!(ended.code, Some(2));
    let tip = "put `--` before the command: wechatpay-mock run --contract -- npm test";
    assert!(ended.stderr.contains(tip), "{}", ended.stderr);
}

#[test]
fn wrong_usage_is_explained_in_chinese() {
    for (arguments, expected) in [
        (&["serve", "--port", "x"][..], "错误：无效的值 'x'，参数 '--port <N>'：应为整数"),
        (&["logs", "--lines", "5000"], "错误：无效的值 '5000'，参数 '--lines <N>'：5000 超出范围 0..=1000"),
        (
            &["call", "rights", "patch", "--before", "-99999999999999999999"],
            "错误：无效的值 '-99999999999999999999'，参数 '--before <POINTS>'：数字过小",
        ),
        (&["prove-client", "--jobs", "0"], "错误：无效的值 '0'，参数 '--jobs <N>'：不能为 0"),
        (&["fault", "add", "--probability", "x"], "错误：无效的值 'x'，参数 '--probability <P>'：应为数字"),
        (&["serve", "--prot", "1"], "错误：不认识的参数 '--prot'"),
    ] {
        let ended = run(&[&["--lang", "zh"], arguments].concat());
        assert_eq!((ended.code, ended.stderr.lines().next()), (Some(2), Some(expected)));
        assert!(ended.stderr.ends_with("更多信息请用 '--help'。\n"), "{}", ended.stderr);
    }
}

#[test]
fn every_listing_is_json_on_request() {
    assert!(json(&["faults", "--json"])["faults"].as_array().is_some_and(|faults| faults.len() >= 40));
    assert!(json(&["policies", "--json"]).as_array().is_some_and(|policies| !policies.is_empty()));
    assert!(json(&["verify", "--list", "--json"]).as_array().is_some_and(|cases| cases.len() > 100));
    assert!(json(&["--version", "--json"])["version"].is_string());
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("dev").display().to_string();
    assert!(json(&["keys", &dir, "--json"]).is_object());
    assert!(json(&["ca", "--ca-dir", &dir, "--json"])["path"].is_string());
    let mock = Running::start(&[]);
    let url = format!("http://{}", mock.address);
    assert_eq!(json(&["healthcheck", "--url", &url, "--json"])["healthy"], true);
}

#[test]
fn a_report_on_stdout_takes_the_place_of_the_text() {
    let report = json(&["verify", "--filter", "checks/", "--report", "json=-"]);
    assert!(report.is_object(), "{report}");
}

#[test]
fn help_wraps_to_the_width_of_the_terminal() {
    let narrow = command().args(["prove-client", "--help"]).env("COLUMNS", "60").output().unwrap();
    let help = String::from_utf8(narrow.stdout).unwrap();
    // clap does not wrap usage, and a word cannot be wrapped.
    let can_wrap = |line: &str| !line.starts_with("Usage: ") && line.split_whitespace().count() > 1;
    let too_long: Vec<_> = help.lines().filter(|line| line.chars().count() > 60 && can_wrap(line)).collect();
    assert!(help.contains("Examples:") && too_long.is_empty(), "{too_long:?}");
}

#[test]
fn completions_and_man_pages_name_every_command() {
    let commands = [
        "serve",
        "demo",
        "run",
        "replay",
        "call",
        "verify",
        "prove-client",
        "prove-receiver",
        "fault",
        "clock",
        "logs",
    ];
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = run(&["completions", shell]);
        assert!(commands.iter().all(|name| ended.stdout.contains(name)), "{shell}: {}", ended.stderr);
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(&["man", folder.path().to_str().unwrap()]).code, Some(0));
    for name in commands {
        let page = fs::read_to_string(folder.path().join(format!("wechatpay-mock-{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
    }
}

/// `script` gives the command a terminal.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_the_start_says_how_to_use_the_mock() {
    use std::{
        io::{BufRead, BufReader, Write},
        process::{Command, Stdio},
    };

    let mock = format!("{} --listen 127.0.0.1:0", env!("CARGO_BIN_EXE_wechatpay-mock"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &mock, "/dev/null"]).stdin(Stdio::piped());
    let Ok(mut child) = command.stdout(Stdio::piped()).spawn() else {
        assert!(std::env::var_os("CI").is_none(), "expected the command script in CI, found none");
        println!("skipped: expected the command script, found none");
        return;
    };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let is_last = |line: &String| line.contains("Ctrl-C");
    let mut shown = Vec::new();
    for line in lines.by_ref() {
        let ends = is_last(&line);
        shown.push(line);
        if ends {
            break;
        }
    }
    // Ctrl-C ends the mock, and with it the terminal.
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(b"\x03").unwrap();
    lines.for_each(drop);
    child.wait().unwrap();
    let shown = shown.join("\n");
    for part in ["listening on http://127.0.0.1:", "HTTPS_PROXY=", "1900000001", "/__mock/ui/"] {
        assert!(shown.contains(part), "{shown}");
    }
}
