//! The page: who gets it, and what keeps it from doing anything but show the mock.

use wechatpay_mock::MockServer;

use super::{Admin, Response};
use crate::support::Connection;

const TOKEN: &str = "correct-horse-battery";

/// What a browser sends with a navigation.
const BROWSER: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn with_token(listen: &str) -> Admin {
    let builder = MockServer::builder().listen(listen.parse().unwrap()).admin_token(TOKEN.parse().unwrap());
    Admin::of(builder.start().await.unwrap())
}

async fn everywhere_without_token() -> Admin {
    Admin::of(MockServer::builder().listen("0.0.0.0:0".parse().unwrap()).start().await.unwrap())
}

/// Checks that a browser is sent on to the page.
#[track_caller]
fn assert_leads_to_page(response: &Response) {
    assert_eq!(response.status, 303, "{response:?}");
    assert!(response.head.contains("\r\nLocation: /__mock/ui/\r\n"), "{}", response.head);
}

/// Status and head of a file of the page.
async fn file(admin: &Admin, path: &str) -> (String, String) {
    let mut connection = Connection::open(&admin.mock).await;
    let request = format!("GET /__mock{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    connection.send(request.as_bytes()).await;
    let response = connection.response().await;
    assert!(!response.body.is_empty());
    (response.status().into(), response.head)
}

#[tokio::test]
async fn each_file_has_its_type_and_a_strict_policy() {
    let admin = Admin::new().await;
    for (path, content_type) in [
        ("/ui/", "text/html; charset=utf-8"),
        ("/ui/index.html", "text/html; charset=utf-8"),
        ("/ui/style.css", "text/css; charset=utf-8"),
        ("/ui/app.js", "text/javascript; charset=utf-8"),
    ] {
        let (status, head) = file(&admin, path).await;
        assert_eq!(status, "200");
        for header in [
            &format!("Content-Type: {content_type}"),
            "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; \
             img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Cross-Origin-Opener-Policy: same-origin",
            "Cache-Control: no-store",
        ] {
            assert!(head.contains(&format!("\r\n{header}\r\n")), "{header}: {head}");
        }
    }
}

#[tokio::test]
async fn a_browser_is_led_to_the_page_and_a_program_gets_the_list_of_calls() {
    let admin = Admin::new().await;
    for accept in ["Accept: */*", "Accept: application/json, text/html"] {
        let response = Admin::new().await.with(accept).get("/").await;
        assert!(response.body["calls"].is_array(), "{accept}");
    }
    let admin = admin.with(BROWSER);
    for path in ["", "/", "/ui"] {
        let mut connection = Connection::open(&admin.mock).await;
        let request = format!("GET /__mock{path} HTTP/1.1\r\nHost: localhost\r\n{BROWSER}\r\n\r\n");
        connection.send(request.as_bytes()).await;
        let head = connection.response().await.head;
        assert!(
            head.starts_with("HTTP/1.1 303 ") && head.contains("\r\nLocation: /__mock/ui/\r\n"),
            "{head}"
        );
    }
    assert_leads_to_page(&admin.get("/").await);
}

#[tokio::test]
async fn the_page_needs_no_token_but_the_calls_do() {
    for listen in ["127.0.0.1:0", "0.0.0.0:0"] {
        let admin = with_token(listen).await;
        assert_eq!(admin.get("/").await.status, 401);
        for path in ["/ui/", "/ui/style.css"] {
            assert_eq!(admin.get(path).await.status, 200, "{path}");
        }
        admin.get("/ui/none.js").await.assert_refused(404, "did you mean /__mock/ui/?");
        assert_eq!(admin.get("/events").await.status, 401);
        assert_eq!(admin.call("DELETE", "/ui/", "").await.status, 401);
        let admin = admin.with(BROWSER);
        assert_leads_to_page(&admin.get("/").await);
        assert_eq!(admin.get("/clock").await.status, 401);
    }
}

#[tokio::test]
async fn on_another_address_without_a_token_the_page_is_off() {
    let admin = everywhere_without_token().await.with(BROWSER);
    for path in ["/", "/ui/", "/ui/style.css", "/events"] {
        admin.get(path).await.assert_refused(404, "/__mock/ is off");
    }
}

#[tokio::test]
async fn pages_of_other_origins_and_names_do_not_get_the_page() {
    for admin in [Admin::new().await, with_token("127.0.0.1:0").await] {
        let admin = admin.with("Sec-Fetch-Site: cross-site");
        for path in ["/ui/", "/ui/style.css"] {
            assert_eq!(admin.get(path).await.status, 403, "{path}");
        }
    }
    let mut admin = Admin::new().await;
    admin.host = "evil.example";
    assert_eq!(admin.get("/ui/").await.status, 403);
}

#[tokio::test]
async fn the_page_has_one_method_and_no_other_files() {
    let admin = Admin::new().await;
    for path in ["/ui/", "/ui/app.js"] {
        let refused = admin.call("POST", path, "").await;
        assert!(refused.head.contains("\r\nAllow: GET\r\n"), "{}", refused.head);
        refused.assert_refused(405, "expected GET, found \"POST\"");
    }
    for path in ["/ui/none.js", "/ui/..%2fmod.rs", "/ui/page/app.js", "/ui/APP.JS"] {
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }
}
