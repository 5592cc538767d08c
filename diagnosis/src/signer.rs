//! Finds the known key that made the signature.

use wechatpay_protocol::{HashAlgorithm, Recovered, Signature, VerifyingKey};
use wechatpay_texts::text;

use crate::{Deadline, Fact, KeyHolder, KnownKey, KnownMistake, encoding::ENCODINGS, subject::Subject};

/// The most keys tried beside the merchant's own. (own choice)
const OTHER_KEYS: usize = 64;

/// The number of keys tried even when time is up: the merchant's own, and the first of the others.
const LIKELY_KEYS: usize = 8;

/// A signature, and the keys that may have made it.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) subject: Subject,
    pub(crate) signature: &'a str,
    /// The key that should have signed.
    pub(crate) key: &'a VerifyingKey,
    pub(crate) other_keys: &'a [KnownKey],
}

/// The signer, and the content of the signature.
pub(crate) struct Signer {
    /// The mistakes in the encoding and the key.
    pub(crate) mistakes: Vec<&'static KnownMistake>,
    subject: Subject,
    /// `None` for the key that should have signed.
    holder: Option<KeyHolder>,
    /// Every reading of the signature's content.
    pub(crate) recovered: Vec<Recovered>,
}

impl<'a> Claim<'a> {
    /// The other keys that are tried.
    pub(crate) fn others(self) -> impl Iterator<Item = &'a KnownKey> {
        self.other_keys.iter().take(OTHER_KEYS).filter(move |other| other.key != *self.key)
    }
}

impl Signer {
    /// Tries every key on every reading of the signature. Prefers a reading that cannot be a coincidence.
    pub(crate) fn identify(claim: Claim<'_>, deadline: Deadline) -> Option<Self> {
        let subject = claim.subject;
        let others = claim.others().map(|other| (Some(&other.holder), &other.key));
        let keys: Vec<_> = [(None, claim.key)].into_iter().chain(others).collect();
        let mut uncertain = None;
        for (encoding, signature) in readings(claim.signature) {
            for (index, &(holder, key)) in keys.iter().enumerate() {
                let is_likely = encoding.is_none() && index < LIKELY_KEYS;
                if !is_likely && deadline.is_over() {
                    return uncertain;
                }
                let recovered = key.recover(&signature);
                let Some(is_certain) = recovered.first().map(Recovered::is_certain) else { continue };
                let mistake = holder.map(|holder| holder.mistake(subject));
                let mistakes = encoding.into_iter().chain(mistake).collect();
                let signer = Self { mistakes, subject, holder: holder.cloned(), recovered };
                if is_certain {
                    return Some(signer);
                }
                uncertain.get_or_insert(signer);
            }
        }
        uncertain
    }

    /// Facts about the key, and about padding and hash.
    pub(crate) fn facts(&self, recovered: &Recovered) -> [Fact; 2] {
        let holder = match &self.holder {
            None if self.subject == Subject::Response => {
                Fact::of(|| text!("the key that Wechatpay-Serial names made it"))
            }
            None => Fact::of(|| text!("the merchant's own key made it")),
            Some(holder) => Fact::of(|| text!("the key of {holder} made it")),
        };
        let padding = match recovered {
            Recovered::Pkcs1 { .. } | Recovered::Bare { .. } => "PKCS#1 v1.5",
            Recovered::Pss { .. } => "PSS",
        };
        let padding = match recovered.hash().map(HashAlgorithm::name) {
            Some(hash) => Fact::of(|| text!("padding {padding}, {hash}")),
            None => Fact::of(|| text!("padding {padding}, no hash named")),
        };
        [holder, padding]
    }
}

/// The signature's bytes, read in the right way and in each wrong way; the same bytes only once.
pub(crate) fn readings(text: &str) -> Vec<(Option<&'static KnownMistake>, Signature)> {
    let mut readings: Vec<(Option<&KnownMistake>, Signature)> = Vec::new();
    let right = text.parse().ok().map(|signature| (None, signature));
    let wrong = ENCODINGS.iter().filter_map(|rule| {
        let signature = Signature::from_bytes((rule.apply)(text)?);
        Some((Some(&rule.mistake), signature))
    });
    for (encoding, signature) in right.into_iter().chain(wrong) {
        if readings.iter().all(|(_, other)| *other != signature) {
            readings.push((encoding, signature));
        }
    }
    readings
}
