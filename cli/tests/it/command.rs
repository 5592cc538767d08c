//! `serve`, `healthcheck`, `faults` and `keys`, as a user runs them.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use wechatpay_mock::{Config, FAULTS, FaultRule, TRIGGER_FORMS};

use crate::support::command;

fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

/// A mock that ends with the test.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    fn status_of(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        String::from_utf8(status.into()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn connections_are_accepted_once_the_line_is_printed() {
    for arguments in [&["--listen", "127.0.0.1:0"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let mock = Running::start(command().args(arguments));
        assert_eq!(mock.status_of("GET /v3/none HTTP/1.1\r\nHost: mock\r\n\r\n"), "HTTP/1.1 404");
    }
}

#[test]
fn the_address_may_come_from_the_environment() {
    let mock = Running::start(command().env("WECHATPAY_MOCK_LISTEN", "127.0.0.1:0"));
    assert!(mock.address.starts_with("127.0.0.1:"));
}

#[test]
fn an_address_in_use_exits_with_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = run(&["--listen", &taken.local_addr().unwrap().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("cannot listen on 127.0.0.1:") && message.contains("in use"), "{message}");
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["--listen", "8080a"][..],
        &["--lisen", "127.0.0.1:0"],
        &["keys"],
        &["key", "x"],
        &["--log", "xml"],
        &["--diagnosis", "loud"],
        &["healthcheck", "--url", "https://127.0.0.1:8080"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn an_admin_token_may_come_from_the_command_line_or_the_environment() {
    let token = "correct-horse-battery";
    let mut by_option = command();
    by_option.args(["--listen", "127.0.0.1:0", "--admin-token", token]);
    let mut by_environment = command();
    by_environment.args(["--listen", "127.0.0.1:0"]).env("WECHATPAY_MOCK_ADMIN_TOKEN", token);
    for mut command in [by_option, by_environment] {
        let mock = Running::start(&mut command);
        let clock = "GET /__mock/clock HTTP/1.1\r\nHost: mock\r\n";
        assert_eq!(mock.status_of(&format!("{clock}\r\n")), "HTTP/1.1 401");
        let with_token = format!("{clock}Authorization: Bearer {token}\r\n\r\n");
        assert_eq!(mock.status_of(&with_token), "HTTP/1.1 200");
    }
}

#[test]
fn an_admin_token_is_never_shown() {
    let too_short = command().args(["--listen", "127.0.0.1:0", "--admin-token", "SECRET"]).output().unwrap();
    assert_eq!(too_short.status.code(), Some(2));
    let message = String::from_utf8_lossy(&too_short.stderr);
    assert!(message.contains("--admin-token or WECHATPAY_MOCK_ADMIN_TOKEN: expected 16 to 256"), "{message}");
    let help = command().arg("--help").env("WECHATPAY_MOCK_ADMIN_TOKEN", "SECRET").output().unwrap();
    for output in [too_short, help] {
        let all = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&all).contains("SECRET"));
    }
}

#[test]
fn an_invalid_log_filter_exits_with_2() {
    let output = command().args(["--listen", "127.0.0.1:0"]).env("RUST_LOG", "info,=x=").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("RUST_LOG: expected log directives such as `info`"), "{message}");
}

#[test]
fn a_running_mock_is_healthy() {
    let mock = Running::start(command().args(["--listen", "127.0.0.1:0"]));
    let by_url = run(&["healthcheck", "--url", &format!("http://{}", mock.address)]);
    let by_listen =
        command().arg("healthcheck").env("WECHATPAY_MOCK_LISTEN", &mock.address).output().unwrap();
    for output in [by_url, by_listen] {
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"healthy\n"[..]));
    }
}

/// Starts a server that sends this text as its response to one request.
fn one_response(response: &'static str) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        stream.write_all(response.as_bytes()).unwrap();
    });
    (url, server)
}

#[test]
fn anything_but_a_healthy_mock_exits_with_1() {
    for (response, expected) in [
        ("", "expected an HTTP response"),
        ("220 ftp\r\n", "expected an HTTP response"),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "found 404 Not Found"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "found hello"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"status\":\"down\"}", r#"found {"status":"down"}"#),
    ] {
        let (url, server) = one_response(response);
        let output = run(&["healthcheck", "--url", &url]);
        server.join().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.starts_with("error: unhealthy: ") && message.contains(expected), "{message}");
    }
}

#[test]
fn no_listener_exits_with_1() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(&["healthcheck", "--url", &format!("http://{free}")]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(message.matches("cannot connect").count(), 1, "{message}");
    assert!(message.contains("because: "), "{message}");
}

