//! Why a signature did not match: the usual mistakes, each tried on the signature that was given.
//!
//! It is proof, not a guess. The public-key operation shows what a signature holds if a known key made it; then the
//! right message and every message with a known mistake in it are hashed and compared. What is reported has verified.
//! Where nothing has, it says so, with what is certain all the same: that the right key signed another message, say.
//!
//! Mistakes are data, a table for each family: how the signature became text (`encoding`), whose key it was (`key`),
//! how it was hashed and padded (`digest`), what stood on the lines (`value`), which lines there were, and how they
//! ended (`layout`). A signature may show one of each.

mod difference;
mod digest;
mod encoding;
mod evidence;
mod hypothesis;
mod key;
mod layout;
mod search;
mod value;

use std::{
    fmt,
    time::{Duration, Instant},
};

use wechatpay_protocol::{Recovered, RequestMessage, Signature, VerifyingKey};

pub use crate::forensics::difference::Difference;
pub(crate) use crate::forensics::evidence::diagnose_request;
pub use crate::forensics::hypothesis::Hypothesis;
pub use crate::forensics::key::{KeyHolder, KnownKey};

use crate::forensics::{
    encoding::ENCODINGS,
    search::{Found, Outcome, search, search_hash},
};

/// A signature that did not match, and what it should have been.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// What should have been signed.
    pub message: RequestMessage<'a>,
    /// The signature as it stands in the header.
    pub signature: &'a str,
    /// The header's merchant.
    pub mchid: &'a str,
    /// The header's serial number.
    pub serial_no: &'a str,
    /// What the `Host` header says.
    pub host: Option<&'a str>,
    /// The operation's path with its parameters in braces.
    pub template: Option<&'a str>,
    /// The key whose private half should have signed.
    pub key: &'a VerifyingKey,
    /// Keys that may have been used by mistake.
    pub other_keys: Vec<KnownKey>,
}

/// What is known about a signature that did not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Mistakes that are proved; together they explain the signature, unless the verdict says otherwise.
    pub mistakes: Vec<&'static Hypothesis>,
    /// Whether they explain it.
    pub verdict: Verdict,
    /// The first line of the message that was signed otherwise, if a message was found.
    pub difference: Option<Difference>,
    /// What else is certain, in English and in Chinese.
    pub known: Vec<[String; 2]>,
}

/// How far a signature is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature verifies, once the mistakes are granted.
    Proven,
    /// A known key made it, over a message that no known mistake makes of the right one.
    OtherMessage,
    /// No known key made it.
    Unexplained,
    /// It was not looked into.
    NotTried,
}

/// What is said of a signature by a known key over an unknown message.
const OTHER_MESSAGE: Hypothesis = Hypothesis {
    name: "other-message",
    english: "the key is known, the message it signed is not: compare, line by line, what you sign with what you send",
    chinese: "密钥已确认，但签名的内容不是本次请求：请逐行比较签名串与实际发送的请求",
};

/// What is said of a signature that nothing explains.
const NO_KNOWN_MISTAKE: Hypothesis = Hypothesis {
    name: "no-known-mistake-fits",
    english: "check first that the private key belongs to the certificate of serial_no",
    chinese: "没有符合的已知错误：请先确认私钥与 serial_no 对应的证书匹配",
};

/// What is said of a signature that there was no time for.
const NOT_TRIED: Hypothesis = Hypothesis {
    name: "not-tried",
    english: "too many wrong signatures came at once to look into this one: send it again, alone",
    chinese: "同时收到的错误签名过多，未对此签名进行诊断：请单独重新发送",
};

/// How long a diagnosis may take. (own choice)
pub const TIME_LIMIT: Duration = Duration::from_millis(25);

/// The most keys that are tried beside the right one.
const OTHER_KEYS: usize = 64;

/// How many keys are tried whether or not there is time: the right one, the gateway's, and the public ones.
const LIKELY_KEYS: usize = 8;

/// Every mistake that can be proved, family by family.
pub fn hypotheses() -> Vec<&'static Hypothesis> {
    let encodings = ENCODINGS.iter().map(|one| &one.hypothesis);
    let values = value::TABLES.into_iter().flatten().map(|one| &one.hypothesis);
    let orders = layout::ORDERS.iter().map(|one| &one.hypothesis);
    let endings = layout::ENDINGS.iter().map(|one| &one.hypothesis);
    let keys = key::KEYS.iter().chain(digest::DIGESTS).copied();
    let mut all: Vec<&Hypothesis> = Vec::new();
    for one in encodings.chain(keys).chain(values).chain(orders).chain(endings) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// Finds out why a signature did not match; `None` if it does.
