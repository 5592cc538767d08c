//! Requests processed again, shown as a command, and with their encrypted fields in plain text.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    process::Command,
};

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, runtime::Runtime, task::spawn_blocking};
use wechatpay_contract::sign::{Sign, ToSign};
use wechatpay_mock::{ApiCertificate, Clock, Config, Limits, MerchantConfig, MockServer};
use wechatpay_protocol::{Credentials, EncryptingKey};

use super::{Admin, Response, signed_by};
use crate::support::{Connection, NOW, RawRequest, frozen_mock, soon, tools::are_missing};

/// Replays the exchange. The summary of the new one.
async fn replayed(admin: &Admin, number: u64, sign: &str) -> Value {
    let response = admin.post(&format!("/exchanges/{number}/replay"), &json!({ "sign": sign })).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.body["replay_of"], number);
    response.body
}

/// What a request got: its status, its code, and why it was refused.
async fn outcome(admin: &Admin, number: &Value) -> Value {
    let exchange = admin.get(&format!("/exchanges/{number}")).await.body;
    json!([exchange["answer"]["status"], exchange["rejection"], exchange["diagnosis"]])
}

async fn replay_elsewhere(admin: &Admin, body: &Value) -> Response {
    admin.post("/replay", body).await
}

fn unsigned() -> RawRequest {
    RawRequest { sign: Sign::Unsigned, ..RawRequest::sample() }
}

#[tokio::test]
async fn the_same_bytes_get_the_same_answer_for_the_same_reason() {
    let admin = Admin::new().await;
    admin.five_exchanges().await;
    admin.mock.clock().advance(86_400);
    for number in 1..=5 {
        let again = replayed(&admin, number, "as-then").await;
        assert_eq!(
            outcome(&admin, &again["number"]).await,
            outcome(&admin, &json!(number)).await,
            "{number}"
        );
        let [then, now] = [number, again["number"].as_u64().unwrap()].map(|one| format!("/exchanges/{one}"));
        let [mut then, mut now] = [admin.get(&then).await.body, admin.get(&now).await.body];
        assert_eq!(now["at"], NOW.as_unix() + 86_400);
        for exchange in [&mut then, &mut now] {
            exchange["request"]["version"].take();
        }
        assert_eq!((&now["request"], &now["message"]), (&then["request"], &then["message"]));
        assert_eq!((&now["replay_of"], &now["peer"]), (&json!(number), &json!(null)));
    }
}

#[tokio::test]
async fn a_signature_that_was_recent_then_is_valid_although_it_is_old_and_again_after_that() {
    let admin = Admin::new().await;
    assert_eq!(admin.exchange(&RawRequest::certificates()).await, 200);
    admin.mock.clock().advance(86_400);
    assert_eq!(admin.exchange(&RawRequest::certificates()).await, 401);
    assert_eq!(replayed(&admin, 1, "as-then").await["status"], 200);
    assert_eq!(replayed(&admin, 2, "as-then").await["status"], 401);
    assert_eq!(replayed(&admin, 3, "as-then").await["status"], 200, "the replay of a replay");
}

#[tokio::test]
async fn signatures_that_were_checked_in_real_time_still_are() {
    let admin = Admin::new().await;
    admin.post("/clock", &json!({ "action": "advance", "seconds": 86_400, "signatures": "real" })).await;
    assert_eq!(admin.exchange(&RawRequest::certificates()).await, 200);
    admin.post("/clock", &json!({ "action": "resume" })).await;
    admin.mock.clock().advance(-1_000_000);
    assert_eq!(replayed(&admin, 1, "as-then").await["status"], 200);
}

