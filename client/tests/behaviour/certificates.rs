//! Downloaded certificates, and when they are trusted.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use wechatpay_client::{Error, RightsChange, Trust};
use wechatpay_protocol::{Certificate, Credentials, Resource, Timestamp};

use crate::gateway::{
    Gateway, NOW, PLATFORM_KEY, Received, Response, SERIAL_NO, STRANGERS_KEY, platform_certificate,
};

const SECOND_CERTIFICATE: &str = include_str!("../../../fixtures/credentials/other_cert.pem");
const SECOND_KEY: &str = STRANGERS_KEY;

fn second_serial_no() -> String {
    Certificate::from_pem(SECOND_CERTIFICATE).unwrap().serial_no().to_string()
}

/// The body of `GET /v3/certificates` that lists these.
pub(crate) fn list(certificates: &[&str]) -> String {
    let entries = certificates.iter().map(|pem| {
        let key = Credentials::development().apiv3_key;
        json!({
            "serial_no": Certificate::from_pem(pem).unwrap().serial_no().as_str(),
            "effective_time": "2020-01-01T08:00:00+08:00",
            "expire_time": "2090-01-01T07:59:59+08:00",
            "encrypt_certificate": Resource::encrypt(&key, "61f9c719728a", "certificate", pem.as_bytes()),
        })
    });
    json!({ "data": entries.collect::<Vec<Value>>() }).to_string()
}

fn signed_list(body: &str) -> Response {
    Response::unsigned("200 OK", body).signed(NOW, SERIAL_NO, PLATFORM_KEY)
}

fn no_content(serial_no: &str, private_key: &str) -> Response {
    Response::unsigned("204 No Content", "").signed(NOW, serial_no, private_key)
}

fn is_download(request: &Received) -> bool {
    request.request_line() == "GET /v3/certificates HTTP/1.1"
}

fn downloads(gateway: &Gateway) -> usize {
    gateway.received().iter().filter(|request| is_download(request)).count()
}

/// A gateway that responds to downloads with the lists in turn, the last one repeatedly, and to anything else with
/// `response`.
async fn gateway(lists: Vec<Response>, response: Response) -> Gateway {
    let next = AtomicUsize::new(0);
    Gateway::new(move |request| {
        let response = if is_download(request) {
            let number = next.fetch_add(1, Ordering::SeqCst);
            &lists[number.min(lists.len() - 1)]
        } else {
            &response
        };
        Some(response.to_bytes())
    })
    .await
}

async fn patch(client: &wechatpay_client::Client) -> Result<wechatpay_client::VerifiedResponse, Error> {
    client.set_rights("card", "code", &RightsChange::sample()).await
}

#[tokio::test]
async fn certificates_are_downloaded_once_before_the_first_call() {
    let gateway =
        gateway(vec![signed_list(&list(&[&platform_certificate()]))], no_content(SERIAL_NO, PLATFORM_KEY))
            .await;
    let client = gateway.client().trust(Trust::Downloaded).build().unwrap();
    patch(&client).await.unwrap();
    patch(&client).await.unwrap();

    let [download, first, second] = &gateway.received()[..] else { panic!("three requests") };
    assert!(is_download(download));
    assert_eq!(download.header("Wechatpay-Serial"), None);
    assert_eq!(first.header("Wechatpay-Serial"), Some(SERIAL_NO));
    assert_eq!(second.header("Wechatpay-Serial"), Some(SERIAL_NO));
}

#[tokio::test]
async fn calls_at_the_same_time_share_one_download() {
    let gateway =
        gateway(vec![signed_list(&list(&[&platform_certificate()]))], no_content(SERIAL_NO, PLATFORM_KEY))
            .await;
    let client = gateway.client().trust(Trust::Downloaded).build().unwrap();
    let other = tokio::spawn({
        let client = client.clone();
        async move { patch(&client).await }
    });
    patch(&client).await.unwrap();
    other.await.unwrap().unwrap();
    assert_eq!(downloads(&gateway), 1);
}

#[tokio::test]
async fn a_response_by_a_new_certificate_is_verified_after_one_more_download() {
    let before = signed_list(&list(&[&platform_certificate()]));
    let after = signed_list(&list(&[&platform_certificate(), SECOND_CERTIFICATE]));
    let gateway = gateway(vec![before, after], no_content(&second_serial_no(), SECOND_KEY)).await;
    let client = gateway.client().trust(Trust::Downloaded).build().unwrap();
    client.certificates().await.unwrap();

    let verified = patch(&client).await.unwrap();
    assert_eq!(verified.signature().serial.as_str(), second_serial_no());
    assert_eq!(downloads(&gateway), 2);
    patch(&client).await.unwrap();
    assert_eq!(downloads(&gateway), 2);
}

