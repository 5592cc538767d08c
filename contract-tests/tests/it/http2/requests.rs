//! Requests over HTTP/2.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use miniz_oxide::inflate::decompress_to_vec_zlib;
use wechatpay_mock::{FaultRule, Latency, Limits, MockServer};

use super::{Client, echo};
use crate::support::{RawRequest, frozen_mock, recorded, secure::verified, soon};

#[tokio::test]
async fn a_response_verifies() {
    let mock = frozen_mock().await;
    let client = Client::of(&mock).await;
    for (request, status) in
        [(RawRequest::sample(), 204), (RawRequest::certificates(), 200), (echo(100_000), 200)]
    {
        let response = client.call(&request).await.unwrap();
        assert_eq!(verified(&mock, response.status, response.headers, response.body).status(), status);
    }
    let exchanges = mock.exchanges();
    assert!(exchanges.iter().all(|exchange| exchange.request.version == http::Version::HTTP_2));
}

#[tokio::test]
async fn a_refusal_is_the_same_as_over_http_1_1() {
    let mock = frozen_mock().await;
    let client = Client::of(&mock).await;
    let unsigned = RawRequest { sign: wechatpay_contract::sign::Sign::Unsigned, ..RawRequest::sample() };
    let unknown = RawRequest { target: "/v3/none".into(), ..RawRequest::sample() };
    for request in [unsigned, unknown] {
        let over_http2 = client.call(&request).await.unwrap();
        let plain = crate::support::exchange(&mock, &request).await;
        assert_eq!((over_http2.status.as_str(), &over_http2.body), (plain.status(), &plain.body));
    }
}

#[tokio::test]
async fn connection_specific_headers_are_not_sent() {
    let response = Client::of(&frozen_mock().await).await.call(&RawRequest::sample()).await.unwrap();
    for name in ["connection", "keep-alive", "transfer-encoding"] {
        assert!(!response.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn the_user_information_of_a_url_is_not_kept() {
    let mock = frozen_mock().await;
    let client = Client::of(&mock).await;
    let request = RawRequest::sample().to_http("https://user:secret@localhost");
    assert_eq!(soon(client.send(request)).await.unwrap().status(), 204);
    let host = mock.exchanges()[0].request.headers.text(&http::header::HOST).map(ToOwned::to_owned);
    assert_eq!(host.as_deref(), Some("localhost"));
}

#[tokio::test]
async fn a_client_that_accepts_deflate_gets_it() {
    let mock = frozen_mock().await;
    let request = RawRequest::certificates().header("Accept-Encoding: gzip, deflate, br");
    let response = Client::of(&mock).await.call(&request).await.unwrap();
    assert_eq!(response.headers["content-encoding"], "deflate");
    assert!(decompress_to_vec_zlib(&response.body).unwrap().starts_with(b"{\"data\":"));
}

#[tokio::test]
async fn a_delayed_response_does_not_delay_others() {
    let mock = frozen_mock().await;
    let late = FaultRule { latency: Some(Latency::Fixed(60_000)), times: Some(1), ..FaultRule::default() };
    mock.add_fault(late).unwrap();
    let client = Client::of(&mock).await;
    let first = tokio::spawn(client.send(RawRequest::sample().to_http("https://localhost")));
    soon(recorded(&mock)).await;
    for _ in 0..10 {
        assert_eq!(client.call(&RawRequest::sample()).await.unwrap().status, 204);
    }
    assert!(!first.is_finished());
    first.abort();
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_the_connection_still_works() {
    let mock = frozen_mock().await;
    let client = Client::of(&mock).await;
    let large = RawRequest { body: vec![b' '; 1024 * 1024 + 1], ..RawRequest::sample() };
    assert_eq!(client.call(&large).await.unwrap().status, 413);
    assert_eq!(client.call(&RawRequest::sample()).await.unwrap().status, 204);
}

#[tokio::test]
async fn headers_over_the_limit_are_431_and_the_connection_still_works() {
    let limits = Limits::default().with_head(8 * 1024).unwrap();
    let clock = wechatpay_mock::Clock::fixed(crate::support::NOW);
    let mock = MockServer::builder().limits(limits).clock(clock).start().await.unwrap();
    let client = Client::of(&mock).await;
    let long = RawRequest::sample().header(&format!("X-Long: {}", "x".repeat(8 * 1024)));
    assert_eq!(client.call(&long).await.unwrap().status, 431);
    let many = (0..200).fold(RawRequest::sample(), |request, n| request.header(&format!("X-Many-{n}: x")));
    assert_eq!(client.call(&many).await.unwrap().status, 431);
    assert_eq!(client.call(&RawRequest::sample()).await.unwrap().status, 204);
    // Headers far over the limit end the connection, since the mock would have to keep reading.
    let endless = RawRequest::sample().header(&format!("X-Long: {}", "x".repeat(100_000)));
    assert!(client.call(&endless).await.is_err());
    assert!(client.call(&RawRequest::sample()).await.is_err());
    let rejected = mock.rejected_connections();
    assert!(rejected.len() == 1 && rejected[0].contains("http2 error"), "{rejected:?}");
}

#[tokio::test]
async fn a_tunnel_is_refused_with_a_hint() {
    let mock = frozen_mock().await;
    let client = Client::of(&mock).await;
    let request = Request::builder().method(Method::CONNECT).uri("api.mch.weixin.qq.com:443");
    let response = soon(client.send(request.body(Full::<Bytes>::default()).unwrap())).await.unwrap();
    assert_eq!(response.status(), 400);
    let text = soon(response.into_body().collect()).await.unwrap().to_bytes();
    assert_eq!(
        text,
        "wechatpay-mock: expected HTTP/1.1 for CONNECT, found HTTP/2; open the tunnel over HTTP/1.1\n"
    );
}
