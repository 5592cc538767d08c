//! `logs`, `clock` and `fault`: inspecting and controlling a running mock.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use wechatpay_mock::MockServer;

use crate::support::{Ended, command, run, run_beside};

async fn mock() -> MockServer {
    MockServer::builder().start().await.unwrap()
}

fn beside(mock: &MockServer, arguments: &[&str]) -> Command {
    let mut command = command();
    command.args(arguments).env("WECHATPAY_MOCK_URL", mock.url()).env("WECHATPAY_BASE_URL", mock.url());
    command
}

/// The output of the command, run against the mock.
async fn printed(mock: &MockServer, arguments: &[&str]) -> String {
    let ended = run_beside(beside(mock, arguments)).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    ended.stdout
}

async fn refused(mock: &MockServer, arguments: &[&str]) -> Ended {
    let ended = run_beside(beside(mock, arguments)).await;
    assert_eq!(ended.stdout, "", "{arguments:?}");
    ended
}

/// Makes a signed call, which tells on stderr how it went.
async fn called(mock: &MockServer, arguments: &[&str]) {
    assert_eq!(run_beside(beside(mock, arguments)).await.code, Some(0), "{arguments:?}");
}

async fn patch(mock: &MockServer) -> Option<i32> {
    run_beside(beside(mock, &["call", "rights", "patch"])).await.code
}

#[tokio::test]
async fn a_fault_rule_can_be_added_listed_and_removed() {
    let mock = mock().await;
    assert_eq!(printed(&mock, &["fault", "list"]).await, "no fault rules\n");
    let options = ["fault", "add", "system-error-applied", "--times", "1", "--operation", "set_rights"];
    let added = printed(&mock, &options).await;
    assert_eq!(
        added,
        "1  system-error-applied  operation=set_rights times=1  applied to 0 of 0 matching requests\n"
    );
    assert_eq!(patch(&mock).await, Some(1));
    assert_eq!(patch(&mock).await, Some(0));
    assert!(printed(&mock, &["fault"]).await.contains("applied to 1 of "));

    let rule = r#"{"error":{"status":400,"code":"MINE","message":"no"},"match":{"merchant":"1900000001"}}"#;
    let added = printed(&mock, &["fault", "add", "--rule", rule]).await;
    assert!(added.starts_with("2  -  ") && added.contains("merchant=1900000001"), "{added}");
    assert_eq!(printed(&mock, &["fault", "list", "--merchant", "1900000001"]).await.lines().count(), 1);
    assert_eq!(printed(&mock, &["fault", "remove", "2"]).await, "removed 2\n");
    let latency = ["fault", "add", "--latency", "5", "--not-applied", "system-error", "--every", "2"];
    printed(&mock, &latency).await;
    let places = ["--when", "body./amount/total=100", "--when", "path.card_id=1"];
    let added = printed(&mock, &[&["fault", "add", "system-error"], &places[..]].concat()).await;
    assert!(added.contains("body./amount/total=100 path.card_id=1"), "{added}");
    assert_eq!(printed(&mock, &["fault", "clear"]).await, "removed 3 rules\n");
    assert!(mock.faults().is_empty());
}

#[tokio::test]
async fn an_invalid_rule_is_wrong_usage_and_a_missing_rule_a_failed_call() {
    let mock = mock().await;
    for arguments in [
        &["fault", "add"][..],
        &["fault", "add", "sytem-error"],
        &["fault", "add", "--rule", "{"],
        &["fault", "add", "--rule", "{}"],
        &["fault", "add", "system-error", "--operation", "pay"],
        &["fault", "add", "system-error", "--applied", "--not-applied"],
        &["fault", "add", "system-error", "--when", "path.card_id"],
        &["fault", "add", "system-error", "--when", "header.a=1"],
    ] {
        assert_eq!(refused(&mock, arguments).await.code, Some(2), "{arguments:?}");
    }
    assert!(refused(&mock, &["fault", "add", "sytem-error"]).await.stderr.contains("system-error"));
    let gone = refused(&mock, &["fault", "remove", "7"]).await;
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.contains('7'), "{}", gone.stderr);
}

#[tokio::test]
async fn the_clock_can_be_shown_and_moved() {
    let mock = mock().await;
    assert!(printed(&mock, &["clock"]).await.ends_with("+08:00  real time\n"));
    assert!(printed(&mock, &["clock", "advance", "301"]).await.ends_with("301 s ahead of the real time\n"));
    assert_eq!(patch(&mock).await, Some(1), "its timestamp is too old");
    assert!(printed(&mock, &["clock", "skew", "-60"]).await.ends_with("60 s behind the real time\n"));
    for at in ["1756951532", "2025-09-04T10:05:32+08:00"] {
        let frozen = printed(&mock, &["clock", "freeze", at]).await;
        assert_eq!(frozen, "2025-09-04T10:05:32+08:00  frozen\n");
    }
    let last_day = "9999-12-31T12:00:00+08:00";
    assert_eq!(printed(&mock, &["clock", "freeze", last_day]).await, format!("{last_day}  frozen\n"));
    assert!(printed(&mock, &["clock", "resume"]).await.ends_with("  real time\n"));
    assert_eq!(refused(&mock, &["clock", "freeze", "noon"]).await.code, Some(2));
}

