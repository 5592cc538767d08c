//! The diagnosis as text.

use std::fmt;

use wechatpay_texts::{Language, phrase, text};

use crate::{Difference, KnownMistake, ProvedMistake, subject::Subject};

/// What is known about a signature that does not match, or about data that can't be decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The mistakes that are proved. They explain everything only if the verdict is [`Verdict::Proven`].
    pub mistakes: Vec<ProvedMistake>,
    /// How far the signature is explained.
    pub verdict: Verdict,
    /// The first difference between the signed message and the right one, if it was found and differs.
    pub difference: Option<Difference>,
    /// Other facts that are certain.
    pub facts: Vec<Fact>,
    /// What is likely, but not proved.
    pub hints: Vec<&'static KnownMistake>,
    pub(crate) subject: Subject,
}

/// How far a signature is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature verifies, or the data decrypts, with the mistakes; or it is the gateway's probe, which never verifies.
    Proven,
    /// A known key signed or encrypted something that no known mistake produces.
    OtherMessage,
    /// No known key made it.
    Unexplained,
    /// There was no time to diagnose it.
    NotTried,
}

/// Something certain about a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// In English.
    pub english: String,
    /// In Chinese.
    pub chinese: String,
}

const OTHER_MESSAGE: KnownMistake = KnownMistake::new(
    "other-message",
    "the key is known, but not the message that it signed: compare what you sign, line by line, with what you send",
    "密钥已确认，但签名的内容不是本次请求：请逐行比较签名串与实际发送的请求",
);

const NO_KNOWN_MISTAKE_FITS: KnownMistake = KnownMistake::new(
    "no-known-mistake-fits",
    "check first that the private key belongs to the certificate of serial_no",
    "与已知错误都不符：请先确认私钥与 serial_no 对应的证书匹配",
);

const OTHER_RESPONSE: KnownMistake = KnownMistake::new(
    "other-message",
    "the key is known, but not the message that it signed: body, timestamp or nonce are not those that arrived; keep the \
     raw bytes of the body, before anything parses them",
    "密钥已确认，但签名的内容不是这里的报文：报文主体、时间戳或随机串与收到的不同，请保留解析之前的原始字节",
);

const NO_KNOWN_RESPONSE_MISTAKE_FITS: KnownMistake = KnownMistake::new(
    "no-known-mistake-fits",
    "check first that you have the key that Wechatpay-Serial names, and the whole signature",
    "与已知错误都不符：请先确认手上有 Wechatpay-Serial 对应的密钥，并且签名值完整",
);

const RESOURCE_ALTERED: KnownMistake = KnownMistake::new(
    "resource-altered",
    "the APIv3 key is right, but something else is not what was encrypted: take ciphertext, nonce and associated_data from \
     the body as they arrived",
    "APIv3 密钥正确，但其他内容与加密时不同：请原样使用报文中的 ciphertext、nonce 和 associated_data",
);

const NO_KNOWN_RESOURCE_MISTAKE_FITS: KnownMistake = KnownMistake::new(
    "no-known-mistake-fits",
    "check first that this is the APIv3 key of the merchant that the callback is for, and was so when it was sent",
    "与已知错误都不符：请先确认这是该回调所属商户的 APIv3 密钥，并且发送回调时已经生效",
);

const OTHER_PAY_SIGN: KnownMistake = KnownMistake::new(
    "other-message",
    "the key is known, but not the message that it signed: make nonce and timestamp once, sign them, and give the client the \
     same ones, with the appid and prepay_id of this order",
    "密钥已确认，但签名的内容不是这些参数：随机串和时间戳只生成一次，签名和调起支付要用同一组值，appid 和 prepay_id 也要属于这笔订单",
);

const NO_KNOWN_PAY_SIGN_MISTAKE_FITS: KnownMistake = KnownMistake::new(
    "no-known-mistake-fits",
    "check first that you sign with the private key (apiclient_key.pem) of the merchant that placed the order, and hand over \
     the whole signature",
    "与已知错误都不符：请先确认用下单商户的私钥（apiclient_key.pem）签名，并且 paySign 完整",
);

const NO_KNOWN_VIEW_MISTAKE_FITS: KnownMistake = KnownMistake::new(
    "no-known-mistake-fits",
    "check first that you sign with the key of API v2 of the merchant that created the order, and hand over what you signed",
    "与已知错误都不符：请先确认用创建订单的商户的 APIv2 密钥签名，并且传入的参数就是签名的参数",
);

