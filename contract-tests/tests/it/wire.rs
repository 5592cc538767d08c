//! HTTP/1.1 as raw bytes: framing, limits, and peers that misbehave.

use wechatpay_contract::sign::Sign;
use wechatpay_mock::{ApiError, Limits, MockServer};

use crate::support::{Connection, RawRequest, RawResponse, exchange, frozen_mock};

/// Checks that this is nginx's own page.
fn assert_page(response: &RawResponse) {
    assert_eq!(response.status(), "400");
    for line in ["Server: nginx", "Content-Type: text/html", "Connection: close"] {
        assert!(response.head.contains(&format!("\r\n{line}\r\n")), "{}", response.head);
    }
    assert!(!response.head.contains("Request-Id"), "{}", response.head);
    assert!(response.body.starts_with(b"<html>\r\n<head><title>400 Bad Request</title>"));
}

#[tokio::test]
async fn header_names_have_capitals() {
    let response = exchange(&frozen_mock().await, &RawRequest::sample()).await;
    for name in ["Timestamp", "Nonce", "Signature", "Serial", "Signature-Type"] {
        assert!(response.head.contains(&format!("\r\nWechatpay-{name}: ")), "{}", response.head);
    }
}

#[tokio::test]
async fn pipelined_requests_get_responses_in_order() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    let unknown = RawRequest { target: "/v3/none".into(), ..RawRequest::sample() };
    connection
        .send(
            &[RawRequest::sample().to_bytes(), unknown.to_bytes(), RawRequest::sample().to_bytes()].concat(),
        )
        .await;
    for status in ["204", "404", "204"] {
        assert_eq!(connection.response().await.status(), status);
    }
}

#[tokio::test]
async fn a_chunked_body_is_signed_without_its_framing() {
    let request = RawRequest::sample().header("Transfer-Encoding: chunked");
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&request.head()).await;
    for chunk in request.body.chunks(10) {
        connection.send(format!("{:x}\r\n", chunk.len()).as_bytes()).await;
        connection.send(chunk).await;
        connection.send(b"\r\n").await;
    }
    connection.send(b"0\r\n\r\n").await;
    assert_eq!(connection.response().await.status(), "204");
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it() {
    let request = RawRequest::sample();
    let framed = request
        .clone()
        .header("Expect: 100-continue")
        .header(&format!("Content-Length: {}", request.body.len()));
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&framed.head()).await;
    assert_eq!(connection.response().await.status(), "100");
    connection.send(&request.body).await;
    assert_eq!(connection.response().await.status(), "204");
}

#[tokio::test]
async fn a_client_that_expects_100_continue_for_too_large_a_body_is_refused_at_once() {
    let request = RawRequest::sample().header("Expect: 100-continue").header("Content-Length: 1048577");
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&request.head()).await;
    assert_eq!(connection.response().await.status(), "413");
}

#[tokio::test]
async fn after_a_body_that_is_too_large_the_connection_still_works() {
    let large = RawRequest { body: vec![b' '; 1024 * 1024 + 1], ..RawRequest::sample() };
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&large.to_bytes()).await;
    assert_eq!(connection.response().await.status(), "413");
    connection.send(&RawRequest::sample().to_bytes()).await;
    assert_eq!(connection.response().await.status(), "204");
}

#[tokio::test]
async fn a_client_that_closes_its_sending_side_still_gets_a_response() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&RawRequest::sample().to_bytes()).await;
    connection.finish_sending().await;
    assert_eq!(connection.response().await.status(), "204");
}

#[tokio::test]
async fn connection_close_is_honoured_without_keep_alive() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&RawRequest::sample().header("Connection: close").to_bytes()).await;
    let response = connection.response().await;
    assert!(response.head.contains("\r\nConnection: close\r\n"), "{}", response.head);
    assert!(!response.head.contains("Keep-Alive"), "{}", response.head);
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn headers_over_64_kib_are_refused() {
    let request = RawRequest::sample().header(&format!("X-Long: {}", "x".repeat(64 * 1024)));
    assert_eq!(exchange(&frozen_mock().await, &request).await.status(), "431");
}

#[tokio::test]
async fn what_is_not_http_gets_the_web_servers_page_and_is_recorded() {
    let mock = frozen_mock().await;
    let sample = String::from_utf8(RawRequest::sample().to_bytes()).unwrap();
    for (sent, method, found) in [
        ("\0\0\0\r\n\r\n".to_owned(), "-", "an invalid token"),
        ("GET\r\n\r\n".into(), "GET", "an invalid token"),
        // Folded.
        (sample.replace("User-Agent: ", "User-Agent:\r\n "), "PATCH", "an invalid header name"),
        (sample.replace("Content-Length: ", "Content-Length: -"), "PATCH", "an invalid Content-Length"),
    ] {
        let mut connection = Connection::open(&mock).await;
        connection.send(sent.as_bytes()).await;
        assert_page(&connection.response().await);
        assert!(connection.is_closed().await);
        let recorded = mock.exchanges().last().unwrap().clone();
        assert_eq!((recorded.request.method.as_str(), recorded.status.unwrap().as_u16()), (method, 400));
        let line = recorded.to_string();
        assert!(line.contains(&format!("expected an HTTP/1.1 request, found {found}")), "{line}");
    }
    assert_eq!(mock.exchanges().len(), 4);
    assert_eq!(exchange(&mock, &RawRequest::sample()).await.status(), "204");
}

