//! What front ends hand to clients, right and wrong: the vectors, which OpenSSL signed, and properties.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, fs, path::PathBuf, sync::LazyLock, time::Duration};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wechatpay_diagnosis::{
    KeyHolder, KnownKey, PayClient, PaySignDiagnosis, PaySignEvidence, PrepaidOrder, Secret, SecretKind,
    Verdict, diagnose_pay_sign, known_pay_sign_hints, known_pay_sign_mistakes, prepay_id,
};
use wechatpay_protocol::{Credentials, SigningKey, VerifyingKey};

/// Long enough for every mistake, in an unoptimized build on a busy machine too.
const TIME_LIMIT: Duration = Duration::from_secs(60);

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_pem(&Credentials::development().merchant_key).unwrap());

#[derive(Deserialize)]
struct Vector {
    name: String,
    verdict: String,
    fault: Option<String>,
    client: String,
    parameters: Map<String, Value>,
    order: Option<Order>,
    other_values: Vec<String>,
    secrets: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Order {
    prepay_id: String,
    trade_type: String,
    appids: Vec<String>,
    mchids: Vec<String>,
    key: String,
}

impl Vector {
    fn client(&self) -> PayClient {
        match self.client.as_str() {
            "jsapi-bridge" => PayClient::JsapiBridge,
            "js-sdk" => PayClient::JsSdk,
            "mini-program" => PayClient::MiniProgram,
            "app" => PayClient::App,
            other => panic!("{}: {other}", self.name),
        }
    }