#[tokio::test]
async fn a_request_that_is_signed_anew_is_authenticated_now() {
    let admin = Admin::new().await;
    let made = admin.make_merchant(&json!({ "new_key": true })).await;
    let sample = RawRequest::sample();
    for sign in [Sign::WrongKey, Sign::TamperedBody, Sign::Stale, Sign::UnknownSerial, Sign::Unsigned] {
        assert_eq!(admin.exchange(&RawRequest { sign, ..sample.clone() }).await, 401);
    }
    admin.exchange(&unsigned().header("Authorization: Bearer correct-horse")).await;
    admin.exchange(&signed_by(&made, RawRequest::certificates())).await;
    admin.mock.clock().advance(1_000);
    for number in 1..=6 {
        assert_eq!(replayed(&admin, number, "anew").await["merchant"], "1900000001");
    }
    let again = replayed(&admin, 7, "anew").await;
    assert_eq!((&again["status"], &again["merchant"]), (&json!(200), &json!(made.mchid.as_str())));
    assert!(admin.mock.exchanges()[7..].iter().all(|exchange| exchange.is_authenticated));
    let shown = admin.get(&format!("/exchanges/{}", again["number"])).await.text;
    assert!(shown.contains(&format!("timestamp=\\\"{}\\\"", NOW.as_unix() + 1_000)), "{shown}");
}

#[tokio::test]
async fn the_state_is_that_of_now() {
    let admin = Admin::new().await;
    let order = RawRequest::order("1217752501");
    assert_eq!(admin.exchange(&order).await, 200);
    admin.post("/payments", &json!({ "out_trade_no": "1217752501" })).await;
    assert_eq!(replayed(&admin, 1, "as-then").await["code"], "ORDER_PAID");
    admin.post("/reset", &json!({ "merchant": "1900000001" })).await;
    admin.exchange(&order).await;
    admin.post("/reset", &json!({ "merchant": "1900000001" })).await;
    admin.exchange(&RawRequest::certificates()).await;
    assert_eq!(admin.numbers("").await, [4]);
    admin.get("/exchanges/3/curl").await.assert_refused(404, "exchange 3 is no longer in the journal");
}

#[tokio::test]
async fn what_cannot_be_made_again_is_refused_with_what_to_do() {
    let limits = Limits::default().with_journal_body(64).unwrap().with_body(1_000).unwrap();
    let certificate = ApiCertificate::new(&Credentials::development().merchant_certificate, None).unwrap();
    let known = MerchantConfig::new("1900000002".parse().unwrap());
    let keyless = MerchantConfig { certificate, ..known };
    let mut config = Config::default().with_merchants([MerchantConfig::development(), keyless]);
    config.limits = limits;
    let builder = MockServer::builder().config(config).clock(Clock::fixed(NOW));
    let admin = Admin::of(builder.start().await.unwrap());
    let made = Credentials { mchid: "1900000002".parse().unwrap(), ..Credentials::development() };
    for request in [
        RawRequest::sample(),
        RawRequest { body: vec![b' '; 1_001], ..RawRequest::sample() },
        RawRequest { body: Vec::new(), ..unsigned().header("Authorization: Bearer correct-horse") },
        signed_by(&made, RawRequest::certificates()),
        RawRequest { sign: Sign::UnknownMerchant, ..RawRequest::certificates() },
    ] {
        admin.exchange(&request).await;
    }
    for sign in ["as-then", "anew"] {
        let order = json!({ "sign": sign });
        let replay = async |number| admin.post(&format!("/exchanges/{number}/replay"), &order).await;
        replay(1).await.assert_refused(409, "found 64 of ");
        replay(2).await.assert_refused(409, "expected a body of at most 1000 bytes");
        replay(9).await.assert_refused(404, "the last one is ");
        let (masked, keyless, unknown) = (replay(3).await, replay(4).await, replay(5).await);
        if sign == "anew" {
            assert_eq!(masked.status, 200);
            keyless.assert_refused(409, "found 1900000002; add private_key next to its certificate");
            unknown.assert_refused(409, "found mchid 1999999999, which does not exist");
        } else {
            masked.assert_refused(409, "replay it with \"sign\": \"anew\"");
            assert_eq!((keyless.body["status"].as_u64(), unknown.status), (Some(200), 200));
        }
    }
    for call in ["curl", "decrypted"] {
        admin.get(&format!("/exchanges/1/{call}")).await.assert_refused(409, "raise limits.journal_body");
    }
    admin.get("/exchanges/4/curl").await.assert_refused(409, "add private_key");
    admin.post("/exchanges/1/replay", &json!({ "sign": "new" })).await.assert_refused(400, "as-then or anew");
}