/// Orders a transfer, as a merchant does.
async fn transfer(mock: &MockServer, number: &str) {
    let body = format!(
        r#"{{"appid":"wxd678efh567hg6787","out_bill_no":"{number}","openid":"o-MYE42l80oelYMDE34nYD456Xoy","transfer_amount":100,"transfer_remark":"a","transfer_scene_id":"1009","transfer_scene_report_infos":[{{"info_type":"采购商品名称","info_content":"a"}}]}}"#
    );
    let path = "/v3/fund-app/mch-transfer/transfer-bills";
    assert_eq!(run_beside(beside(mock, &["call", "POST", path, &body])).await.code, Some(0));
}

#[tokio::test]
async fn a_transfer_is_confirmed_or_declined() {
    let mock = mock().await;
    transfer(&mock, "T1").await;
    let confirmed = printed(&mock, &["pay", "--transfer", "T1"]).await;
    assert!(confirmed.starts_with("out_bill_no      T1\ntransfer_bill_no 133"), "{confirmed}");
    assert!(confirmed.ends_with("state            SUCCESS\n"), "{confirmed}");
    transfer(&mock, "T2").await;
    let declined = printed(&mock, &["pay", "--transfer", "T2", "--decline"]).await;
    assert!(declined.ends_with("fail_reason      OTHER_FAIL_REASON_TYPE\n"), "{declined}");
    let again = refused(&mock, &["pay", "--transfer", "T1"]).await;
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("expected state WAIT_USER_CONFIRM, found SUCCESS"), "{}", again.stderr);
    for wrong in [&["pay"][..], &["pay", "1", "--transfer", "T1"], &["pay", "--transfer", "T1", "--fail"]] {
        assert_eq!(refused(&mock, wrong).await.code, Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn the_last_requests_are_shown_in_the_format_of_the_log() {
    let mock = mock().await;
    assert_eq!(printed(&mock, &["logs"]).await, "");
    for _ in 0..3 {
        patch(&mock).await;
    }
    let all = printed(&mock, &["logs"]).await;
    for (line, exchange) in all.lines().zip(mock.exchanges()) {
        let (time, line) = line.split_once(' ').unwrap();
        assert!(time.contains('T'), "{time}");
        assert_eq!(line, exchange.to_string());
    }
    let last = printed(&mock, &["logs", "-n", "1", "--status", "204"]).await;
    assert_eq!(last, all.lines().last().unwrap().to_owned() + "\n");
    assert_eq!(printed(&mock, &["logs", "--merchant", "1900000009"]).await, "");
    assert_eq!(refused(&mock, &["logs", "--merchant", "a&b=c"]).await.code, Some(2));
}

#[tokio::test]
async fn requests_can_be_followed() {
    let mock = mock().await;
    patch(&mock).await;
    let mut child = beside(&mock, &["logs", "-f"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut lines, first) = tokio::task::spawn_blocking(move || {
        let first = lines.next().unwrap().unwrap();
        (lines, first)
    })
    .await
    .unwrap();
    assert!(first.contains("#1 "), "{first}");
    patch(&mock).await;
    let next = tokio::task::spawn_blocking(move || lines.next().unwrap().unwrap()).await.unwrap();
    assert!(next.contains("#2 "), "{next}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_mock_with_a_token_requires_it() {
    let token = "correct-horse-battery";
    let mock = MockServer::builder().admin_token(token.parse().unwrap()).start().await.unwrap();
    let without = refused(&mock, &["clock"]).await;
    assert_eq!(without.code, Some(1), "{}", without.stderr);
    printed(&mock, &["clock", "--token", token]).await;
    let mut command = beside(&mock, &["logs"]);
    command.env("WECHATPAY_MOCK_ADMIN_TOKEN", token);
    assert_eq!(run_beside(command).await.code, Some(0));
}

#[test]
fn without_a_mock_the_call_fails_with_a_hint() {
    for arguments in [&["logs"][..], &["clock", "freeze"], &["fault", "list"]] {
        let ended = run(&[arguments, &["--url", "http://127.0.0.1:1"]].concat());
        assert_eq!(ended.code, Some(1), "{arguments:?}");
        let expected = "error: cannot connect to a mock at http://127.0.0.1:1; ";
        assert!(ended.stderr.starts_with(expected) && ended.stderr.contains("hint: "), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_service_order_is_confirmed_and_paid_once_it_is_completed() {
    let mock = mock().await;
    let order = r#"{"out_order_no":"S00001","appid":"wxd678efh567hg6787","service_id":"500001","service_introduction":"某某酒店",
        "time_range":{"start_time":"20250904100000"},"risk_fund":{"name":"DEPOSIT","amount":10000},
        "notify_url":"http://127.0.0.1:1/notify"}"#;
    called(&mock, &["call", "POST", "/v3/payscore/serviceorder", order]).await;
    let confirmed = printed(&mock, &["pay", "--service-order", "S00001"]).await;
    assert_eq!(confirmed, "order           S00001\nstate           DOING\ndescription     USER_CONFIRM\n");
    let completion = r#"{"appid":"wxd678efh567hg6787","service_id":"500001","total_amount":100,
        "post_payments":[{"name":"房费","amount":100}]}"#;
    called(&mock, &["call", "POST", "/v3/payscore/serviceorder/S00001/complete", completion]).await;
    let failed = printed(&mock, &["pay", "--service-order", "S00001", "--fail"]).await;
    assert!(failed.ends_with("collection      USER_PAYING\n"), "{failed}");
    let paid = printed(&mock, &["pay", "--service-order", "S00001"]).await;
    assert_eq!(paid, "order           S00001\nstate           DONE\ncollection      USER_PAID\n");
    let again = refused(&mock, &["pay", "--service-order", "S00001"]).await;
    assert!(again.code == Some(1) && again.stderr.contains("当前订单状态不合法"), "{}", again.stderr);
    // The reason is that of what the user would do, not that of something else.
    called(&mock, &["call", "POST", "/v3/payscore/serviceorder", &order.replace("S00001", "MOCK*overdue*1")])
        .await;
    let overdue = refused(&mock, &["pay", "--service-order", "MOCK*overdue*1"]).await;
    assert!(overdue.stderr.contains("存在待处理的超时未支付订单"), "{}", overdue.stderr);
    assert_eq!(refused(&mock, &["pay", "--service-order", "S00001", "--close"]).await.code, Some(2));
    assert_eq!(refused(&mock, &["pay"]).await.code, Some(2));
}

#[tokio::test]
async fn open_prints_where_the_page_is_if_a_mock_runs_there() {
    let mock = mock().await;
    let page = format!("{}/__mock/ui/\n", mock.url());
    for arguments in [&["open"][..], &["open", "--print"]] {
        assert_eq!(printed(&mock, arguments).await, page);
    }
}

#[tokio::test]
async fn open_says_why_there_is_no_page() {
    let everywhere = MockServer::builder().listen("0.0.0.0:0".parse().unwrap()).start().await.unwrap();
    let url = format!("http://127.0.0.1:{}", everywhere.address().port());
    let mut open = command();
    open.args(["open", "--url", &url]);
    let off = run_beside(open).await;
    assert_eq!((off.code, off.stdout.as_str()), (Some(1), ""));
    assert!(off.stderr.contains("start it with --admin-token"), "{}", off.stderr);

    drop(everywhere);
    let mut open = command();
    open.args(["open", "--url", &url]);
    let gone = run_beside(open).await;
    assert_eq!((gone.code, gone.stdout.as_str()), (Some(1), ""));
    assert!(gone.stderr.contains("`wechatpay-mock` starts a mock"), "{}", gone.stderr);
}

/// `script` gives the command a terminal.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn on_a_terminal_open_hands_the_page_to_the_browser() {
    use std::{fs, os::unix::fs::PermissionsExt};

    let (mock, folder) = (mock().await, tempfile::tempdir().unwrap());
    let (browser, opened) = (folder.path().join("xdg-open"), folder.path().join("opened"));
    fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > {}\n", opened.display())).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let open = format!("{} open --url {}", env!("CARGO_BIN_EXE_wechatpay-mock"), mock.url());
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut script = Command::new("script");
    script
        .args(["--quiet", "--return", "--command", &open, "/dev/null"])
        .env("PATH", path)
        .stdin(Stdio::null());
    let Ok(ended) = tokio::task::spawn_blocking(move || script.output()).await.unwrap() else {
        assert!(std::env::var_os("CI").is_none(), "expected the command script in CI, found none");
        println!("skipped: expected the command script, found none");
        return;
    };
    let page = format!("{}/__mock/ui/", mock.url());
    assert_eq!(String::from_utf8_lossy(&ended.stdout).trim_end(), page);
    assert_eq!(fs::read_to_string(opened).unwrap().trim_end(), page);
}
