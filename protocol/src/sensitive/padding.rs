//! How a field was padded before it was encrypted, to explain why it can't be decrypted.
//!
//! A server must never work like this: a caller who learns how a ciphertext is padded can decrypt others with it. The mock
//! has only test keys, and tells nobody but its own user.

use std::{convert::Infallible, fmt};

use rsa::{
    BoxedUint, PrivateKey, hazmat::rsa_decrypt, pkcs1::DecodeRsaPrivateKey, rand_core::TryCryptoRng,
    traits::PublicKeyParts,
};
use wechatpay_texts::{phrase, text};

use super::DecryptingKey;
use crate::{HashAlgorithm, signature::mask};

/// What is around a text before it is encrypted with RSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// RSAES-OAEP with an empty label. (RFC 8017, 7.1)
    Oaep {
        /// The hash of the label.
        hash: HashAlgorithm,
        /// The hash of the mask, MGF1.
        mask_hash: HashAlgorithm,
    },
    /// PKCS#1 v1.5. (RFC 8017, 7.2)
    Pkcs1,
    /// Nothing but zeros.
    Absent,
}

impl Padding {
    /// The one that this protocol uses. (documented)
    pub const EXPECTED: Self = Self::Oaep { hash: HashAlgorithm::Sha1, mask_hash: HashAlgorithm::Sha1 };

    fn of(encoded: &[u8]) -> Option<Self> {
        let hashes = || HashAlgorithm::ALL.into_iter();
        let pairs = hashes().flat_map(|hash| hashes().map(move |mask_hash| (hash, mask_hash)));
        let oaep = pairs.map(|(hash, mask_hash)| Self::Oaep { hash, mask_hash });
        oaep.chain([Self::Pkcs1, Self::Absent]).find(|padding| padding.fits(encoded))
    }

    fn fits(self, encoded: &[u8]) -> bool {
        match self {
            Self::Oaep { hash, mask_hash } => is_oaep(encoded, hash, mask_hash),
            Self::Pkcs1 => {
                let end = |padded: &[u8]| padded.iter().position(|&byte| byte == 0);
                encoded.strip_prefix(&[0, 2]).is_some_and(|padded| match end(padded) {
                    Some(end) => end >= 8 && str::from_utf8(&padded[end..]).is_ok(),
                    None => false,
                })
            }
            Self::Absent => {
                let zeros = encoded.iter().take_while(|&&byte| byte == 0).count();
                zeros >= 8 && str::from_utf8(&encoded[zeros..]).is_ok_and(|text| !text.is_empty())
            }
        }
    }
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oaep { hash, mask_hash } => {
                let (hash, mask_hash) = (hash.name(), mask_hash.name());
                f.write_str(&text!("RSAES-OAEP with {hash} and MGF1-{mask_hash}"))
            }
            Self::Pkcs1 => f.write_str("PKCS#1 v1.5"),
            Self::Absent => f.write_str(phrase!("no padding").text()),
        }
    }
}

impl DecryptingKey {
    /// The length of a ciphertext for this key, in bytes.
    pub fn size(&self) -> usize {
        self.key.key_size_bytes()
    }

    /// How the text in this ciphertext was padded, if it was encrypted for this key. Random bytes look like PKCS#1 v1.5
    /// less than once in 65,536 times, and practically never like the others.
    ///
    /// Only for explanations: [`DecryptingKey::decrypt`] alone decides whether a field is accepted.
    pub fn padding(&self, ciphertext: &[u8]) -> Option<Padding> {
        Padding::of(&self.encoded(ciphertext)?)
    }

    /// The padded text, as long as the modulus; `None` if the ciphertext can't be for this key.
    fn encoded(&self, ciphertext: &[u8]) -> Option<Vec<u8>> {
        if ciphertext.len() != self.size() {
            return None;
        }
        let key = self.numbers()?;
        let number = BoxedUint::from_be_slice(ciphertext, key.n_bits_precision()).ok()?;
        let unblinded = None::<&mut dyn TryCryptoRng<Error = Infallible>>;
        let encoded = rsa_decrypt(unblinded, &key, &number).ok()?.to_be_bytes();
        Some(encoded[encoded.len() - self.size()..].into())
    }

