//! The platform certificates that `GET /v3/certificates` lists.

use std::cmp::Reverse;

use serde::Deserialize;
use wechatpay_protocol::{
    Apiv3Key, Certificate, CertificateError, ParseError, Resource, ResourceError, SerialNo, Timestamp,
    pem_text,
};
use wechatpay_texts::Text;

/// Why a list of certificates can't be trusted.
#[derive(Debug, Text, thiserror::Error)]
pub enum CertificateListError {
    /// The body is not the documented JSON.
    #[text("expected {{\"data\": [{{\"serial_no\": …, \"encrypt_certificate\": {{…}}}}]}}")]
    Json(#[source] serde_json::Error),
    /// A serial number is malformed.
    #[text("the serial_no of entry {entry}")]
    SerialNo {
        /// The number of the entry, counted from 1.
        entry: usize,
        /// The error in it.
        source: ParseError,
    },
    /// A certificate can't be decrypted with the APIv3 key.
    #[text("certificate {serial_no} cannot be decrypted")]
    Decryption {
        /// The entry's serial number.
        serial_no: SerialNo,
        /// Why not.
        source: ResourceError,
    },
    /// The decrypted data is not a certificate.
    #[text("certificate {serial_no} cannot be read")]
    Certificate {
        /// The entry's serial number.
        serial_no: SerialNo,
        /// Why not.
        source: CertificateError,
    },
    /// A certificate has another serial number than its entry.
    #[text("certificate {serial_no} has the serial number {found}")]
    OtherSerialNo {
        /// The entry's serial number.
        serial_no: SerialNo,
        /// The certificate's own.
        found: SerialNo,
    },
    /// No certificate is valid now.
    #[text("none of the {listed} listed certificates is valid at {time}", time = now.to_rfc3339())]
    NoneInForce {
        /// The number of certificates in the list.
        listed: usize,
        /// The time by the client's clock.
        now: Timestamp,
    },
}

#[derive(Deserialize)]
struct CertificateList {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    serial_no: String,
    encrypt_certificate: Resource,
}

/// The certificates in the list that are valid now, at least one, newest first.
///
/// Decryption proves that the author of the list knows the APIv3 key. The signature of the response must still be
/// verified with one of these certificates.
///
/// Certificates that are not valid yet or no longer are left out, because a list may contain them during a change of
/// certificates. One that can't be decrypted, or has another serial number than its entry, invalidates the list.
pub(crate) fn valid_certificates(
    body: &[u8],
    key: &Apiv3Key,
    now: Timestamp,
) -> Result<Vec<Certificate>, CertificateListError> {
    let list: CertificateList = serde_json::from_slice(body).map_err(CertificateListError::Json)?;
    let mut certificates = Vec::new();
    for (entry, number) in list.data.iter().zip(1..) {
        certificates.push(decrypt(entry, number, key)?);
    }
    certificates.retain(|certificate| certificate.is_in_force(now));
    certificates.sort_by_key(|certificate| Reverse(certificate.not_before()));
    if certificates.is_empty() {
        return Err(CertificateListError::NoneInForce { listed: list.data.len(), now });
    }
    Ok(certificates)
}

fn decrypt(entry: &Entry, number: usize, key: &Apiv3Key) -> Result<Certificate, CertificateListError> {
    let serial_no: SerialNo =
        entry.serial_no.parse().map_err(|source| CertificateListError::SerialNo { entry: number, source })?;
    let pem = match entry.encrypt_certificate.decrypt(key) {
        Ok(pem) => pem,
        Err(source) => return Err(CertificateListError::Decryption { serial_no, source }),
    };
    let certificate = pem_text(&pem).map_err(CertificateError::Pem);
    match certificate.and_then(|pem| Certificate::from_pem(&pem)) {
        Ok(certificate) if *certificate.serial_no() == serial_no => Ok(certificate),
        Ok(other) => Err(CertificateListError::OtherSerialNo { found: other.serial_no().clone(), serial_no }),
        Err(source) => Err(CertificateListError::Certificate { serial_no, source }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wechatpay_protocol::Credentials;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);
    const SERIAL_NO: &str = "6B02BF8E93D977998EC83F5E1A7E346B7265A191";
    const OTHER_CERTIFICATE: &str = include_str!("../../fixtures/credentials/other_cert.pem");

    fn entry(serial_no: &str, pem: &str) -> Value {
        let key = Credentials::development().apiv3_key;
        let resource = Resource::encrypt(&key, "61f9c719728a", "certificate", pem.as_bytes());
        json!({
            "serial_no": serial_no,
            "effective_time": "2020-01-01T08:00:00+08:00",
            "expire_time": "2090-01-01T07:59:59+08:00",
            "encrypt_certificate": resource,
        })
    }

    fn platform() -> Value {
        let (serial_no, pem) = Credentials::development().platform_certificate.unwrap();
        entry(serial_no.as_str(), &pem)
    }

    fn read(entries: &[Value], now: Timestamp) -> Result<Vec<Certificate>, CertificateListError> {
        let body = json!({ "data": entries }).to_string();
        valid_certificates(body.as_bytes(), &Credentials::development().apiv3_key, now)
    }

    #[test]
    fn a_listed_certificate_is_decrypted() {
        assert_eq!(read(&[platform()], NOW).unwrap()[0].serial_no().as_str(), SERIAL_NO);
    }

    #[test]
    fn a_certificate_under_another_serial_number_invalidates_the_list() {
        let error = read(&[platform(), entry(SERIAL_NO, OTHER_CERTIFICATE)], NOW).unwrap_err();
        assert!(matches!(error, CertificateListError::OtherSerialNo { .. }), "{error}");
    }

    #[test]
    fn an_altered_certificate_invalidates_the_list() {
        let mut altered = platform();
        altered["encrypt_certificate"]["associated_data"] = "another".into();
        let error = read(&[altered, platform()], NOW).unwrap_err();
        assert!(matches!(error, CertificateListError::Decryption { .. }), "{error}");
    }

    #[test]
    fn a_certificate_that_is_not_valid_now_is_left_out() {
        let error = read(&[platform()], Timestamp::from_unix(0)).unwrap_err();
        assert!(matches!(error, CertificateListError::NoneInForce { listed: 1, .. }), "{error}");
        assert!(matches!(read(&[], NOW), Err(CertificateListError::NoneInForce { listed: 0, .. })));
    }

    #[test]
    fn anything_but_the_documented_json_is_refused() {
        for body in ["", "[]", "{}", "{\"data\":[{}]}", "{\"data\":null}"] {
            let result = valid_certificates(body.as_bytes(), &Credentials::development().apiv3_key, NOW);
            assert!(matches!(result, Err(CertificateListError::Json(_))), "{body}");
        }
        let error = read(&[entry("not hex", OTHER_CERTIFICATE)], NOW).unwrap_err();
        assert!(matches!(error, CertificateListError::SerialNo { entry: 1, .. }), "{error}");
        let error = read(&[entry(SERIAL_NO, "no PEM")], NOW).unwrap_err();
        assert!(matches!(error, CertificateListError::Certificate { .. }), "{error}");
    }
}
