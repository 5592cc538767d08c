//! Opens the encrypted data of a callback, or explains why it can't be decrypted: tries the usual mistakes in key, nonce,
//! associated data and ciphertext, and reports those with which its tag is right. That is proof, too.

mod key;
mod parts;

use std::time::Duration;

use wechatpay_protocol::{Resource, unseal, unseal_unchecked};
use wechatpay_texts::text;
use zeroize::Zeroizing;

use self::parts::Part;
use crate::{Deadline, Diagnosis, Fact, KnownMistake, Verdict, subject::Subject, time_was_up};

/// The encrypted data of a callback as it was kept, and the APIv3 key as the merchant configured it.
#[derive(Clone)]
pub struct ResourceEvidence<'a> {
    /// `algorithm`.
    pub algorithm: &'a str,
    /// `nonce`.
    pub nonce: &'a str,
    /// `associated_data`, if there is one.
    pub associated_data: Option<&'a str>,
    /// `ciphertext`.
    pub ciphertext: &'a str,
    /// Other members of resource and callback with their names: `original_type`, `event_type`, `tag`.
    pub others: Vec<(&'a str, &'a str)>,
    /// The key: any text.
    pub key: &'a str,
}

/// The encrypted data of a callback, as far as it can be opened.
pub struct OpenedResource {
    /// The data, if its tag is right.
    pub plaintext: Option<Zeroizing<Vec<u8>>>,
    /// Why it can't be decrypted as it should be; `None` if it can.
    pub diagnosis: Option<Diagnosis>,
}

/// The length of a tag in bytes.
const TAG: usize = 16;

/// With a ciphertext of more characters, it is read in the right way only, no two mistakes are tried together, and no
/// misspelt keys. (own choice)
const LARGE: usize = 256 * 1024;

static TAG_LEFT_OUT: KnownMistake = KnownMistake::new(
    "resource-tag-left-out",
    "keep the 16 bytes of the tag at the end of the ciphertext: they are missing",
    "请保留 ciphertext 末尾 16 字节的认证标签（tag）：现在缺少它",
);

/// Every mistake in encrypted data that can be proved.
pub fn known_resource_mistakes() -> Vec<&'static KnownMistake> {
    let parts = key::KEYS.iter().chain(&key::MISSPELT).chain(&parts::PARTS);
    parts.chain([&TAG_LEFT_OUT]).collect()
}

/// Every hint about encrypted data.
pub fn known_resource_hints() -> impl Iterator<Item = &'static KnownMistake> {
    HINTS.iter()
}

static HINTS: [KnownMistake; 2] = [
    KnownMistake::new(
        "apiv3-key-length",
        "an APIv3 key has 32 characters; this one has more or fewer, so it is not a whole APIv3 key",
        "APIv3 密钥有 32 个字符：现在的字符数不对",
    ),
    KnownMistake::new(
        "apiv3-key-of-another-kind",
        "the key has the right length; it may be the key of API v2, one that was replaced since, or another merchant's: of \
         a service provider's orders, it is the provider's",
        "密钥长度正确：它可能是 APIv2 密钥、已更换的旧密钥或其他商户的密钥（服务商订单要用服务商的密钥）",
    ),
];

/// Opens the data, or explains why that is not possible.
///
/// May take a few milliseconds more than `time_limit`.
pub fn open_resource(evidence: &ResourceEvidence<'_>, time_limit: Duration) -> OpenedResource {
    let deadline = Deadline::after(time_limit);
    let candidates = Candidates::of(evidence);
    let found =
        candidates.search(evidence, deadline).or_else(|| candidates.search_misspelt(evidence, deadline));
    if let Some((plaintext, mistakes, fact)) = found {
        let mistakes: Vec<_> = mistakes.iter().filter_map(|part| part.mistake.clone()).collect();
        let facts = fact.into_iter().collect();
        let diagnosis = Diagnosis { mistakes, facts, ..Diagnosis::of(Subject::Resource, Verdict::Proven) };
        let is_wrong = !diagnosis.mistakes.is_empty();
        return OpenedResource { plaintext: Some(plaintext), diagnosis: is_wrong.then_some(diagnosis) };
    }
    let diagnosis = candidates.altered().unwrap_or_else(|| unexplained(evidence, deadline));
    OpenedResource { plaintext: None, diagnosis: Some(diagnosis) }
}

/// Every reading of each part, the right one first.
struct Candidates {
    keys: Vec<Part>,
    nonces: Vec<Part>,
    associated_data: Vec<Part>,
    data: Vec<Part>,
}

/// The plaintext, the parts that it was found with, and where a misspelt key is wrong.
type Found<'p> = (Zeroizing<Vec<u8>>, Vec<&'p Part>, Option<Fact>);

impl Candidates {
    fn of(evidence: &ResourceEvidence<'_>) -> Self {
        Self {
            keys: key::readings(evidence.key),
            nonces: parts::nonces(evidence.nonce),
            associated_data: parts::associated_data(evidence),
            data: parts::data(evidence),
        }
    }

