//! Proxy requests that the mock refuses, and the reasons it gives.

use wechatpay_mock::MockServer;

use crate::support::{
    Connection, RawRequest, RawResponse, frozen_mock,
    secure::{GATEWAY, tunnel},
    soon,
};

fn text(response: &RawResponse) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

/// The response that refuses a tunnel to this host.
async fn refusal(mock: &MockServer, to: &str) -> RawResponse {
    soon(tunnel(mock, to)).await.err().unwrap_or_else(|| panic!("there is a tunnel to {to}"))
}

#[tokio::test]
async fn other_hosts_are_a_403_with_a_hint() {
    let mock = frozen_mock().await;
    for host in ["example.com", "192.0.2.1", "mch.weixin.qq.com", "api.mch.weixin.qq.com.example.com"] {
        let response = refusal(&mock, &format!("{host}:443")).await;
        assert_eq!(response.status(), "403");
        assert_eq!(
            text(&response),
            format!(
                "wechatpay-mock: expected a host that this mock answers for, found {host}; this is not an open \
                 proxy: allow the host with --proxy-passthrough {host}, or bypass the proxy with NO_PROXY={host}\n"
            )
        );
    }
    let mut connection = Connection::open(&mock).await;
    connection.send(b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n").await;
    assert_eq!(soon(connection.response()).await.status(), "403");
    assert!(mock.exchanges().is_empty());
}

#[tokio::test]
async fn a_call_to_another_port_of_this_machine_is_a_403_and_does_nothing_here() {
    let (mock, other) = (frozen_mock().await, frozen_mock().await);
    assert_eq!(crate::support::exchange(&mock, &RawRequest::sample()).await.status(), "204");
    for url in [other.url(), other.url().replace("http://", "http://user:secret@"), "http://localhost".into()]
    {
        for call in ["POST {url}/__mock/reset", "DELETE {url}/__mock/exchanges", "GET {url}/v3/certificates"]
        {
            let mut connection = Connection::open(&mock).await;
            let request = call.replace("{url}", &url);
            connection.send(format!("{request} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await;
            let response = soon(connection.response()).await;
            assert_eq!(response.status(), "403", "{request}");
            let text = text(&response);
            assert!(text.contains("expected this mock's own address") && !text.contains("secret"), "{text}");
        }
    }
    assert_eq!((mock.exchanges().len(), other.exchanges().len()), (1, 0));
}

#[tokio::test]
async fn after_a_refusal_the_connection_still_works() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    for _ in 0..2 {
        connection.send(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n").await;
        assert_eq!(soon(connection.response()).await.status(), "403");
    }
    connection.send(&RawRequest::sample().to_bytes()).await;
    assert_eq!(soon(connection.response()).await.status(), "204");
}

#[tokio::test]
async fn a_tunnel_without_a_host_or_a_port_is_a_400() {
    let mock = frozen_mock().await;
    for to in ["api.mch.weixin.qq.com", "a..b:443", "*.example.com:443"] {
        let response = refusal(&mock, to).await;
        assert_eq!(response.status(), "400", "{to}");
    }
    let text = text(&refusal(&mock, GATEWAY).await);
    assert!(text.contains("with a host and, for CONNECT, a port"), "{text}");
}

#[tokio::test]
async fn a_tunnel_to_the_mock_itself_is_a_403_even_if_its_host_is_allowed() {
    let allowed = ["localhost", "127.0.0.1", "::1", "127.9.9.9"];
    let mock = allowed
        .iter()
        .fold(MockServer::builder(), |mock, host| mock.proxy_passthrough(host.parse().unwrap()));
    for mock in [frozen_mock().await, mock.start().await.unwrap()] {
        let port = mock.address().port();
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "127.9.9.9"] {
            let response = refusal(&mock, &format!("{host}:{port}")).await;
            assert_eq!(response.status(), "403", "{host}");
            assert!(text(&response).contains("to which this request would loop back"), "{}", text(&response));
        }
    }
}

#[tokio::test]
async fn a_tunnel_to_the_tls_only_port_is_a_loop_too() {
    let builder = MockServer::builder().tls_listen("127.0.0.1:0".parse().unwrap());
    let mock = builder.proxy_passthrough("localhost".parse().unwrap()).start().await.unwrap();
    let address = mock.tls_url().unwrap().replace("https://127.0.0.1", "localhost");
    assert_eq!(refusal(&mock, &address).await.status(), "403");
}

#[tokio::test]
async fn a_tunnel_inside_a_tunnel_is_a_403() {
    let mock = MockServer::builder().proxy_passthrough("localhost".parse().unwrap()).start().await.unwrap();
    for to in ["api.mch.weixin.qq.com:443", "localhost:1", "example.com:443"] {
        let inside = soon(tunnel(&mock, &format!("{GATEWAY}:443"))).await.unwrap();
        let mut inside = Connection::over(inside);
        inside.send(format!("CONNECT {to} HTTP/1.1\r\n\r\n").as_bytes()).await;
        let response = soon(inside.response()).await;
        assert_eq!(response.status(), "403");
        assert!(text(&response).contains("one tunnel is enough"), "{}", text(&response));
    }
}

#[tokio::test]
async fn inside_a_tunnel_allowed_hosts_cannot_be_reached() {
    let mock = MockServer::builder().proxy_passthrough("other.test".parse().unwrap()).start().await.unwrap();
    let inside = soon(tunnel(&mock, &format!("{GATEWAY}:443"))).await.unwrap();
    let mut inside = Connection::over(inside);
    inside.send(b"GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n").await;
    assert_eq!(soon(inside.response()).await.status(), "403");
}

#[tokio::test]
async fn without_a_tunnel_nothing_is_forwarded() {
    let mock = MockServer::builder().proxy_passthrough("localhost".parse().unwrap()).start().await.unwrap();
    for scheme in ["http", "https"] {
        let mut connection = Connection::open(&mock).await;
        let request = format!("GET {scheme}://localhost:1/ HTTP/1.1\r\nHost: localhost:1\r\n\r\n");
        connection.send(request.as_bytes()).await;
        let response = soon(connection.response()).await;
        assert_eq!(response.status(), "400");
        assert!(text(&response).contains("open a tunnel with CONNECT"), "{}", text(&response));
    }
}
