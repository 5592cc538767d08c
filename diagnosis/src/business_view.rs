//! Checks what a front end hands to `openBusinessView` to show a page of pay score: the parameters, and their signature, an
//! HMAC-SHA256 with the key of API v2 over sorted `key=value` pairs. (wild)

use aws_lc_rs::hmac;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use wechatpay_protocol::{HashAlgorithm, display::printable};
use wechatpay_texts::text;

use crate::{
    Diagnosis, Fact, KnownMistake, ParameterProblem, PaySignDiagnosis, ProvedMistake, Secret, SecretKind,
    Verdict, pay_sign::normal, permutations::permutations, subject::Subject,
};

/// A page of pay score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusinessView {
    /// `wxpayScoreUse`: the user confirms an order.
    Use,
    /// `wxpayScoreDetail`: the user looks at an order, and pays it.
    Detail,
    /// `wxpayScoreEnable`: the user opens a service.
    Enable,
}

/// What a front end hands over, and what it should fit.
#[derive(Clone)]
pub struct BusinessViewEvidence<'a> {
    /// The page.
    pub view: BusinessView,
    /// `extraData`, or the pairs of `queryString`.
    pub parameters: &'a Map<String, Value>,
    /// Whether they lead to an order or a permission.
    pub is_known: bool,
    /// The merchant whose order it is; empty if that is not known.
    pub mchid: &'a str,
    /// The service of the order; empty if that is not known.
    pub service_id: &'a str,
    /// The keys of the merchant's. Only that of API v2 is right.
    pub secrets: Vec<Secret<'a>>,
}

/// A mistake in parameters.
macro_rules! mistakes {
    ($($name:ident = $text:literal, $english:literal, $chinese:literal;)+) => {
        $(static $name: KnownMistake = KnownMistake::new($text, $english, $chinese);)+

        /// Every mistake in what `openBusinessView` gets that can be proved.
        pub fn known_business_view_mistakes() -> Vec<&'static KnownMistake> {
            vec![$(&$name),+]
        }
    };
}

mistakes! {
    MISSING = "view-parameter-missing",
        "hand this parameter over, too: it is missing or empty",
        "请把该参数也传给 openBusinessView：现在缺少或为空";
    MISSPELT = "view-parameter-misspelt",
        "name the parameter exactly so, in small letters with underscores",
        "参数名要完全一致：小写字母加下划线";
    NOT_SECONDS = "view-timestamp-not-seconds",
        "give the time in seconds since 1970, which has ten digits",
        "时间戳是 1970 年以来的秒数，共 10 位数字";
    SIGN_TYPE = "view-sign-type",
        "set sign_type to HMAC-SHA256: pay score knows no other",
        "sign_type 固定填 HMAC-SHA256：支付分不支持其他签名方式";
    UNKNOWN = "view-unknown",
        "take the value from the answer to the creation: nothing leads to an order or a permission by this one",
        "请使用创建接口返回的值：没有与它对应的订单或授权";
    OTHER_MCH_ID = "view-other-mch-id",
        "set mch_id to the merchant that created the order",
        "mch_id 要填创建订单的商户号";
    OTHER_SERVICE_ID = "view-other-service-id",
        "set service_id to the service of the order",
        "service_id 要填该订单所属的服务 ID";
    APIV3_KEY = "view-signed-with-apiv3-key",
        "sign with the key of API v2: this is made with the APIv3 key",
        "请用 APIv2 密钥签名：现在用的是 APIv3 密钥";
    NOT_HMAC = "view-not-hmac",
        "make an HMAC-SHA256 with the key of API v2, not a plain hash",
        "请用 APIv2 密钥计算 HMAC-SHA256，不是普通的哈希";
    KEY_LEFT_OUT = "view-key-left-out",
        "end the signed text with &key= and the key, which is also the key of the HMAC",
        "签名串末尾要加 &key= 和密钥，同一个密钥也是 HMAC 的密钥";
    UNSORTED = "view-parameters-unsorted",
        "sort the pairs by their names before signing",
        "签名前要把参数按名称的 ASCII 码从小到大排序";
    LEFT_OUT = "view-parameter-left-out",
        "sign this parameter, too",
        "该参数也要参与签名";
    ADDED = "view-parameter-added",
        "sign only the documented parameters",
        "只有文档规定的参数参与签名";
    ENCODED = "view-value-encoded",
        "sign the values as they are, not percent-encoded",
        "签名时用参数的原始值，不要做 URL 编码";
}

static HINTS: [KnownMistake; 1] = [KnownMistake::new(
    "view-sign-looks-like-rsa",
    "this is the form of a signature with the private key; sign with the key of API v2 and HMAC-SHA256",
    "这像是用私钥签的名；请用 APIv2 密钥计算 HMAC-SHA256",
)];

/// Every hint about what `openBusinessView` gets.
pub fn known_business_view_hints() -> impl Iterator<Item = &'static KnownMistake> {
    HINTS.iter()
}

