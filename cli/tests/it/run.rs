//! `wechatpay-mock run`: a command whose requests to the gateway reach a mock.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};
use wechatpay_protocol::{Authorization, Credentials, Nonce, RequestMessage, SigningKey, Timestamp};

use crate::support::{command, ignores_hangups};

const CERTIFICATES: &str = "https://api.mch.weixin.qq.com/v3/certificates";

fn run(options: &[&str], cmd: &[&str]) -> Output {
    command().arg("run").args(options).arg("--").args(cmd).output().unwrap()
}

fn shell(options: &[&str], script: &str) -> Output {
    run(options, &["sh", "-c", script])
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

/// Whether a tool is missing, which is printed; panics in CI, where it must be installed.
fn is_missing(tool: &str) -> bool {
    if Command::new(tool).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok() {
        return false;
    }
    assert!(std::env::var_os("CI").is_none(), "expected {tool} on a machine of CI, found none");
    eprintln!("skipped: {tool} is not installed");
    true
}

/// A curl command that lists the certificates, signed now over this target, which may differ from the one called.
fn curl(signed: &str) -> String {
    let merchant = Credentials::development();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let timestamp = Timestamp::from_unix(now.as_secs());
    let nonce: Nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".parse().unwrap();
    let message =
        RequestMessage { method: "GET", target: signed, timestamp, nonce_str: nonce.as_str(), body: b"" };
    let signature = SigningKey::from_pem(&merchant.merchant_key).unwrap().sign(&message.to_bytes());
    let (mchid, serial) = (&merchant.mchid, &merchant.merchant_serial);
    let authorization = Authorization::new(mchid, serial, timestamp, &nonce, &signature);
    format!(
        "curl -q -sS --max-time 20 -o /dev/null -w '%{{http_code}} %{{http_version}}' -A test \
         -H 'Accept: application/json' -H 'Authorization: {authorization}' {CERTIFICATES}"
    )
}

#[test]
fn the_exit_code_is_the_commands() {
    for wanted in [0, 3, 255] {
        assert_eq!(code(&shell(&["--allow-none"], &format!("exit {wanted}"))), Some(wanted));
    }
}

#[test]
fn a_command_ended_by_a_signal_gives_128_plus_the_signal() {
    for (signal, wanted) in [("KILL", 137), ("TERM", 143)] {
        assert_eq!(code(&shell(&[], &format!("kill -{signal} $$"))), Some(wanted));
    }
}

#[test]
fn a_missing_command_gives_127_and_one_that_cannot_be_run_126() {
    let output = run(&[], &["no-such-command-anywhere"]);
    assert_eq!(code(&output), Some(127));
    assert_eq!(
        stderr(&output),
        "error: cannot find the command \"no-such-command-anywhere\"; give its path, or a name on the PATH\n"
    );
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = run(&[], &[file.to_str().unwrap()]);
    assert_eq!(code(&output), Some(126));
    assert!(stderr(&output).starts_with("error: cannot run "), "{}", stderr(&output));
}

#[test]
fn without_a_command_it_is_wrong_usage() {
    assert_eq!(code(&command().arg("run").output().unwrap()), Some(2));
}

#[test]
fn the_command_inherits_stdin_stdout_and_stderr() {
    let output = shell(&[], "echo out; echo err >&2");
    assert_eq!(stdout(&output), "out\n");
    assert!(stderr(&output).starts_with("err\n"), "{}", stderr(&output));
}

/// The command's environment, with these variables set beforehand.
fn variables(before: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut command = command();
    command.arg("run").envs(before.iter().copied()).args(["--", "env"]);
    let output = command.output().unwrap();
    let lines = stdout(&output).lines().filter_map(|line| line.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_environment_has_the_variables_that_each_ecosystem_reads() {
    let found = variables(&[("JAVA_TOOL_OPTIONS", "-Xmx99m"), ("PHP_INI_SCAN_DIR", "/etc/php")]);
    let proxy = &found["HTTPS_PROXY"];
    let port = proxy.strip_prefix("http://127.0.0.1:").unwrap();
    for name in ["HTTP_PROXY", "http_proxy", "https_proxy", "WECHATPAY_BASE_URL", "WECHATPAY_MOCK_URL"] {
        assert_eq!(&found[name], proxy, "{name}");
    }
    let bundle = &found["SSL_CERT_FILE"];
    assert!(bundle.ends_with("ca-bundle.pem"), "{bundle}");
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
        assert_eq!(&found[name], bundle, "{name}");
    }
    assert!(found["NODE_EXTRA_CA_CERTS"].ends_with("/ca.pem"));
    assert_eq!(found["NODE_USE_ENV_PROXY"], "1");
    let node = &found["NODE_OPTIONS"];
    assert!(node.contains("--require \"/") && node.ends_with("preload.cjs\""), "{node}");
    assert!(found["PHP_INI_SCAN_DIR"].starts_with("/etc/php:/"), "{}", found["PHP_INI_SCAN_DIR"]);
    let java = &found["JAVA_TOOL_OPTIONS"];
    assert!(java.starts_with("-Xmx99m -D"), "{java}");
    for option in
        [&format!("-Dhttps.proxyPort={port}"), "-Dhttps.proxyHost=127.0.0.1", "trustStoreType=PKCS12"]
    {
        assert!(java.contains(option), "{option}: {java}");
    }
    assert_eq!(found["WECHATPAY_MCHID"], "1900000001");
}

#[test]
fn no_proxy_never_excludes_the_gateway() {
    for name in ["NO_PROXY", "no_proxy"] {
        for value in ["*", ".qq.com,*", "api.mch.weixin.qq.com"] {
            let found = variables(&[(name, value)]);
            for name in ["NO_PROXY", "no_proxy"] {
                assert_eq!(found[name], "localhost,127.0.0.1,::1", "{name}={value}");
            }
        }
    }
    assert_eq!(variables(&[("NO_PROXY", "db.internal")])["no_proxy"], "localhost,127.0.0.1,::1,db.internal");
}

#[test]
fn temporary_files_exist_only_while_the_command_runs() {
    for end in ["exit 0", "exit 3", "kill -KILL $$"] {
        let script = format!(
            "cat \"$SSL_CERT_FILE\" \"$NODE_EXTRA_CA_CERTS\" >/dev/null && echo \"$SSL_CERT_FILE\"; {end}"
        );
        let output = shell(&[], &script);
        let path = Path::new(stdout(&output).trim_end()).to_owned();
        assert!(path.is_absolute(), "{path:?}");
        assert!(!path.exists() && !path.parent().unwrap().exists(), "{path:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_whose_stderr_nobody_reads_ends_with_the_commands_code_and_removes_its_files() {
    // Fills stderr to the last byte, and does not wait for more room.
    let fill = "dd if=/dev/zero of=/dev/fd/3 oflag=nonblock bs=1 count=100000 3>&2 2>/dev/null; echo $SSL_CERT_FILE; exit 3";
    let mut run = command();
    run.args(["run", "--", "sh", "-c", fill]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = run.spawn().unwrap();
    let mut file = String::new();
    BufReader::new(run.stdout.take().unwrap()).read_line(&mut file).unwrap();
    let (pid, (ended, end)) = (run.id(), mpsc::channel());
    thread::spawn(move || ended.send(run.wait().map(|status| status.code())));
    let code = end.recv_timeout(Duration::from_secs(30));
    if code.is_err() {
        let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    }
    assert_eq!(code.unwrap().unwrap(), Some(3));
    assert!(!Path::new(file.trim()).exists(), "{file}");
}

#[test]
fn the_command_reaches_the_mock_as_if_it_were_the_gateway() {
    if is_missing("curl") {
        return;
    }
    let output = shell(&["--contract"], &curl("/v3/certificates"));
    assert_eq!((code(&output), stdout(&output), stderr(&output)), (Some(0), "200 1.1", ""));
}

#[test]
fn if_the_command_fails_the_rejected_requests_are_listed_with_reasons() {
    if is_missing("curl") {
        return;
    }
    let script = format!("{}; exit 3", curl("/v3/certificates?not=this"));
    let output = shell(&[], &script);
    assert_eq!((code(&output), stdout(&output)), (Some(3), "401 1.1"));
    let errors = stderr(&output);
    assert!(errors.starts_with("wechatpay-mock: requests: 1, with problems: 1\n"), "{errors}");
    assert!(errors.contains("GET /v3/certificates") && errors.contains("401"), "{errors}");
}

#[test]
fn if_the_command_fails_the_key_of_each_response_is_named_although_every_request_is_good() {
    if is_missing("curl") {
        return;
    }
    let call = curl("/v3/certificates");
    let named = call.replace("-A test", "-A test -H \"Wechatpay-Serial: $WECHATPAY_PUBLIC_KEY_ID\"");
    let merchant = Credentials::development();
    let (serial_no, _) = merchant.platform_certificate.as_ref().unwrap();
    let (id, _) = merchant.public_key.as_ref().unwrap();
    let by_certificate = format!(
        "wechatpay-mock: response #1: signed with the platform certificate {serial_no}, \
         since the request has no Wechatpay-Serial\n\
         wechatpay-mock: a client that verifies with the public key must send Wechatpay-Serial: {id} \
         with every request; otherwise it rejects these responses\n"
    );
    let by_public_key = format!(
        "wechatpay-mock: response #1: signed with the public key {id}, which Wechatpay-Serial names\n"
    );
    for (call, expected) in [(call, by_certificate), (named, by_public_key)] {
        let output = shell(&[], &format!("{call} && exit 3"));
        assert_eq!((code(&output), stdout(&output)), (Some(3), "200 1.1"), "{}", stderr(&output));
        let expected = format!("wechatpay-mock: requests: 1, with problems: 0\n{expected}");
        assert_eq!(stderr(&output), expected);
    }
}

#[test]
fn if_the_command_succeeds_or_has_only_the_certificate_no_public_key_is_recommended() {
    if is_missing("curl") {
        return;
    }
    let call = curl("/v3/certificates");
    assert_eq!(stderr(&shell(&[], &call)), "");
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("mock.toml");
    std::fs::write(&config, "[[merchant]]\nmchid = \"1900000001\"\ntrust = \"platform-certificate\"\n")
        .unwrap();
    let output = shell(&["--config", config.to_str().unwrap()], &format!("{call} && exit 3"));
    assert_eq!(code(&output), Some(3));
    let errors = stderr(&output);
    assert!(errors.contains("response #1: signed with the platform certificate "), "{errors}");
    assert!(!errors.contains("public key"), "{errors}");
}

#[test]
fn the_list_has_the_diagnosis() {
    if is_missing("curl") {
        return;
    }
    let mistaken = curl("/v3/certificates").replace(CERTIFICATES, &format!("'{CERTIFICATES}?a=b'"));
    let errors = stderr(&shell(&[], &format!("{mistaken}; exit 1"))).to_owned();
    assert!(errors.contains("query-left-out"), "{errors}");
}

#[test]
fn if_the_command_succeeds_nothing_is_listed_unless_the_contract_is_checked() {
    if is_missing("curl") {
        return;
    }
    let script = curl("/v3/certificates?not=this");
    let output = shell(&[], &script);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));

    let output = shell(&["--contract"], &script);
    assert_eq!(code(&output), Some(1));
    let errors = stderr(&output);
    assert!(
        errors.contains("with problems: 1")
            && errors.contains("the command succeeded, but a request broke the contract"),
        "{errors}"
    );

    // The command's own exit code takes precedence.
    assert_eq!(code(&shell(&["--contract"], &format!("{script}; exit 3"))), Some(3));
}

#[test]
fn no_request_is_a_failed_run_with_advice_unless_it_is_allowed() {
    let output = run(&[], &["true"]);
    assert_eq!(code(&output), Some(1));
    for advice in [
        "wechatpay-mock: no request reached the mock; does the command read HTTPS_PROXY? ",
        "wechatpay-mock:   Python's aiohttp: aiohttp.ClientSession(trust_env=True)\n",
        "wechatpay-mock:   PHP's streams: stream_context_set_default([",
        "wechatpay-mock: the command succeeded, but no request arrived, which only --allow-none permits\n",
    ] {
        assert!(stderr(&output).contains(advice), "{}", stderr(&output));
    }
    assert_eq!(code(&shell(&[], "exit 3")), Some(3));
    let output = run(&["--contract", "--allow-none"], &["true"]);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
}

#[test]
fn the_run_fails_unless_as_many_requests_arrive_as_expected() {
    if is_missing("curl") {
        return;
    }
    let script = curl("/v3/certificates");
    let both = ["--expect", "list_certificates=1", "--expect", "set_rights=0"];
    let output = shell(&both, &script);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
    let output = shell(&["--expect", "list_certificates=1", "--expect", "set_rights=1"], &script);
    assert_eq!(code(&output), Some(1));
    let reason = "the command succeeded, but --expect set_rights=1 is not met: set_rights=0\n";
    assert!(stderr(&output).ends_with(reason), "{}", stderr(&output));
}

#[test]
fn requests_count_even_if_the_command_resets_the_mock_after_them() {
    if is_missing("curl") {
        return;
    }
    let reset = "curl -q -sS -o /dev/null -X POST $WECHATPAY_MOCK_URL/__mock/reset";
    let script = format!("{}; {reset}", curl("/v3/certificates"));
    let output = shell(&["--expect", "list_certificates=1"], &script);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
}

#[test]
fn an_expectation_of_an_unknown_operation_is_wrong_usage() {
    for expectation in ["set_right=1", "set_rights", "set_rights=-1", "=1"] {
        let output = run(&["--expect", expectation], &["true"]);
        assert_eq!(code(&output), Some(2), "{expectation}");
        let reason = "expected OPERATION=NUMBER with an id of ";
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    }
}

#[test]
fn clients_in_node_that_read_no_proxy_reach_the_mock() {
    if is_missing("node") {
        return;
    }
    let script = "
        import https from 'node:https';
        import { connect } from 'node:tls';
        const url = 'https://api.mch.weixin.qq.com/v3/certificates';
        const headers = { Accept: 'application/json', 'Accept-Language': 'zh-CN', 'User-Agent': 'test' };
        const get = (agent) => new Promise((resolve, reject) => {
            https.get(url, { headers, agent }, ({ statusCode }) => resolve(statusCode)).on('error', reject);
        });
        const tls = new Promise((resolve, reject) => {
            const socket = connect(443, 'api.mch.weixin.qq.com', () => resolve(socket.authorized));
            socket.on('error', reject);
        });
        const { status } = await fetch(url, { headers });
        console.log(process.title, status, await get(), await get(false), await tls);
        process.exit();";
    // The preload's path contains a space, and Node has an option already.
    let dir = tempfile::Builder::new().prefix("with space").tempdir().unwrap();
    let mut command = command();
    command.env("TMPDIR", dir.path()).env("NODE_OPTIONS", "--title=own");
    command.args(["run", "--expect", "list_certificates=3", "--"]);
    let output = command.args(["node", "--input-type=module", "-e", script]).output().unwrap();
    let expected = (Some(0), "own 401 401 401 true\n");
    assert_eq!((code(&output), stdout(&output)), expected, "{}", stderr(&output));
}

#[test]
fn the_proxy_refuses_other_hosts() {
    if is_missing("curl") {
        return;
    }
    let script = "curl -q -sS --max-time 20 https://example.com/";
    let output = shell(&[], script);
    assert_eq!(code(&output), Some(56), "{}", stderr(&output));
    assert!(stderr(&output).contains("403"), "{}", stderr(&output));
    let reason =
        "wechatpay-mock: rejected connection: expected a host that this mock answers for, found example.com;";
    assert!(stderr(&output).contains(reason), "{}", stderr(&output));
}

#[test]
fn a_client_that_does_not_trust_the_authority_is_reported() {
    if is_missing("curl") {
        return;
    }
    let script = "CURL_CA_BUNDLE=$WECHATPAY_MERCHANT_CERTIFICATE; curl -q -sS --max-time 20 https://api.mch.weixin.qq.com/";
    let output = shell(&[], script);
    assert_eq!(code(&output), Some(60), "{}", stderr(&output));
    let advice = "the client does not trust this mock's certificate authority";
    assert!(stderr(&output).contains(advice), "{}", stderr(&output));
    assert!(!stderr(&output).contains("no request reached the mock"), "{}", stderr(&output));
}

#[test]
fn nodes_fetch_is_refused_for_its_accept_language_and_the_report_says_what_to_set() {
    if is_missing("node") {
        return;
    }
    let script = "fetch(process.env.WECHATPAY_BASE_URL + '/v3/certificates').then(async response => {
        console.log(response.status, await response.text())
        process.exit(1)
    })";
    let output = run(&[], &["node", "-e", script]);
    let expected = r#"406 {"code":"PARAM_ERROR","message":"传入了不支持的Accept-Language"}"#;
    assert_eq!(stdout(&output).trim(), expected, "{}", stderr(&output));
    assert!(stderr(&output).contains("set Accept-Language: zh-CN"), "{}", stderr(&output));
}

#[test]
fn signals_are_passed_to_the_command() {
    use rustix::process::Signal;
    for (signal, number) in [
        ("TERM", Signal::TERM),
        ("INT", Signal::INT),
        ("HUP", Signal::HUP),
        ("QUIT", Signal::QUIT),
        ("USR1", Signal::USR1),
        ("USR2", Signal::USR2),
    ] {
        if signal == "HUP" && ignores_hangups() {
            continue;
        }
        for (script, wanted) in [
            (format!("trap 'exit 7' {signal}; echo ready; read line; exit 9"), 7),
            ("echo ready; exec cat".to_owned(), 128 + number.as_raw()),
        ] {
            let mut started = Started::new(command(), &script);
            started.signal(signal);
            assert_eq!(started.code(), Some(wanted), "{signal}: {script}");
            assert!(!started.folder.exists(), "{signal}: {script}");
        }
    }
}

/// A running `run`, whose command has printed `ready` and waits for input.
struct Started {
    child: std::process::Child,
    folder: std::path::PathBuf,
}

impl Started {
    /// Appends `run` with this script to the command.
    fn new(mut command: Command, script: &str) -> Self {
        command.args(["run", "--", "sh", "-c", &format!("ulimit -c 0; echo $SSL_CERT_FILE; {script}")]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let bundle = lines.next().unwrap().unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        let folder = Path::new(&bundle).parent().unwrap().to_owned();
        Self { child, folder }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// The exit code, once it has ended. Its input stays open until then.
    fn code(&mut self) -> Option<i32> {
        let input = self.child.stdin.take();
        let code = self.child.wait().unwrap().code();
        drop(input);
        code
    }
}

/// The command, started by a shell after this.
fn after(script: &str) -> Command {
    let binary = command();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{script}; exec \"$0\" \"$@\"")]).arg(binary.get_program());
    for (name, value) in binary.get_envs() {
        assert!(value.is_none(), "only removes variables");
        shell.env_remove(name);
    }
    shell
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_that_ignores_hangups_goes_on_after_one() {
    let mut started = Started::new(after("trap '' HUP"), "trap 'exit 7' TERM; echo ready; read line; exit 9");
    started.signal("HUP");
    started.signal("TERM");
    assert_eq!(started.code(), Some(7));
}

#[test]
fn modes_of_the_temporary_files_do_not_depend_on_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    for umask in ["000", "022", "077"] {
        let mut started = Started::new(after(&format!("umask {umask}")), "echo ready; read line");
        let mode = |name: &str| started.folder.join(name).metadata().unwrap().permissions().mode() & 0o7777;
        let found =
            ["", "apiclient_key.pem", "env", "apiclient_cert.pem", "ca-bundle.pem", "ca.p12"].map(mode);
        assert_eq!(found, [0o700, 0o600, 0o600, 0o644, 0o644, 0o644], "umask {umask}");
        started.child.stdin.take();
        started.code();
        assert!(!started.folder.exists(), "umask {umask}");
    }
}

#[test]
fn the_java_trust_store_has_the_mocks_authority() {
    if is_missing("keytool") {
        return;
    }
    let script = r#"
        store=$(echo "$JAVA_TOOL_OPTIONS" | sed 's/.*trustStore=\([^"]*\)".*/\1/')
        cat "$NODE_EXTRA_CA_CERTS"
        unset JAVA_TOOL_OPTIONS
        keytool -list -keystore "$store" -storetype PKCS12 -storepass changeit"#;
    let output = shell(&["--allow-none"], script);
    assert_eq!(code(&output), Some(0), "{}", stdout(&output));
    let printed = stdout(&output);
    let der: rustls::pki_types::CertificateDer<'_> =
        rustls::pki_types::pem::PemObject::from_pem_slice(printed.as_bytes()).unwrap();
    let fingerprint: Vec<_> = Sha256::digest(&der).iter().map(|byte| format!("{byte:02X}")).collect();
    assert!(printed.contains(&fingerprint.join(":")), "{printed}");
    assert!(printed.contains("trustedCertEntry"), "{printed}");
}
