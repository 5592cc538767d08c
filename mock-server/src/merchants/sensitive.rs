//! Sensitive fields: decrypts them, and finds out what is wrong with one that can't be decrypted.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use percent_encoding::percent_decode_str;
use wechatpay_protocol::{DecryptingKey, Padding, SensitiveError, Timestamp, display::quoted};
use wechatpay_texts::{Both, Phrase, phrase, text};

use super::{Merchant, Merchants, PlatformCertificate, PlatformKey, PublicKeyPair};
use crate::api::error::SensitiveFault;

impl Merchants {
    /// The key that this `Wechatpay-Serial` names, which the merchant encrypts with.
    pub(crate) fn encryption_key(
        &self,
        merchant: &Merchant,
        serial: Option<&str>,
        now: Timestamp,
    ) -> Result<&PlatformKey, SensitiveFault> {
        let serial = serial.filter(|serial| !serial.is_empty()).ok_or(SensitiveFault::SerialAbsent)?;
        let reason = || Both::of(|| self.not_a_key(merchant, serial, now));
        self.named_key(merchant, serial, now)
            .ok_or_else(|| SensitiveFault::SerialUnknown { reason: reason() })
    }

    /// Decrypts a field that was encrypted for the key.
    pub(crate) fn decrypt(
        &self,
        merchant: &Merchant,
        key: &PlatformKey,
        field: &str,
    ) -> Result<String, SensitiveFault> {
        let undecryptable = |reason| SensitiveFault::Undecryptable { reason };
        let text = key.decrypting.decrypt(field);
        let text = text.map_err(|error| undecryptable(self.not_encrypted(merchant, key, field, &error)))?;
        String::from_utf8(text).map_err(|_| {
            undecryptable(Both::of(|| {
                text!("the sensitive field is encrypted as it should be, but its text is not UTF-8")
            }))
        })
    }

    /// What a `Wechatpay-Serial` is that names no key of the merchant's.
    fn not_a_key(&self, merchant: &Merchant, serial: &str, now: Timestamp) -> String {
        let is = |known: &str| spelled_alike(known, serial);
        let certificates = || self.platform_certificates.all().map(PlatformCertificate::certificate);
        let found = if is(merchant.serial_no().as_str()) {
            text!("the serial number of the merchant's own certificate, which signs its requests")
        } else if is(self.public_key().id().as_str()) && !merchant.trust.has_public_key() {
            text!(
                "the public key ID, which this merchant does not have (trust = {trust})",
                trust = merchant.trust
            )
        } else if let Some(certificate) = certificates().find(|one| is(one.serial_no().as_str())) {
            if !merchant.trust.has_platform_certificate() {
                text!(
                    "a platform certificate, which this merchant does not have (trust = {trust})",
                    trust = merchant.trust
                )
            } else if certificate.is_in_force(now) {
                text!("one of them in another spelling")
            } else {
                text!("a platform certificate that is not valid now")
            }
        } else if is(self.public_key().id().as_str()) {
            text!("one of them in another spelling")
        } else if let Some(other) = self.merchants().iter().find(|other| is(other.serial_no().as_str())) {
            text!("the serial number of merchant {mchid}'s certificate", mchid = other.mchid)
        } else if is(PlatformCertificate::development().certificate().serial_no().as_str())
            || is(PublicKeyPair::development().id().as_str())
        {
            text!("the name of a development key, which this mock does not have")
        } else {
            text!("a name that the mock does not know")
        };
        let known = certificates().map(|one| one.serial_no().as_str());
        let known = known.chain([self.public_key().id().as_str()]);
        let usable: Vec<_> = known.filter(|name| self.named_key(merchant, name, now).is_some()).collect();
        let (usable, serial) = (usable.join(phrase!(" or ").text()), quoted(serial));
        text!("expected Wechatpay-Serial to be {usable}, found {serial}: {found}")
    }