#[tokio::test]
async fn faults_change_the_answer_and_keep_nobody_waiting() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::certificates()).await;
    for (rule, status) in [
        (json!({ "fault": "no-answer", "milliseconds": 600_000 }), json!(null)),
        (json!({ "fault": "refuse", "milliseconds": 600_000 }), json!(null)),
        (json!({ "latency": { "fixed": 60_000 } }), json!(200)),
        (json!({ "fault": "system-error" }), json!(500)),
        (json!({ "fault": "wrong-key" }), json!(200)),
    ] {
        let mut once = rule.clone();
        once["times"] = json!(1);
        admin.post("/faults", &once).await;
        let again = soon(replayed(&admin, 1, "as-then")).await;
        assert_eq!(again["status"], status, "{rule}");
        let name = rule["fault"].as_str().unwrap_or("latency");
        assert_eq!(again["fault"], name);
    }
    assert_eq!(admin.exchange(&RawRequest::certificates()).await, 200, "the mock still accepts connections");
}

/// An upload of a picture, which is no text, signed as its part `meta` says.
fn upload() -> RawRequest {
    let meta =
        r#"{"filename":"a.png","sha256":"ad4f91d37fee3e15c23c66cf6efb4cd1d4f2a9dd71f6ba2d7b1d3d1ffb0e32d0"}"#;
    let head = "Content-Disposition: form-data; name=";
    let mut body = format!(
        "--b\r\n{head}\"meta\"\r\nContent-Type: application/json\r\n\r\n{meta}\r\n--b\r\n{head}\"file\"; \
         filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
    )
    .into_bytes();
    body.extend(b"\x89PNG\r\n\x1a\n\0'\xff\r\n--b--\r\n");
    let (method, target) = ("POST", "/v3/merchant/media/upload");
    let to_sign = ToSign { method, target, body: meta.as_bytes(), now: NOW, nonce_str: "1" };
    let signed = Sign::Valid.sign(&to_sign, &Credentials::development()).unwrap();
    RawRequest { method, target: target.into(), body, ..unsigned() }
        .header("Content-Type: multipart/form-data; boundary=b")
        .header(&format!("Authorization: {}", signed.authorization.unwrap()))
}

#[tokio::test]
async fn an_upload_is_replayed_as_it_was_and_signed_by_its_part_meta() {
    let admin = Admin::new().await;
    admin.exchange(&upload()).await;
    let first = outcome(&admin, &json!(1)).await;
    assert!(admin.mock.exchanges()[0].is_authenticated);
    for sign in ["as-then", "anew"] {
        let again = replayed(&admin, 1, sign).await;
        assert_eq!(outcome(&admin, &again["number"]).await, first, "{sign}");
        assert_eq!(again["authenticated"], true, "{sign}");
    }
}

#[tokio::test]
async fn a_request_from_elsewhere_is_processed_as_if_it_had_arrived() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::certificates()).await;
    let request = admin.get("/exchanges/1").await.body["request"].clone();
    admin.mock.clock().advance(86_400);
    let at = NOW.as_unix();
    for (body, status) in [
        (json!({ "request": request, "at": at }), 200),
        (json!({ "request": request, "at": at + 301 }), 401),
        (json!({ "request": request }), 401),
        (json!({ "request": request, "sign": "anew" }), 200),
        (json!({ "request": { "method": "GET", "target": "/none" } }), 404),
    ] {
        let response = replay_elsewhere(&admin, &body).await;
        assert_eq!((response.status, response.body["status"].as_u64()), (200, Some(status)), "{body}");
        assert_eq!(response.body["replay_of"], json!(null));
    }
    let base64 = json!({ "method": "POST", "target": "/v3/security/echo", "body": { "base64": "/wA=" },
        "headers": [{ "name": "X-A", "base64": "/w==" }] });
    let number = replay_elsewhere(&admin, &json!({ "request": base64 })).await.body["number"].clone();
    let shown = admin.get(&format!("/exchanges/{number}")).await.body["request"].clone();
    assert_eq!((&shown["body"]["base64"], &shown["headers"][0]["base64"]), (&json!("/wA="), &json!("/w==")));
}

