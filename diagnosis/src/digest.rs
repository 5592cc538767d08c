//! Mistakes in hash and padding.

use base64::{Engine, prelude::BASE64_STANDARD};
use wechatpay_protocol::{HashAlgorithm, Recovered};

use crate::KnownMistake;

static PSS: KnownMistake = KnownMistake::new(
    "pss",
    "use PKCS#1 v1.5 padding (SHA256withRSA, RSASSA-PKCS1-v1_5), not PSS",
    "填充方式要用 PKCS#1 v1.5（SHA256withRSA），不要用 PSS",
);
pub(crate) static HASH_SIGNED: KnownMistake = KnownMistake::new(
    "hash-signed-as-message",
    "pass the message itself to the signing function, which hashes it: a hash was passed and hashed again",
    "请把签名串原文传给签名函数，它会自己计算哈希：现在传入的是哈希值，又被哈希了一次",
);
static DIGEST_INFO_LEFT_OUT: KnownMistake = KnownMistake::new(
    "digest-info-left-out",
    "use a function that signs with SHA256withRSA: the private key encrypted a bare hash, without DigestInfo",
    "请用 SHA256withRSA 签名函数：现在只是用私钥加密了哈希值，缺少哈希算法标识（DigestInfo）",
);
static NOT_HASHED: KnownMistake = KnownMistake::new(
    "not-hashed",
    "use a function that signs with SHA256withRSA: the private key encrypted the message itself, not hashed",
    "请用 SHA256withRSA 签名函数：现在是用私钥直接加密了签名串原文，没有计算哈希",
);
pub(crate) static HASH_NOT_SIGNED: KnownMistake = KnownMistake::new(
    "hash-in-place-of-signature",
    "sign with the merchant's private key (SHA256withRSA): what was sent is only a hash of the message",
    "请用商户私钥签名（SHA256withRSA）：现在发送的只是签名串的哈希值，没有签名",
);

/// The mistake of using another hash than SHA-256.
macro_rules! other_hash {
    ($hash:ident, $name:literal, $title:literal) => {
        (
            HashAlgorithm::$hash,
            KnownMistake::new(
                $name,
                concat!("sign with SHA-256 (SHA256withRSA), not with ", $title),
                concat!("签名要用 SHA-256（SHA256withRSA），不要用 ", $title),
            ),
        )
    };
}

static OTHER_HASHES: [(HashAlgorithm, KnownMistake); 5] = [
    other_hash!(Sha1, "sha1", "SHA-1"),
    other_hash!(Sha512, "sha512", "SHA-512"),
    other_hash!(Sha384, "sha384", "SHA-384"),
    other_hash!(Sha224, "sha224", "SHA-224"),
    other_hash!(Md5, "md5", "MD5"),
];

/// Every mistake of this family.
pub(crate) fn known_mistakes() -> impl Iterator<Item = &'static KnownMistake> {
    let others = [&HASH_SIGNED, &DIGEST_INFO_LEFT_OUT, &NOT_HASHED, &HASH_NOT_SIGNED];
    [&PSS].into_iter().chain(OTHER_HASHES.iter().map(|(_, mistake)| mistake)).chain(others)
}

/// The mistakes in hash and padding when the signed message is known.
pub(crate) fn mistakes(recovered: &Recovered) -> Vec<&'static KnownMistake> {
    let other_hash = |hash| OTHER_HASHES.iter().find(|(other, _)| *other == hash).map(|(_, mistake)| mistake);
    match recovered {
        Recovered::Pkcs1 { hash, .. } => other_hash(*hash).into_iter().collect(),
        Recovered::Pss { hash, .. } => [&PSS].into_iter().chain(other_hash(*hash)).collect(),
        Recovered::Bare { content } if is_digest(content) => vec![&DIGEST_INFO_LEFT_OUT],
        Recovered::Bare { .. } => vec![&NOT_HASHED],
    }
}

/// The certain mistakes when the signed message is unknown. Bare bytes that are not a digest may be anything.
pub(crate) fn certain_mistakes(recovered: &Recovered) -> Vec<&'static KnownMistake> {
    match recovered {
        Recovered::Bare { content } if !is_digest(content) => Vec::new(),
        _ => mistakes(recovered),
    }
}

/// Whether the content has the length of a digest: in bytes, hex digits or Base64.
pub(crate) fn is_digest(content: &[u8]) -> bool {
    HashAlgorithm::ALL.iter().any(|hash| {
        let length = hash.digest_len();
        content.len() == length
            || content.len() == 2 * length && content.iter().all(u8::is_ascii_hexdigit)
            || content.len() == length.div_ceil(3) * 4 && BASE64_STANDARD.decode(content).is_ok()
    })
}

/// A digest that may be signed in place of a message, and its variants: the hash unless it is SHA-256, and the form
/// unless it is bytes.
type SignedDigest = (Vec<u8>, Vec<&'static str>);

/// Digests that may be signed in place of the message: as bytes, hex in either case, a line of hex, Base64.
pub(crate) fn signed_in_place_of(message: &[u8]) -> Vec<SignedDigest> {
    let hashes = [
        (HashAlgorithm::Sha256, None),
        (HashAlgorithm::Sha1, Some("sha1")),
        (HashAlgorithm::Md5, Some("md5")),
        (HashAlgorithm::Sha512, Some("sha512")),
    ];
    let forms = |(hash, name): (HashAlgorithm, Option<&'static str>)| {
        let digest = hash.digest(message);
        let hex = base16ct::lower::encode_string(&digest);
        let base64 = BASE64_STANDARD.encode(&digest);
        let texts = [(hex.to_ascii_uppercase(), "hex"), (format!("{hex}\n"), "hex"), (hex, "hex")];
        let texts = texts.into_iter().chain([(base64, "base64")]);
        let forms = texts.map(|(text, form)| (text.into_bytes(), Some(form))).chain([(digest, None)]);
        forms.map(move |(digest, form)| (digest, name.into_iter().chain(form).collect()))
    };
    hashes.into_iter().flat_map(forms).collect()
}