    /// What is wrong with a field that the key does not decrypt, as found by trying.
    fn not_encrypted(
        &self,
        merchant: &Merchant,
        named: &PlatformKey,
        field: &str,
        error: &SensitiveError,
    ) -> Both {
        let expected = Both::of(|| {
            text!(
                "the sensitive field: expected {padding} for {id} in Base64",
                padding = Padding::EXPECTED,
                id = named.id
            )
        });
        let Some((encoding, ciphertext)) = decoded(field) else {
            return match error {
                SensitiveError::Ciphertext(problem) => Both::of(|| text!("{expected}; {problem}")),
                _ => expected,
            };
        };
        if ciphertext.len() != named.decrypting.size() {
            let (size, found) = (named.decrypting.size(), ciphertext.len());
            return Both::of(|| {
                text!("{expected}, which is {size} bytes, found {found} bytes in {encoding}")
            });
        }
        let of = |key: &DecryptingKey| key.padding(&ciphertext);
        let of_gateways = |key: &PlatformKey| {
            Some((of(&key.decrypting)?, Both::of(|| text!("the gateway's key {id}", id = key.id))))
        };
        let own = || merchant.decrypting_key();
        let of_own =
            |key: DecryptingKey| Some((of(&key)?, Both::of(|| text!("the merchant's own certificate"))));
        let of_development = |key: &PlatformKey| {
            Some((
                of(&key.decrypting)?,
                Both::of(|| text!("the development key {id}, which this mock does not have", id = key.id)),
            ))
        };
        let found = of(&named.decrypting)
            .map(|padding| (padding, Both::of(|| text!("that key"))))
            .or_else(|| self.platform_keys().find_map(of_gateways))
            .or_else(|| own().and_then(of_own))
            .or_else(|| of_development(PlatformCertificate::development().key()))
            .or_else(|| of_development(PublicKeyPair::development().key()));
        Both::of(|| match &found {
            Some((padding, holder)) => text!("{expected}, found {padding} for {holder} in {encoding}"),
            None => text!(
                "{expected}, found {count} bytes in {encoding} that no known key decrypts with OAEP of any hash, PKCS#1 \
                 v1.5 or no padding: encrypted for another key, or altered",
                count = ciphertext.len()
            ),
        })
    }
}

/// The bytes of a text, and what they are written in.
fn decoded(text: &str) -> Option<(Phrase, Vec<u8>)> {
    let standard = |text: &str| BASE64_STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok();
    // Hex digits are Base64 too. Ciphertexts of 2048 bits have 512 of them.
    let hex = || base16ct::mixed::decode_vec(text).ok().filter(|bytes| bytes.len() >= 256);
    let without_spaces = || text.split_ascii_whitespace().collect::<String>();
    let percent_decoded = || percent_decode_str(text).decode_utf8_lossy();
    let readings: [(_, &dyn Fn() -> Option<Vec<u8>>); 7] = [
        (phrase!("hex"), &hex),
        (Phrase::name("Base64"), &|| BASE64_STANDARD.decode(text).ok()),
        (phrase!("Base64 without its ="), &|| standard(text)),
        (phrase!("Base64 whose + became spaces"), &|| standard(&text.replace(' ', "+"))),
        (phrase!("Base64 with line breaks or spaces"), &|| standard(&without_spaces())),
        (phrase!("URL-safe Base64"), &|| BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()),
        (phrase!("percent-encoded Base64"), &|| standard(&percent_decoded())),
    ];
    readings.into_iter().find_map(|(name, read)| Some((name, read()?)))
}

/// Whether two names differ only in case, separators, a `0x` or the prefix of public key IDs.
fn spelled_alike(known: &str, found: &str) -> bool {
    let plain = |text: &str| {
        let text: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let text = text.to_ascii_uppercase();
        text.trim_start_matches("0X").trim_start_matches("PUBKEYID").trim_start_matches('0').to_owned()
    };
    plain(known) == plain(found)
}

#[cfg(test)]
mod tests {
    use wechatpay_protocol::EncryptingKey;

