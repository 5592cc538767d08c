//! `prove-receiver`: wrong usage, the list of probes, the reports, and an application that it starts.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use serde_json::Value;
use wechatpay_contract::prove::receiver::PROBES;

use crate::support::{Ended, run};

fn prove(options: &[&str]) -> Ended {
    run(&[&["prove-receiver"], options].concat())
}

/// A receiver with this answer to everything, for as long as the tests run.
fn receiver(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                // The whole request is there, or the rest does not matter.
                let _ = stream.read(&mut [0; 64 << 10]);
                let _ = stream.write_all(answer.as_bytes());
                let _ = stream.read(&mut [0; 64 << 10]);
            });
        }
    });
    url
}

/// An application in Python that refuses everything, on the port in PORT, and writes its process ID and what it was given.
/// With `download`, it asks for the platform certificates each time.
const APPLICATION: &str = r#"
import http.server, json, os, sys, urllib.error, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if sys.argv[3:] == ["download"]:
            try:
                urllib.request.urlopen(os.environ["WECHATPAY_BASE_URL"] + "/v3/certificates")
            except urllib.error.HTTPError:
                pass
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
given = {"pid": os.getpid(), "port": sys.argv[2], "key": os.environ["WECHATPAY_APIV3_KEY"],
         "public_key": open(os.environ["WECHATPAY_PUBLIC_KEY"]).read(), "mock": os.environ["WECHATPAY_BASE_URL"]}
open(sys.argv[1], "w").write(json.dumps(given))
server.serve_forever()
"#;

fn has_python() -> bool {
    let tried = Command::new("python3").arg("--version").stdout(Stdio::null()).status();
    let is_there = tried.is_ok_and(|status| status.success());
    assert!(is_there || std::env::var_os("CI").is_none(), "expected python3 on a machine of CI, found none");
    is_there
}

#[test]
fn a_run_that_cannot_start_is_wrong_usage() {
    for (options, text) in [
        (&[][..], "--url"),
        (&["--url", "127.0.0.1:3000"], "expected http://host:port/path"),
        (&["--url", "http://a:secret@127.0.0.1/"], "without a user name"),
        (&["--url", "http://127.0.0.1:0/"], "give a command after --"),
        (&["--url", "http://192.0.2.1/"], "allow it with --allow-host 192.0.2.1"),
        (&["--url", "http://127.0.0.1:1/"], "nothing can be reached at http://127.0.0.1:1/"),
        (&["--url", "http://127.0.0.1:1/", "--timeout", "6"], "expected 0.1 to 5 seconds"),
        (&["--url", "http://127.0.0.1:1/", "--filter", "nothing"], "no probe has nothing in its id or group"),
        (&["--url", "http://127.0.0.1:1/", "--filter", "effect"], "--list says why each is skipped"),
        (&["--url", "http://127.0.0.1:1/", "--mchid", "1"], "expected the mchid of a merchant"),
        (&["--url", "http://127.0.0.1:1/", "--order", "/nonexistent"], "cannot read the order /nonexistent"),
        (&["--url", "http://127.0.0.1:0/", "--", "/nonexistent"], "cannot run \"/nonexistent\""),
    ] {
        let ended = prove(options);
        assert_eq!(ended.code, Some(2), "{options:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(text) && !ended.stderr.contains("secret"),
            "{text} in {}",
            ended.stderr
        );
    }
}

#[test]
fn list_shows_every_probe_and_why_one_is_skipped() {
    let ended = prove(&["--list"]);
    assert_eq!((ended.code, ended.stdout.lines().count()), (Some(0), PROBES.len()), "{}", ended.stderr);
    let signtest = "signtest [critical] one of the gateway's own probes";
    assert!(ended.stdout.contains(signtest), "{}", ended.stdout);
    assert!(ended.stdout.contains("(skipped: needs --count-url"), "{}", ended.stdout);
}

#[test]
fn a_finding_is_in_every_report_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let url = receiver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let reports = [format!("json={}", file("json")), format!("junit={}", file("junit"))];
    let options = ["--url", &url, "--filter", "signtest", "--report", &reports[0], "--report", &reports[1]];
    let ended = prove(&options);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("critical: it accepted what it must reject"), "{}", ended.stdout);
    let summary = "prove-receiver: 0 of 1 passed · 1 finding: 1 critical";
    assert_eq!(ended.stdout.lines().last(), Some(summary));

    let json: Value = serde_json::from_str(&fs::read_to_string(file("json")).unwrap()).unwrap();
    assert_eq!((&json["receiver"], &json["summary"]), (&url.into(), &summary.into()));
    assert_eq!(json["tool"], "wechatpay-mock prove-receiver");
    assert_eq!(json["probes"][0]["findings"][0]["kind"], "let-through");
    let junit = fs::read_to_string(file("junit")).unwrap();
    assert!(junit.contains("classname=\"prove-receiver.signature\""), "{junit}");
}

#[cfg(unix)]
#[test]
fn an_application_is_started_with_credentials_and_ended() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("given.json").display().to_string();
    let url = "http://127.0.0.1:0/notify";
    let ended = prove(&["--url", url, "--", "python3", "-c", APPLICATION, &file, "{port}"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("it answered 401"), "{}", ended.stdout);
    assert!(ended.stdout.contains("prove-receiver: 0 of 1 passed · 1 finding: 1 high"), "{}", ended.stdout);
    let given: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(given["public_key"].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----"));
    assert_eq!(given["key"], "wechatpay-mock-dev-apiv3-key-32b");
    assert!(given["mock"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert!(given["port"].as_str().unwrap().parse::<u16>().is_ok_and(|port| port > 0));
    let state = fs::read_to_string(Path::new("/proc").join(given["pid"].to_string()).join("stat"));
    assert!(state.is_err() || state.unwrap().contains(") Z "), "the application still runs");
}

#[test]
fn an_application_that_downloads_certificates_for_each_unknown_key_is_found() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("given.json").display().to_string();
    let application = ["python3", "-c", APPLICATION, &file, "{port}", "download"];
    let options = ["--url", "http://127.0.0.1:0/notify", "--filter", "unknown-serial", "--"];
    let ended = prove(&[&options[..], &application].concat());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("it downloaded the platform certificates 10 times"), "{}", ended.stdout);
}

#[test]
fn an_application_that_ends_at_once_is_quoted() {
    let ended = prove(&["--url", "http://127.0.0.1:0/", "--", "sh", "-c", "echo no database >&2; exit 3"]);
    assert_eq!(ended.code, Some(2));
    for text in ["ended before it listened", "exit code 3", "application  no database", "PORT"] {
        assert!(ended.stderr.contains(text), "{text} in {}", ended.stderr);
    }
}
