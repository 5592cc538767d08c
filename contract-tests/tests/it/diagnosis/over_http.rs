//! Where a running mock shows its diagnosis.

use wechatpay_contract::sign::Sign;
use wechatpay_mock::{Clock, DiagnosisMode, MockServer};
use wechatpay_texts::Language;

use crate::support::{Connection, NOW, RawRequest, exchange, frozen_mock};

fn without_final_newline() -> RawRequest {
    RawRequest { sign: Sign::NoFinalNewline, ..RawRequest::sample() }
}

#[tokio::test]
async fn a_wrong_signature_is_diagnosed_in_a_header_and_in_the_journal() {
    let mock = frozen_mock().await;
    let response = exchange(&mock, &without_final_newline()).await;
    assert_eq!(response.status(), "401");
    assert!(response.head.contains("\r\nMock-Diagnosis: no-final-newline\r\n"), "{}", response.head);

    let exchanges = mock.exchanges();
    let diagnosis = exchanges[0].diagnosis.as_ref().unwrap();
    assert_eq!(
        diagnosis.to_string(),
        "no-final-newline: line 5 (body) should be `…9090134234sfdf\"}\\n`, but `…9090134234sfdf\"}` was signed; \
         end the last line with a newline, too"
    );
    assert_eq!(
        diagnosis.chinese(),
        "no-final-newline：第 5 行（请求体）应为 `…9090134234sfdf\"}\\n`，实际签名的是 `…9090134234sfdf\"}`；\
         签名串的最后一行也要以换行符 \\n 结尾"
    );
}

#[tokio::test]
async fn a_hint_is_marked_as_one_in_the_header_the_log_and_the_journal() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    // Signed over a body that never arrives.
    connection.send(&RawRequest::sample().header("Content-Length: 0").head()).await;
    let response = connection.response().await;
    assert_eq!(response.status(), "401");
    let name = "other-message; hint=body-not-received";
    assert!(response.head.contains(&format!("\r\nMock-Diagnosis: {name}\r\n")), "{}", response.head);

    let line = mock.exchanges()[0].to_string();
    assert!(line.contains(&format!("check 10: {name}: the key is known")), "{line}");
    assert!(line.contains("; hint, not proof: no body arrived"), "{line}");
    let line = Language::Chinese.within(|| mock.exchanges()[0].to_string());
    assert!(line.starts_with(&format!("#1 401 set_rights: 检查 10：{name}：密钥已确认")), "{line}");
    assert!(line.contains("；提示（未经证实）：没有收到请求体"), "{line}");

    let exchanges = mock.exchanges();
    let diagnosis = exchanges[0].diagnosis.as_ref().unwrap();
    assert_eq!(diagnosis.name(), name);
    assert!(diagnosis.mistakes.is_empty());
}

#[tokio::test]
async fn what_a_proxy_did_to_the_path_is_proved_by_its_headers() {
    let mock = frozen_mock().await;
    let sent = RawRequest::certificates().header("X-Original-URI: /shop/v3/certificates");
    let signed = RawRequest { target: "/shop/v3/certificates".into(), ..sent };
    let head = String::from_utf8(signed.to_bytes()).unwrap().replacen("GET /shop", "GET ", 1);
    let mut connection = Connection::open(&mock).await;
    connection.send(head.as_bytes()).await;
    let response = connection.response().await;
    let header = "\r\nMock-Diagnosis: path-before-proxy; hint=changed-by-a-proxy\r\n";
    assert!(response.head.contains(header), "{}", response.head);
}

#[tokio::test]
async fn other_errors_and_successes_are_not_diagnosed() {
    let mock = frozen_mock().await;
    for sign in [Sign::Valid, Sign::Unsigned, Sign::Stale, Sign::UnknownSerial, Sign::UnknownMerchant] {
        let response = exchange(&mock, &RawRequest { sign, ..RawRequest::sample() }).await;
        assert!(!response.head.contains("Mock-Diagnosis"), "{}", response.head);
    }
    assert!(mock.exchanges().iter().all(|exchange| exchange.diagnosis.is_none()));
}

#[tokio::test]
async fn a_diagnosis_does_not_change_the_body() {
    let silent =
        MockServer::builder().clock(Clock::fixed(NOW)).diagnosis(DiagnosisMode::Off).start().await.unwrap();
    let [silent, telling] = [
        exchange(&silent, &without_final_newline()).await,
        exchange(&frozen_mock().await, &without_final_newline()).await,
    ];
    assert!(!silent.head.contains("Mock-Diagnosis"), "{}", silent.head);
    assert!(telling.head.contains("Mock-Diagnosis"), "{}", telling.head);
    assert_eq!(silent.body, telling.body);
}