///
/// Ends after `time_limit` at the latest, give or take the hashing of one message. What was not tried by then is said.
pub fn diagnose(case: &Case<'_>, time_limit: Duration) -> Option<Diagnosis> {
    let deadline = Instant::now() + time_limit;
    let Some(signed) = Signed::recover(case, deadline) else {
        return Some(hash_alone(case, deadline).unwrap_or_else(|| unexplained(case, deadline)));
    };
    let mut out_of_time = false;
    for recovered in &signed.recovered {
        match search(case, recovered, deadline) {
            Outcome::Found(found) => return signed.explained(case, recovered, found),
            Outcome::NotFound => {}
            Outcome::OutOfTime => out_of_time = true,
        }
    }
    Some(signed.by_known_key(out_of_time).unwrap_or_else(|| unexplained(case, deadline)))
}

/// A signature that a known key made.
struct Signed {
    /// How it became text, and whose key it was, as far as that is wrong.
    mistakes: Vec<&'static Hypothesis>,
    holder: Option<KeyHolder>,
    /// What it holds, in each way to read it.
    recovered: Vec<Recovered>,
}

impl Signed {
    /// Tries every way to read the text with every key, as it should be read with the likeliest keys even if time is up
    /// already. What can't have come about by chance goes first.
    fn recover(case: &Case<'_>, deadline: Instant) -> Option<Self> {
        let mut uncertain = None;
        let own = [(None, case.key)].into_iter();
        let others = case.other_keys.iter().take(OTHER_KEYS).map(|other| (Some(&other.holder), &other.key));
        let others = others.filter(|(_, key)| *key != case.key);
        let keys: Vec<_> = own.chain(others).collect();
        for (encoding, signature) in readings(case.signature) {
            for (at, (holder, key)) in keys.iter().copied().enumerate() {
                let is_likely = encoding.is_none() && at < LIKELY_KEYS;
                if !is_likely && Instant::now() > deadline {
                    return uncertain;
                }
                let recovered = key.recover(&signature);
                let is_certain = recovered.first().map(Recovered::is_certain);
                let signed = || Self {
                    mistakes: encoding.into_iter().chain(holder.map(KeyHolder::hypothesis)).collect(),
                    holder: holder.cloned(),
                    recovered,
                };
                match is_certain {
                    Some(true) => return Some(signed()),
                    Some(false) if uncertain.is_none() => uncertain = Some(signed()),
                    _ => {}
                }
            }
        }
        uncertain
    }

    /// `None` if there is nothing wrong.
    fn explained(&self, case: &Case<'_>, recovered: &Recovered, found: Found) -> Option<Diagnosis> {
        let mut mistakes = self.mistakes.clone();
        mistakes.extend(digest::mistakes(recovered));
        mistakes.extend(found.mistakes);
        let difference = Difference::between(&case.message.to_bytes(), &found.message);
        let known = self.facts(recovered, false);
        let is_wrong = !mistakes.is_empty();
        is_wrong.then_some(Diagnosis { mistakes, verdict: Verdict::Proven, difference, known })
    }

    /// What is said when the message is not known; `None` if even the key is not certain.
    fn by_known_key(&self, out_of_time: bool) -> Option<Diagnosis> {
        let recovered = self.recovered.first().filter(|first| first.is_certain())?;
        let known = self.facts(recovered, out_of_time);
        let mistakes = [&self.mistakes[..], &digest::certain_mistakes(recovered)].concat();
        Some(Diagnosis { mistakes, verdict: Verdict::OtherMessage, difference: None, known })
    }

    fn facts(&self, recovered: &Recovered, out_of_time: bool) -> Vec<[String; 2]> {
        let mut facts = vec![match &self.holder {
            None => ["the merchant's own key made it".into(), "签名使用的是该商户自己的密钥".into()],
            Some(holder) => {
                [format!("the key of {holder} made it"), format!("签名使用的是{}的密钥", holder.chinese())]
            }
        }];
        let padding = match recovered {
            Recovered::Pkcs1 { .. } | Recovered::Bare { .. } => "PKCS#1 v1.5",
            Recovered::Pss { .. } => "PSS",
        };
        let hash = recovered.hash().map_or_else(|| "no hash named".into(), |hash| hash.name().to_owned());
        facts.push([format!("padding {padding}, {hash}"), format!("填充方式 {padding}，{hash}")]);
        facts.extend(out_of_time.then(time_was_up));
        facts
    }
}

/// The signature's bytes: as they should be read, and in each way in which they are written by mistake. Each is there
/// once.
fn readings(text: &str) -> Vec<(Option<&'static Hypothesis>, Signature)> {
    let mut readings: Vec<(Option<&Hypothesis>, Signature)> = Vec::new();
    let right = text.parse().ok().map(|signature| (None, signature));
    let wrong = ENCODINGS.iter().filter_map(|encoding| {
        Some((Some(&encoding.hypothesis), Signature::from_bytes((encoding.decode)(text)?)))
    });
    for (encoding, signature) in right.into_iter().chain(wrong) {
        if readings.iter().all(|(_, other)| *other != signature) {
            readings.push((encoding, signature));
        }
    }
    readings
}

