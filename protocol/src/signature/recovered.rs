//! The content of a signature, recovered with the public key, to explain why it does not match.
//!
//! A verifier must never work like this: it builds the one encoding that it accepts and compares, as
//! [`VerifyingKey::verify`] does. But well-formed content proves that the key's private half made the signature, so
//! it shows *what* was signed instead of the expected message.

use aws_lc_rs::digest;
use md5::{Digest, Md5};
use rsa::{BoxedUint, hazmat::rsa_encrypt, pkcs1::DecodeRsaPublicKey, traits::PublicKeyParts};

use super::{Signature, VerifyingKey};

/// A hash function found in signatures, right or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// SHA-256, the one that this protocol uses.
    Sha256,
    /// SHA-1.
    Sha1,
    /// SHA-512.
    Sha512,
    /// SHA-384.
    Sha384,
    /// SHA-224.
    Sha224,
    /// MD5.
    Md5,
}

impl HashAlgorithm {
    /// All of them, the most likely first.
    pub const ALL: [Self; 6] =
        [Self::Sha256, Self::Sha1, Self::Sha512, Self::Sha384, Self::Sha224, Self::Md5];

    /// The digest of the message.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha512 => &digest::SHA512,
            Self::Sha384 => &digest::SHA384,
            Self::Sha224 => &digest::SHA224,
            Self::Md5 => return Md5::digest(message).to_vec(),
        };
        digest::digest(algorithm, message).as_ref().to_vec()
    }

    /// The length of a digest in bytes.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha1 => 20,
            Self::Sha512 => 64,
            Self::Sha384 => 48,
            Self::Sha224 => 28,
            Self::Md5 => 16,
        }
    }

    /// The usual spelling, such as `SHA-256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha1 => "SHA-1",
            Self::Sha512 => "SHA-512",
            Self::Sha384 => "SHA-384",
            Self::Sha224 => "SHA-224",
            Self::Md5 => "MD5",
        }
    }

    /// The DER of a `DigestInfo` up to the digest, which precedes it in a PKCS#1 v1.5 signature. (RFC 8017, 9.2)
    const fn digest_info(self) -> &'static [u8] {
        match self {
            Self::Sha256 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
            Self::Sha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
            Self::Sha512 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
            Self::Sha384 => b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
            Self::Sha224 => b"\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c",
            Self::Md5 => b"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10",
        }
    }
}

/// The content of a signature made by a known key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// Correct PKCS#1 v1.5: a digest that names its hash.
    Pkcs1 {
        /// The hash.
        hash: HashAlgorithm,
        /// The digest.
        digest: Vec<u8>,
    },
    /// The padding of PKCS#1 v1.5 around bytes that name no hash: a bare digest or a complete message.
    Bare {
        /// The bytes.
        content: Vec<u8>,
    },
    /// The padding of PSS. The message's digest can't be read from it, only compared.
    Pss {
        /// The hash.
        hash: HashAlgorithm,
        /// The salt.
        salt: Vec<u8>,
        /// The hash of salt and message digest.
        digest: Vec<u8>,
        /// Whether the padding is too long to be a coincidence.
        is_certain: bool,
    },
}

impl Recovered {
    /// Whether this is the content of a signature over the message. [`Recovered::Bare`] content may be the message
    /// itself or any digest of it.
    pub fn is_of(&self, message: &[u8]) -> bool {
        match self {
            Self::Pkcs1 { hash, digest } => hash.digest(message) == *digest,
            Self::Bare { content } => {
                content == message
                    || HashAlgorithm::ALL
                        .into_iter()
                        .filter(|hash| hash.digest_len() == content.len())
                        .any(|hash| hash.digest(message) == *content)
            }
            Self::Pss { hash, salt, digest, .. } => {
                hash.digest(&[&[0; 8], &hash.digest(message)[..], salt].concat()) == *digest
            }
        }
    }

    /// The hash, if the signature names one.
    pub fn hash(&self) -> Option<HashAlgorithm> {
        match self {
            Self::Pkcs1 { hash, .. } | Self::Pss { hash, .. } => Some(*hash),
            Self::Bare { .. } => None,
        }
    }

    /// Whether the key certainly made the signature, even if its message is unknown. Random bytes look like PSS with
    /// the longest salt about once in 100,000 times, and never like the other forms.
    pub fn is_certain(&self) -> bool {
        match self {
            Self::Pkcs1 { .. } | Self::Bare { .. } => true,
            Self::Pss { is_certain, .. } => *is_certain,
        }
    }
}

