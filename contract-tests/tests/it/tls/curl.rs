//! curl as users call it: over HTTP/1.1 and HTTP/2, directly and through the proxy.

use crate::support::{RawRequest, curl::Curl, frozen_mock, secure::GATEWAY, tools::are_missing};

#[tokio::test]
async fn curl_gets_a_204_over_each_http_version_directly_and_through_the_proxy() {
    if are_missing(&["curl"]) {
        return;
    }
    let mock = frozen_mock().await;
    let curl = Curl::trusting(&mock).await;
    let gateway = format!("https://{GATEWAY}");
    let (http, https) = (curl.url("http"), curl.url("https"));
    let (proxied, resolved) = (curl.through_proxy(), curl.resolving());
    for (url, version, way, status_line) in [
        (&http, "--http1.1", &[][..], "HTTP/1.1 204"),
        (&https, "--http1.1", &[], "HTTP/1.1 204"),
        (&https, "--http2", &[], "HTTP/2 204"),
        (&gateway, "--http1.1", &resolved, "HTTP/1.1 204"),
        // The gateway's host names speak only HTTP/1.1.
        (&gateway, "--http2", &resolved, "HTTP/1.1 204"),
        (&gateway, "--http2", &proxied, "HTTP/1.1 204"),
        (&http, "--http1.1", &proxied, "HTTP/1.1 204"),
        (&format!("http://{GATEWAY}"), "--http1.1", &proxied, "HTTP/1.1 204"),
    ] {
        let options = [version].into_iter().chain(way.iter().map(String::as_str));
        let (printed, _) = curl.call(url, &RawRequest::sample(), options).await;
        assert!(printed.contains(status_line), "{url} {version} {way:?}: {printed}");
        assert!(printed.to_lowercase().contains("\nwechatpay-signature: "), "{printed}");
    }
}

#[tokio::test]
async fn curl_may_send_expect_100_continue() {
    if are_missing(&["curl"]) {
        return;
    }
    let mock = frozen_mock().await;
    let curl = Curl::trusting(&mock).await;
    let expecting = RawRequest::sample().header("Expect: 100-continue");
    for scheme in ["http", "https"] {
        let (printed, _) = curl.call(&curl.url(scheme), &expecting, ["--http1.1"]).await;
        assert!(printed.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204"), "{scheme}: {printed}");
    }
    let (printed, _) = curl.call(&format!("https://{GATEWAY}"), &expecting, curl.through_proxy()).await;
    assert!(printed.contains("\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204"), "{printed}");
    // Over HTTP/2, curl sends the body after a second without a 100.
    let (printed, _) = curl.call(&curl.url("https"), &expecting, ["--http2"]).await;
    assert!(printed.contains("HTTP/2 204"), "{printed}");
}

#[tokio::test]
async fn curl_may_send_its_body_in_chunks() {
    if are_missing(&["curl"]) {
        return;
    }
    let mock = frozen_mock().await;
    let curl = Curl::trusting(&mock).await;
    let chunked = RawRequest::sample().header("Transfer-Encoding: chunked");
    for scheme in ["http", "https"] {
        let (printed, log) = curl.call(&curl.url(scheme), &chunked, ["--http1.1"]).await;
        assert!(printed.contains("HTTP/1.1 204"), "{scheme}: {printed}");
        assert!(log.contains("> Transfer-Encoding: chunked"), "{log}");
    }
    let (printed, _) = curl.call(&format!("https://{GATEWAY}"), &chunked, curl.through_proxy()).await;
    assert!(printed.contains("HTTP/1.1 204"), "{printed}");
}

#[tokio::test]
async fn curl_inflates_a_response_with_compressed() {
    if are_missing(&["curl"]) {
        return;
    }
    let mock = frozen_mock().await;
    let curl = Curl::trusting(&mock).await;
    for (scheme, version) in [("http", "--http1.1"), ("https", "--http1.1"), ("https", "--http2")] {
        let (printed, log) =
            curl.call(&curl.url(scheme), &RawRequest::certificates(), ["--compressed", version]).await;
        assert!(log.to_lowercase().contains("> accept-encoding: "), "{log}");
        assert!(printed.to_lowercase().contains("\r\ncontent-encoding: deflate\r\n"), "{printed}");
        assert!(printed.contains("\r\n\r\n{\"data\":"), "{printed}");
    }
}

#[tokio::test]
async fn curl_reuses_a_connection() {
    if are_missing(&["curl"]) {
        return;
    }
    let mock = frozen_mock().await;
    let curl = Curl::trusting(&mock).await;
    for (scheme, version) in [("http", "--http1.1"), ("https", "--http1.1"), ("https", "--http2")] {
        let url = curl.url(scheme);
        let again = format!("{url}{}", RawRequest::sample().target);
        let (printed, log) = curl.call(&url, &RawRequest::sample(), [version, &again]).await;
        assert_eq!(printed.matches(" 204").count(), 2, "{printed}");
        assert!(log.contains("Re-using existing connection"), "{log}");
    }
}
