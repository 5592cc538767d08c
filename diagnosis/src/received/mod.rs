//! Mistakes in responses and callbacks. The gateway signs rightly, so nearly all of them are made later: by a framework, a
//! log or a person that changed body or headers before the signature was verified.

mod body;
mod hint;
mod layout;

use std::time::Duration;

use wechatpay_protocol::{RequestMessage, Timestamp, VerifyingKey};
use wechatpay_texts::text;

use crate::{
    Deadline, Diagnosis, Evidence, Fact, KnownKey, KnownMistake, Verdict, certain, digest, encoding,
    hint as hints, key,
    known_mistake::Cost,
    layout as layouts,
    rules::{Case, Rules},
    subject::Subject,
    values::{BODY, NONCE_LINE, TIMESTAMP_LINE, ValueRule, WrongValue, nonce},
};

/// A response or a callback as it was kept, and the keys that may have signed it.
#[derive(Clone, Debug)]
pub struct ResponseEvidence<'a> {
    /// `Wechatpay-Timestamp`.
    pub timestamp: &'a str,
    /// `Wechatpay-Nonce`.
    pub nonce: &'a str,
    /// `Wechatpay-Serial`.
    pub serial: &'a str,
    /// `Wechatpay-Signature`.
    pub signature: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The request that it answers, if it is known.
    pub request: Option<RequestMessage<'a>>,
    /// The key that `Wechatpay-Serial` names.
    pub key: &'a VerifyingKey,
    /// Keys that may have signed all the same, the most likely first. The first 64 are tried.
    pub other_keys: Vec<KnownKey>,
}

static RESPONSE: Rules = Rules {
    subject: Subject::Response,
    first: 2,
    values: &TABLES,
    lines: layout::LINES,
    endings: layouts::ENDINGS,
};

/// The tables of rules, each with the place of the line that its values are for.
static TABLES: [(usize, &[ValueRule]); 3] =
    [(TIMESTAMP_LINE, TIMESTAMP), (NONCE_LINE, NONCE), (BODY, body::BODY)];

const TIMESTAMP: &[ValueRule] = &[
    ValueRule::new(
        "received-timestamp-in-milliseconds",
        "keep Wechatpay-Timestamp as it arrives, in seconds: it was turned into milliseconds",
        "请原样保留 Wechatpay-Timestamp（单位为秒）：它被改成了毫秒",
        |kept| vec![(kept.message.timestamp.as_unix() / 1000).to_string().into()],
    ),
    ValueRule::new(
        "received-timestamp-changed",
        "verify with the Wechatpay-Timestamp that arrived with this signature: another time stands in its place",
        "请使用与该签名一同收到的 Wechatpay-Timestamp 验签：现在是另一个时间",
        |kept| {
            let kept = kept.message.timestamp.as_unix();
            let near = (1..=Timestamp::MAX_SKEW.as_secs()).chain([8 * 60 * 60]);
            let times = near.flat_map(|distance| [kept.checked_sub(distance), kept.checked_add(distance)]);
            times.flatten().map(|time| time.to_string().into()).collect()
        },
    )
    .costing(Cost::High),
];

const NONCE: &[ValueRule] = &[ValueRule::new(
    "received-nonce-changed",
    "keep Wechatpay-Nonce as it arrives: its case or its hyphens were changed",
    "请原样保留 Wechatpay-Nonce：它的大小写或连字符被改动了",
    nonce::rewritten,
)];

/// Values of the request in place of those of its response.
static OF_THE_REQUEST: [ValueRule; 2] = [
    ValueRule::new(
        "nonce-of-the-request",
        "sign a response with a nonce of its own, the one in Wechatpay-Nonce: that of the request was signed",
        "应答要使用自己的随机串（Wechatpay-Nonce）签名：现在签名的是请求的随机串",
        |_| Vec::new(),
    ),
    ValueRule::new(
        "timestamp-of-the-request",
        "sign a response with a timestamp of its own, the one in Wechatpay-Timestamp: that of the request was signed",
        "应答要使用自己的时间戳（Wechatpay-Timestamp）签名：现在签名的是请求的时间戳",
        |_| Vec::new(),
    ),
];

static HEADERS_SWAPPED: KnownMistake = KnownMistake::new(
    "received-headers-swapped",
    "read Wechatpay-Timestamp and Wechatpay-Nonce by their names: each has the other's value",
    "请按名称读取 Wechatpay-Timestamp 和 Wechatpay-Nonce：两者的值互换了",
);

