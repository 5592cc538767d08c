//! curl, as a user calls it: over HTTP/1.1 and HTTP/2, directly and through the proxy.

use crate::support::{RawRequest, curl::Curl, frozen_mock, secure::GATEWAY, tools::are_missing};

#[tokio::test]
async fn curl_gets_a_204_over_each_version_of_http_and_on_each_way() {
    if are_missing(&["curl"]) {
        return;
    }
    let mock = frozen_mock().await;
    let curl = Curl::trusting(&mock).await;
    let gateway = format!("https://{GATEWAY}");
    let (http, https) = (curl.url("http"), curl.url("https"));
    let (proxied, resolved) = (curl.through_proxy(), curl.resolving());
    for (url, version, way, answer) in [
        (&http, "--http1.1", &[][..], "HTTP/1.1 204"),
        (&https, "--http1.1", &[], "HTTP/1.1 204"),
        (&https, "--http2", &[], "HTTP/2 204"),
        (&gateway, "--http1.1", &resolved, "HTTP/1.1 204"),
        // The gateway's own names speak HTTP/1.1 alone.
        (&gateway, "--http2", &resolved, "HTTP/1.1 204"),
        (&gateway, "--http2", &proxied, "HTTP/1.1 204"),
        (&http, "--http1.1", &proxied, "HTTP/1.1 204"),
        (&format!("http://{GATEWAY}"), "--http1.1", &proxied, "HTTP/1.1 204"),
    ] {
        let options = [version].into_iter().chain(way.iter().map(String::as_str));
        let (printed, _) = curl.call(url, &RawRequest::sample(), options).await;
        assert!(printed.contains(answer), "{url} {version} {way:?}: {printed}");
        assert!(printed.to_lowercase().contains("\nwechatpay-signature: "), "{printed}");
    }
}

#[tokio::test]
async fn curl_may_ask_before_it_sends_its_body() {
    if are_missing(&["curl"]) {
        return;
    }
    let mock = frozen_mock().await;
    let curl = Curl::trusting(&mock).await;
    let asks = RawRequest::sample().header("Expect: 100-continue");
    for scheme in ["http", "https"] {
        let (printed, _) = curl.call(&curl.url(scheme), &asks, ["--http1.1"]).await;
        assert!(printed.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204"), "{scheme}: {printed}");
    }
    let (printed, _) = curl.call(&format!("https://{GATEWAY}"), &asks, curl.through_proxy()).await;
    assert!(printed.contains("\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204"), "{printed}");
    // There, curl goes ahead by itself if it is told nothing for a second.
    let (printed, _) = curl.call(&curl.url("https"), &asks, ["--http2"]).await;
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
        let (printed, said) = curl.call(&curl.url(scheme), &chunked, ["--http1.1"]).await;
        assert!(printed.contains("HTTP/1.1 204"), "{scheme}: {printed}");
        assert!(said.contains("> Transfer-Encoding: chunked"), "{said}");
    }
    let (printed, _) = curl.call(&format!("https://{GATEWAY}"), &chunked, curl.through_proxy()).await;
    assert!(printed.contains("HTTP/1.1 204"), "{printed}");
}

#[tokio::test]
async fn curl_may_ask_for_a_compressed_answer_and_gets_a_plain_one() {
    if are_missing(&["curl"]) {
        return;
    }
    let mock = frozen_mock().await;
    let curl = Curl::trusting(&mock).await;
    for (scheme, version) in [("http", "--http1.1"), ("https", "--http1.1"), ("https", "--http2")] {
        let (printed, said) =
            curl.call(&curl.url(scheme), &RawRequest::certificates(), ["--compressed", version]).await;
        assert!(said.to_lowercase().contains("> accept-encoding: "), "{said}");
        assert!(!printed.to_lowercase().contains("content-encoding"), "{printed}");
        assert!(printed.contains("\r\n\r\n{\"data\":"), "{printed}");
    }
}

#[tokio::test]
async fn curl_uses_a_connection_again() {
    if are_missing(&["curl"]) {
        return;
    }
    let mock = frozen_mock().await;
    let curl = Curl::trusting(&mock).await;
    for (scheme, version) in [("http", "--http1.1"), ("https", "--http1.1"), ("https", "--http2")] {
        let url = curl.url(scheme);
        let again = format!("{url}{}", RawRequest::sample().target);
        let (printed, said) = curl.call(&url, &RawRequest::sample(), [version, &again]).await;
        assert_eq!(printed.matches(" 204").count(), 2, "{printed}");
        assert!(said.contains("Re-using existing connection"), "{said}");
    }
}
