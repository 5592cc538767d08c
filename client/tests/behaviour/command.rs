//! The command: its exit codes, and what it says.

use std::process::{Command, Output};

use crate::gateway::{
    Gateway, PLATFORM_KEY, PUBLIC_KEY, PUBLIC_KEY_ID, Response, SERIAL_NO, platform_certificate, system_time,
};

const CREDENTIALS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/credentials");

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs the command with nothing of ours in the environment but `env`.
async fn run_with(env: &[(&str, &str)], args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wechatpay-client"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WECHATPAY_")) {
        command.env_remove(name);
    }
    command.args(args).envs(env.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let Output { status, stdout, stderr } = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
}

async fn run(args: &[&str]) -> Ended {
    run_with(&[], args).await
}

async fn patch(gateway: &Gateway, options: &[&str]) -> Ended {
    run(&[&["rights", "patch", "--base-url", gateway.base_url()], options].concat()).await
}

async fn honest_gateway() -> Gateway {
    Gateway::new(|_| {
        let answer = Response::unsigned("204 No Content", "");
        Some(answer.signed(system_time(), PUBLIC_KEY_ID, PUBLIC_KEY).to_bytes())
    })
    .await
}

#[tokio::test]
async fn without_options_the_sample_is_sent_and_its_verification_told() {
    let gateway = honest_gateway().await;
    let ended = patch(&gateway, &[]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert!(ended.stdout.starts_with("204 No Content\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains(PUBLIC_KEY_ID) && ended.stdout.contains("08F2-03"), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}'), "no colour in a pipe");
    assert_eq!(
        String::from_utf8_lossy(&gateway.received()[0].body),
        "{\"before_bonus_value\":500,\"bonus_value\":600,\"add_bonus_value\":100,\
         \"out_request_no\":\"100002322019090134234sfdf\"}"
    );
}

#[tokio::test]
async fn options_of_ones_own_take_the_place_of_the_sample() {
    let gateway = honest_gateway().await;
    let options = ["--card-id", "a", "--code", "b", "--out-request-no", "c", "--add", "-5", "--no-inform"];
    assert_eq!(patch(&gateway, &options).await.code, 0);
    let request = &gateway.received()[0];
    assert!(request.request_line().contains("/cards/a/codes/b/rights "));
    assert_eq!(request.body, br#"{"add_bonus_value":-5,"out_request_no":"c","need_inform_bonus":false}"#);
}

#[tokio::test]
async fn credentials_come_from_a_folder_a_file_or_the_environment() {
    let gateway = honest_gateway().await;
    let file = format!("{CREDENTIALS}/credentials.json");
    for path in [CREDENTIALS, &file] {
        assert_eq!(patch(&gateway, &["--credentials", path]).await.code, 0);
    }
    let [key, certificate, public_key] = ["apiclient_key.pem", "apiclient_cert.pem", "pub_key.pem"]
        .map(|name| format!("{CREDENTIALS}/{name}"));
    let environment = [
        ("WECHATPAY_BASE_URL", gateway.base_url()),
        ("WECHATPAY_MCHID", "1900000001"),
        ("WECHATPAY_MERCHANT_SERIAL", "5CC5AD420837ACD1DF638796A0EFF0D800F88D4E"),
        ("WECHATPAY_MERCHANT_KEY", &key),
        ("WECHATPAY_MERCHANT_CERTIFICATE", &certificate),
        ("WECHATPAY_APIV3_KEY", "wechatpay-mock-dev-apiv3-key-32b"),
        ("WECHATPAY_PUBLIC_KEY_ID", PUBLIC_KEY_ID),
        ("WECHATPAY_PUBLIC_KEY", &public_key),
    ];
    let ended = run_with(&environment, &["rights", "patch"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let ended = run_with(&environment[..2], &["rights", "patch"]).await;
    assert_eq!(ended.code, 2, "{}", ended.stderr);
}

#[tokio::test]
async fn a_refusal_ends_in_1_with_the_gateways_words() {
    let refusal =
        Response::unsigned("400 Bad Request", r#"{"code":"INVALID_REQUEST","message":"会员卡ID无效"}"#);
    let ended = patch(&Gateway::responding(refusal).await, &[]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("400 INVALID_REQUEST: 会员卡ID无效"), "{}", ended.stderr);
    assert!(ended.stderr.contains("hint: nothing was changed"), "{}", ended.stderr);
}

#[tokio::test]
async fn an_answer_that_cannot_be_verified_ends_in_1_and_asks_for_a_repetition() {
    let ended = patch(&Gateway::responding(Response::unsigned("204 No Content", "")).await, &[]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("with the same --out-request-no"), "{}", ended.stderr);
}

#[tokio::test]
async fn silence_ends_in_1_after_the_timeout() {
    let ended = patch(&Gateway::new(|_| None).await, &["--timeout", "0.2"]).await;
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("no complete response within 0.2 s"), "{}", ended.stderr);
}

#[tokio::test]
async fn nobody_listening_ends_in_1() {
    let ended = run(&["rights", "patch", "--base-url", "http://127.0.0.1:1"]).await;
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("cannot connect to http://127.0.0.1:1"), "{}", ended.stderr);
}

#[tokio::test]
async fn wrong_usage_ends_in_2_and_sends_nothing() {
    let gateway = honest_gateway().await;
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
        let ended = run_with(
            &[("WECHATPAY_BASE_URL", gateway.base_url())],
            &[&["rights", "patch"], options].concat(),
        )
        .await;
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{options:?}: {}", ended.stderr);
    }
    assert_eq!(run(&[]).await.code, 2);
    assert!(gateway.received().is_empty());
}

#[tokio::test]
async fn help_and_version_end_in_0() {
    for args in [&["--help"][..], &["rights", "patch", "--help"], &["--version"]] {
        let ended = run(args).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        assert!(ended.stdout.contains("wechatpay-client"));
    }
}

#[tokio::test]
async fn certificates_are_listed_one_a_line() {
    let gateway = Gateway::new(|request| {
        assert_eq!(request.request_line(), "GET /v3/certificates HTTP/1.1");
        let answer = Response::unsigned("200 OK", &crate::certificates::list(&[&platform_certificate()]));
        Some(answer.signed(system_time(), SERIAL_NO, PLATFORM_KEY).to_bytes())
    })
    .await;
    let ended = run(&["certificates", "--base-url", gateway.base_url()]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(
        ended.stdout,
        format!("{SERIAL_NO}  in force 2020-01-01T08:00:00+08:00 to 2090-01-01T07:59:59+08:00\n")
    );
}