/// The gateway's probe: it signs wrongly on purpose, to see whether the signature is verified. (documented)
static SIGNTEST: KnownMistake = KnownMistake::new(
    "signtest",
    "refuse it, as you must: the gateway signs wrongly on purpose now and then, to see whether signatures are verified; \
     a callback comes again with a right signature",
    "必须拒绝：微信支付会不定期发送错误签名，用来探测商户是否验签；回调会带着正确的签名重新发送",
);

/// How the signature of a probe begins. (documented)
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// The values of the request that may have been signed.
pub(crate) fn of_the_request(request: &RequestMessage<'_>) -> [WrongValue; 2] {
    let [nonce, timestamp] = &OF_THE_REQUEST;
    [
        WrongValue { rule: nonce, line: NONCE_LINE, value: request.nonce_str.into() },
        WrongValue { rule: timestamp, line: TIMESTAMP_LINE, value: request.timestamp.to_string().into() },
    ]
}

/// Every mistake in responses and callbacks that can be proved, family by family.
pub fn known_response_mistakes() -> Vec<&'static KnownMistake> {
    let values = RESPONSE.values().map(|(_, rule)| &rule.mistake);
    let lines = RESPONSE.lines.iter().map(|rule| &rule.mistake);
    let own = [&HEADERS_SWAPPED, &SIGNTEST].into_iter().chain(&key::RESPONSE_KEYS);
    let own = own.chain(OF_THE_REQUEST.iter().map(|rule| &rule.mistake)).chain(values).chain(lines);
    let encodings = encoding::ENCODINGS.iter().map(|rule| &rule.mistake);
    let endings = RESPONSE.endings.iter().map(|rule| &rule.mistake);
    let mut all: Vec<&KnownMistake> = Vec::new();
    for mistake in own.chain(encodings).chain(digest::known_mistakes()).chain(endings) {
        if !all.contains(&mistake) {
            all.push(mistake);
        }
    }
    all
}

/// Every hint about responses and callbacks.
pub fn known_response_hints() -> impl Iterator<Item = &'static KnownMistake> {
    hint::HINTS.iter().map(|rule| &rule.mistake)
}

/// Explains why the signature of a response or callback does not match; `None` if it matches.
///
/// Takes as long as [`diagnose`](crate::diagnose) does.
pub fn diagnose_response(evidence: &ResponseEvidence<'_>, time_limit: Duration) -> Option<Diagnosis> {
    if evidence.signature.starts_with(PROBE) {
        let mistakes = vec![(&SIGNTEST).into()];
        return Some(Diagnosis { mistakes, ..Diagnosis::of(Subject::Response, Verdict::Proven) });
    }
    let deadline = Deadline::after(time_limit);
    let [timestamp, nonce] = [evidence.timestamp, evidence.nonce];
    if let Ok(parsed) = timestamp.parse() {
        return with_values(evidence, parsed, nonce, deadline);
    }
    let fact = Fact::of(|| text!("Wechatpay-Timestamp is not seconds since 1970 in digits"));
    let no_timestamp =
        || Diagnosis { facts: vec![fact], ..Diagnosis::of(Subject::Response, Verdict::Unexplained) };
    let Ok(parsed) = nonce.parse() else { return Some(no_timestamp()) };
    let swapped = with_values(evidence, parsed, timestamp, deadline);
    let swapped = swapped.unwrap_or_else(|| Diagnosis::of(Subject::Response, Verdict::Proven));
    if swapped.verdict != Verdict::Proven {
        return Some(no_timestamp());
    }
    let mistakes = [(&HEADERS_SWAPPED).into()].into_iter().chain(swapped.mistakes).collect();
    Some(Diagnosis { mistakes, ..swapped })
}

fn with_values(
    received: &ResponseEvidence<'_>,
    timestamp: Timestamp,
    nonce: &str,
    deadline: Deadline,
) -> Option<Diagnosis> {
    let [method, target] = received.request.map_or([""; 2], |request| [request.method, request.target]);
    // The rules read it like a request.
    let evidence = Evidence {
        message: RequestMessage { method, target, timestamp, nonce_str: nonce, body: received.body },
        signature: received.signature,
        mchid: "",
        serial_no: received.serial,
        host: None,
        template: None,
        headers: Vec::new(),
        key: received.key,
        other_keys: received.other_keys.clone(),
    };
    let case = Case { evidence: &evidence, rules: &RESPONSE, answered: received.request.as_ref() };
    let diagnosis = certain(&case, deadline)?;
    Some(Diagnosis { hints: hints::hints(hint::HINTS, &evidence, &diagnosis), ..diagnosis })
}
