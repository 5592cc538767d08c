//! One call: the request it sends, and the responses it accepts and refuses.

use std::time::{Duration, Instant};

use wechatpay_client::{Client, Error, MAX_BODY, Method, RightsChange, Trust, VerificationError};
use wechatpay_protocol::{Authorization, Credentials, RequestMessage, Timestamp, VerifyingKey};

use crate::gateway::{
    Gateway, NOW, PLATFORM_KEY, PUBLIC_KEY, PUBLIC_KEY_ID, Received, Response, SERIAL_NO, STRANGERS_KEY,
};

async fn send_sample(client: &Client) -> Result<wechatpay_client::VerifiedResponse, Error> {
    client.set_rights(RightsChange::SAMPLE_CARD_ID, RightsChange::SAMPLE_CODE, &RightsChange::sample()).await
}

/// The client's result for this response to the sample.
async fn result_of(response: Response) -> Result<wechatpay_client::VerifiedResponse, Error> {
    let gateway = Gateway::responding(response).await;
    send_sample(&gateway.client().build().unwrap()).await
}

async fn reason_to_refuse(response: Response) -> VerificationError {
    let error = result_of(response).await.unwrap_err();
    assert!(error.outcome_is_unknown(), "{error}");
    error.verification_error().cloned().unwrap_or_else(|| panic!("{error:?}"))
}

/// Checks a request as the gateway would: from the bytes that came in.
fn assert_signed_by_the_merchant(request: &Received) {
    let (method, rest) = request.request_line().split_once(' ').unwrap();
    let target = rest.strip_suffix(" HTTP/1.1").unwrap();
    let authorization = Authorization::parse(request.header("Authorization").unwrap().as_bytes()).unwrap();
    let message = RequestMessage {
        method,
        target,
        timestamp: authorization.timestamp(),
        nonce_str: authorization.nonce_str(),
        body: &request.body,
    };
    let key = VerifyingKey::from_pem(&Credentials::development().merchant_certificate).unwrap();
    let signature = authorization.signature().parse().unwrap();
    assert_eq!(key.verify(&message.to_bytes(), &signature), Ok(()));
}

#[tokio::test]
async fn the_sample_is_sent_signed_and_its_signed_204_is_verified() {
    let gateway = Gateway::responding(Response::no_content()).await;
    let verified = send_sample(&gateway.client().build().unwrap()).await.unwrap();
    assert_eq!(verified.status(), 204);
    assert_eq!(verified.signature().serial.as_str(), PUBLIC_KEY_ID);
    assert!(verified.message().ends_with(b"\n\n") && verified.body().is_empty());

    let request = &gateway.received()[0];
    assert_eq!(
        request.request_line(),
        "PATCH /v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights \
         HTTP/1.1"
    );
    assert_eq!(request.header("Accept"), Some("application/json"));
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    assert_eq!(request.header("Wechatpay-Serial"), Some(PUBLIC_KEY_ID));
    assert!(request.header("User-Agent").unwrap().starts_with("wechatpay-client/"));
    assert_signed_by_the_merchant(request);
}

#[tokio::test]
async fn a_request_is_sent_exactly_as_signed() {
    let gateway = Gateway::responding(Response::no_content()).await;
    let client = gateway.client().build().unwrap();
    client.set_rights("a/b c|卡%20", "..a?#", &RightsChange::sample()).await.unwrap();
    let target = "/v3/x?a=b|c&d=%2F%2f";
    client.call(Method::POST, target, " { \"a\" : \"\\u5361\" }\n").await.unwrap();
    client.call(Method::GET, target, "").await.unwrap();

    let [rights, post, get] = &gateway.received()[..] else { panic!("three requests") };
    assert!(rights.request_line().contains("/cards/a%2Fb%20c%7C%E5%8D%A1%2520/codes/..a%3F%23/rights "));
    assert_eq!(post.request_line(), "POST /v3/x?a=b|c&d=%2F%2f HTTP/1.1");
    assert_eq!(post.body, b" { \"a\" : \"\\u5361\" }\n");
    assert_eq!((get.header("Content-Type"), &get.body[..]), (None, &b""[..]));
    for request in [rights, post, get] {
        assert_signed_by_the_merchant(request);
    }
}

#[tokio::test]
async fn a_signed_request_can_be_inspected_before_it_is_sent() {
    let gateway = Gateway::responding(Response::no_content()).await;
    let client = gateway.client().nonce(|| "n0".parse().unwrap()).build().unwrap();
    let request = client.sign(Method::PATCH, "/v3/x", "{}").unwrap();
    assert_eq!(request.message(), b"PATCH\n/v3/x\n1756951532\nn0\n{}\n");
    client.execute(&request).await.unwrap();
    let authorization = request.authorization().to_string();
    assert_eq!(gateway.received()[0].header("Authorization"), Some(authorization.as_str()));
}