/// What the user sees of anything else. (documented)
const REQUEST_FAILS: &str = "商户请求错误";

/// Longer values are not signed by anyone. (own choice)
const LONGEST: usize = 512;

/// The characters that are shown of a value.
const LONGEST_SHOWN: usize = 64;

const SIGN: &str = "sign";

impl BusinessView {
    /// The page of a `businessType`.
    pub fn of(business_type: &str) -> Option<Self> {
        Some(match business_type {
            "wxpayScoreUse" => Self::Use,
            "wxpayScoreDetail" => Self::Detail,
            "wxpayScoreEnable" => Self::Enable,
            _ => return None,
        })
    }

    /// The parameter that leads to an order or a permission.
    pub fn key(self) -> &'static str {
        match self {
            Self::Use => "package",
            Self::Detail => "out_order_no",
            Self::Enable => "apply_permissions_token",
        }
    }

    /// What it reads, sorted by name.
    fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Use => &["mch_id", "nonce_str", "package", SIGN, "sign_type", "timestamp"],
            Self::Detail => {
                &["mch_id", "nonce_str", "out_order_no", "service_id", SIGN, "sign_type", "timestamp"]
            }
            Self::Enable => &["apply_permissions_token"],
        }
    }
}

/// Explains why the page is not opened; `None` if everything is right.
pub fn diagnose_business_view(evidence: &BusinessViewEvidence<'_>) -> Option<PaySignDiagnosis> {
    let mut read = Read { view: evidence.view, given: Vec::new(), problems: Vec::new() };
    read.read(evidence.parameters);
    read.check(evidence);
    let is_signed = evidence.is_known && evidence.view != BusinessView::Enable;
    let signature = if is_signed { diagnose_signature(evidence, &read.given) } else { None };
    let parameters = read.problems;
    (!parameters.is_empty() || signature.is_some()).then_some(PaySignDiagnosis { parameters, signature })
}

/// A parameter as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenParameter<'a> {
    /// Its name as it was given, which can be misspelt.
    pub name: &'a str,
    /// Its value. Of what is no text, its JSON.
    pub text: String,
}

/// The parameter of this name, or of one that differs only in capitals and separators; `None` if it is missing or empty.
pub fn given_parameter<'a>(parameters: &'a Map<String, Value>, name: &str) -> Option<GivenParameter<'a>> {
    let misspelt = || parameters.iter().find(|(other, _)| normal(other) == normal(name));
    let (given, value) = parameters.get_key_value(name).or_else(misspelt)?;
    let text = value.as_str().map_or_else(|| value.to_string(), Into::into);
    (!is_nothing(&text)).then_some(GivenParameter { name: given, text })
}

/// The parameters as they are read.
struct Read {
    view: BusinessView,
    given: Vec<(&'static str, String)>,
    problems: Vec<ParameterProblem>,
}

impl Read {
    fn read(&mut self, parameters: &Map<String, Value>) {
        for name in self.view.parameters() {
            let Some(GivenParameter { name: given, text }) = given_parameter(parameters, name) else {
                self.report(&MISSING, name, "…", "undefined");
                continue;
            };
            if given != *name {
                self.report(&MISSPELT, name, name, given);
            }
            self.given.push((name, text));
        }
    }

    fn check(&mut self, evidence: &BusinessViewEvidence<'_>) {
        let given = |name: &str| self.given.iter().find(|(known, _)| *known == name).map(|(_, text)| text);
        let [time, sign_type, mch_id, service_id, key] =
            ["timestamp", "sign_type", "mch_id", "service_id", self.view.key()]
                .map(|name| given(name).cloned());
        let is_time = |text: &String| text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(text) = time.filter(|text| !is_time(text)) {
            self.report(&NOT_SECONDS, "timestamp", "1756951532", &text);
        }
        if let Some(text) = sign_type.filter(|text| text != "HMAC-SHA256") {
            self.report(&SIGN_TYPE, "sign_type", "HMAC-SHA256", &text);
        }
        let is_other = |text: &String| evidence.is_known && text != evidence.service_id;
        if let Some(text) = service_id.filter(is_other) {
            self.report(&OTHER_SERVICE_ID, "service_id", evidence.service_id, &text);
        }
        match (key, mch_id) {
            (Some(text), _) if !evidence.is_known => self.report(&UNKNOWN, self.view.key(), "…", &text),
            (_, Some(text)) if evidence.is_known && text != evidence.mchid => {
                self.report(&OTHER_MCH_ID, "mch_id", evidence.mchid, &text);
            }
            _ => {}
        }
    }

    fn report(&mut self, known: &'static KnownMistake, parameter: &'static str, expected: &str, found: &str) {
        let [expected, found] = [expected, found].map(|text| printable(text, LONGEST_SHOWN).into_owned());
        let mistake = ProvedMistake { known, variants: vec![parameter] };
        self.problems.push(ParameterProblem {
            mistake,
            parameter,
            expected,
            found,
            shown: REQUEST_FAILS.into(),
        });
    }
}

/// Whether the text is what languages make of no value.
fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "undefined" | "null" | "None")
}

