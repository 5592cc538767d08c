//! Encrypted data that can't be decrypted is explained, without showing the key.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use wechatpay_mock::diagnosis::{
    OpenedResource, ResourceEvidence, Verdict, known_resource_mistakes, open_resource,
};
use wechatpay_protocol::{Apiv3Key, Resource};

use super::{
    ENOUGH_TIME,
    scene::{base64, hex},
};

const KEY: &str = "Abcdefgh0123456789ijklmnopqrstUV";
const PLAINTEXT: &str =
    "{\"mchid\":\"1900000001\",\"out_trade_no\":\"20260904\",\"trade_state\":\"SUCCESS\",\"attach\":\"\"}";

/// Data as it is kept, and the key that it is decrypted with.
struct Kept {
    key: String,
    nonce: String,
    associated_data: Option<String>,
    ciphertext: String,
    tag: Option<String>,
}

impl Kept {
    fn honest() -> Self {
        let key: Apiv3Key = KEY.parse().unwrap();
        let sealed = Resource::encrypt(&key, "abcdefghijkl", "transaction", PLAINTEXT.as_bytes());
        Self {
            key: KEY.into(),
            nonce: sealed.nonce,
            associated_data: Some(sealed.associated_data),
            ciphertext: sealed.ciphertext,
            tag: None,
        }
    }

    fn with_key(key: impl Into<String>) -> Self {
        Self { key: key.into(), ..Self::honest() }
    }

    /// The ciphertext changed after encryption.
    fn changed(change: impl Fn(Vec<u8>) -> Vec<u8>) -> Self {
        let honest = Self::honest();
        let data = BASE64_STANDARD.decode(&honest.ciphertext).unwrap();
        Self { ciphertext: base64(&change(data)), ..honest }
    }

    fn open(&self) -> OpenedResource {
        let tag = self.tag.iter().map(|tag| ("tag", tag.as_str()));
        let others = [("original_type", "transaction"), ("event_type", "TRANSACTION.SUCCESS")];
        let evidence = ResourceEvidence {
            algorithm: Resource::ALGORITHM,
            nonce: &self.nonce,
            associated_data: self.associated_data.as_deref(),
            ciphertext: &self.ciphertext,
            others: others.into_iter().chain(tag).collect(),
            key: &self.key,
        };
        open_resource(&evidence, ENOUGH_TIME)
    }
}

/// Data that Python's cryptography encrypted with 16 bytes.
fn hex_decoded() -> Kept {
    let ciphertext = "6pN9/zlBXdXqLi5Ug+2xomcvEYPArm9dVgSrLk3oNA5awc8kK2Fqvpf8hs+0BHxpgrSd4aiZBB/1a2pIhH6PxcWDrFPQQiYX\
                      tmzEsQAcgOTlaX01E187Yf5PFdfLjYDnr71TEg==";
    Kept { ciphertext: ciphertext.into(), ..Kept::with_key("00112233445566778899aabbccddeeff") }
}

fn committed() -> Vec<(&'static str, Kept)> {
    let without = |at: usize| format!("{}{}", &KEY[..at], &KEY[at + 1..]);
    let apart = || {
        let data = BASE64_STANDARD.decode(Kept::honest().ciphertext).unwrap();
        let (data, tag) = data.split_at(data.len() - 16);
        Kept { ciphertext: base64(data), tag: Some(base64(tag)), ..Kept::honest() }
    };
    vec![
        ("apiv3-key-with-white-space", Kept::with_key(format!("{KEY}\n"))),
        ("apiv3-key-with-white-space", Kept::with_key(format!("\u{feff} {KEY}"))),
        ("apiv3-key-in-quotes", Kept::with_key(format!("\"{KEY}\""))),
        ("apiv3-key-in-hex", Kept::with_key(hex(KEY.as_bytes()))),
        ("apiv3-key-in-base64", Kept::with_key(base64(KEY.as_bytes()))),
        ("apiv3-key-hex-decoded", hex_decoded()),
        ("apiv3-key-in-other-case", {
            let key = KEY.to_lowercase().parse().unwrap();
            let sealed = Resource::encrypt(&key, "abcdefghijkl", "transaction", PLAINTEXT.as_bytes());
            Kept { ciphertext: sealed.ciphertext, ..Kept::honest() }
        }),
        ("apiv3-key-character-too-many", Kept::with_key(format!("{}x{}", &KEY[..9], &KEY[9..]))),
        ("apiv3-key-character-missing", Kept::with_key(without(17))),
        ("apiv3-key-character-missing", Kept::with_key(without(31))),
        ("apiv3-key-misspelt", Kept::with_key(KEY.replace("0123", "O123"))),
        ("resource-nonce-rewritten(base64)", Kept { nonce: base64(b"abcdefghijkl"), ..Kept::honest() }),
        ("resource-nonce-rewritten(hex)", Kept { nonce: hex(b"abcdefghijkl"), ..Kept::honest() }),
        ("resource-other-associated-data(transaction)", Kept { associated_data: None, ..Kept::honest() }),
        (
            "resource-ciphertext-rewritten(url-safe)",
            Kept {
                ciphertext: Kept::honest().ciphertext.replace('+', "-").replace('/', "_"),
                ..Kept::honest()
            },
        ),
        ("resource-ciphertext-rewritten(hex)", {
            let data = BASE64_STANDARD.decode(Kept::honest().ciphertext).unwrap();
            Kept { ciphertext: hex(&data), ..Kept::honest() }
        }),
        (
            "resource-tag-first",
            Kept::changed(|data| {
                let (data, tag) = data.split_at(data.len() - 16);
                [tag, data].concat()
            }),
        ),
        ("resource-tag-apart", apart()),
    ]
}