#[tokio::test]
async fn a_certificate_can_be_trusted_in_place_of_the_public_key() {
    let by_certificate = || Response::unsigned("204 No Content", "").signed(NOW, SERIAL_NO, PLATFORM_KEY);
    let gateway = Gateway::responding(by_certificate()).await;
    let client = gateway.client().trust(Trust::Certificate).build().unwrap();
    assert!(send_sample(&client).await.is_ok());
    assert_eq!(gateway.received()[0].header("Wechatpay-Serial"), Some(SERIAL_NO));

    assert!(matches!(reason_to_refuse(by_certificate()).await, VerificationError::UnknownKey { .. }));
}

#[tokio::test]
async fn a_response_that_lacks_one_header_of_the_signature_is_refused() {
    for name in [
        "wechatpay-timestamp",
        "wechatpay-nonce",
        "wechatpay-signature",
        "wechatpay-serial",
        "wechatpay-signature-type",
    ] {
        let reason = reason_to_refuse(Response::no_content().without(name)).await;
        assert!(matches!(reason, VerificationError::Headers(_)), "{name}: {reason}");
    }
}

#[tokio::test]
async fn a_response_signed_with_another_key_is_refused() {
    let response = Response::unsigned("204 No Content", "").signed(NOW, PUBLIC_KEY_ID, STRANGERS_KEY);
    assert!(matches!(reason_to_refuse(response).await, VerificationError::Mismatch { .. }));
}

#[tokio::test]
async fn a_response_that_names_an_unknown_key_is_refused_even_if_a_known_one_signed() {
    let response = Response::unsigned("204 No Content", "").signed(NOW, "PUB_KEY_ID_02", PUBLIC_KEY);
    assert!(matches!(reason_to_refuse(response).await, VerificationError::UnknownKey { .. }));
}

#[tokio::test]
async fn a_response_301_seconds_off_is_refused_and_300_is_not() {
    let signed = |seconds| {
        let at = Timestamp::from_unix(seconds);
        Response::unsigned("204 No Content", "").signed(at, PUBLIC_KEY_ID, PUBLIC_KEY)
    };
    for seconds in [NOW.as_unix() - 300, NOW.as_unix() + 300] {
        assert!(result_of(signed(seconds)).await.is_ok());
    }
    for seconds in [NOW.as_unix() - 301, NOW.as_unix() + 301] {
        assert!(matches!(reason_to_refuse(signed(seconds)).await, VerificationError::Stale { .. }));
    }
}

#[tokio::test]
async fn a_response_whose_body_was_altered_is_refused() {
    let mut response =
        Response::unsigned("200 OK", "{\"code\":\"1\"}").signed(NOW, PUBLIC_KEY_ID, PUBLIC_KEY);
    assert!(result_of(response.clone()).await.is_ok());
    response.body = b"{\"code\":\"2\"}".to_vec();
    assert!(matches!(reason_to_refuse(response).await, VerificationError::Mismatch { .. }));
}

#[tokio::test]
async fn a_204_with_the_signature_of_a_body_is_refused() {
    let mut response = Response::unsigned("204 No Content", "{}").signed(NOW, PUBLIC_KEY_ID, PUBLIC_KEY);
    response.body.clear();
    assert!(matches!(reason_to_refuse(response).await, VerificationError::Mismatch { .. }));
}

#[tokio::test]
async fn an_error_has_code_and_message_and_needs_no_signature() {
    let body = r#"{"code":"PARAM_ERROR","detail":{"value":5},"message":"参数错误"}"#;
    let error = result_of(Response::unsigned("400 Bad Request", body)).await.unwrap_err();
    assert!(error.api_error().is_some() && !error.outcome_is_unknown());
    let error = error.api_error().unwrap();
    assert_eq!(error.status(), 400);
    assert_eq!((error.code(), error.message()), (Some("PARAM_ERROR"), Some("参数错误")));
    assert_eq!(error.request_id(), Some("08F2-03"));
}

#[tokio::test]
async fn a_server_error_leaves_the_outcome_open() {
    let error = result_of(Response::unsigned("502 Bad Gateway", "<html>")).await.unwrap_err();
    assert!(error.api_error().is_some() && error.outcome_is_unknown());
}