    fn diagnose(&self) -> Option<PaySignDiagnosis> {
        let key = self.order.as_ref().map(|order| public(&order.key));
        let order = self.order.as_ref().zip(key.as_ref()).map(|(order, key)| PrepaidOrder {
            prepay_id: &order.prepay_id,
            trade_type: &order.trade_type,
            appids: texts(&order.appids),
            mchids: texts(&order.mchids),
            key,
        });
        let kind = |name: &str| if name == "apiv2-key" { SecretKind::ApiV2 } else { SecretKind::ApiV3 };
        let secrets = self.secrets.iter().map(|(name, text)| Secret { kind: kind(name), text });
        let evidence = PaySignEvidence {
            client: self.client(),
            parameters: &self.parameters,
            order,
            other_keys: other_keys(),
            secrets: secrets.collect(),
            other_values: texts(&self.other_values),
        };
        diagnose_pay_sign(&evidence, TIME_LIMIT)
    }
}

fn texts(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures"))
}

fn public(path: &str) -> VerifyingKey {
    VerifyingKey::from_pem(&fs::read_to_string(fixtures().join(path)).unwrap()).unwrap()
}

fn other_keys() -> Vec<KnownKey> {
    let (_, platform) = Credentials::development().platform_certificate.unwrap();
    let gateway = KnownKey {
        holder: KeyHolder::Gateway("6B02".into()),
        key: VerifyingKey::from_pem(&platform).unwrap(),
    };
    let stranger = KnownKey { holder: KeyHolder::Stranger, key: public("credentials/other_cert.pem") };
    vec![gateway, stranger]
}

fn vectors() -> Vec<Vector> {
    let files = fs::read_dir(fixtures().join("vectors/pay-sign")).unwrap();
    let read = |path: PathBuf| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let all: Vec<_> = files.map(|file| read(file.unwrap().path())).collect();
    assert!(!all.is_empty());
    all
}

fn vector(name: &str) -> Vector {
    vectors().into_iter().find(|vector| vector.name == name).unwrap()
}

#[test]
fn every_vector_is_explained_by_its_fault() {
    let mut wrong = Vec::new();
    for vector in vectors() {
        let found = vector.diagnose();
        let name = found.as_ref().map(PaySignDiagnosis::name);
        assert_eq!(vector.verdict == "valid", vector.fault.is_none(), "{}", vector.name);
        if name != vector.fault {
            wrong.push(format!("{}: expected {:?}, found {name:?}", vector.name, vector.fault));
        }
        for text in found.iter().flat_map(|found| [found.to_string(), found.chinese()]) {
            let is_secret_shown = vector.secrets.values().any(|secret| text.contains(secret));
            assert!(!is_secret_shown && !text.contains('\n'), "{}: {text}", vector.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_mistake_of_this_kind_is_made_by_a_vector() {
    let made: String = vectors().into_iter().filter_map(|vector| vector.fault).collect::<Vec<_>>().join("+");
    let made: Vec<_> = made.split(['+', '(', ')', ';', '=']).map(str::trim).collect();
    let mistakes = known_pay_sign_mistakes().into_iter().chain(known_pay_sign_hints());
    let own = mistakes.map(|mistake| mistake.name).filter(|name| name.starts_with("pay-"));
    let missing: Vec<_> = own.filter(|name| !made.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_user_sees_what_the_client_shows() {
    let shown = |name: &str| vector(name).diagnose().unwrap().shown().to_owned();
    for (name, text) in [
        ("sha1", "支付验证签名失败"),
        ("timestamp-in-small-letters", "支付验证签名失败"),
        ("package-without-prefix", "支付验证签名失败"),
        ("package-missing", "JSAPI缺少参数total_fee"),
        ("prepay-id-empty", "JSAPI缺少参数total_fee"),
        ("other-appid-given", "商户传入的appid参数不正确，请联系商户处理"),
        ("prepay-id-of-an-app", "支付场景非法"),
        (
            "timestamp-as-number",
            "requestPayment:fail parameter error: parameter.timeStamp should be String instead of Number",
        ),
    ] {
        assert_eq!(shown(name), text, "{name}");
    }
}

#[test]
fn a_diagnosis_says_what_is_expected_and_what_was_found() {
    let found = vector("timestamp-as-number").diagnose().unwrap();
    assert_eq!(
        found.to_string(),
        "pay-parameter-not-text(timeStamp): timeStamp should be `\"1756951532\"`, but is `1756951532`; give the value as \
         text: \"1756951532\", not 1756951532"
    );
    let found = vector("pay-bare-prepay-id-signed").diagnose().unwrap();
    assert_eq!(
        found.to_string(),
        "pay-bare-prepay-id-signed: line 4 (prepay_id) should be `prepay_id=wx1016345501300111d6ae…`, but \
         `wx1016345501300111d6ae05c06ccf79…` was signed; sign package as it is, with prepay_id= before the prepay_id"
    );
    assert_eq!(found.signature.unwrap().verdict, Verdict::Proven);
    assert!(found.parameters.is_empty());
}

#[test]
fn a_prepay_id_is_found_however_it_is_written() {
    let of =
        |client, parameters: Value| prepay_id(client, parameters.as_object().unwrap()).map(str::to_owned);
    let id = Some("wx12".to_owned());
    for package in
        ["prepay_id=wx12", "wx12", " prepay_id = wx12 ", "\"prepay_id=wx12\"", "prepay_id=prepay_id=wx12"]
    {
        assert_eq!(of(PayClient::MiniProgram, json!({"package": package})), id, "{package}");
    }
    assert_eq!(of(PayClient::MiniProgram, json!({"prepay_id": "wx12"})), id);
    assert_eq!(of(PayClient::App, json!({"package": "Sign=WXPay", "prepayid": "wx12"})), id);
    for nothing in
        [json!({}), json!({"package": "prepay_id="}), json!({"package": 1}), json!({"package": "null"})]
    {
        assert_eq!(of(PayClient::JsapiBridge, nothing.clone()), None, "{nothing}");
    }
}

#[test]
fn the_client_is_told_by_the_parameters() {
    for vector in vectors().iter().filter(|vector| vector.verdict == "valid") {
        let expected = match vector.name.as_str() {
            // An appid is required by a page alone, and timestamp could be misspelt.
            "mini-program-with-appid" => PayClient::JsapiBridge,
            "js-sdk" => PayClient::MiniProgram,
            _ => vector.client(),
        };
        assert_eq!(PayClient::of(&vector.parameters), expected, "{}", vector.name);
    }
}

const CLIENTS: [PayClient; 4] =
    [PayClient::JsapiBridge, PayClient::JsSdk, PayClient::MiniProgram, PayClient::App];

/// Parameters as a careful server writes them.
fn right(client: PayClient, values: [&str; 4], is_small: bool, signature: &str) -> Map<String, Value> {
    let [appid, timestamp, nonce, id] = values;
    let package = format!("prepay_id={id}");
    let parameters = match client {
        PayClient::JsapiBridge => json!({
            "appId": appid, "timeStamp": timestamp, "nonceStr": nonce, "package": package, "signType": "RSA",
            "paySign": signature,
        }),
        PayClient::JsSdk => json!({
            "timestamp": if is_small { json!(timestamp) } else { timestamp.parse::<u64>().unwrap().into() },
            "nonceStr": nonce, "package": package, "signType": "RSA", "paySign": signature,
        }),
        PayClient::MiniProgram => json!({
            "timeStamp": timestamp, "nonceStr": nonce, "package": package, "signType": "RSA", "paySign": signature,
        }),
        PayClient::App if is_small => json!({
            "appid": appid, "partnerid": "1900000001", "prepayid": id, "package": "Sign=WXPay", "noncestr": nonce,
            "timestamp": timestamp.parse::<u64>().unwrap(), "sign": signature,
        }),
        PayClient::App => json!({
            "appId": appid, "partnerId": "1900000001", "prepayId": id, "packageValue": "Sign=WXPay", "nonceStr": nonce,
            "timeStamp": timestamp, "sign": signature, "signType": "RSA",
        }),
    };
    parameters.as_object().unwrap().clone()
}

fn diagnose(
    client: PayClient,
    parameters: &Map<String, Value>,
    [appid, other_appid, id]: [&str; 3],
) -> Option<PaySignDiagnosis> {
    let key = KEY.verifying_key();
    let order = PrepaidOrder {
        prepay_id: id,
        trade_type: client.trade_type(),
        appids: vec![other_appid, appid],
        mchids: vec!["1900000001"],
        key: &key,
    };
    let evidence = PaySignEvidence {
        client,
        parameters,
        order: Some(order),
        other_keys: other_keys(),
        secrets: vec![Secret { kind: SecretKind::ApiV3, text: "wechatpay-mock-dev-apiv3-key-32b" }],
        other_values: vec!["wx8888888888888888"],
    };
    diagnose_pay_sign(&evidence, Duration::from_millis(100))
}

prop_compose! {
    fn values()(
        appid in "wx[0-9a-f]{16}",
        other_appid in "wx[0-9a-f]{16}",
        timestamp in "[1-9][0-9]{9}",
        nonce in "[!-~]{1,32}|[A-Za-z0-9]{32}|[钻石]{1,32}",
        id in "(up_)?wx[0-9a-f]{34}|wx[0-9]{4,60}",
    ) -> [String; 5] {
        [appid, other_appid, timestamp, nonce, id]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_right_one_is_never_refused(values in values(), is_small: bool) {
        let [appid, other_appid, timestamp, nonce, id] = &values;
        for client in CLIENTS {
            let package = if client == PayClient::App { id.clone() } else { format!("prepay_id={id}") };
            let signature = KEY.sign(format!("{appid}\n{timestamp}\n{nonce}\n{package}\n").as_bytes());
            let parameters = right(client, [appid, timestamp, nonce, id], is_small, &signature.to_string());
            prop_assert_eq!(prepay_id(client, &parameters), Some(id.as_str()));
            prop_assert_eq!(diagnose(client, &parameters, [appid, other_appid, id]), None);
        }
    }

    #[test]
    fn one_with_another_message_is_always_refused(values in values(), signed in ".{0,40}", is_small: bool) {
        let [appid, other_appid, timestamp, nonce, id] = &values;
        for client in CLIENTS {
            let signature = KEY.sign(signed.as_bytes()).to_string();
            let parameters = right(client, [appid, timestamp, nonce, id], is_small, &signature);
            let found = diagnose(client, &parameters, [appid, other_appid, id]).unwrap();
            prop_assert!(found.parameters.is_empty());
            let signature = found.signature.unwrap();
            prop_assert!(matches!(signature.verdict, Verdict::Proven | Verdict::OtherMessage));
        }
    }

    #[test]
    fn no_parameters_are_too_strange(
        entries in prop::collection::btree_map(
            "appId|appid|timeStamp|timestamp|nonceStr|package|packageValue|prepayId|partnerId|signType|paySign|sign|.{0,5}",
            prop_oneof![
                Just(Value::Null), any::<bool>().prop_map(Value::from), any::<f64>().prop_map(Value::from),
                any::<u64>().prop_map(Value::from), ".{0,300}".prop_map(Value::from), Just(json!({"a": [1]})),
                "(prepay_id ?[=:]|\"|wx[0-9a-f]{0,4}|Sign=WXPay|\n){0,4}".prop_map(Value::from),
                "[0-9a-fA-F]{32}|[0-9a-fA-F]{64}|[-0-9a-f:%=+/_ \r\n]{0,80}".prop_map(Value::from),
            ],
            0..12,
        ),
    ) {
        let parameters = entries.into_iter().collect();
        for client in CLIENTS {
            let found = diagnose(client, &parameters, ["wx12", "wx34", "wx56"]).unwrap();
            let texts = [found.to_string(), found.chinese(), found.name(), found.shown().to_owned()];
            prop_assert!(texts.iter().all(|text| !text.is_empty() && !text.contains('\n')), "{:?}", texts);
        }
    }
}