/// That the text is a mere hash of the message, if it is.
fn hash_alone(case: &Case<'_>, deadline: Instant) -> Option<Diagnosis> {
    let readings = readings(case.signature).into_iter().map(|(_, bytes)| bytes.as_bytes().to_vec());
    let hashes = readings.filter(|bytes| digest::is_digest(bytes));
    hashes.map(|content| Recovered::Bare { content }).find_map(|hash| {
        match search_hash(case, &hash, deadline) {
            Outcome::Found(found) => Some(Diagnosis {
                mistakes: [digest::not_signed()].into_iter().chain(found.mistakes).collect(),
                verdict: Verdict::Proven,
                difference: Difference::between(&case.message.to_bytes(), &found.message),
                known: Vec::new(),
            }),
            Outcome::NotFound | Outcome::OutOfTime => None,
        }
    })
}

fn time_was_up() -> [String; 2] {
    ["time was up before every known mistake was tried", "时间已到，尚有已知错误未及尝试"].map(String::from)
}

fn unexplained(case: &Case<'_>, deadline: Instant) -> Diagnosis {
    let (characters, bits) = (case.signature.chars().count(), case.key.bits());
    let text = match case.signature.parse::<Signature>() {
        Ok(signature) => {
            let bytes = signature.as_bytes().len();
            [
                format!("the signature is Base64 of {bytes} bytes"),
                format!("签名值是 {bytes} 字节数据的 Base64"),
            ]
        }
        Err(_) => [
            format!("the signature has {characters} characters and is not standard Base64"),
            format!("签名值共 {characters} 个字符，不是标准 Base64"),
        ],
    };
    let bytes = bits.div_ceil(8);
    let key = [
        format!("the merchant's key has {bits} bits, its signatures {bytes} bytes"),
        format!("商户密钥为 {bits} 位，其签名长度为 {bytes} 字节"),
    ];
    let others = case.other_keys.iter().filter(|other| other.key != *case.key).count().min(OTHER_KEYS);
    let keys = if Instant::now() > deadline {
        time_was_up()
    } else {
        [
            format!("neither that key nor any of {others} others known made it"),
            format!("该密钥及其他 {others} 个已知密钥均不匹配"),
        ]
    };
    Diagnosis {
        mistakes: Vec::new(),
        verdict: Verdict::Unexplained,
        difference: None,
        known: vec![text, key, keys],
    }
}

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
}

impl Diagnosis {
    /// That there was no time for it.
    pub(crate) fn not_tried() -> Self {
        Self { mistakes: Vec::new(), verdict: Verdict::NotTried, difference: None, known: Vec::new() }
    }

    /// The names of the mistakes, joined by `+`, as the header `Mock-Diagnosis` says them: `crlf`,
    /// `signature-hex+sha1`, `other-message`, `no-known-mistake-fits`, `not-tried`.
    pub fn name(&self) -> String {
        self.parts().map(|one| one.name).collect::<Vec<_>>().join("+")
    }

    /// The mistakes and how to mend them, with the line that differs, in Chinese.
    pub fn chinese(&self) -> String {
        let difference = self.difference.iter().map(Difference::chinese);
        let mend = self.parts().map(|one| one.chinese.to_owned());
        let known = self.known.iter().map(|[_, chinese]| chinese.clone());
        let known = known.filter(|_| self.verdict != Verdict::Proven);
        format!("{}：{}", self.name(), difference.chain(mend).chain(known).collect::<Vec<_>>().join("；"))
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn size(&self) -> usize {
        let difference =
            self.difference.iter().map(|difference| difference.expected.len() + difference.signed.len());
        let known = self.known.iter().flatten().map(|text| size_of::<String>() + text.len());
        size_of::<Self>() + difference.chain(known).sum::<usize>() + size_of_val(&self.mistakes[..])
    }

    /// The mistakes, and the verdict where they do not explain everything.
    fn parts(&self) -> impl Iterator<Item = &Hypothesis> {
        let verdict = match self.verdict {
            Verdict::Proven => None,
            Verdict::OtherMessage => Some(&OTHER_MESSAGE),
            Verdict::Unexplained => Some(&NO_KNOWN_MISTAKE),
            Verdict::NotTried => Some(&NOT_TRIED),
        };
        self.mistakes.iter().copied().chain(verdict)
    }
}

/// One line: the mistakes, the line that differs, and how to mend them.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name())?;
        let difference = self.difference.iter().map(ToString::to_string);
        let mend = self.parts().map(|one| one.english.to_owned());
        let known = self.known.iter().map(|[english, _]| english.clone());
        let known = known.filter(|_| self.verdict != Verdict::Proven);
        f.write_str(&difference.chain(mend).chain(known).collect::<Vec<_>>().join("; "))
    }
}
