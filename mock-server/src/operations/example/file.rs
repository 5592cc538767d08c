//! Files: what is in them, and where they are if the request wants them compressed.
//!
//! A bill is asked for first, with `tar_type=GZIP` or without, and then downloaded from the address in the answer.

use bytes::Bytes;
use serde_json::Value;
use wechatpay_openapi::Field;

use crate::request::validate::ValidRequest;

/// What is in every file. The contract's examples of `hash_value` are its digests. (own choice)
const PLAIN: &[u8] = b"mock\n";

/// The same, compressed by gzip.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xcb\xcdO\xce\xe6\x02\0\xbf\x8d\x88\xe8\x05\0\0\0";

/// What the address of a compressed file ends with. (wild)
const COMPRESSED: (&str, &str) = ("tartype", "gzip");

/// What is in a file.
pub(super) fn plain() -> Bytes {
    Bytes::from_static(PLAIN)
}

/// What is in the file that the request is for.
pub(super) fn content(request: &ValidRequest) -> Bytes {
    if is_compressed(request) { Bytes::from_static(GZIP) } else { plain() }
}

/// Whether the request wants the file compressed.
pub(in crate::operations) fn is_compressed(request: &ValidRequest) -> bool {
    let (name, value) = COMPRESSED;
    request.parameter(name).eq_ignore_ascii_case(value)
}

/// The address in this field of an answer, if the request wants the file there to be compressed. (documented)
pub(super) fn address(request: &ValidRequest, field: &Field<'_>) -> Option<Value> {
    if field.name != "download_url" || request.parameter("tar_type") != "GZIP" {
        return None;
    }
    field.example()?.as_str().map(|address| compressed(address).into())
}

/// The address of the compressed file.
pub(in crate::operations) fn compressed(address: &str) -> String {
    let (name, value) = COMPRESSED;
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{name}={value}")
}

#[cfg(test)]
mod tests {
    use miniz_oxide::inflate::decompress_to_vec;
    use sha2::{Digest, Sha256};
    use wechatpay_openapi::Contract;

    use super::*;

    #[test]
    fn the_compressed_content_is_the_same() {
        let (head, tail) = (10, 8);
        let inflated = decompress_to_vec(&GZIP[head..GZIP.len() - tail]).unwrap();
        assert_eq!(inflated, PLAIN);
        assert_eq!(&GZIP[GZIP.len() - 4..], (PLAIN.len() as u32).to_le_bytes());
    }

    #[test]
    fn an_address_says_that_its_file_is_compressed() {
        assert_eq!(compressed("https://a/file?token=1"), "https://a/file?token=1&tartype=gzip");
        assert_eq!(compressed("https://a/file"), "https://a/file?tartype=gzip");
    }

    #[test]
    fn an_answer_with_the_address_of_a_file_has_its_digest() {
        let sha256 = base16ct::upper::encode_string(&Sha256::digest(PLAIN));
        // By `openssl dgst -sha1` and `-sm3`.
        let digests = [
            ("SHA1", "34e6e15552e88c14f7a6720bbc70b2fc63968c7b"),
            ("SHA256", sha256.as_str()),
            ("SM3", "334B5F9AE80664C651C66D55E64E1BBD6F20F6BD97FD343BA11E938630318B61"),
        ];
        let mut checked = 0;
        for operation in Contract::current().operations() {
            let Some(schema) = operation.success().and_then(|(_, body)| body.schema()) else { continue };
            let answer = schema.sample(&mut |_| None);
            let address = answer["download_url"].as_str().unwrap_or_default();
            if address.contains("/v3/billdownload/file?") && answer.get("hash_value").is_some() {
                let digest = digests.iter().find(|(name, _)| answer["hash_type"] == *name).map(|(_, it)| *it);
                assert_eq!(answer["hash_value"].as_str(), digest, "{operation}");
                checked += 1;
            }
        }
        assert!(checked > 10, "{checked}");
    }
}