#[test]
fn healthcheck_gives_up_after_3_seconds() {
    // The system accepts the connection, and nobody reads from it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let begun = Instant::now();
    let output = run(&["healthcheck", "--url", &format!("http://{}", silent.local_addr().unwrap())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("within 3 s"));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

/// The output of `wechatpay-mock faults`.
fn listed_faults() -> String {
    let output = run(&["faults"]);
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_fault_is_listed_with_its_request_number_in_columns() {
    let list = listed_faults();
    assert!(!list.contains('\u{1b}'), "expected no colours in a pipe, found {list:?}");
    let column = |line: &str, text: &str| line.find(text).unwrap();
    let heading = list.lines().find(|line| line.starts_with("FAULT")).unwrap();
    for fault in FAULTS {
        let row = list.lines().find(|line| line.starts_with(&format!("{fault} "))).unwrap();
        assert_eq!(column(row, &format!("MOCK*{fault}*…")), column(heading, "NUMBER"), "{row}");
        // The … before it takes three bytes and one column.
        assert_eq!(column(row, fault.meaning()), column(heading, "WHAT HAPPENS") + 2, "{row}");
    }
    for form in TRIGGER_FORMS {
        assert!(list.contains(form.number) && list.contains(form.meaning.text()), "{form:?}");
    }
}

#[test]
fn the_listed_rules_are_valid_and_equal() {
    let list = listed_faults();
    let toml = list.lines().find(|line| line.starts_with("  fault = [")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.toml");
    fs::write(&file, toml).unwrap();
    let config = Config::from_file(&file).unwrap();

    let json = list.lines().find_map(|line| line.strip_prefix("  curl -d '")?.split('\'').next());
    let rule: FaultRule = serde_json::from_str(json.unwrap()).unwrap();
    assert_eq!(config.faults, [rule]);
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let mut child = command().arg("faults").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn keys_have_the_file_names_that_merchants_know() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("new/dev");
    assert!(run(&["keys", target.to_str().unwrap()]).status.success());

    let credentials = fs::read_to_string(target.join("credentials.json")).unwrap();
    let credentials: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&credentials).unwrap();
    let text = |field: &str| credentials[field].as_str().unwrap().to_owned();
    assert_eq!(text("platform_certificate"), format!("wechatpay_{}.pem", text("platform_serial")));
    for field in ["merchant_key", "merchant_certificate", "platform_certificate", "public_key"] {
        assert!(target.join(text(field)).is_file(), "{field}");
    }
    assert!(
        fs::read_to_string(target.join("apiclient_key.pem"))
            .unwrap()
            .starts_with("-----BEGIN PRIVATE KEY-----")
    );

    let env = fs::read_to_string(target.join("env")).unwrap();
    for field in credentials.keys() {
        assert!(env.contains(&format!("export WECHATPAY_{}='", field.to_uppercase())), "{field}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_private_keys() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    assert!(run(&["keys", dir.path().to_str().unwrap()]).status.success());
    for file in ["apiclient_key.pem", "credentials.json", "env"] {
        let mode = fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

/// Runs `keys` into this folder from a shell, after this script.
#[cfg(unix)]
fn keys_after(script: &str, dir: &Path) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{script}; exec \"$0\" keys --force \"$1\"")]);
    shell.arg(env!("CARGO_BIN_EXE_wechatpay-mock")).arg(dir).output().unwrap()
}

#[cfg(unix)]
#[test]
fn if_a_file_cannot_be_written_completely_no_file_appears_and_none_changes() {
    // A file of more than a block is as impossible as on a full disk.
    let full = "trap '' XFSZ; ulimit -f 1";
    let dir = tempfile::tempdir().unwrap();
    let output = keys_after(full, dir.path());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.starts_with("error: cannot write ") && errors.contains("apiclient_key.pem"), "{errors}");
    assert!(contents(dir.path()).is_empty(), "{:?}", contents(dir.path()));

    assert!(keys_after(":", dir.path()).status.success());
    let before = contents(dir.path());
    assert_eq!(keys_after(full, dir.path()).status.code(), Some(2));
    assert_eq!(contents(dir.path()), before);
}

#[cfg(unix)]
#[test]
fn modes_of_keys_do_not_depend_on_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let around = tempfile::tempdir().unwrap();
    for umask in ["000", "022", "077"] {
        let dir = around.path().join(umask);
        assert!(keys_after(&format!("umask {umask}"), &dir).status.success());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir) & 0o022, 0, "umask {umask}");
        let found = ["apiclient_key.pem", "env", "pub_key.pem"].map(|name| mode(&dir.join(name)));
        assert_eq!(found, [0o600, 0o600, 0o644], "umask {umask}");
    }
}

fn contents(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn an_existing_file_stops_keys_unless_forced() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("pub_key.pem"), "mine").unwrap();
    let before = contents(dir.path());

    let output = run(&["keys", dir.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--force"));
    assert_eq!(contents(dir.path()), before);

    assert!(run(&["keys", "--force", dir.path().to_str().unwrap()]).status.success());
    assert_eq!(contents(dir.path()).len(), 6);
}

#[test]
fn operations_lists_all_or_those_of_a_family() {
    let output = run(&["operations", "--family", "certificates"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("certificates\n  GET    /v3/certificates "), "{text}");
    assert!(text.contains("\n1 operation. "), "{text}");

    let listed: serde_json::Value = serde_json::from_slice(&run(&["operations", "--json"]).stdout).unwrap();
    let ids: Vec<_> =
        listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, wechatpay_openapi::Contract::current().operation_ids().collect::<Vec<_>>());

    let refused = run(&["operations", "--family", "certificate"]);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2));
    assert!(message.contains("there are certificates"), "{message}");
}
