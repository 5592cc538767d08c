//! HTTP/1.1 works the same in plain text, over TLS and through a tunnel.

use miniz_oxide::inflate::decompress_to_vec_zlib;

use crate::support::{
    RawRequest, exchange, frozen_mock,
    secure::{WAYS, Way},
    soon,
};

#[tokio::test]
async fn a_response_verifies_over_each_transport() {
    let mock = frozen_mock().await;
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        for (request, status) in [(RawRequest::sample(), 204), (RawRequest::certificates(), 200)] {
            connection.send(&request.to_bytes()).await;
            assert_eq!(soon(connection.response()).await.verified(&mock).status(), status, "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_serves_several_requests() {
    let mock = frozen_mock().await;
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        for _ in 0..3 {
            connection.send(&RawRequest::sample().to_bytes()).await;
            let response = soon(connection.response()).await;
            assert_eq!(response.status(), "204", "{way:?}");
            assert!(response.head.contains("\r\nWechatpay-Signature: "), "{way:?}: {}", response.head);
        }
    }
}

#[tokio::test]
async fn pipelined_requests_get_responses_in_order() {
    let mock = frozen_mock().await;
    let unknown = RawRequest { target: "/v3/none".into(), ..RawRequest::sample() };
    let requests = [RawRequest::sample(), unknown, RawRequest::certificates()];
    let bytes: Vec<_> = requests.iter().flat_map(RawRequest::to_bytes).collect();
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&bytes).await;
        for status in ["204", "404", "200"] {
            assert_eq!(soon(connection.response()).await.status(), status, "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it() {
    let mock = frozen_mock().await;
    let request = RawRequest::sample();
    let length = request.body.len();
    let expecting =
        request.clone().header("Expect: 100-continue").header(&format!("Content-Length: {length}"));
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&expecting.head()).await;
        assert_eq!(soon(connection.response()).await.status(), "100", "{way:?}");
        connection.send(&request.body).await;
        assert_eq!(soon(connection.response()).await.status(), "204", "{way:?}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_accepted() {
    let mock = frozen_mock().await;
    let request = RawRequest::sample().header("Transfer-Encoding: chunked");
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&request.head()).await;
        for chunk in request.body.chunks(10) {
            connection.send(&[format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()).await;
        }
        connection.send(b"0\r\n\r\n").await;
        assert_eq!(soon(connection.response()).await.status(), "204", "{way:?}");
    }
}

#[tokio::test]
async fn a_client_that_accepts_deflate_gets_it_with_a_signature_over_the_decoded_body() {
    let mock = frozen_mock().await;
    let request = RawRequest::certificates().header("Accept-Encoding: gzip, deflate, br");
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&request.to_bytes()).await;
        let mut response = soon(connection.response()).await;
        assert!(response.head.contains("\r\nContent-Encoding: deflate\r\n"), "{way:?}: {}", response.head);
        response.body = decompress_to_vec_zlib(&response.body).unwrap();
        assert!(response.body.starts_with(b"{\"data\":"), "{way:?}");
        assert_eq!(mock.exchanges().last().unwrap().response_body, response.body, "{way:?}");
        response.verified(&mock);
    }
}

#[tokio::test]
async fn nothing_is_compressed_for_other_clients_or_without_a_body() {
    let mock = frozen_mock().await;
    let accepting = |request: RawRequest, codings| request.header(&format!("Accept-Encoding: {codings}"));
    for request in [
        accepting(RawRequest::certificates(), "gzip, br"),
        accepting(RawRequest::sample(), "deflate"),
        accepting(RawRequest { target: "/v3/none".into(), ..RawRequest::sample() }, "deflate"),
    ] {
        let response = exchange(&mock, &request).await;
        assert!(!response.head.contains("Content-Encoding"), "{}", response.head);
    }
}

#[tokio::test]
async fn a_tls_connection_ends_with_a_close_notify() {
    let mock = frozen_mock().await;
    for way in [Way::Tls, Way::Tunnel] {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&RawRequest::sample().header("Connection: close").to_bytes()).await;
        assert_eq!(soon(connection.response()).await.status(), "204");
        // An end without close_notify would be an error.
        assert_eq!(soon(connection.rest()).await, (vec![], true), "{way:?}");
    }
}
