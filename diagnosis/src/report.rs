//! The diagnosis in English and Chinese.

use std::fmt;

use crate::{Difference, KnownMistake, ProvedMistake};

/// What is known about a signature that does not match.
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
}

/// How far a signature is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature verifies with the mistakes.
    Proven,
    /// A known key signed a message that no known mistake produces.
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
    "没有符合的已知错误：请先确认私钥与 serial_no 对应的证书匹配",
);

const NOT_TRIED: KnownMistake = KnownMistake::new(
    "not-tried",
    "too many wrong signatures arrived at once to diagnose this one: send it again on its own",
    "同时收到的错误签名过多，没有诊断这一个：请单独重新发送",
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
    fn advice(self) -> Option<&'static KnownMistake> {
        match self {
            Self::Proven => None,
            Self::OtherMessage => Some(&OTHER_MESSAGE),
            Self::Unexplained => Some(&NO_KNOWN_MISTAKE_FITS),
            Self::NotTried => Some(&NOT_TRIED),
        }
    }
}

impl Fact {
    pub(crate) fn new(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self { english: english.into(), chinese: chinese.into() }
    }
}

impl Diagnosis {
    /// A diagnosis that says nothing yet but its verdict.
    pub(crate) fn of(verdict: Verdict) -> Self {
        Self { mistakes: Vec::new(), verdict, difference: None, facts: Vec::new(), hints: Vec::new() }
    }

    /// The diagnosis of a signature for which there was no time.
    pub fn not_tried() -> Self {
        Self::of(Verdict::NotTried)
    }

    /// The names of the mistakes, each with its variants, joined by `+`, and then those of hints: `crlf`,
    /// `signature-hex+sha1`, `body-reserialized(spaced)`, `other-message; hint=body-not-received`,
    /// `no-known-mistake-fits`, `not-tried`.
    pub fn name(&self) -> String {
        let mistakes = self.mistakes.iter().map(ToString::to_string);
        let advice = self.verdict.advice().map(|advice| advice.name.to_owned());
        let name = mistakes.chain(advice).collect::<Vec<_>>().join("+");
        let hints: Vec<_> = self.hints.iter().map(|hint| hint.name).collect();
        if hints.is_empty() { name } else { format!("{name}; hint={}", hints.join("+")) }
    }

    /// One line in Chinese: the names, the line that differs, the remedies, what else is certain, and hints.
    pub fn chinese(&self) -> String {
        let difference = self.difference.iter().map(Difference::chinese);
        let remedies = self.parts().map(|part| part.chinese.to_owned());
        let facts = self.shown_facts().map(|fact| fact.chinese.clone());
        let hints = self.hints.iter().map(|hint| format!("提示（未经证实）：{}", hint.chinese));
        let parts: Vec<_> = difference.chain(remedies).chain(facts).chain(hints).collect();
        format!("{}：{}", self.name(), parts.join("；"))
    }

    /// The mistakes, and the verdict's advice.
    fn parts(&self) -> impl Iterator<Item = &'static KnownMistake> {
        self.mistakes.iter().map(|mistake| mistake.known).chain(self.verdict.advice())
    }

    /// A proof needs no further facts.
    fn shown_facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(|_| self.verdict != Verdict::Proven)
    }
}

/// One line: the names, the line that differs, the remedies, what else is certain, and hints.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let difference = self.difference.iter().map(ToString::to_string);
        let remedies = self.parts().map(|part| part.english.to_owned());
        let facts = self.shown_facts().map(|fact| fact.english.clone());
        let hints = self.hints.iter().map(|hint| format!("hint, not proof: {}", hint.english));
        let parts: Vec<_> = difference.chain(remedies).chain(facts).chain(hints).collect();
        write!(f, "{}: {}", self.name(), parts.join("; "))
    }
}