#[tokio::test]
async fn a_request_that_cannot_exist_is_refused_with_its_field() {
    let admin = Admin::new().await;
    let of = |change: Value| {
        let mut request = json!({ "method": "GET", "target": "/v3/certificates" });
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "request": request })
    };
    let headers = |value: Value| of(json!({ "headers": [value] }));
    let many: Vec<_> = (0..33_000).map(|name| json!({ "name": name.to_string(), "value": "" })).collect();
    let mut late = of(json!({}));
    late["at"] = json!(253_402_300_800_u64);
    let mut both = of(json!({}));
    both.as_object_mut().unwrap().extend([("at".into(), json!(1)), ("sign".into(), json!("anew"))]);
    for (body, expected) in [
        (of(json!({ "method": "G T" })), "request.method: expected an HTTP method, found \"G T\""),
        (of(json!({ "target": "v3" })), "request.target: expected path and query"),
        (of(json!({ "target": "/v3/ a" })), "request.target: "),
        (of(json!({ "target": "/v3#a" })), "request.target: "),
        (of(json!({ "target": "http://a/b" })), "request.target: "),
        (of(json!({ "target": format!("/{}", "a".repeat(70_000)) })), "request.target: "),
        (headers(json!({ "name": "a b", "value": "" })), "request.headers: expected a header, found \"a b\""),
        (headers(json!({ "name": "a", "value": "b\r\nc: d" })), "request.headers: expected a header"),
        (headers(json!({ "name": "a" })), "found none"),
        (headers(json!({ "name": "a", "value": "", "base64": "" })), "found several"),
        (headers(json!({ "name": "a", "base64": "?" })), "expected Base64, found \"?\""),
        (of(json!({ "headers": many })), "request.headers: expected fewer"),
        (of(json!({ "body": {} })), "expected one of text"),
        (of(json!({ "body": { "text": "a", "cut": true } })), "request.body.cut: expected a whole body"),
        (of(json!({ "bdy": {} })), "did you mean body?"),
        (late, "at: expected 0 to 253402300799"),
        (both, "at: expected none with the sign anew"),
        (json!({ "at": 1 }), "the field request, found none"),
    ] {
        replay_elsewhere(&admin, &body).await.assert_refused(400, expected);
    }
    assert!(admin.mock.exchanges().is_empty());
    let twice = json!([{ "name": "Authorization", "value": "" }, { "name": "Authorization", "value": "" }]);
    let refused = replay_elsewhere(&admin, &of(json!({ "headers": twice }))).await.body;
    assert_eq!(refused["status"], 400, "as over a socket");
}

/// Runs the command that is shown for the exchange with `sh`, and returns what curl printed.
async fn curl(admin: &Admin, number: u64) -> (String, String) {
    let shown = admin.get(&format!("/exchanges/{number}/curl")).await;
    assert!(shown.head.contains("text/plain; charset=utf-8"), "{}", shown.head);
    let command = shown.text.clone();
    let ran = spawn_blocking(move || {
        let mut sh = Command::new("sh");
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            sh.env_remove(name).env_remove(name.to_uppercase());
        }
        sh.args(["-c", &shown.text]).env("CURL_HOME", "/nonexistent").output().unwrap()
    });
    (command, String::from_utf8_lossy(&ran.await.unwrap().stdout).into_owned())
}