/// The length in bytes at which padding is no coincidence.
const CERTAIN: usize = 8;

impl VerifyingKey {
    /// The length of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.numbers().map_or(0, |key| key.n().bit_width() as usize)
    }

    /// All readings of the signature's content: usually one if this key made the signature, otherwise none. Costs one
    /// public-key operation, no matter how many messages are then compared.
    ///
    /// Only for explanations: [`VerifyingKey::verify`] alone decides whether a signature is accepted.
    pub fn recover(&self, signature: &Signature) -> Vec<Recovered> {
        let Some(encoded) = self.encoded(signature) else { return Vec::new() };
        match pkcs1_content(&encoded) {
            Some(content) => vec![pkcs1(content)],
            None => pss(&encoded, self.bits() - 1),
        }
    }

    /// The encoded message, as long as the signature; `None` if this key can't have made the signature.
    fn encoded(&self, signature: &Signature) -> Option<Vec<u8>> {
        let key = self.numbers().filter(|key| key.size() == signature.as_bytes().len())?;
        let number = BoxedUint::from_be_slice(signature.as_bytes(), key.n_bits_precision()).ok()?;
        if number >= *key.n().as_ref() {
            return None;
        }
        let encoded = rsa_encrypt(&key, &number).ok()?.to_be_bytes();
        Some(encoded[encoded.len() - key.size()..].into())
    }

    fn numbers(&self) -> Option<rsa::PublicKey> {
        rsa::PublicKey::from_pkcs1_der(&self.pkcs1).ok()
    }
}

/// `00 01 FF … FF 00 content` (RFC 8017, 9.2)
fn pkcs1_content(encoded: &[u8]) -> Option<&[u8]> {
    let padded = encoded.strip_prefix(&[0, 1])?;
    let end = padded.iter().position(|&byte| byte != 0xff)?;
    let content = padded[end..].strip_prefix(&[0])?;
    (end >= CERTAIN).then_some(content)
}

fn pkcs1(content: &[u8]) -> Recovered {
    let named = HashAlgorithm::ALL.into_iter().find_map(|hash| {
        let digest = content.strip_prefix(hash.digest_info())?;
        (digest.len() == hash.digest_len()).then(|| Recovered::Pkcs1 { hash, digest: digest.into() })
    });
    named.unwrap_or_else(|| Recovered::Bare { content: content.into() })
}

/// `masked(00 … 00 01 salt) digest BC` with any salt, and any hash for digest and mask each: some libraries mask with
/// SHA-1 by default. (RFC 8017, 9.1)
fn pss(encoded: &[u8], bits: usize) -> Vec<Recovered> {
    let encoded = &encoded[encoded.len() - bits.div_ceil(8)..];
    let Some((&0xbc, encoded)) = encoded.split_last() else { return Vec::new() };
    let mut found = Vec::new();
    for hash in HashAlgorithm::ALL {
        let Some((masked, digest)) = encoded.split_at_checked(encoded.len() - hash.digest_len()) else {
            continue;
        };
        for mask_hash in HashAlgorithm::ALL {
            let mut block: Vec<u8> =
                masked.iter().zip(mask(mask_hash, digest, masked.len())).map(|(a, b)| a ^ b).collect();
            if let Some(first) = block.first_mut() {
                *first &= 0xff >> (8 * bits.div_ceil(8) - bits);
            }
            let zeros = block.iter().take_while(|&&byte| byte == 0).count();
            if let Some((&1, salt)) = block[zeros..].split_first() {
                let is_certain = zeros >= CERTAIN;
                found.push(Recovered::Pss { hash, salt: salt.into(), digest: digest.into(), is_certain });
            }
        }
    }
    if found.iter().any(Recovered::is_certain) {
        found.retain(Recovered::is_certain);
    }
    found
}

