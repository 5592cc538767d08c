//! Tests the tutorial "Your first payment" in each of its languages, with SDKs from the registries. The gate runs them.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    documents::Page,
    support::{Ended, command, ended, on_path, repository},
};

/// What a person does between the commands: waits for the order before paying it, and for the shop to end.
const WAIT_FOR_ORDER: &str = r#"
until curl -fsS "$WECHATPAY_MOCK_URL/__mock/exchanges?operation=post_pay_transactions_native&status=200&wait=60" | grep -q '"status":200'
do kill -0 $! || exit 1
done
"#;
const WAIT_FOR_SHOP: &str = "\nwait $!\n";

/// Whether all tools are installed, which they must be in CI.
fn has(tools: &[&str]) -> bool {
    let is_missing = |tool: &&&str| {
        let mut asked = Command::new(tool);
        asked.arg("--help").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_err()
    };
    let Some(tool) = tools.iter().find(is_missing) else { return true };
    assert!(std::env::var_os("CI").is_none(), "expected {tool} in CI, found none");
    eprintln!("skipped: {tool} is not installed");
    false
}

/// Runs a command with this input to its end.
fn run(mut command: Command, folder: &Path, input: &str) -> Ended {
    on_path(&mut command);
    command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    ended(child.wait_with_output().unwrap())
}

/// Does what the tutorial says for this language.
fn follow(language: &str, tools: &[&str]) {
    if !has(&[tools, &["bash", "curl"]].concat()) {
        return;
    }
    let page = Page::read(&repository("docs/zh/tutorial/first-payment.md"));
    // npm takes the folder's name for the project's, which must not begin with a dot.
    let folder = tempfile::Builder::new().prefix("shop").tempdir().unwrap();

    let project = page.section(&format!("### {language}\n"));
    project.write_files(folder.path());
    let install: String = project.code("shell").collect();
    let mut bash = Command::new("bash");
    bash.args(["-ec", &install]);
    let installed = run(bash, folder.path(), "");
    assert_eq!(installed.code, Some(0), "{}{}", installed.stdout, installed.stderr);

    let order_and_pay = page.section("## 3.");
    let [open, start, pay, look] = order_and_pay.code("shell").collect::<Vec<_>>().try_into().unwrap();
    let start = start.lines().find(|line| line.ends_with(&format!("# {language}"))).unwrap();
    let mut shell = command();
    shell.args(open.split_whitespace().skip(1));
    let script = format!("{start}{WAIT_FOR_ORDER}{pay}{WAIT_FOR_SHOP}{look}");
    let Ended { code, stdout, stderr } = run(shell, folder.path(), &script);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let shown = |line: &str| stdout.lines().any(|shown| shown == line);
    let [ordered, paid, told] = order_and_pay.code("text").collect::<Vec<_>>().try_into().unwrap();
    let (code_url, _) = ordered.split_once('=').unwrap();
    assert!(stdout.contains(code_url), "{code_url}: {stdout}{stderr}");
    for line in paid.lines().take(2).chain(told.lines()) {
        assert!(shown(line), "{line}: {stdout}{stderr}");
    }
}

#[test]
#[ignore = "installs an SDK from its registry: the gate runs it as its step first-payment"]
fn a_first_payment_is_made_in_node() {
    follow("Node", &["node", "npm"]);
}

#[test]
#[ignore = "installs an SDK from its registry: the gate runs it as its step first-payment"]
fn a_first_payment_is_made_in_java() {
    follow("Java", &["java", "mvn"]);
}

#[test]
#[ignore = "installs an SDK from its registry: the gate runs it as its step first-payment"]
fn a_first_payment_is_made_in_python() {
    follow("Python", &["python3"]);
}

#[test]
#[ignore = "installs an SDK from its registry: the gate runs it as its step first-payment"]
fn a_first_payment_is_made_in_go() {
    follow("Go", &["go"]);
}