    /// Tries all parts together, those with the fewest mistakes first; at most two.
    fn search(&self, evidence: &ResourceEvidence<'_>, deadline: Deadline) -> Option<Found<'_>> {
        let most = if evidence.ciphertext.len() > LARGE { 1 } else { 2 };
        (0..=most).find_map(|mistakes| {
            self.combinations().filter(|parts| count(parts) == mistakes).find_map(|parts| {
                if mistakes > 0 && deadline.is_over() {
                    return None;
                }
                let [key, nonce, associated_data, data] = parts;
                let plaintext = unseal(&key.value, &nonce.value, &associated_data.value, &data.value)?;
                Some((plaintext, parts.to_vec(), None))
            })
        })
    }

    fn combinations(&self) -> impl Iterator<Item = [&Part; 4]> {
        self.keys.iter().flat_map(move |key| {
            self.nonces.iter().flat_map(move |nonce| {
                self.associated_data.iter().flat_map(move |associated_data| {
                    self.data.iter().map(move |data| [key, nonce, associated_data, data])
                })
            })
        })
    }

    /// Tries keys that differ from the given one in one character.
    fn search_misspelt(&self, evidence: &ResourceEvidence<'_>, deadline: Deadline) -> Option<Found<'_>> {
        let is_large = evidence.ciphertext.len() > LARGE;
        let right = |parts: &'_ [Part]| parts.iter().position(|part| part.mistake.is_none());
        let (nonce, data) = (right(&self.nonces)?, right(&self.data)?);
        let (nonce, data) = (self.nonces.get(nonce)?, self.data.get(data)?);
        let mut keys = key::misspelt(evidence.key).take_while(|_| !is_large && !deadline.is_over());
        keys.find_map(|(mistake, place, key)| {
            self.associated_data.iter().find_map(|associated_data| {
                let plaintext = unseal(key.as_bytes(), &nonce.value, &associated_data.value, &data.value)?;
                let fact = Fact::of(|| text!("it is at character {place}"));
                Some((plaintext, vec![mistake, associated_data], Some(fact)))
            })
        })
    }

    /// The diagnosis if the key is right and the tag is not: without it, the data decrypts to what looks like JSON.
    fn altered(&self) -> Option<Diagnosis> {
        let keys_and_nonces =
            self.keys.iter().flat_map(|key| self.nonces.iter().map(move |nonce| [key, nonce]));
        let mut all =
            keys_and_nonces.flat_map(|[key, nonce]| self.data.iter().map(move |data| [key, nonce, data]));
        all.find_map(|parts @ [key, nonce, data]| {
            let opened = unseal_unchecked(&key.value, &nonce.value, &data.value)?;
            let with_tag = opened.get(..opened.len().checked_sub(TAG)?)?;
            let (own, fact) = if is_json(&opened) {
                (Some((&TAG_LEFT_OUT).into()), None)
            } else if is_json(with_tag) {
                let fact = Fact::of(|| {
                    text!(
                        "without a check of its tag, the data decrypts to JSON: key and nonce are right, but the tag, the \
                         associated data or a part of the ciphertext is not"
                    )
                });
                (None, Some(fact))
            } else if looks_like_json(with_tag) {
                let fact = Fact::of(|| {
                    text!(
                        "without a check of its tag, the data decrypts to damaged JSON: the ciphertext was altered"
                    )
                });
                (None, Some(fact))
            } else {
                return None;
            };
            let mistakes = parts.into_iter().filter_map(|part| part.mistake.clone()).chain(own).collect();
            let facts = fact.into_iter().collect();
            Some(Diagnosis { mistakes, facts, ..Diagnosis::of(Subject::Resource, Verdict::OtherMessage) })
        })
    }
}

/// The number of mistakes.
fn count(parts: &[&Part; 4]) -> usize {
    parts.iter().filter(|part| part.mistake.is_some()).count()
}

/// Noise is JSON only by chance, and never an object of this length.
fn is_json(text: &[u8]) -> bool {
    text.len() >= TAG
        && text.first() == Some(&b'{')
        && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether most of it is text that begins like an object: of noise, about a third is printable ASCII.
fn looks_like_json(text: &[u8]) -> bool {
    let printable = text.iter().filter(|byte| matches!(byte, b' '..=b'~')).count();
    text.len() >= 4 * TAG && text.starts_with(b"{\"") && printable * 4 >= text.len() * 3
}

fn unexplained(evidence: &ResourceEvidence<'_>, deadline: Deadline) -> Diagnosis {
    let mut facts = Vec::new();
    let (length, bytes) = (evidence.key.chars().count(), evidence.nonce.len());
    facts.push(Fact::of(|| text!("the key has {length} characters")));
    if evidence.algorithm != Resource::ALGORITHM {
        let expected = Resource::ALGORITHM;
        facts.push(Fact::of(|| text!("the resource names another algorithm than {expected}")));
    }
    if bytes != 12 {
        facts.push(Fact::of(|| text!("the nonce has {bytes} bytes; it must have 12")));
    }
    if deadline.is_over() {
        facts.push(time_was_up());
    }
    let [wrong_length, other_kind] = &HINTS;
    let hints = vec![if length == 32 { other_kind } else { wrong_length }];
    Diagnosis { facts, hints, ..Diagnosis::of(Subject::Resource, Verdict::Unexplained) }
}
