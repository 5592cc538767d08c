//! HTTP/1.1 as raw bytes: framing, limits, and peers that misbehave.

use crate::support::{Connection, RawRequest, exchange, frozen_mock};

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
async fn bytes_that_are_not_http_are_refused_and_the_mock_still_works() {
    let mock = frozen_mock().await;
    for garbage in [b"\0\0\0\r\n\r\n".as_slice(), b"GET\r\n\r\n"] {
        let mut connection = Connection::open(&mock).await;
        connection.send(garbage).await;
        assert_eq!(connection.response().await.status(), "400");
        assert!(connection.is_closed().await);
    }
    assert_eq!(exchange(&mock, &RawRequest::sample()).await.status(), "204");
}

#[tokio::test]
async fn two_authorization_headers_are_malformed() {
    let request = RawRequest::sample().header("Authorization: WECHATPAY2-SHA256-RSA2048 x");
    let response = exchange(&frozen_mock().await, &request).await;
    assert_eq!(response.status(), "401");
    assert!(String::from_utf8_lossy(&response.body).contains("值格式错误"));
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

#[tokio::test]
async fn a_dropped_mock_closes_its_connections() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&RawRequest::sample().to_bytes()).await;
    assert_eq!(connection.response().await.status(), "204");
    drop(mock);
    assert!(connection.is_closed().await);
}