#[tokio::test]
async fn a_call_downloads_once_at_most() {
    let gateway = gateway(
        vec![signed_list(&list(&[&platform_certificate()]))],
        no_content(&second_serial_no(), SECOND_KEY),
    )
    .await;
    let client = gateway.client().trust(Trust::Downloaded).build().unwrap();
    assert!(patch(&client).await.unwrap_err().verification_error().is_some());
    assert_eq!(downloads(&gateway), 1);
    assert!(patch(&client).await.unwrap_err().verification_error().is_some());
    assert_eq!(downloads(&gateway), 2);
}

#[tokio::test]
async fn a_response_that_names_a_public_key_causes_no_download() {
    let gateway = gateway(
        vec![signed_list(&list(&[&platform_certificate()]))],
        no_content("PUB_KEY_ID_01", PLATFORM_KEY),
    )
    .await;
    let client = gateway.client().trust(Trust::Downloaded).build().unwrap();
    client.certificates().await.unwrap();
    assert!(patch(&client).await.unwrap_err().verification_error().is_some());
    assert_eq!(downloads(&gateway), 1);
}

#[tokio::test]
async fn without_certificates_nothing_is_sent() {
    let refusal =
        Response::unsigned("404 Not Found", r#"{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}"#);
    let gateway = gateway(vec![refusal], no_content(SERIAL_NO, PLATFORM_KEY)).await;
    let client = gateway.client().trust(Trust::Downloaded).build().unwrap();
    let error = patch(&client).await.unwrap_err();
    assert!(error.is_download() && error.api_error().is_none() && !error.outcome_is_unknown(), "{error:?}");
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<Error>());
    assert_eq!(cause.unwrap().api_error().unwrap().code(), Some("RESOURCE_NOT_EXISTS"));
    assert_eq!(gateway.received().len(), 1);
}

#[tokio::test]
async fn a_list_must_be_signed_with_a_certificate_that_it_holds() {
    let body = list(&[&platform_certificate()]);
    let altered = {
        let mut response = signed_list(&body);
        response.body.push(b' ');
        response
    };
    for response in [
        Response::unsigned("200 OK", &body),
        Response::unsigned("200 OK", &body).signed(NOW, &second_serial_no(), SECOND_KEY),
        Response::unsigned("200 OK", &body).signed(NOW, SERIAL_NO, STRANGERS_KEY),
        Response::unsigned("200 OK", &body).signed(Timestamp::from_unix(1), SERIAL_NO, PLATFORM_KEY),
        altered,
    ] {
        let gateway = gateway(vec![response], no_content(SERIAL_NO, PLATFORM_KEY)).await;
        let client = gateway.client().trust(Trust::Downloaded).build().unwrap();
        let error = client.certificates().await.unwrap_err();
        assert!(error.verification_error().is_some(), "{error:?}");
        assert!(patch(&client).await.unwrap_err().is_download());
        assert_eq!(gateway.received().len(), 2);
    }
}

#[tokio::test]
async fn a_list_that_was_encrypted_with_another_key_is_not_trusted() {
    let mut credentials = Credentials::development();
    credentials.apiv3_key = "another-apiv3-key-of-32-bytes-00".parse().unwrap();
    let gateway =
        gateway(vec![signed_list(&list(&[&platform_certificate()]))], no_content(SERIAL_NO, PLATFORM_KEY))
            .await;
    let client = gateway.client().credentials(&credentials).build().unwrap();
    let error = client.certificates().await.unwrap_err();
    assert!(error.is_certificate_list(), "{error:?}");
}

#[tokio::test]
async fn a_downloaded_certificate_is_not_trusted_past_its_end() {
    let end = Certificate::from_pem(&platform_certificate()).unwrap().not_after();
    let clock = Arc::new(AtomicUsize::new(0));
    let now = {
        let clock = clock.clone();
        move || Timestamp::from_unix(end.as_unix() + clock.load(Ordering::SeqCst) as u64)
    };
    let at_end = |response: Response| response.signed(end, SERIAL_NO, PLATFORM_KEY);
    let gateway = gateway(
        vec![at_end(Response::unsigned("200 OK", &list(&[&platform_certificate()])))],
        at_end(Response::unsigned("204 No Content", "")),
    )
    .await;
    let client = gateway.client().clock(now).trust(Trust::Downloaded).build().unwrap();
    patch(&client).await.unwrap();
    clock.store(1, Ordering::SeqCst);
    assert!(patch(&client).await.unwrap_err().verification_error().is_some());
}