#[tokio::test]
async fn the_command_of_an_exchange_makes_the_same_request_with_a_new_signature() {
    if are_missing(&["curl", "base64"]) {
        return;
    }
    let mut admin = Admin::new().await;
    // The command calls the host that it was asked of.
    admin.host = admin.mock.address().to_string().leak();
    let sample = RawRequest::sample();
    let text = |body: &str| RawRequest { body: body.into(), sign: Sign::WrongKey, ..sample.clone() };
    let hostile = "{\"a\":\"'; touch /tmp/x; '$(id)`id`!!\\\\\"}\n\n";
    let requests = [
        RawRequest { sign: Sign::Stale, ..sample.clone() }.header("Content-Type: application/json"),
        text(hostile).header("X-Quote: it's $HOME").header("X-Empty:"),
        text("@/etc/hostname"),
        text("\u{1b}[201~\nid\n'\u{202e}"),
        text(&format!("[{}1]", "1,".repeat(30_000))),
        RawRequest { body: b"\0\xff'\n".into(), ..sample.clone() },
        RawRequest {
            target: "/v3/certificates?a=[1-3]{b,c}/../'%27&d=$HOME".into(),
            ..RawRequest::certificates()
        },
        RawRequest { method: "PO'ST", ..RawRequest::certificates() },
        upload(),
    ];
    for request in &requests {
        admin.exchange(request).await;
    }
    for number in 1..=requests.len() {
        let (command, printed) = curl(&admin, number as u64).await;
        assert!(!command.trim_end().contains(|one: char| one.is_control() && one != '\n'), "{command:?}");
        let exchanges = admin.mock.exchanges();
        let [then, now] = [&exchanges[number - 1], &exchanges[exchanges.len() - 1]].map(|one| &one.request);
        assert_eq!(exchanges.len(), requests.len() + number, "{command}\n{printed}");
        assert_eq!(
            (&now.method, &now.target, &now.body),
            (&then.method, &then.target, &then.body),
            "{command}"
        );
        let headers = |request: &wechatpay_mock::Request| {
            let all = request.headers.iter().map(|(name, value)| (name.to_owned(), value.to_vec()));
            let left_out = ["host", "content-length", "authorization", "expect"];
            let mut kept: Vec<_> = all.filter(|(name, _)| !left_out.contains(&name.as_str())).collect();
            kept.sort();
            kept
        };
        assert_eq!(headers(now), headers(then), "{command}");
        let is_authenticated = exchanges[exchanges.len() - 1].is_authenticated;
        assert_eq!(is_authenticated, exchanges[number - 1].operation.is_some(), "{command}");
        if number == 1 {
            assert!(printed.starts_with("HTTP/1.1 204 "), "{command}\n{printed}");
        }
    }
}

/// An encrypted echo: what both sides encrypt for each other.
fn echo(mock: &MockServer, text: &str) -> RawRequest {
    let (serial, key) = mock.credentials().public_key.unwrap();
    let encrypted = EncryptingKey::from_pem(&key).unwrap().encrypt(text).unwrap();
    let body = json!({ "echo_message": "hello", "encrypted_echo_message": encrypted });
    let target = "/v3/security/echo".into();
    let request =
        RawRequest { method: "POST", target, body: body.to_string().into(), ..RawRequest::sample() };
    request.header(&format!("Wechatpay-Serial: {serial}"))
}

#[tokio::test]
async fn encrypted_fields_are_shown_in_plain_text_for_one_response() {
    let admin = Admin::of(MockServer::builder().clock(Clock::fixed(NOW)).start().await.unwrap());
    let text = "张三13800138000";
    assert_eq!(admin.exchange(&echo(&admin.mock, text)).await, 200);
    let field = json!([{ "pointer": "/encrypted_echo_message", "text": text }]);
    let expected = json!({ "request": field, "answer": field });
    admin.get("/exchanges/1/decrypted").await.assert_is(200, expected);
    for path in ["/exchanges/1", "/exchanges", "/exchanges.har", "/exchanges/1/curl"] {
        assert!(!admin.get(path).await.text.contains("13800138000"), "{path}");
    }
    // One that does not decrypt says so, and one without such fields has none.
    let (serial, _) = admin.mock.credentials().public_key.unwrap();
    let body = json!({ "echo_message": "a", "encrypted_echo_message": "bm8=" }).to_string();
    admin.exchange(&RawRequest { body: body.into(), ..echo(&admin.mock, text) }).await;
    let shown = admin.get("/exchanges/2/decrypted").await.body;
    assert_eq!((&shown["request"][0]["text"], &shown["answer"]), (&json!(null), &json!([])));
    assert!(shown["request"][0]["problem"].as_str().unwrap().contains("expected"), "{shown}");
    admin.exchange(&RawRequest::sample()).await;
    admin.get("/exchanges/3/decrypted").await.assert_is(200, json!({ "request": [], "answer": [] }));
    // Of a parameter in the query, too.
    let (_, key) = admin.mock.credentials().public_key.unwrap();
    let encrypted = EncryptingKey::from_pem(&key).unwrap().encrypt("13800138000").unwrap();
    let encoded = encrypted.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let target = format!("/v3/smartguide/guides?store_id=1&mobile={encoded}&limit=5&offset=0");
    let guides = RawRequest { target, ..RawRequest::certificates() };
    assert_eq!(admin.exchange(&guides.header(&format!("Wechatpay-Serial: {serial}"))).await, 200);
    let shown = admin.get("/exchanges/4/decrypted").await.body;
    assert_eq!(shown["request"], json!([{ "pointer": "query.mobile", "text": "13800138000" }]));
}

