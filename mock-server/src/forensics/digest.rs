//! How the message was hashed and padded.

use base64::{Engine, prelude::BASE64_STANDARD};
use wechatpay_protocol::{HashAlgorithm, Recovered};

use crate::forensics::Hypothesis;

pub(super) const DIGESTS: &[&Hypothesis] = &[
    &PSS,
    &SHA1,
    &SHA512,
    &SHA384,
    &SHA224,
    &MD5,
    &HASH_SIGNED,
    &DIGEST_INFO_LEFT_OUT,
    &NOT_HASHED,
    &NOT_SIGNED,
];

static PSS: Hypothesis = Hypothesis {
    name: "pss",
    english: "use the padding PKCS#1 v1.5 (SHA256withRSA, RSASSA-PKCS1-v1_5), not PSS",
    chinese: "填充方式须为 PKCS#1 v1.5（SHA256withRSA），不要使用 PSS",
};
static SHA1: Hypothesis = Hypothesis {
    name: "sha1",
    english: "sign with SHA-256 (SHA256withRSA), not with SHA-1",
    chinese: "签名须使用 SHA-256（SHA256withRSA），不要使用 SHA-1",
};
static SHA512: Hypothesis = Hypothesis {
    name: "sha512",
    english: "sign with SHA-256 (SHA256withRSA), not with SHA-512",
    chinese: "签名须使用 SHA-256（SHA256withRSA），不要使用 SHA-512",
};
static SHA384: Hypothesis = Hypothesis {
    name: "sha384",
    english: "sign with SHA-256 (SHA256withRSA), not with SHA-384",
    chinese: "签名须使用 SHA-256（SHA256withRSA），不要使用 SHA-384",
};
static SHA224: Hypothesis = Hypothesis {
    name: "sha224",
    english: "sign with SHA-256 (SHA256withRSA), not with SHA-224",
    chinese: "签名须使用 SHA-256（SHA256withRSA），不要使用 SHA-224",
};
static MD5: Hypothesis = Hypothesis {
    name: "md5",
    english: "sign with SHA-256 (SHA256withRSA), not with MD5",
    chinese: "签名须使用 SHA-256（SHA256withRSA），不要使用 MD5",
};
static HASH_SIGNED: Hypothesis = Hypothesis {
    name: "hash-signed-as-message",
    english: "give the message itself to the function that signs: it hashes, and was given a digest to hash again",
    chinese: "请把签名串原文交给签名函数：该函数会自行做哈希，现在传入的是哈希值，被再次哈希",
};
static DIGEST_INFO_LEFT_OUT: Hypothesis = Hypothesis {
    name: "digest-info-left-out",
    english: "use a function that signs with SHA256withRSA: the bare digest was encrypted with the private key, without \
              the name of its hash",
    chinese: "请使用 SHA256withRSA 签名函数：现在只是用私钥加密了哈希值，缺少哈希算法标识（DigestInfo）",
};
static NOT_HASHED: Hypothesis = Hypothesis {
    name: "not-hashed",
    english: "use a function that signs with SHA256withRSA: the message itself was encrypted with the private key",
    chinese: "请使用 SHA256withRSA 签名函数：现在是用私钥直接加密了签名串原文，没有做哈希",
};
static NOT_SIGNED: Hypothesis = Hypothesis {
    name: "hash-in-place-of-signature",
    english: "sign with the merchant's private key (SHA256withRSA): what was sent is a mere hash of the message",
    chinese: "请使用商户私钥签名（SHA256withRSA）：现在发送的只是签名串的哈希值，并未签名",
};

/// What is wrong about the way in which something was signed, whatever it was: bytes that are neither named nor as many
/// as a digest has may be anything.
pub(super) fn certain_mistakes(recovered: &Recovered) -> Vec<&'static Hypothesis> {
    match recovered {
        Recovered::Bare { content } if !is_digest(content) => Vec::new(),
        _ => mistakes(recovered),
    }
}

/// What is wrong about the way in which a message that was found was signed.
pub(super) fn mistakes(recovered: &Recovered) -> Vec<&'static Hypothesis> {
    match recovered {
        Recovered::Pkcs1 { hash, .. } => other_hash(*hash).into_iter().collect(),
        Recovered::Pss { hash, .. } => [&PSS].into_iter().chain(other_hash(*hash)).collect(),
        Recovered::Bare { content } if is_digest(content) => vec![&DIGEST_INFO_LEFT_OUT],
        Recovered::Bare { .. } => vec![&NOT_HASHED],
    }
}

/// Bytes, or hex digits, as many as a digest has.
pub(super) fn is_digest(content: &[u8]) -> bool {
    HashAlgorithm::ALL.iter().any(|hash| {
        let length = hash.digest_len();
        content.len() == length
            || content.len() == 2 * length && content.iter().all(u8::is_ascii_hexdigit)
            || content.len() == length.div_ceil(3) * 4 && BASE64_STANDARD.decode(content).is_ok()
    })
}

fn other_hash(hash: HashAlgorithm) -> Option<&'static Hypothesis> {
    match hash {
        HashAlgorithm::Sha256 => None,
        HashAlgorithm::Sha1 => Some(&SHA1),
        HashAlgorithm::Sha512 => Some(&SHA512),
        HashAlgorithm::Sha384 => Some(&SHA384),
        HashAlgorithm::Sha224 => Some(&SHA224),
        HashAlgorithm::Md5 => Some(&MD5),
    }
}

/// That a hash was signed as if it were the message.
pub(super) fn hash_signed() -> &'static Hypothesis {
    &HASH_SIGNED
}

/// That a hash was sent as if it were a signature.
pub(super) fn not_signed() -> &'static Hypothesis {
    &NOT_SIGNED
}

/// A message's digests as they are signed by mistake: bytes, hex digits in either case, Base64.
pub(super) fn signed_in_place_of(message: &[u8]) -> Vec<Vec<u8>> {
    let forms = |hash: HashAlgorithm| {
        let digest = hash.digest(message);
        let hex = base16ct::lower::encode_string(&digest);
        let base64 = BASE64_STANDARD.encode(&digest);
        let hex_line = format!("{hex}\n");
        [hex.to_ascii_uppercase(), hex, hex_line, base64].map(String::into_bytes).into_iter().chain([digest])
    };
    [HashAlgorithm::Sha256, HashAlgorithm::Sha1, HashAlgorithm::Md5, HashAlgorithm::Sha512]
        .into_iter()
        .flat_map(forms)
        .collect()
}
