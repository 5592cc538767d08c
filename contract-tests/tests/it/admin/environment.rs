//! What a program gets that should reach the mock.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use wechatpay_mock::MockServer;

use super::{Admin, Response};

fn file(made: &Response, name: &str) -> String {
    String::from_utf8(BASE64_STANDARD.decode(made.body["files"][name].as_str().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn the_variables_lead_to_the_host_that_was_called() {
    let admin = Admin::new().await;
    let port = admin.mock.address().port();
    for (host, url) in [
        ("localhost", "http://localhost:80"),
        ("localhost:18080", "http://localhost:18080"),
        ("[::1]:18080", "http://[::1]:18080"),
    ] {
        let body = json!({ "folder": "/tmp/shop" }).to_string();
        let call = format!(
            "POST /__mock/environment HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let made = admin.raw("POST", "/environment", &body, call.as_bytes()).await;
        assert_eq!(made.status, 200, "{made:?}");
        for name in ["HTTPS_PROXY", "http_proxy", "WECHATPAY_BASE_URL", "WECHATPAY_MOCK_URL"] {
            assert_eq!(made.body["variables"][name], url, "{name}");
        }
        let name = host.split("]:").next().unwrap().trim_start_matches('[');
        let name = name.strip_suffix(":18080").unwrap_or(name);
        assert_eq!(made.body["java_properties"]["https.proxyHost"], name);
        let preload = file(&made, "preload.cjs");
        assert!(preload.contains(&format!("\"host\":\"{name}\"")), "{preload}");
        assert!(!preload.contains(&port.to_string()) || port == 80);
    }
}

#[tokio::test]
async fn what_the_program_has_stays() {
    let admin = Admin::new().await;
    let set = json!({
        "NODE_OPTIONS": "--trace-warnings", "PHP_INI_SCAN_DIR": "/etc/php", "JAVA_TOOL_OPTIONS": "-Xmx99m",
        "no_proxy": "db.internal,*",
    });
    let other = MockServer::builder().start().await.unwrap().ca_pem().await.unwrap();
    let program = json!({ "folder": "/tmp/my shop", "authorities": other, "set": set });
    let made = admin.post("/environment", &program).await;
    let variables = &made.body["variables"];
    assert_eq!(variables["NODE_OPTIONS"], "--trace-warnings --require \"/tmp/my shop/preload.cjs\"");
    assert_eq!(variables["PHP_INI_SCAN_DIR"], "/etc/php:/tmp/my shop");
    assert_eq!(variables["NO_PROXY"], "localhost,127.0.0.1,::1,db.internal");
    let java = variables["JAVA_TOOL_OPTIONS"].as_str().unwrap();
    assert!(java.starts_with("-Xmx99m -D"), "{java}");
    for (name, value) in made.body["java_properties"].as_object().unwrap() {
        let option = format!("-D{name}={}", value.as_str().unwrap());
        assert!(java.contains(&format!(" {option}")) || java.contains(&format!(" \"{option}\"")), "{java}");
    }
    let authority = admin.mock.ca_pem().await.unwrap();
    assert_eq!(file(&made, "ca.pem"), authority);
    assert_eq!(file(&made, "ca-bundle.pem"), format!("{other}\n{authority}"));
    assert_eq!(file(&made, "wechatpay-mock.ini").matches("\"/tmp/my shop/ca-bundle.pem\"").count(), 2);

    let again = json!({ "folder": "/tmp/my shop", "set": {
        "NODE_OPTIONS": variables["NODE_OPTIONS"], "PHP_INI_SCAN_DIR": variables["PHP_INI_SCAN_DIR"],
        "JAVA_TOOL_OPTIONS": java, "NO_PROXY": variables["NO_PROXY"],
    } });
    assert_eq!(&admin.post("/environment", &again).await.body["variables"], variables);
}

#[tokio::test]
async fn a_program_that_can_have_no_environment_is_refused() {
    let admin = Admin::new().await;
    for (program, reason) in [
        (json!({}), "expected the field folder, found none"),
        (
            json!({ "folder": "shop" }),
            "folder: expected an absolute path without control characters, found \"shop\"",
        ),
        (json!({ "folder": "/tmp/\n" }), "folder: expected an absolute path"),
        (
            json!({ "folder": "/tmp", "set": { "PATH": "/bin" } }),
            "set: expected no variables but NO_PROXY, no_proxy, NODE_OPTIONS, PHP_INI_SCAN_DIR, JAVA_TOOL_OPTIONS, found \"PATH\"",
        ),
        (json!({ "folder": "/tmp", "set": { "NO_PROXY": null } }), "expected a string, found null"),
        (json!({ "folder": "/tmp", "authority": "" }), "did you mean authorities?"),
    ] {
        admin.post("/environment", &program).await.assert_refused(400, reason);
    }
}

#[tokio::test]
async fn where_no_authority_can_be_kept_there_is_one_in_memory() {
    let no_folder = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let admin = Admin::of(MockServer::builder().ca_dir(no_folder).start().await.unwrap());
    let shown = admin.get("/ca.pem").await;
    assert!(shown.status == 200 && shown.text.starts_with("-----BEGIN CERTIFICATE-----"), "{shown:?}");
    assert_eq!(admin.get("/ca.pem").await.text, shown.text);
    let made = admin.post("/environment", &json!({ "folder": "/tmp" })).await;
    assert_eq!(file(&made, "ca.pem"), shown.text);
}

#[tokio::test]
async fn an_authority_that_is_not_the_mocks_is_unavailable_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("wechatpay-mock-ca-key.pem"), "").unwrap();
    let admin = Admin::of(MockServer::builder().ca_dir(dir.path()).start().await.unwrap());
    let remedy =
        "expected the authority's private key, found something else; run `wechatpay-mock ca --delete`";
    admin.get("/ca.pem").await.assert_refused(503, remedy);
    admin.post("/environment", &json!({ "folder": "/tmp" })).await.assert_refused(503, remedy);
}