/// MGF1. (RFC 8017, B.2.1)
pub(crate) fn mask(hash: HashAlgorithm, seed: &[u8], length: usize) -> Vec<u8> {
    let blocks = (0_u32..).map(|counter| hash.digest(&[seed, &counter.to_be_bytes()].concat()));
    blocks.take(length.div_ceil(hash.digest_len())).flatten().take(length).collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{rand::SystemRandom, signature::RSA_PSS_SHA512};

    use super::*;
    use crate::{Credentials, SigningKey};

    fn merchant() -> SigningKey {
        SigningKey::from_pem(&Credentials::development().merchant_key).unwrap()
    }

    #[test]
    fn a_signature_contains_the_digest_of_its_message() {
        let key = merchant();
        let recovered = key.verifying_key().recover(&key.sign(b"message"));
        let digest = HashAlgorithm::Sha256.digest(b"message");
        assert_eq!(recovered, [Recovered::Pkcs1 { hash: HashAlgorithm::Sha256, digest }]);
        assert!(recovered[0].is_of(b"message") && !recovered[0].is_of(b"massage"));
        assert!(recovered[0].is_certain());
    }

    #[test]
    fn another_key_recovers_nothing() {
        let signature = merchant().sign(b"message");
        let other = include_str!("../../../fixtures/credentials/other_cert.pem");
        assert_eq!(VerifyingKey::from_pem(other).unwrap().recover(&signature), []);
    }

    #[test]
    fn pss_is_compared_with_its_salt() {
        let key = merchant();
        let mut signature = vec![0; key.pair.public_modulus_len()];
        // Every other signature has a bit in the place that the padding clears.
        for _ in 0..16 {
            key.pair.sign(&RSA_PSS_SHA512, &SystemRandom::new(), b"message", &mut signature).unwrap();
            let recovered = key.verifying_key().recover(&Signature::from_bytes(signature.clone()));
            assert_eq!(recovered.len(), 1);
            assert_eq!(recovered[0].hash(), Some(HashAlgorithm::Sha512));
            assert!(recovered[0].is_of(b"message") && !recovered[0].is_of(b"massage"));
            assert!(recovered[0].is_certain());
        }
    }

    /// The encoding of RFC 8017, 9.1.1, with one hash for digest and mask.
    fn encode_pss(message: &[u8], salt: &[u8], bits: usize) -> Vec<u8> {
        let hash = HashAlgorithm::Sha256;
        let digest = hash.digest(&[&[0; 8], &hash.digest(message)[..], salt].concat());
        let length = bits.div_ceil(8) - hash.digest_len() - 1;
        let padded = [&vec![0; length - 1 - salt.len()][..], &[1], salt].concat();
        let mut masked: Vec<u8> =
            padded.iter().zip(mask(hash, &digest, length)).map(|(a, b)| a ^ b).collect();
        masked[0] &= 0xff >> (8 * bits.div_ceil(8) - bits);
        [&masked[..], &digest, &[0xbc]].concat()
    }

    #[test]
    fn pss_is_read_at_any_length_of_the_key() {
        for bits in 2040..2056 {
            for salt in 0_u8..8 {
                let found = pss(&encode_pss(b"message", &[salt; 32], bits), bits);
                assert!(matches!(&found[..], [only] if only.is_of(b"message")), "{bits} bits: {found:?}");
            }
        }
    }

    #[test]
    fn bare_content_is_the_message_or_any_digest_of_it() {
        let bare = |content: &[u8]| Recovered::Bare { content: content.into() };
        assert!(bare(b"message").is_of(b"message") && !bare(b"message").is_of(b"massage"));
        for hash in HashAlgorithm::ALL {
            let recovered = bare(&hash.digest(b"message"));
            assert!(recovered.is_of(b"message") && !recovered.is_of(b"massage"), "{}", hash.name());
        }
    }

    #[test]
    fn short_padding_may_be_a_coincidence() {
        let salt = [7; 216];
        let found = pss(&encode_pss(b"message", &salt, 2047), 2047);
        assert!(found.iter().any(|one| one.is_of(b"message") && !one.is_certain()), "{found:?}");
    }

    #[test]
    fn bytes_that_no_key_can_have_made_contain_nothing() {
        let key = merchant().verifying_key();
        assert_eq!(key.bits(), 2048);
        for bytes in [vec![], vec![0; 255], vec![0; 256], vec![1; 256], vec![0xff; 256], vec![1; 257]] {
            assert_eq!(key.recover(&Signature::from_bytes(bytes)), []);
        }
    }

    #[test]
    fn digests_have_the_length_of_their_hash() {
        for hash in HashAlgorithm::ALL {
            assert_eq!(hash.digest(b"").len(), hash.digest_len(), "{}", hash.name());
            let info = hash.digest_info();
            assert_eq!(usize::from(info[info.len() - 1]), hash.digest_len());
            assert_eq!(usize::from(info[1]) + 2, info.len() + hash.digest_len());
        }
    }
}
