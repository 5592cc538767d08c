//! What cannot be proved is said as a hint, never as proof.

use wechatpay_mock::diagnosis::{Diagnosis, TIME_LIMIT, Verdict};

use super::scene::{Scene, base64, sign};

fn diagnosis(scene: &Scene, signed: &[u8]) -> Diagnosis {
    scene.diagnose(&base64(&sign(signed)), TIME_LIMIT).unwrap()
}

#[test]
fn what_is_likely_is_a_hint_beside_what_is_certain() {
    let signed = Scene::default();
    let gbk = b"{\"word\":\"\xd7\xea\"}".to_vec();
    let proxied = Scene { headers: vec![("via", "1.1 squid")], ..signed.clone() };
    for (sent, hint) in [
        (signed.with_body(""), "body-not-received"),
        (signed.with_body("{\"member_price_word\":\"???8?\"}"), "body-sent-as-question-marks"),
        (signed.with_body("{\"member_price_word\":\"?\"}"), "body-sent-as-question-marks"),
        (Scene { sent: Some(gbk), ..signed.clone() }, "body-sent-in-other-charset"),
        (proxied.with_body("{}"), "changed-by-a-proxy"),
    ] {
        let diagnosis = diagnosis(&sent, signed.message().as_bytes());
        assert_eq!((diagnosis.verdict, diagnosis.mistakes.len()), (Verdict::OtherMessage, 0), "{sent:?}");
        assert_eq!(diagnosis.name(), format!("other-message; hint={hint}"));
        assert!(diagnosis.to_string().contains("; hint, not proof: "), "{diagnosis}");
        assert!(diagnosis.chinese().contains("；提示（未经证实）："), "{}", diagnosis.chinese());
    }
}

#[test]
fn a_proof_has_a_hint_only_if_a_proxy_may_have_caused_the_mistake() {
    let scene = Scene { headers: vec![("x-forwarded-for", "192.0.2.1")], ..Scene::default() };
    let decoded = scene.with_target(&scene.target.replace("%2F", "%2f"));
    let proved = diagnosis(&scene, decoded.message().as_bytes());
    assert_eq!(proved.verdict, Verdict::Proven);
    assert_eq!(proved.name(), "path-escaped-otherwise; hint=changed-by-a-proxy");
    assert_eq!(diagnosis(&scene, scene.message().trim_end().as_bytes()).name(), "no-final-newline");
}

#[test]
fn without_a_reason_there_is_no_hint() {
    let get = Scene::get();
    assert_eq!(diagnosis(&get, b"another message").name(), "other-message");
    assert_eq!(diagnosis(&Scene::default(), b"another message").name(), "other-message");
    // Of a signature by an unknown key, nothing is known that could be explained.
    let unknown = base64(&[7; 256]);
    let diagnosis = Scene::default().with_body("").diagnose(&unknown, TIME_LIMIT).unwrap();
    assert_eq!(diagnosis.name(), "no-known-mistake-fits");
}
