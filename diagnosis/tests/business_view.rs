//! Each mistake in what `openBusinessView` gets is made here and must be named, and nothing else.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use aws_lc_rs::hmac;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wechatpay_diagnosis::{
    BusinessView, BusinessViewEvidence, PaySignDiagnosis, Secret, SecretKind, diagnose_business_view,
    given_parameter,
};
use wechatpay_protocol::HashAlgorithm;

const V2: &str = "0123456789abcdef0123456789abcdef";
const V3: &str = "fedcba9876543210fedcba9876543210";

fn hmac_hex(key: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    base16ct::upper::encode_string(hmac::sign(&key, text.as_bytes()).as_ref())
}

/// The documented text, before its key.
const TEXT: &str =
    "mch_id=1900000001&nonce_str=abc&package=DJIO+1&sign_type=HMAC-SHA256&timestamp=1756951532";

fn handed(sign: &str) -> Value {
    json!({
        "mch_id": "1900000001", "package": "DJIO+1", "timestamp": "1756951532", "nonce_str": "abc",
        "sign_type": "HMAC-SHA256", "sign": sign,
    })
}

fn diagnosis(
    view: BusinessView,
    parameters: &Map<String, Value>,
    is_known: bool,
) -> Option<PaySignDiagnosis> {
    let secrets =
        vec![Secret { kind: SecretKind::ApiV2, text: V2 }, Secret { kind: SecretKind::ApiV3, text: V3 }];
    diagnose_business_view(&BusinessViewEvidence {
        view,
        parameters,
        is_known,
        mchid: "1900000001",
        service_id: "500001",
        secrets,
    })
}

fn name(parameters: &Value) -> String {
    let found = diagnosis(BusinessView::Use, parameters.as_object().unwrap(), true);
    found.map(|found| found.name()).unwrap_or_default()
}

fn right() -> Value {
    handed(&hmac_hex(V2, &format!("{TEXT}&key={V2}")))
}

#[test]
fn what_is_signed_as_documented_is_right_in_either_case() {
    assert_eq!(name(&right()), "");
    let lower = right()["sign"].as_str().unwrap().to_lowercase();
    assert_eq!(name(&handed(&lower)), "");
}

#[test]
fn each_mistake_in_the_signature_is_proved() {
    let signed = |text: &str| handed(&hmac_hex(V2, &format!("{text}&key={V2}")));
    let md5 = HashAlgorithm::Md5.digest(format!("{TEXT}&key={V2}").as_bytes());
    let unsorted =
        "package=DJIO+1&mch_id=1900000001&nonce_str=abc&sign_type=HMAC-SHA256&timestamp=1756951532";
    for (made, expected) in [
        (handed(&hmac_hex(V3, &format!("{TEXT}&key={V3}"))), "view-signed-with-apiv3-key"),
        (handed(&base16ct::upper::encode_string(&md5)), "view-not-hmac(md5)"),
        (handed(&hmac_hex(V2, TEXT)), "view-key-left-out"),
        (signed(unsorted), "view-parameters-unsorted"),
        (signed(&TEXT.replace("&sign_type=HMAC-SHA256", "")), "view-parameter-left-out(sign_type)"),
        (signed(&TEXT.replace("DJIO+1", "DJIO%2B1").replace("HMAC-", "HMAC%2D")), "view-value-encoded"),
        (handed(&"0".repeat(64)), "no-known-mistake-fits"),
        (handed(&"A".repeat(344)), "no-known-mistake-fits; hint=view-sign-looks-like-rsa"),
    ] {
        assert_eq!(name(&made), expected);
        let found = diagnosis(BusinessView::Use, made.as_object().unwrap(), true).unwrap();
        assert_eq!(found.shown(), "商户签名校验失败");
    }
    let mut added = signed(&format!("appid=wx1&{TEXT}"));
    added["appid"] = "wx1".into();
    assert_eq!(name(&added), "view-parameter-added");
}

