//! The language of `/__mock/`: that of the caller, else that of the process.

use serde_json::{Value, json};
use tokio::runtime;
use wechatpay_contract::sign::Sign;
use wechatpay_texts::Language;

use super::Admin;
use crate::support::RawRequest;

const ENGLISH: &str = "expected one of the paths that GET /__mock/ lists";
const CHINESE: &str = "应为 GET /__mock/ 列出的路径之一";

/// Checks that the refusal of a call with this header contains the text.
async fn check(header: Option<&str>, text: &str) {
    let admin = Admin::new().await;
    let admin = header.into_iter().fold(admin, Admin::with);
    admin.get("/none").await.assert_refused(404, text);
}

#[tokio::test]
async fn a_refusal_is_in_the_language_of_the_caller() {
    check(Some("Accept-Language: zh-CN"), CHINESE).await;
    check(Some("Accept-Language: zh-TW"), CHINESE).await;
    check(Some("Accept-Language: en"), ENGLISH).await;
    check(Some("Accept-Language: fr"), ENGLISH).await;
    check(None, ENGLISH).await;
}

#[test]
fn a_refusal_of_a_call_without_a_language_is_in_that_of_the_process() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // On one thread, as if it were the language of the process.
    Language::Chinese.within(|| {
        runtime.block_on(async {
            check(None, CHINESE).await;
            check(Some("Accept-Language: fr"), CHINESE).await;
            check(Some("Accept-Language: en"), ENGLISH).await;
        });
    });
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_said_in_chinese() {
    let admin = Admin::new().await.with("Accept-Language: zh-CN");
    let bad_fields: [(&str, Value, &str); 4] = [
        ("/clock", json!({ "action": "advance" }), "请求体：缺少字段 seconds"),
        ("/clock", json!({ "action": "advance", "seconds": "1" }), "应为整数，实际是 \"1\""),
        ("/verify", json!({ "tims": 1 }), "是不是想用 times？"),
        ("/reset", json!([]), "请求体：应为 JSON 对象，实际是其他内容"),
    ];
    for (path, body, text) in bad_fields {
        admin.post(path, &body).await.assert_refused(400, text);
    }
    admin.get("/exchanges?limit=0").await.assert_refused(400, "limit：应为 1 到 1000，实际是 \"0\"");
    // Made on another thread.
    let state = json!({ "version": 1, "merchants": { "1": { "documents": [] } } });
    admin.call("PUT", "/state", &state.to_string()).await.assert_refused(400, "merchants.1：应为");
}

#[tokio::test]
async fn an_exchange_is_shown_to_each_caller_in_its_language() {
    let admin = Admin::new().await;
    let body = RawRequest { body: b"{".into(), ..RawRequest::sample() };
    assert_eq!(admin.exchange(&body).await, 400);
    let rejection = |shown: super::Response| shown.body["rejection"].clone();
    let english = rejection(admin.get("/exchanges/1").await);
    let admin = admin.with("Accept-Language: zh-CN");
    let chinese = rejection(admin.get("/exchanges/1").await);
    assert_eq!(
        (&english["row"], &chinese["row"]),
        (&"the fields match the contract".into(), &"字段符合契约".into())
    );
    let reason = |rejection: &Value| rejection["reason"].as_str().unwrap().to_owned();
    assert!(reason(&english).starts_with("/body: expected JSON, found "), "{english}");
    assert!(reason(&chinese).starts_with("/body：应为 JSON，但解析出错："), "{chinese}");
}

#[tokio::test]
async fn a_malformed_header_is_explained_to_each_caller_in_one_language() {
    let admin = Admin::new().await;
    let header = "Authorization: WECHATPAY2-SHA256-RSA2048";
    let request = RawRequest { sign: Sign::Unsigned, ..RawRequest::sample() }.header(header);
    assert_eq!(admin.exchange(&request).await, 401);
    let reason = |shown: super::Response| shown.body["rejection"]["reason"].as_str().unwrap().to_owned();
    let english = reason(admin.get("/exchanges/1").await);
    assert!(english.ends_with("expected a space after the scheme, found the end at byte 25"), "{english}");
    let chinese = reason(admin.with("Accept-Language: zh-CN").get("/exchanges/1").await);
    assert!(chinese.ends_with("第 25 字节处应为：认证类型后的空格，实际是：结尾"), "{chinese}");
}

#[test]
fn the_gateways_answers_do_not_depend_on_the_language_of_the_process() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answers = [Language::English, Language::Chinese].map(|language| {
        language.within(|| {
            runtime.block_on(async {
                let admin = Admin::new().await;
                let mut answers = Vec::new();
                for language in ["zh-CN", "en"] {
                    for body in ["{", "{}", r#"{"bonus_value":"1"}"#] {
                        let language = format!("Accept-Language: {language}");
                        let request =
                            RawRequest { body: body.into(), ..RawRequest::sample() }.header(&language);
                        let answer = crate::support::exchange(&admin.mock, &request).await;
                        answers.push(answer.body.clone());
                    }
                }
                answers
            })
        })
    });
    assert_eq!(answers[0], answers[1]);
}
