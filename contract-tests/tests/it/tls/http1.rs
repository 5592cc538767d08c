//! HTTP/1.1 in plain text, over TLS, and through a tunnel: the same everywhere.

use crate::support::{
    RawRequest, frozen_mock,
    secure::{WAYS, Way},
    soon,
};

#[tokio::test]
async fn an_answer_is_believed_whichever_way_it_came() {
    let mock = frozen_mock().await;
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        for (request, status) in [(RawRequest::sample(), 204), (RawRequest::certificates(), 200)] {
            connection.send(&request.to_bytes()).await;
            assert_eq!(soon(connection.reply()).await.believed(&mock).status(), status, "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_takes_one_request_after_another() {
    let mock = frozen_mock().await;
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        for _ in 0..3 {
            connection.send(&RawRequest::sample().to_bytes()).await;
            let reply = soon(connection.reply()).await;
            assert_eq!(reply.status(), "204", "{way:?}");
            assert!(reply.head.contains("\r\nWechatpay-Signature: "), "{way:?}: {}", reply.head);
        }
    }
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_order() {
    let mock = frozen_mock().await;
    let unknown = RawRequest { target: "/v3/none".into(), ..RawRequest::sample() };
    let requests = [RawRequest::sample(), unknown, RawRequest::certificates()];
    let bytes: Vec<_> = requests.iter().flat_map(RawRequest::to_bytes).collect();
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&bytes).await;
        for status in ["204", "404", "200"] {
            assert_eq!(soon(connection.reply()).await.status(), status, "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_its_body_is_told_to() {
    let mock = frozen_mock().await;
    let request = RawRequest::sample();
    let length = request.body.len();
    let asks = request.clone().header("Expect: 100-continue").header(&format!("Content-Length: {length}"));
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&asks.head()).await;
        assert_eq!(soon(connection.reply()).await.status(), "100", "{way:?}");
        connection.send(&request.body).await;
        assert_eq!(soon(connection.reply()).await.status(), "204", "{way:?}");
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_taken() {
    let mock = frozen_mock().await;
    let request = RawRequest::sample().header("Transfer-Encoding: chunked");
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&request.head()).await;
        for chunk in request.body.chunks(10) {
            connection.send(&[format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()).await;
        }
        connection.send(b"0\r\n\r\n").await;
        assert_eq!(soon(connection.reply()).await.status(), "204", "{way:?}");
    }
}

#[tokio::test]
async fn an_answer_is_not_compressed_even_if_that_is_asked_for() {
    let mock = frozen_mock().await;
    let request = RawRequest::certificates().header("Accept-Encoding: gzip, deflate, br");
    for way in WAYS {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&request.to_bytes()).await;
        let reply = soon(connection.reply()).await;
        assert!(!reply.head.contains("Content-Encoding"), "{way:?}: {}", reply.head);
        assert!(reply.body.starts_with(b"{\"data\":"), "{way:?}");
        reply.believed(&mock);
    }
}

#[tokio::test]
async fn a_connection_over_tls_ends_as_tls_wants_it() {
    let mock = frozen_mock().await;
    for way in [Way::Tls, Way::Tunnel] {
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&RawRequest::sample().header("Connection: close").to_bytes()).await;
        assert_eq!(soon(connection.reply()).await.status(), "204");
        // An end that was not said would be an error.
        assert_eq!(soon(connection.rest()).await, (vec![], true), "{way:?}");
    }
}