#[tokio::test]
async fn no_status_but_a_4xx_says_that_nothing_was_changed() {
    for status in ["101 Switching Protocols", "302 Found", "304 Not Modified", "600 Odd", "999 Odd"] {
        let error = result_of(Response::unsigned(status, "")).await.unwrap_err();
        assert!(
            error.outcome_is_unknown() && !error.api_error().unwrap().is_refusal(),
            "{status}: {error:?}"
        );
        assert_eq!(error.to_string(), "the gateway did not confirm the call", "{status}");
    }
    let refused = result_of(Response::unsigned("404 Not Found", "")).await.unwrap_err();
    assert_eq!((refused.outcome_is_unknown(), refused.to_string()), (false, "the gateway refused".into()));
}

#[tokio::test]
async fn an_error_whose_body_breaks_off_is_still_an_error() {
    for refusal in [
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{\"code\"".to_owned(),
        format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n", MAX_BODY + 1)
            + &"a".repeat(MAX_BODY + 1),
    ] {
        let gateway = Gateway::new(move |_| Some(refusal.clone().into())).await;
        let client = gateway.client().timeout(Duration::from_millis(300)).build().unwrap();
        let error = send_sample(&client).await.unwrap_err();
        assert_eq!(error.api_error().unwrap().status(), 403);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let fits = Response::unsigned("200 OK", &"a".repeat(MAX_BODY)).signed(NOW, PUBLIC_KEY_ID, PUBLIC_KEY);
    assert!(result_of(fits).await.is_ok());
    let too_large =
        Response::unsigned("200 OK", &"a".repeat(MAX_BODY + 1)).signed(NOW, PUBLIC_KEY_ID, PUBLIC_KEY);
    let error = result_of(too_large).await.unwrap_err();
    assert!(error.is_transport() && error.outcome_is_unknown());
}

#[tokio::test]
async fn a_gateway_that_never_responds_runs_into_the_timeout() {
    let head_only = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".to_vec();
    for reaction in [None, Some(head_only)] {
        let gateway = Gateway::new(move |_| reaction.clone()).await;
        let client = gateway.client().timeout(Duration::from_millis(100)).build().unwrap();
        let start = Instant::now();
        let error = send_sample(&client).await.unwrap_err();
        assert!(error.is_timeout() && error.outcome_is_unknown(), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn anything_but_http_is_a_failed_connection() {
    let gateway = Gateway::new(|_| Some(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec())).await;
    let error = send_sample(&gateway.client().build().unwrap()).await.unwrap_err();
    assert!(error.is_transport() && error.outcome_is_unknown(), "{error:?}");
}

#[tokio::test]
async fn without_a_listener_the_call_fails_to_connect() {
    let client = Client::builder().base_url("http://127.0.0.1:1").build().unwrap();
    let error = send_sample(&client).await.unwrap_err();
    assert!(error.is_connect() && error.is_transport() && !error.outcome_is_unknown(), "{error:?}");
}

#[tokio::test]
async fn a_code_that_would_change_the_path_is_not_sent() {
    let gateway = Gateway::responding(Response::no_content()).await;
    let client = gateway.client().build().unwrap();
    for code in ["", ".", ".."] {
        let error = client.set_rights("card", code, &RightsChange::sample()).await.unwrap_err();
        assert!(error.is_invalid_input() && !error.outcome_is_unknown());
    }
    assert!(gateway.received().is_empty());
}

#[tokio::test]
async fn a_target_that_cannot_be_sent_as_signed_is_not_sent() {
    let gateway = Gateway::responding(Response::no_content()).await;
    let client = gateway.client().trust(Trust::Downloaded).build().unwrap();
    for target in ["", "v3/certificates", "/v3/a b", "/v3/a#b", "http://127.0.0.1/v3"] {
        assert!(client.call(Method::GET, target, "").await.unwrap_err().is_invalid_input(), "{target}");
        assert!(client.sign(Method::GET, target, "").unwrap_err().is_invalid_input(), "{target}");
    }
    assert!(gateway.received().is_empty());
}

#[tokio::test]
async fn connections_are_kept_for_the_next_call() {
    let gateway = Gateway::responding(Response::no_content()).await;
    let client = gateway.client().build().unwrap();
    for _ in 0..3 {
        send_sample(&client).await.unwrap();
    }
    assert_eq!(gateway.received().len(), 3);
    assert_eq!(gateway.connections(), 1);
}

#[test]
fn debug_shows_no_key() {
    let shown = format!("{:?} {:?}", Client::builder(), Client::builder().build().unwrap());
    let merchant = Credentials::development();
    assert!(!shown.contains("PRIVATE KEY") && !shown.contains(merchant.apiv3_key.expose()), "{shown}");
}