/// A text that may have been signed, and the mistakes in it.
type Signed = (String, Vec<ProvedMistake>);

/// `None` if the signature is right, or if there is none.
fn diagnose_signature(
    evidence: &BusinessViewEvidence<'_>,
    given: &[(&'static str, String)],
) -> Option<Diagnosis> {
    let (_, sign) = given.iter().find(|(name, _)| *name == SIGN)?;
    let pairs: Vec<(&str, &str)> =
        given.iter().filter(|(name, _)| *name != SIGN).map(|(name, text)| (*name, text.as_str())).collect();
    let is_short = pairs.iter().all(|(_, text)| text.len() <= LONGEST);
    let found = base16ct::mixed::decode_vec(sign).ok().filter(|_| is_short).and_then(|digest| {
        let texts = texts(&pairs, evidence.parameters);
        texts.iter().find_map(|text| signer(&evidence.secrets, text, &digest))
    });
    match found {
        Some(mistakes) if mistakes.is_empty() => None,
        Some(mistakes) => {
            Some(Diagnosis { mistakes, ..Diagnosis::of(Subject::BusinessView, Verdict::Proven) })
        }
        None => Some(unexplained(evidence, sign)),
    }
}

/// The mistakes, if a known key made this of the text.
fn signer(secrets: &[Secret<'_>], (text, in_text): &Signed, digest: &[u8]) -> Option<Vec<ProvedMistake>> {
    secrets.iter().find_map(|secret| {
        let with_key = format!("{text}&key={}", secret.text);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.text.as_bytes());
        let is_hmac = |text: &str| hmac::sign(&key, text.as_bytes()).as_ref() == digest;
        let is = |hash: HashAlgorithm| hash.digest(with_key.as_bytes()) == digest;
        let mut mistakes: Vec<ProvedMistake> = if is_hmac(&with_key) {
            Vec::new()
        } else if is_hmac(text) {
            vec![(&KEY_LEFT_OUT).into()]
        } else if is(HashAlgorithm::Md5) {
            vec![ProvedMistake { known: &NOT_HMAC, variants: vec!["md5"] }]
        } else if is(HashAlgorithm::Sha256) {
            vec![ProvedMistake { known: &NOT_HMAC, variants: vec!["sha256"] }]
        } else {
            return None;
        };
        if secret.kind == SecretKind::ApiV3 {
            mistakes.push((&APIV3_KEY).into());
        }
        mistakes.extend(in_text.iter().cloned());
        Some(mistakes)
    })
}

/// Texts that may have been signed, the right one first.
fn texts(pairs: &[(&'static str, &str)], all: &Map<String, Value>) -> Vec<Signed> {
    let joined = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join("&")
    };
    let right = joined(pairs);
    let mut texts: Vec<Signed> = vec![(right.clone(), Vec::new())];
    let encoded: Vec<_> = pairs
        .iter()
        .map(|(name, text)| (*name, utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()))
        .collect();
    let encoded = encoded.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>();
    texts.push((joined(&encoded), vec![(&ENCODED).into()]));
    for (at, (name, _)) in pairs.iter().enumerate() {
        let others = [&pairs[..at], &pairs[at + 1..]].concat();
        texts.push((joined(&others), vec![ProvedMistake { known: &LEFT_OUT, variants: vec![name] }]));
    }
    let mut given: Vec<_> = all
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .filter(|(name, text)| *name != SIGN && !text.is_empty() && text.len() <= LONGEST)
        .take(MOST_GIVEN)
        .collect();
    given.sort_unstable();
    texts.push((joined(&given), vec![(&ADDED).into()]));
    let unsorted = permutations(pairs).into_iter().map(|order| (joined(&order), vec![(&UNSORTED).into()]));
    texts.extend(unsorted.filter(|(text, _)| *text != right));
    texts
}

/// The most parameters that are tried together. (own choice)
const MOST_GIVEN: usize = 32;

fn unexplained(evidence: &BusinessViewEvidence<'_>, sign: &str) -> Diagnosis {
    let characters = sign.chars().count();
    let mut facts =
        vec![Fact::of(|| text!("the sign has {characters} characters; an HMAC-SHA256 in hex has 64"))];
    if !evidence.secrets.iter().any(|secret| secret.kind == SecretKind::ApiV2) {
        facts.push(Fact::of(|| {
            text!("the mock does not know the merchant's key of API v2: configure its apiv2_key")
        }));
    }
    // 256 bytes in Base64.
    let hints = if characters == 344 { HINTS.iter().collect() } else { Vec::new() };
    Diagnosis { facts, hints, ..Diagnosis::of(Subject::BusinessView, Verdict::Unexplained) }
}
