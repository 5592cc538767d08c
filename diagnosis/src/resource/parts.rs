//! Nonce, associated data and ciphertext, read in the right way and in each wrong way.

use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::{LARGE, ResourceEvidence, TAG};
use crate::{KnownMistake, ProvedMistake, encoding::ENCODINGS};

/// A reading of a part, and the mistake in it, if it is not the right one.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) mistake: Option<ProvedMistake>,
    pub(super) value: Zeroizing<Vec<u8>>,
}

pub(super) static PARTS: [KnownMistake; 5] = [
    KnownMistake::new(
        "resource-nonce-rewritten",
        "use the nonce as it arrives, 12 characters: it was encoded once more, or has white space",
        "请原样使用收到的 nonce（12 个字符）：它被再次编码，或带有空白",
    ),
    KnownMistake::new(
        "resource-other-associated-data",
        "decrypt with the associated_data that arrives, an empty one if it is absent: another one was authenticated",
        "解密要使用收到的 associated_data，没有时用空串：加密时用的是另一个值",
    ),
    KnownMistake::new(
        "resource-ciphertext-rewritten",
        "use the ciphertext as it arrives, in standard Base64: it was encoded otherwise",
        "请原样使用收到的 ciphertext（标准 Base64）：它的编码被改动了",
    ),
    KnownMistake::new(
        "resource-tag-first",
        "put the 16 bytes of the tag after the encrypted data: they stand before it",
        "16 字节的认证标签（tag）要放在密文之后：现在放在了前面",
    ),
    KnownMistake::new(
        "resource-tag-apart",
        "put the 16 bytes of the tag at the end of the ciphertext: they stand in a member of their own",
        "16 字节的认证标签（tag）要放在 ciphertext 末尾：现在放在了单独的字段里",
    ),
];

/// The members that may have been authenticated in place of `associated_data`.
const MEMBERS: [&str; 6] = ["original_type", "event_type", "resource_type", "algorithm", "id", "summary"];

/// The members that may hold the tag.
const TAGS: [&str; 5] = ["tag", "auth_tag", "authTag", "authentication_tag", "mac"];

impl Part {
    pub(super) fn right(value: impl Into<Vec<u8>>) -> Self {
        Self { mistake: None, value: Zeroizing::new(value.into()) }
    }

    pub(super) fn wrong(
        known: &'static KnownMistake,
        variant: Option<&'static str>,
        value: impl Into<Vec<u8>>,
    ) -> Self {
        let mistake = Some(ProvedMistake { known, variants: variant.into_iter().collect() });
        Self { mistake, value: Zeroizing::new(value.into()) }
    }
}

pub(super) fn nonces(nonce: &str) -> Vec<Part> {
    let rewritten = &PARTS[0];
    let base64 = BASE64_STANDARD.decode(nonce).ok().map(|value| ("base64", value));
    let hex = base16ct::mixed::decode_vec(nonce).ok().map(|value| ("hex", value));
    let trimmed = Some(nonce.trim()).filter(|trimmed| *trimmed != nonce).map(|one| ("spaced", one.into()));
    let wrong = [base64, hex, trimmed].into_iter().flatten();
    let wrong = wrong.filter(|(_, value)| value.len() == 12);
    let wrong = wrong.map(|(variant, value)| Part::wrong(rewritten, Some(variant), value));
    [Part::right(nonce)].into_iter().chain(wrong).collect()
}

pub(super) fn associated_data(evidence: &ResourceEvidence<'_>) -> Vec<Part> {
    let right = evidence.associated_data.unwrap_or_default();
    let of_member = |name: &'static str| {
        let (_, value) = evidence.others.iter().find(|(other, _)| *other == name)?;
        Some((name, *value))
    };
    let fixed = [("empty", ""), ("null", "null"), ("trimmed", right.trim()), ("transaction", "transaction")];
    let candidates = fixed.into_iter().chain(MEMBERS.into_iter().filter_map(of_member));
    let mut parts = vec![Part::right(right)];
    for (variant, value) in candidates {
        if parts.iter().all(|part| part.value[..] != *value.as_bytes()) {
            parts.push(Part::wrong(&PARTS[1], Some(variant), value));
        }
    }
    parts
}

pub(super) fn data(evidence: &ResourceEvidence<'_>) -> Vec<Part> {
    let ciphertext = evidence.ciphertext;
    let [.., rewritten, first, apart] = &PARTS;
    let right = BASE64_STANDARD.decode(ciphertext).ok();
    let mut parts: Vec<Part> = right.iter().cloned().map(Part::right).collect();
    if ciphertext.len() > LARGE {
        return parts;
    }
    for rule in ENCODINGS {
        let Some(value) = (rule.apply)(ciphertext) else { continue };
        if parts.iter().all(|part| part.value[..] != value[..]) {
            let variant = rule.mistake.name.trim_start_matches("signature-");
            parts.push(Part::wrong(rewritten, Some(variant), value));
        }
    }
    let Some(right) = right else { return parts };
    if let Some((tag, data)) = right.split_at_checked(TAG) {
        parts.push(Part::wrong(first, None, [data, tag].concat()));
    }
    let tags = evidence
        .others
        .iter()
        .filter(|(name, _)| TAGS.contains(name))
        .flat_map(|(_, tag)| [BASE64_STANDARD.decode(tag).ok(), base16ct::mixed::decode_vec(tag).ok()]);
    for tag in tags.flatten().filter(|tag| tag.len() == TAG) {
        parts.push(Part::wrong(apart, None, [&right[..], &tag].concat()));
    }
    parts
}