    /// The key for the `rsa` crate, unless that refuses it.
    fn numbers(&self) -> Option<PrivateKey> {
        PrivateKey::from_pkcs1_der(&self.pkcs1).ok()
    }
}

/// `00 masked(seed) masked(digest 00 … 00 01 text)`
fn is_oaep(encoded: &[u8], hash: HashAlgorithm, mask_hash: HashAlgorithm) -> bool {
    let length = hash.digest_len();
    if encoded.len() < 2 * length + 2 || encoded[0] != 0 {
        return false;
    }
    let (seed, block) = encoded[1..].split_at(length);
    let seed = xor(seed, &mask(mask_hash, block, length));
    let block = xor(block, &mask(mask_hash, &seed, block.len()));
    block
        .strip_prefix(&hash.digest(b"")[..])
        .is_some_and(|rest| rest.iter().find(|&&byte| byte != 0) == Some(&1))
}

fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DecryptingKey {
        DecryptingKey::from_pem(include_str!("../../../fixtures/credentials/pub_key_private.pem")).unwrap()
    }

    /// Encrypts bytes that are padded already.
    fn encrypted(key: &DecryptingKey, encoded: &[u8]) -> Vec<u8> {
        let numbers = key.numbers().unwrap();
        let number = BoxedUint::from_be_slice(encoded, numbers.n_bits_precision()).unwrap();
        let bytes = rsa::hazmat::rsa_encrypt(&numbers, &number).unwrap().to_be_bytes();
        bytes[bytes.len() - key.size()..].into()
    }

    #[test]
    fn the_expected_padding_is_recognised() {
        let key = key();
        let public = key.numbers().unwrap().as_ref().oaep_encrypt::<sha1::Sha1>("会员".as_bytes()).unwrap();
        assert_eq!(key.padding(&public), Some(Padding::EXPECTED));
        assert_eq!(Padding::EXPECTED.to_string(), "RSAES-OAEP with SHA-1 and MGF1-SHA-1");
    }

    #[test]
    fn every_pair_of_hashes_is_recognised() {
        let key = key();
        for hash in HashAlgorithm::ALL {
            for mask_hash in HashAlgorithm::ALL {
                let mut block = hash.digest(b"");
                block.resize(key.size() - hash.digest_len() - 1 - 5, 0);
                block.extend(b"\x01text");
                let seed = vec![7; hash.digest_len()];
                let block = xor(&block, &mask(mask_hash, &seed, block.len()));
                let seed = xor(&seed, &mask(mask_hash, &block, seed.len()));
                let ciphertext = encrypted(&key, &[&[0][..], &seed, &block].concat());
                assert_eq!(key.padding(&ciphertext), Some(Padding::Oaep { hash, mask_hash }));
            }
        }
    }

    #[test]
    fn pkcs1_and_no_padding_are_recognised() {
        let key = key();
        let mut pkcs1 = vec![9; key.size() - 5];
        pkcs1[..2].copy_from_slice(&[0, 2]);
        pkcs1.extend(b"\0text");
        assert_eq!(key.padding(&encrypted(&key, &pkcs1)), Some(Padding::Pkcs1));
        let mut unpadded = vec![0; key.size() - 4];
        unpadded.extend(b"text");
        assert_eq!(key.padding(&encrypted(&key, &unpadded)), Some(Padding::Absent));
    }

    #[test]
    fn another_keys_ciphertext_has_no_padding_that_is_known() {
        let other = include_str!("../../../fixtures/credentials/platform_key.pem");
        let other = DecryptingKey::from_pem(other).unwrap();
        let ciphertext = other.numbers().unwrap().as_ref().oaep_encrypt::<sha1::Sha1>(b"text").unwrap();
        assert_eq!(key().padding(&ciphertext), None);
        assert_eq!(key().padding(&ciphertext[1..]), None);
    }
}