#[test]
fn each_mistake_in_the_parameters_is_named() {
    let changed = |name: &str, value: Value| {
        let mut made = right();
        made[name] = value;
        made
    };
    let mut misspelt = right();
    misspelt["nonceStr"] = misspelt.as_object_mut().unwrap().remove("nonce_str").unwrap();
    for (made, expected) in [
        (changed("mch_id", Value::Null), "view-parameter-missing(mch_id)"),
        (misspelt, "view-parameter-misspelt(nonce_str)"),
        (changed("timestamp", json!(1_756_951_532_000_u64)), "view-timestamp-not-seconds(timestamp)"),
        (changed("sign_type", "RSA".into()), "view-sign-type(sign_type)"),
        (changed("mch_id", "1900000002".into()), "view-other-mch-id(mch_id)"),
    ] {
        let name = name(&made);
        assert!(name.starts_with(expected), "{name} {expected}");
    }
    let unknown = diagnosis(BusinessView::Use, right().as_object().unwrap(), false).unwrap();
    assert_eq!((unknown.name().as_str(), unknown.shown()), ("view-unknown(package)", "商户请求错误"));
    let token = json!({ "apply_permissions_token": "x" });
    assert!(diagnosis(BusinessView::Enable, token.as_object().unwrap(), true).is_none());
}

#[test]
fn the_service_of_a_detail_is_that_of_the_order() {
    let handed = |service_id: &str| {
        let text = format!(
            "mch_id=1900000001&nonce_str=abc&out_order_no=S1&service_id={service_id}&sign_type=HMAC-SHA256&timestamp=1756951532"
        );
        let mut made = handed(&hmac_hex(V2, &format!("{text}&key={V2}")));
        made["out_order_no"] = "S1".into();
        made["service_id"] = service_id.into();
        made
    };
    let found = |made: &Value| diagnosis(BusinessView::Detail, made.as_object().unwrap(), true);
    assert!(found(&handed("500001")).is_none());
    assert_eq!(found(&handed("500002")).unwrap().name(), "view-other-service-id(service_id)");
}

#[test]
fn a_parameter_is_found_misspelt_and_as_a_number() {
    let given = json!({ "outOrderNo": 1, "mch_id": "", "package": null });
    let found =
        |name| given_parameter(given.as_object().unwrap(), name).map(|given| (given.name, given.text));
    assert_eq!(found("out_order_no"), Some(("outOrderNo", "1".to_owned())));
    assert_eq!((found("mch_id"), found("package"), found("sign")), (None, None, None));
}

proptest! {
    #[test]
    fn a_changed_value_or_digit_of_the_sign_is_never_right(
        name in prop::sample::select(&["mch_id", "nonce_str", "package", "sign_type", "timestamp"][..]),
        value in ".{0,40}",
        at in 0..64_usize,
        digit in "[0-9A-F]",
    ) {
        let mut changed = right();
        prop_assume!(changed[name] != value.as_str());
        changed[name] = value.into();
        prop_assert!(diagnosis(BusinessView::Use, changed.as_object().unwrap(), true).is_some());
        let mut sign = right()["sign"].as_str().unwrap().to_owned();
        prop_assume!(sign[at..=at] != digit);
        sign.replace_range(at..=at, &digit);
        prop_assert!(diagnosis(BusinessView::Use, handed(&sign).as_object().unwrap(), true).is_some());
    }

    #[test]
    fn no_parameters_make_it_panic(
        parameters in prop::collection::hash_map("(mch_id|package|sign|timestamp|x)", ".{0,40}", 0..6),
    ) {
        let parameters: Map<_, _> = parameters.into_iter().map(|(name, text)| (name, text.into())).collect();
        for view in [BusinessView::Use, BusinessView::Detail, BusinessView::Enable] {
            diagnosis(view, &parameters, true);
        }
    }
}
