//! Who may use `/__mock/`.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wechatpay_mock::MockServer;

use super::Admin;

const TOKEN: &str = "correct-horse-battery";

/// A mock with a token, on loopback.
async fn with_token() -> Admin {
    Admin::of(MockServer::builder().admin_token(TOKEN.parse().unwrap()).start().await.unwrap())
}

/// A mock that listens everywhere, and whether it has a token.
async fn everywhere(has_token: bool) -> Admin {
    let builder = MockServer::builder().listen("0.0.0.0:0".parse().unwrap());
    let builder = if has_token { builder.admin_token(TOKEN.parse().unwrap()) } else { builder };
    Admin::of(builder.start().await.unwrap())
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// The status of the clock.
async fn status(admin: &Admin) -> u16 {
    admin.get("/clock").await.status
}

#[tokio::test]
async fn on_loopback_without_a_token_the_api_is_open() {
    assert_eq!(status(&Admin::new().await).await, 200);
}

#[tokio::test]
async fn with_a_token_every_call_needs_it() {
    for admin in [with_token().await, everywhere(true).await] {
        let refused = admin.get("/clock").await;
        assert!(refused.head.contains("\r\nWww-Authenticate: Bearer\r\n"), "{}", refused.head);
        refused.assert_refused(401, "Authorization: Bearer TOKEN");
        // An unknown path gets the same response, so it does not show which paths exist.
        assert_eq!(admin.get("/none").await.text, admin.get("/clock").await.text);
        assert_eq!(status(&admin.with(&bearer(TOKEN))).await, 200);
    }
}

#[tokio::test]
async fn any_wrong_token_is_refused() {
    let wrong = [
        (bearer("correct-horse-batterY"), 401),
        (bearer("correct-horse-batter"), 401),
        (bearer("correct-horse-battery1"), 401),
        (bearer(""), 401),
        (bearer(&format!(" {TOKEN}")), 401),
        (format!("Authorization: {TOKEN}"), 401),
        (format!("Authorization: Basic {TOKEN}"), 401),
        (format!("{}\r\n{}", bearer(TOKEN), bearer(TOKEN)), 400),
    ];
    for (header, status) in wrong {
        let refused = with_token().await.with(&header).get("/clock").await;
        assert_eq!(refused.status, status, "{header}");
        assert!(!refused.text.contains("horse"), "{}", refused.text);
    }
}

#[tokio::test]
async fn with_a_token_any_host_is_accepted() {
    for mut admin in [with_token().await.with(&bearer(TOKEN)), everywhere(true).await.with(&bearer(TOKEN))] {
        admin.host = "mock:8080";
        assert_eq!(status(&admin).await, 200);
    }
}

#[tokio::test]
async fn on_another_address_without_a_token_the_api_is_off() {
    let admin = everywhere(false).await;
    admin.get("/clock").await.assert_refused(404, "start it with --admin-token");
    admin.get("/none").await.assert_refused(404, "/__mock/ is off");
    assert_eq!(status(&admin.with(&bearer(TOKEN))).await, 404);
}

#[tokio::test]
async fn everyone_sees_health_and_only_allowed_callers_see_the_version() {
    let bare = json!({ "status": "ok" });
    let full = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
    for mut admin in [with_token().await, everywhere(true).await, everywhere(false).await] {
        // The Host of a call from another container.
        admin.host = "mock:8080";
        admin.get("/health").await.assert_is(200, bare.clone());
        let wrong = admin.with(&bearer("wrong-horse-battery"));
        wrong.get("/health").await.assert_is(200, bare.clone());
    }
    with_token().await.with(&bearer(TOKEN)).get("/health").await.assert_is(200, full.clone());
    Admin::new().await.get("/health").await.assert_is(200, full);
}

#[tokio::test]
async fn a_browser_call_for_another_site_is_refused() {
    for (site, expected) in [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)] {
        let open = Admin::new().await.with(&format!("Sec-Fetch-Site: {site}"));
        assert_eq!(status(&open).await, expected, "{site}");
        // With a token too, and for the health check that needs none.
        let token = with_token().await.with(&bearer(TOKEN)).with(&format!("Sec-Fetch-Site: {site}"));
        assert_eq!(token.get("/health").await.status, expected, "{site}");
    }
    let twice = Admin::new().await.with("Sec-Fetch-Site: none").with("Sec-Fetch-Site: cross-site");
    twice.get("/clock").await.assert_refused(
        403,
        "expected Sec-Fetch-Site to be absent, same-origin or none, found \"cross-site\"",
    );
}