    use super::*;
    use crate::merchants::{ApiCertificate, MerchantConfig, PlatformCertificates, TrustMode};

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);
    const OTHER_CERTIFICATE: &str = include_str!("../../../fixtures/credentials/other_cert.pem");
    const OTHER_KEY: &str = include_str!("../../../fixtures/credentials/other_key.pem");

    fn merchants(trust: TrustMode) -> Merchants {
        let development = MerchantConfig { trust, ..MerchantConfig::development() };
        let mut other = MerchantConfig::new("1900000002".parse().unwrap());
        other.certificate = ApiCertificate::new(OTHER_CERTIFICATE, Some(OTHER_KEY)).unwrap();
        Merchants::new(
            &[development, other],
            PlatformCertificates::One(PlatformCertificate::development()),
            PublicKeyPair::development(),
        )
    }

    /// Why the field, sent by this merchant for the public key, is refused.
    fn refused(mchid: &str, field: &str) -> String {
        reason(mchid, field).english
    }

    fn reason(mchid: &str, field: &str) -> Both {
        let merchants = merchants(TrustMode::Both);
        let merchant = merchants.merchant(mchid).unwrap();
        match merchants.decrypt(&merchant, merchants.public_key().key(), field) {
            Err(SensitiveFault::Undecryptable { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    fn encrypted(for_key: &str) -> String {
        EncryptingKey::from_pem(for_key).unwrap().encrypt("13800138000").unwrap()
    }

    fn public_key() -> String {
        PublicKeyPair::development().to_pem()
    }

    #[test]
    fn a_field_for_another_key_says_for_which() {
        let development = "1900000001";
        let platform = PlatformCertificate::development();
        let reason = refused(development, &encrypted(platform.certificate().pem()));
        let serial_no = platform.certificate().serial_no();
        assert!(reason.contains("for PUB_KEY_ID_"), "{reason}");
        assert!(
            reason.ends_with(&format!(
                "found RSAES-OAEP with SHA-1 and MGF1-SHA-1 for the gateway's key {serial_no} in Base64"
            )),
            "{reason}"
        );
        let own = refused("1900000002", &encrypted(OTHER_CERTIFICATE));
        assert!(own.ends_with("for the merchant's own certificate in Base64"), "{own}");
        let strangers = refused(development, &encrypted(OTHER_CERTIFICATE));
        assert!(strangers.ends_with("encrypted for another key, or altered"), "{strangers}");
    }

    #[test]
    fn a_field_in_another_encoding_says_in_which() {
        let standard = encrypted(&public_key());
        let lines: Vec<_> =
            standard.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        let bytes = BASE64_STANDARD_NO_PAD.decode(standard.trim_end_matches('=')).unwrap();
        for (field, encoding) in [
            (standard.trim_end_matches('=').to_owned(), "Base64 without its ="),
            (lines.join("\n"), "Base64 with line breaks or spaces"),
            (base16ct::lower::encode_string(&bytes), "hex"),
            (standard.replace('=', "%3D"), "percent-encoded Base64"),
        ] {
            let reason = refused("1900000001", &field);
            assert!(reason.ends_with(&format!("for that key in {encoding}")), "{reason}");
        }
    }

    #[test]
    fn a_field_that_is_not_encrypted_says_so() {
        let reason = refused("1900000001", "aGVsbG8=");
        assert!(reason.ends_with("which is 256 bytes, found 5 bytes in Base64"), "{reason}");
        let reason = refused("1900000001", "会员");
        assert!(reason.contains("standard Base64"), "{reason}");
    }

    #[test]
    fn a_reason_is_kept_in_both_languages() {
        let own = reason("1900000002", &encrypted(OTHER_CERTIFICATE)).chinese;
        assert!(own.starts_with("敏感字段：应为") && own.contains("商户自己的证书"), "{own}");
    }

    /// Why this `Wechatpay-Serial` is refused.
    fn unknown(trust: TrustMode, serial: &str) -> String {
        let merchants = merchants(trust);
        let merchant = merchants.merchant("1900000001").unwrap();
        match merchants.encryption_key(&merchant, Some(serial), NOW) {
            Err(SensitiveFault::SerialUnknown { reason }) => reason.english,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_serial_that_names_no_key_says_what_it_is() {
        let merchants = merchants(TrustMode::Both);
        let own = merchants.merchant("1900000001").unwrap().serial_no().to_string();
        let others = merchants.merchant("1900000002").unwrap().serial_no().to_string();
        let platform = PlatformCertificate::development().certificate().serial_no().to_string();
        let public_key = PublicKeyPair::development().id().to_string();
        for (trust, serial, found) in [
            (TrustMode::Both, own.as_str(), "the serial number of the merchant's own certificate"),
            (TrustMode::Both, &others, "merchant 1900000002's certificate"),
            (TrustMode::PublicKey, &platform, "which this merchant does not have (trust = public-key)"),
            (
                TrustMode::PlatformCertificate,
                &public_key,
                "the public key ID, which this merchant does not have",
            ),
            (TrustMode::Both, &public_key["PUB_KEY_ID_".len()..], "in another spelling"),
            (TrustMode::Both, "5157F09E", "a name that the mock does not know"),
        ] {
            let reason = unknown(trust, serial);
            assert!(
                reason.contains(found) && reason.starts_with("expected Wechatpay-Serial to be "),
                "{reason}"
            );
        }
    }
}