#[test]
fn each_mistake_in_key_and_data_is_named() {
    let mut failures = Vec::new();
    for (name, kept) in committed() {
        let opened = kept.open();
        let is_right = opened.plaintext.as_ref().is_some_and(|text| ***text == *PLAINTEXT.as_bytes());
        let found = opened.diagnosis.as_ref();
        if !is_right || found.is_none_or(|found| found.verdict != Verdict::Proven || found.name() != name) {
            failures.push(format!("{name}: found {found:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_known_mistake_in_data_is_tested_here() {
    let known: BTreeSet<&str> = known_resource_mistakes().iter().map(|one| one.name).collect();
    let committed = committed();
    let committed = committed.iter().map(|(name, _)| name.split('(').next().unwrap());
    // Without its tag, nothing verifies.
    let tested: BTreeSet<&str> = committed.chain(["resource-tag-left-out"]).collect();
    assert_eq!(known, tested);
}

#[test]
fn honest_data_decrypts() {
    let opened = Kept::honest().open();
    assert_eq!(**opened.plaintext.unwrap(), *PLAINTEXT.as_bytes());
    assert_eq!(opened.diagnosis, None);
}

#[test]
fn with_the_right_key_altered_data_is_told_apart_from_a_wrong_key() {
    let altered = |at: usize| {
        Kept::changed(move |mut data| {
            data[at] ^= 1;
            data
        })
    };
    let last = BASE64_STANDARD.decode(Kept::honest().ciphertext).unwrap().len() - 1;
    let other_data = Kept { associated_data: Some("unknown".into()), ..Kept::honest() };
    let other_data = Kept { ciphertext: reseal("another").ciphertext, ..other_data };
    for (kept, name, known) in [
        // A colon, and a letter in a text.
        (altered(8), "resource-altered", "the ciphertext was altered"),
        (altered(40), "resource-altered", "a part of the ciphertext is not"),
        (altered(last), "resource-altered", "key and nonce are right"),
        (other_data, "resource-altered", "key and nonce are right"),
        (
            Kept::changed(|data| data[..data.len() - 16].into()),
            "resource-tag-left-out+resource-altered",
            "resource-tag-left-out",
        ),
        (
            Kept::with_key("x".repeat(32)),
            "no-known-mistake-fits; hint=apiv3-key-of-another-kind",
            "the key has 32 characters",
        ),
        (Kept::with_key("x".repeat(20)), "no-known-mistake-fits; hint=apiv3-key-length", "20 characters"),
    ] {
        let opened = kept.open();
        let diagnosis = opened.diagnosis.unwrap();
        assert_eq!(diagnosis.name(), name);
        assert!(diagnosis.to_string().contains(known), "{diagnosis}");
        assert!(opened.plaintext.is_none() && diagnosis.verdict != Verdict::Proven);
    }
}

fn reseal(associated_data: &str) -> Resource {
    Resource::encrypt(&KEY.parse().unwrap(), "abcdefghijkl", associated_data, PLAINTEXT.as_bytes())
}

#[test]
fn no_diagnosis_shows_a_part_of_the_key() {
    for (_, kept) in committed() {
        let diagnosis = kept.open().diagnosis.unwrap();
        let shown = format!("{diagnosis:?}{diagnosis}{}", diagnosis.chinese());
        assert!(!shown.contains("cdefgh") && !shown.contains("mnopq"), "{shown}");
    }
}