#[tokio::test]
async fn a_host_other_than_this_machine_is_refused() {
    let mut admin = Admin::new().await;
    for host in ["localhost:1", "127.0.0.1", "127.1.2.3:8080", "[::1]:8080", "app.localhost"] {
        admin.host = host;
        assert_eq!(status(&admin).await, 200, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "192.0.2.1",
        "mock",
        "a@localhost",
        "",
    ] {
        admin.host = host;
        for path in ["/clock", "/health", "/none"] {
            admin.get(path).await.assert_refused(403, "expected a Host that names this machine");
        }
    }
}

#[tokio::test]
async fn the_listen_address_is_an_accepted_host() {
    let mock = MockServer::builder().listen("127.0.0.2:0".parse().unwrap()).start().await.unwrap();
    let host: &'static str = mock.url().replace("http://", "").leak();
    let mut admin = Admin::of(mock);
    admin.host = host;
    assert_eq!(status(&admin).await, 200);
}

#[tokio::test]
async fn a_missing_host_and_two_hosts_are_refused() {
    let admin = Admin::new().await;
    let clock = |headers: &str| format!("GET /__mock/clock HTTP/1.1\r\n{headers}\r\n");
    let none = admin.raw("GET", "/clock", "", clock("").as_bytes()).await;
    none.assert_refused(403, "found none");
    let two =
        admin.raw("GET", "/clock", "", clock("Host: localhost\r\nHost: localhost\r\n").as_bytes()).await;
    two.assert_refused(400, "expected one Host header, found 2");
}

#[tokio::test]
async fn the_host_of_an_absolute_url_goes_before_the_host_header() {
    let admin = Admin::new().await;
    let own = admin.mock.url();
    for url in [own.clone(), own.replace("http://", "http://user:secret@")] {
        let request = format!("GET {url}/__mock/clock HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert_eq!(admin.raw("GET", "/clock", "", request.as_bytes()).await.status, 200, "{url}");
    }
    let gateway = "GET http://api.mch.weixin.qq.com/__mock/clock HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(admin.raw("GET", "/clock", "", gateway.as_bytes()).await.status, 403);
}

#[tokio::test]
async fn another_origin_is_refused_even_with_the_token() {
    let origins =
        ["http://evil.example", "null", "https://localhost", "http://localhost:1", "http://localhost/", ""];
    for origin in origins {
        let origin = format!("Origin: {origin}");
        for admin in [Admin::new().await, with_token().await.with(&bearer(TOKEN)), everywhere(false).await] {
            let admin = admin.with(&origin);
            for (method, path) in
                [("GET", "/clock"), ("POST", "/reset"), ("OPTIONS", "/clock"), ("GET", "/health")]
            {
                admin.call(method, path, "").await.assert_refused(403, "expected no Origin");
            }
        }
    }
    let twice = Admin::new().await.with("Origin: http://localhost\r\nOrigin: http://localhost");
    twice.get("/clock").await.assert_refused(403, "expected no Origin");
}

#[tokio::test]
async fn the_mocks_own_origin_is_accepted() {
    assert_eq!(status(&Admin::new().await.with("Origin: http://localhost")).await, 200);
}

#[tokio::test]
async fn no_response_allows_another_origin_to_read_it() {
    let admin = Admin::new().await;
    for (method, path) in [("GET", "/clock"), ("OPTIONS", "/clock")] {
        let response = admin.call(method, path, "").await;
        assert!(!response.head.contains("Access-Control"), "{}", response.head);
    }
}

/// The response to a call without a body over a connection in memory.
pub(super) async fn in_memory(mock: &MockServer, method: &str) -> String {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let talk = async {
        let call = format!("{method} /__mock/clock HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        client.write_all(call.as_bytes()).await.unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        response
    };
    tokio::join!(talk, mock.serve_connection(server)).0
}

#[tokio::test]
async fn a_connection_in_memory_counts_as_loopback() {
    assert!(in_memory(&everywhere(false).await.mock, "GET").await.starts_with("HTTP/1.1 200"));
    assert!(in_memory(&everywhere(true).await.mock, "GET").await.starts_with("HTTP/1.1 401"));
}