const NOT_TRIED: KnownMistake = KnownMistake::new(
    "not-tried",
    "too many wrong signatures arrived at once to diagnose this one: send it again on its own",
    "同时到达的错误签名太多，这一个没有诊断：请单独再发一次",
);

impl Verdict {
    /// Its name: `other-message`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::OtherMessage => "other-message",
            Self::Unexplained => "unexplained",
            Self::NotTried => "not-tried",
        }
    }

    /// The advice if the mistakes do not explain everything.
    fn advice(self, subject: Subject) -> Option<&'static KnownMistake> {
        match (self, subject) {
            (Self::Proven, _) => None,
            (Self::OtherMessage, Subject::Request) => Some(&OTHER_MESSAGE),
            (Self::OtherMessage, Subject::Response) => Some(&OTHER_RESPONSE),
            (Self::OtherMessage, Subject::Resource) => Some(&RESOURCE_ALTERED),
            (Self::OtherMessage, Subject::PaySign) => Some(&OTHER_PAY_SIGN),
            (Self::Unexplained, Subject::Request) => Some(&NO_KNOWN_MISTAKE_FITS),
            (Self::Unexplained, Subject::Response) => Some(&NO_KNOWN_RESPONSE_MISTAKE_FITS),
            (Self::Unexplained, Subject::Resource) => Some(&NO_KNOWN_RESOURCE_MISTAKE_FITS),
            (Self::Unexplained, Subject::PaySign) => Some(&NO_KNOWN_PAY_SIGN_MISTAKE_FITS),
            (Self::NotTried, _) => Some(&NOT_TRIED),
            (Self::OtherMessage | Self::Unexplained, Subject::BusinessView) => {
                Some(&NO_KNOWN_VIEW_MISTAKE_FITS)
            }
        }
    }
}

impl Fact {
    /// What this says in each language.
    pub(crate) fn of(text: impl Fn() -> String) -> Self {
        Self { english: Language::English.within(&text), chinese: Language::Chinese.within(&text) }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match Language::current() {
            Language::English => &self.english,
            Language::Chinese => &self.chinese,
        })
    }
}

impl Diagnosis {
    /// A diagnosis that says nothing yet but its verdict.
    pub(crate) fn of(subject: Subject, verdict: Verdict) -> Self {
        let (mistakes, facts, hints) = (Vec::new(), Vec::new(), Vec::new());
        Self { mistakes, verdict, difference: None, facts, hints, subject }
    }

    /// The diagnosis of a signature for which there was no time.
    pub fn not_tried() -> Self {
        Self::of(Subject::Request, Verdict::NotTried)
    }

    /// The names of the mistakes, each with its variants, joined by `+`, and then those of hints: `crlf`,
    /// `signature-hex+sha1`, `body-reserialized(spaced)`, `other-message; hint=body-not-received`,
    /// `no-known-mistake-fits`, `not-tried`.
    pub fn name(&self) -> String {
        let mistakes = self.mistakes.iter().map(ToString::to_string);
        let advice = self.verdict.advice(self.subject).map(|advice| advice.name.to_owned());
        let name = mistakes.chain(advice).collect::<Vec<_>>().join("+");
        let hints: Vec<_> = self.hints.iter().map(|hint| hint.name).collect();
        if hints.is_empty() { name } else { format!("{name}; hint={}", hints.join("+")) }
    }

    /// Its text in English, whatever the current language.
    pub fn english(&self) -> String {
        Language::English.within(|| self.to_string())
    }

    /// Its text in Chinese, whatever the current language.
    pub fn chinese(&self) -> String {
        Language::Chinese.within(|| self.to_string())
    }

    /// The mistakes, and the verdict's advice: their remedies explain what to do.
    pub fn parts(&self) -> impl Iterator<Item = &'static KnownMistake> {
        self.mistakes.iter().map(|mistake| mistake.known).chain(self.verdict.advice(self.subject))
    }

    /// The facts to show: a proof needs none.
    pub fn shown_facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(|_| self.verdict != Verdict::Proven)
    }
}

/// One line: the names, the line that differs, the remedies, what else is certain, and hints.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let difference = self.difference.iter().map(ToString::to_string);
        let remedies = self.parts().map(|part| part.remedy().to_owned());
        let facts = self.shown_facts().map(ToString::to_string);
        let hints = self.hints.iter().map(|hint| text!("hint, not proof: {remedy}", remedy = hint.remedy()));
        let parts: Vec<_> = difference.chain(remedies).chain(facts).chain(hints).collect();
        let colon = phrase!(": ");
        write!(f, "{}{colon}{}", self.name(), parts.join(phrase!("; ").text()))
    }
}