/// This machine's address on its network, if it has one. Nothing is sent.
fn other_address() -> Option<SocketAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().filter(|address| !address.ip().is_loopback() && !address.ip().is_unspecified())
}

#[tokio::test]
async fn encrypted_fields_are_not_shown_to_another_machine_even_with_the_token() {
    let Some(other) = other_address() else {
        eprintln!("skipped: this machine has no address but loopback");
        return;
    };
    let token = "correct-horse-battery";
    let builder = MockServer::builder().listen("0.0.0.0:0".parse().unwrap());
    let mock = builder.admin_token(token.parse().unwrap()).start().await.unwrap();
    let call = async |host: IpAddr| {
        let mut stream = TcpStream::connect((host, mock.address().port())).await.unwrap();
        let head = "GET /__mock/exchanges/1/decrypted HTTP/1.1\r\nHost: a";
        stream
            .write_all(format!("{head}\r\nAuthorization: Bearer {token}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let response = Connection::over(stream).response().await;
        (response.status().to_owned(), response.to_text())
    };
    let (status, text) = call(other.ip()).await;
    assert!(status == "403" && text.contains("expected a caller on this machine"), "{text}");
    assert_eq!(call([127, 0, 0, 1].into()).await.0, "404");
}

/// A request that may be wrong in several ways.
fn any_request() -> impl Strategy<Value = RawRequest> {
    let sign = prop::sample::select(vec![
        Sign::Valid,
        Sign::Unsigned,
        Sign::Oldest,
        Sign::Stale,
        Sign::Ahead,
        Sign::WrongKey,
        Sign::UnknownMerchant,
        Sign::UnknownSerial,
        Sign::TamperedBody,
        Sign::NoFinalNewline,
        Sign::SignatureNotBase64,
        Sign::Authorization("WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\"".into()),
    ]);
    let method = prop::sample::select(vec!["PATCH", "GET", "POST", "X"]);
    let target = prop_oneof![
        Just(RawRequest::sample().target),
        Just("/v3/certificates".to_owned()),
        Just("/v3/pay/transactions/native".to_owned()),
        "/[a-z0-9/%?=&]{0,20}",
    ];
    let body = prop_oneof![
        Just(RawRequest::sample().body),
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    let headers = prop::sample::subsequence(
        vec!["Accept: */*", "User-Agent: a", "Accept-Language: en", "Accept-Language: xx", "X: \u{e9}"],
        0..5,
    );
    (sign, method, target, body, headers).prop_map(|(sign, method, target, body, headers)| RawRequest {
        method,
        target,
        headers: headers.into_iter().map(Into::into).collect(),
        body,
        sign,
        signed_at: NOW,
    })
}

#[test]
fn any_request_that_is_replayed_gets_the_same_status_and_code() {
    let runtime = Runtime::new().unwrap();
    let admin = runtime.block_on(async { Admin::of(frozen_mock().await) });
    proptest!(ProptestConfig::with_cases(200), |(request in any_request())| {
        runtime.block_on(async {
            admin.mock.clock().resume();
            admin.post("/reset", &json!({})).await;
            admin.exchange(&request).await;
            admin.post("/clock", &json!({ "action": "advance", "seconds": 86_400 })).await;
            let first = admin.get("/exchanges?order=newest&limit=1").await.body["exchanges"][0].clone();
            // A change that was made is made already.
            if first["status"].as_u64() >= Some(400) || request.method == "GET" {
                let again = replayed(&admin, first["number"].as_u64().unwrap(), "as-then").await;
                for field in ["status", "code", "operation", "merchant", "authenticated", "diagnosis"] {
                    assert_eq!(again[field], first[field], "{field}");
                }
                let [first, again] = [&first["number"], &again["number"]];
                assert_eq!(outcome(&admin, first).await, outcome(&admin, again).await);
            }
        });
    });
}
