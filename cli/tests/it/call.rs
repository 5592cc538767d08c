//! `call`: its exit codes and output.

use std::{
    io::{Read, Write},
    process::Stdio,
};

use wechatpay_mock::{Exchange, Fault, FaultRule, MockServer};

use crate::support::{Ended, command, repository, run, run_beside};

const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012026010100000000000001";

/// Runs `wechatpay-mock call` against the mock.
async fn call(mock: &MockServer, arguments: &[&str]) -> Ended {
    let mut command = command();
    command.arg("call").args(arguments).env("WECHATPAY_BASE_URL", mock.url());
    run_beside(command).await
}

async fn patch(mock: &MockServer, options: &[&str]) -> Ended {
    call(mock, &[&["rights", "patch"], options].concat()).await
}

async fn mock() -> MockServer {
    MockServer::builder().start().await.unwrap()
}

async fn faulty(fault: Fault) -> MockServer {
    MockServer::builder().fault(FaultRule::of(fault)).start().await.unwrap()
}

fn body(exchange: &Exchange) -> String {
    String::from_utf8_lossy(&exchange.request.body).into_owned()
}

#[tokio::test]
async fn without_options_the_sample_is_sent_and_its_verification_printed() {
    let mock = mock().await;
    let ended = patch(&mock, &[]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.starts_with("204 No Content\n"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains(PUBLIC_KEY_ID) && ended.stdout.contains("Request-ID  08"),
        "{}",
        ended.stdout
    );
    assert!(!ended.stdout.contains('\u{1b}'), "no colour in a pipe");
    assert_eq!(
        body(&mock.exchanges()[0]),
        "{\"before_bonus_value\":500,\"bonus_value\":600,\"add_bonus_value\":100,\
         \"out_request_no\":\"100002322019090134234sfdf\"}"
    );
}

#[tokio::test]
async fn options_replace_the_sample() {
    let mock = mock().await;
    let options = ["--card-id", "a", "--code", "b", "--out-request-no", "c", "--add", "-5", "--no-inform"];
    assert_eq!(patch(&mock, &options).await.code, Some(0));
    let exchange = &mock.exchanges()[0];
    assert!(exchange.request.target.ends_with("/cards/a/codes/b/rights"));
    assert_eq!(body(exchange), r#"{"add_bonus_value":-5,"out_request_no":"c","need_inform_bonus":false}"#);
}

#[tokio::test]
async fn any_operation_can_be_called_and_its_body_goes_to_stdout() {
    let mock = mock().await;
    let ended = call(&mock, &["GET", "/v3/certificates"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let list: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(list["data"][0]["serial_no"].is_string() && ended.stdout.ends_with("}\n"));
    assert!(ended.stderr.starts_with("200 OK\n") && ended.stderr.contains(PUBLIC_KEY_ID), "{}", ended.stderr);

    assert_eq!(patch(&mock, &[]).await.code, Some(0));
    let shown = call(&mock, &["rights", "show"]).await;
    assert!(shown.stdout.contains("600"), "{}{}", shown.stdout, shown.stderr);
}

#[tokio::test]
async fn a_body_is_text_a_file_or_stdin_and_sent_unchanged() {
    let mock = mock().await;
    let path = "/v3/marketing/membercard-open/cards/a/codes/b/rights";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body.json");
    let text = "{ \"out_request_no\" : \"a\" }\n";
    std::fs::write(&file, text).unwrap();
    let named = format!("@{}", file.display());
    for argument in [text, &named] {
        assert_eq!(call(&mock, &["PATCH", path, argument]).await.code, Some(0));
    }
    let mut command = command();
    command.args(["call", "PATCH", path, "-", "--base-url", &mock.url()]);
    command.stdin(Stdio::from(std::fs::File::open(&file).unwrap()));
    assert_eq!(run_beside(command).await.code, Some(0));
    assert!(mock.exchanges().iter().all(|exchange| body(exchange) == text));
    assert_eq!(mock.exchanges().len(), 3);
}

#[tokio::test]
async fn credentials_come_from_a_folder_a_file_or_the_environment() {
    let mock = mock().await;
    let folder = repository("fixtures/credentials").display().to_string();
    let file = format!("{folder}/credentials.json");
    for path in [&folder, &file] {
        assert_eq!(patch(&mock, &["--credentials", path]).await.code, Some(0));
    }
    let [key, certificate, public_key] =
        ["apiclient_key.pem", "apiclient_cert.pem", "pub_key.pem"].map(|name| format!("{folder}/{name}"));
    let url = mock.url();
    let environment = [
        ("WECHATPAY_BASE_URL", url.as_str()),
        ("WECHATPAY_MCHID", "1900000001"),
        ("WECHATPAY_MERCHANT_SERIAL", "5CC5AD420837ACD1DF638796A0EFF0D800F88D4E"),
        ("WECHATPAY_MERCHANT_KEY", &key),
        ("WECHATPAY_MERCHANT_CERTIFICATE", &certificate),
        ("WECHATPAY_APIV3_KEY", "wechatpay-mock-dev-apiv3-key-32b"),
        ("WECHATPAY_PUBLIC_KEY_ID", PUBLIC_KEY_ID),
        ("WECHATPAY_PUBLIC_KEY", &public_key),
    ];
    for (variables, code) in [(&environment[..], 0), (&environment[..2], 2)] {
        let mut command = command();
        command.args(["call", "rights", "patch"]).envs(variables.iter().copied());
        let ended = run_beside(command).await;
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_rejected_call_exits_with_1_and_shows_the_gateways_message() {
    let ended = patch(&faulty(Fault::UnknownCard).await, &[]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("400 INVALID_REQUEST: 会员卡ID无效"), "{}", ended.stderr);
    assert!(ended.stderr.contains("hint: nothing was changed"), "{}", ended.stderr);
}

/// Runs `call rights patch` against a server that gives this response.
async fn call_with_response(status: &str, body: &str) -> Ended {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    let response = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let serving = std::thread::spawn(move || {
        let (mut peer, _) = server.accept().unwrap();
        assert!(peer.read(&mut [0; 64]).unwrap() > 0);
        peer.write_all(response.as_bytes()).unwrap();
        // If the rest of the request stayed unread, the connection would be reset.
        let _ = peer.read_to_end(&mut Vec::new());
    });
    let mut command = command();
    command.args(["call", "rights", "patch", "--base-url", &url]);
    let ended = run_beside(command).await;
    serving.join().unwrap();
    ended
}

#[tokio::test]
async fn of_a_status_that_no_gateway_has_nobody_knows_what_it_changed() {
    for status in ["101 Switching Protocols", "302 Found", "999 Odd"] {
        let ended = call_with_response(status, "").await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
        assert!(!ended.stderr.contains("nothing was changed"), "{status}: {}", ended.stderr);
        assert!(ended.stderr.contains("may have been carried out"), "{status}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn what_a_gateway_says_is_printed_in_short_and_cannot_control_the_terminal() {
    let long = format!("\u{202e}\u{1b}[2J{}", "很长".repeat(150_000));
    let refusal = serde_json::json!({ "code": "PARAM_ERROR", "message": long }).to_string();
    for (status, body) in [("400 Bad Request", refusal), ("400 Bad Request", long)] {
        let ended = call_with_response(status, &body).await;
        assert_eq!(ended.code, Some(1));
        assert!(ended.stderr.len() < 10_000, "{}", ended.stderr.len());
        assert!(!ended.stderr.contains(['\u{202e}', '\u{1b}']), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_response_that_cannot_be_verified_exits_with_1_and_asks_to_repeat_the_call() {
    let ended = patch(&faulty(Fault::Unsigned).await, &[]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("with the same out_request_no"), "{}", ended.stderr);
}

#[tokio::test]
async fn silence_exits_with_1_after_the_timeout() {
    let ended = patch(&faulty(Fault::NoAnswer).await, &["--timeout", "0.2"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("within 0.2 s"), "{}", ended.stderr);
}

#[test]
fn nobody_listening_exits_with_1() {
    let ended = run(&["call", "rights", "patch", "--base-url", "http://127.0.0.1:1"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("cannot connect to http://127.0.0.1:1"), "{}", ended.stderr);
}

#[tokio::test]
async fn wrong_usage_exits_with_2_and_sends_nothing() {
    let mock = mock().await;
    for options in [
        &["--credentials", "/nonexistent"][..],
        &["--base-url", "https://api.mch.weixin.qq.com/v3"],
        &["--base-url", "nonsense"],
        &["--before", "many", "--out-request-no", "1"],
        &["--before", "9223372036854775808", "--out-request-no", "1"],
        &["--add", "5"],
        &["--timeout", "0"],
        &["--timeout", "soon"],
        &["--trust", "everyone"],
        &["--code", ".."],
        &["--unknown"],
    ] {
        let ended = patch(&mock, options).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{options:?}: {}", ended.stderr);
    }
    for arguments in
        [&[][..], &["GET"], &["GET", "v3"], &["GET", "/v3/a b"], &["PUT", "/v3", "@/nonexistent"]]
    {
        let ended = call(&mock, arguments).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
    }
    assert!(mock.exchanges().is_empty());
}

#[tokio::test]
async fn certificates_are_listed_one_a_line() {
    let ended = call(&mock().await, &["certificates"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().count(), 1);
    assert!(
        ended.stdout.starts_with("6B02BF8E93D977998EC83F5E1A7E346B7265A191  valid from 20"),
        "{}",
        ended.stdout
    );
}
