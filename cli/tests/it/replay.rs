//! `replay`: requests that a running mock processes again.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use wechatpay_mock::MockServer;

use crate::support::{Ended, command, run_beside};

async fn replay(mock: &MockServer, arguments: &[&str]) -> Ended {
    let mut command = command();
    command.arg("replay").args(arguments).env("WECHATPAY_MOCK_URL", mock.url());
    run_beside(command).await
}

/// A mock with a change of rights that was refused, since the clock is wrong, and one that was made.
async fn mock() -> MockServer {
    let mock = MockServer::builder().start().await.unwrap();
    for advanced in [1_000, -1_000] {
        mock.clock().advance(advanced);
        let mut call = command();
        call.args(["call", "rights", "patch"]).env("WECHATPAY_BASE_URL", mock.url());
        assert_eq!(run_beside(call).await.code, Some(i32::from(advanced > 0)));
    }
    assert_eq!(statuses(&mock), [401, 204]);
    mock
}

fn statuses(mock: &MockServer) -> Vec<u16> {
    mock.exchanges().iter().map(|exchange| exchange.status.map_or(0, |status| status.as_u16())).collect()
}

/// What `GET /__mock/exchanges.har` returns.
async fn archive(mock: &MockServer) -> String {
    let address = mock.address();
    let read = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /__mock/exchanges.har HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test]
async fn an_exchange_is_replayed_as_it_was_or_signed_anew() {
    let mock = mock().await;
    mock.clock().advance(86_400);
    for (arguments, status) in [
        (&["1"][..], 401),
        (&["2"], 204),
        (&["1", "--sign", "anew"], 204),
        (&["2", "--sign", "as-then"], 204),
    ] {
        let ended = replay(&mock, arguments).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        let last = mock.exchanges().pop().unwrap();
        assert!(ended.stdout.ends_with(&format!(" {last}\n")), "{}", ended.stdout);
        assert_eq!(last.status.unwrap().as_u16(), status, "{arguments:?}");
    }
    let gone = replay(&mock, &["99"]).await;
    assert!(gone.code == Some(1) && gone.stderr.contains("found 99; the last one is 6"), "{}", gone.stderr);
    for wrong in [&["1", "--sign", "new"][..], &[], &["/nonexistent.har"]] {
        assert_eq!(replay(&mock, wrong).await.code, Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_request_without_an_answer_fails_the_command() {
    let mock = mock().await;
    mock.add_fault(serde_json::from_str(r#"{"fault":"no-answer"}"#).unwrap()).unwrap();
    let ended = replay(&mock, &["2"]).await;
    assert!(
        ended.code == Some(1) && ended.stdout.contains(" unanswered "),
        "{} {}",
        ended.stdout,
        ended.stderr
    );
}

#[tokio::test]
async fn the_archive_of_a_mock_is_replayed_without_its_callbacks() {
    let recorded = mock().await;
    assert_eq!(replay(&recorded, &["2"]).await.code, Some(0));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("exchanges.har");
    let har = archive(&recorded).await;
    let callback = r#"{"request":{"method":"POST","url":"http://127.0.0.1:1/notify","headers":[{"name":"Wechatpay-Signature","value":"a"}]},"_callback":1},"#;
    let page = r#"{"request":{"method":"GET","url":"http://127.0.0.1:1/v3/page"}},"#;
    let har = har.replacen("\"entries\":[", &format!("\"entries\":[{callback}{page}"), 1);
    std::fs::write(&file, &har).unwrap();

    // On another mock, days later.
    let other = MockServer::builder().start().await.unwrap();
    other.clock().advance(86_400);
    let ended = replay(&other, &[file.to_str().unwrap()]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(statuses(&other), [401, 204, 204]);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "entry 1 skipped: POST http://127.0.0.1:1/notify: a callback, which the gateway sends"
    );
    assert_eq!(lines[1], "entry 2 skipped: GET http://127.0.0.1:1/v3/page: no request to WeChat Pay");
    assert_eq!(lines.len(), 5, "{}", ended.stdout);
    assert_eq!(replay(&other, &[file.to_str().unwrap(), "--sign", "anew"]).await.code, Some(0));
    assert_eq!(statuses(&other)[3..], [204, 204, 204]);

    std::fs::write(&file, format!(r#"{{"log":{{"entries":[{}]}}}}"#, page.trim_end_matches(','))).unwrap();
    let none = replay(&other, &[file.to_str().unwrap()]).await;
    assert!(none.code == Some(2) && none.stderr.contains("expected an archive (HAR)"), "{}", none.stderr);
    for text in ["{}", "no archive", ""] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(replay(&other, &[file.to_str().unwrap()]).await.code, Some(2), "{text}");
    }
    let odd = r#"{"log":{"entries":[{"request":{"method":"G T","url":"https://api.mch.weixin.qq.com/v3/certificates"}}]}}"#;
    std::fs::write(&file, odd).unwrap();
    let odd = replay(&other, &[file.to_str().unwrap()]).await;
    assert!(odd.code == Some(1) && odd.stdout.contains("entry 1 skipped: "), "{} {}", odd.stdout, odd.stderr);
}
