//! Opens data that was not sealed as it should be, to explain why a [`Resource`](crate::Resource) can't be decrypted.
//!
//! A receiver must never work like this: [`Resource::decrypt`](crate::Resource::decrypt) alone decides whether data is
//! genuine.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    cipher::{AES_128, AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey},
    iv::FixedLength,
};
use zeroize::Zeroizing;

/// Decrypts data that is followed by its 16-byte tag, by AES-GCM with a key of 16 or 32 bytes. `None` if any part is not
/// the original one, or if key or nonce have another length.
///
/// Only for explanations.
pub fn unseal(key: &[u8], nonce: &[u8], associated_data: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        32 => &AES_256_GCM,
        _ => return None,
    };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut data = Zeroizing::new(sealed.to_vec());
    let length = key.open_in_place(nonce, Aad::from(associated_data), &mut data).ok()?.len();
    data.truncate(length);
    Some(data)
}

/// Decrypts data without its tag, as AES-GCM would, and without a check: with any wrong part, the result is noise.
/// `None` if key or nonce have another length.
///
/// Only for explanations.
pub fn unseal_unchecked(key: &[u8], nonce: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let algorithm = match key.len() {
        16 => &AES_128,
        32 => &AES_256,
        _ => return None,
    };
    // The first block of the counter is for the tag.
    let nonce: [u8; NONCE_LEN] = nonce.try_into().ok()?;
    let mut counter = [0; 16];
    counter[..NONCE_LEN].copy_from_slice(&nonce);
    counter[15] = 2;
    let key = DecryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
    let mut data = Zeroizing::new(data.to_vec());
    key.decrypt(&mut data, DecryptionContext::Iv128(FixedLength::from(counter))).ok()?;
    Some(data)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};

    use super::*;
    use crate::{Credentials, Resource};

    #[test]
    fn data_opens_with_its_tag_and_without_it() {
        let key = Credentials::development().apiv3_key;
        let sealed = Resource::encrypt(&key, "abcdefghijkl", "transaction", br#"{"mchid":"1"}"#);
        let data = BASE64_STANDARD.decode(sealed.ciphertext).unwrap();
        let key = key.expose().as_bytes();
        let opened = unseal(key, b"abcdefghijkl", b"transaction", &data).unwrap();
        assert_eq!(*opened, br#"{"mchid":"1"}"#);
        assert_eq!(unseal_unchecked(key, b"abcdefghijkl", &data[..13]).unwrap(), opened);
        assert_eq!(unseal(key, b"abcdefghijkl", b"", &data), None);
        assert_eq!(unseal(&key[1..], b"abcdefghijkl", b"transaction", &data), None);
        assert_eq!(unseal_unchecked(key, b"short", &data), None);
    }
}