#[tokio::test]
async fn a_second_request_that_is_not_http_is_refused_after_the_first_response() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&[RawRequest::sample().to_bytes(), b"\0\r\n\r\n".into()].concat()).await;
    assert_eq!(connection.response().await.status(), "204");
    assert_page(&connection.response().await);
    assert_eq!(mock.exchanges().len(), 2);
}

#[tokio::test]
async fn http_2_in_plain_text_leaves_a_trace() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(connection.is_closed().await);
    assert_eq!(mock.rejected_connections(), ["expected HTTP/1.1, found HTTP/2 without TLS"]);
}

#[tokio::test]
async fn two_authorization_headers_get_the_web_servers_page_before_any_check() {
    let mock = frozen_mock().await;
    for request in [RawRequest::sample(), RawRequest { target: "/v3/none".into(), ..RawRequest::sample() }] {
        let request = request.header("Authorization: WECHATPAY2-SHA256-RSA2048 x");
        let mut connection = Connection::open(&mock).await;
        connection.send(&request.to_bytes()).await;
        assert_page(&connection.response().await);
        assert!(connection.is_closed().await);
        let recorded = mock.exchanges().last().unwrap().clone();
        assert_eq!(recorded.error.as_deref(), Some(&ApiError::AuthorizationRepeated { found: 2 }));
    }
}

#[tokio::test]
async fn the_request_id_ends_with_the_inner_number_of_the_error() {
    let mock = frozen_mock().await;
    let body = |body: &str| RawRequest { body: body.into(), ..RawRequest::sample() };
    for (request, number) in [
        (RawRequest::sample(), "0"),
        (RawRequest { headers: vec!["Accept: */*".into()], ..RawRequest::sample() }, "270924291"),
        (RawRequest { sign: Sign::WrongKey, ..RawRequest::sample() }, "269546525"),
        (body("{}"), "268435461"),
        (body("{\"out_request_no\":\"1\",\"unknown\":1}"), "270924358"),
        (body("{\"out_request_no\":\"MOCK*rate-limited*1\"}"), "268447840"),
        (body("{\"out_request_no\":\"MOCK*system-error*1\"}"), "299999999"),
    ] {
        let response = exchange(&mock, &request).await;
        let id = response.head.lines().find_map(|line| line.strip_prefix("Request-Id: ")).unwrap();
        assert_eq!(id.rsplit_once('-').unwrap().1, number, "{}", response.to_text());
    }
}

#[tokio::test]
async fn every_body_is_compact_json_with_keys_in_alphabetical_order() {
    let mock = frozen_mock().await;
    let card = "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665";
    for request in [
        RawRequest::certificates(),
        RawRequest { target: card.into(), ..RawRequest::certificates() },
        RawRequest { sign: Sign::WrongKey, ..RawRequest::sample() },
        RawRequest { body: b"{}".into(), ..RawRequest::sample() },
    ] {
        let response = exchange(&mock, &request).await;
        // An object of serde_json is sorted.
        let sorted: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(String::from_utf8_lossy(&response.body), sorted.to_string());
    }
}

#[tokio::test]
async fn a_non_ascii_authorization_header_is_malformed() {
    let request = RawRequest::sample();
    let bytes = String::from_utf8(request.to_bytes()).unwrap().replace("mchid=\"1900000001", "mchid=\"商户");
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(bytes.as_bytes()).await;
    assert_eq!(connection.response().await.status(), "401");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_arrives_times_out() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&RawRequest::sample().header("Content-Length: 100").head()).await;
    assert_eq!(connection.response().await.status(), "408");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    assert!(connection.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_is_closed_after_the_time_that_keep_alive_says() {
    for (limits, seconds) in [(Limits::default(), 8), (Limits::default().with_keep_alive(40).unwrap(), 40)] {
        let mock = MockServer::builder().limits(limits).start().await.unwrap();
        let mut connection = Connection::open(&mock).await;
        for _ in 0..2 {
            connection.send(b"GET /v3/none HTTP/1.1\r\nHost: mock\r\n\r\n").await;
            let response = connection.response().await;
            assert!(response.head.contains(&format!("\r\nKeep-Alive: timeout={seconds}\r\n")));
        }
        let begun = tokio::time::Instant::now();
        assert!(connection.is_closed().await);
        assert_eq!(begun.elapsed().as_secs(), seconds);
    }
}

#[tokio::test]
async fn a_dropped_mock_closes_its_connections() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&RawRequest::sample().to_bytes()).await;
    assert_eq!(connection.response().await.status(), "204");
    drop(mock);
    assert!(connection.is_closed().await);
}
