//! The authorities to trust, as the PKCS#12 store that Java reads: RFC 7292. Nothing in it is secret, so nothing is
//! encrypted and there is no MAC, which every Java since 8 accepts.

use rustls::pki_types::{CertificateDer, pem::PemObject};
use x509_cert::der::Decode;

/// Protects nothing, but Java requires a password.
pub(super) const PASSWORD: &str = "changeit";

// Object identifiers, as DER has them.
/// data of PKCS#7.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const CERT_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03];
const X509_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x14];
/// Oracle's: without it, Java does not trust a certificate of a store.
const TRUSTED_KEY_USAGE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];
const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];

// Tags of DER.
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXPLICIT_0: u8 = 0xa0;

/// A store of the certificates in a PEM text, each of them trusted. Other entries are left out, and so are certificates
/// that cannot be parsed, which some systems have: Java would refuse the whole store.
pub(super) fn pkcs12(pem: &str) -> Vec<u8> {
    let all = CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok);
    let readable = all.filter(|certificate| x509_cert::Certificate::from_der(certificate).is_ok());
    let bags: Vec<_> = readable.enumerate().map(|(number, certificate)| bag(number, &certificate)).collect();
    let safe = der(SEQUENCE, &[&data(&der(SEQUENCE, &[&bags.concat()]))]);
    der(SEQUENCE, &[&der(INTEGER, &[&[3]]), &data(&safe)])
}

/// One certificate, under a name of its own.
fn bag(number: usize, certificate: &[u8]) -> Vec<u8> {
    let name: Vec<_> = format!("authority-{number}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let certificate = der(
        SEQUENCE,
        &[&identifier(X509_CERTIFICATE), &der(EXPLICIT_0, &[&der(OCTET_STRING, &[certificate])])],
    );
    let attributes = der(
        SET,
        &[
            &attribute(FRIENDLY_NAME, &der(BMP_STRING, &[&name])),
            &attribute(TRUSTED_KEY_USAGE, &identifier(ANY_EXTENDED_KEY_USAGE)),
        ],
    );
    der(SEQUENCE, &[&identifier(CERT_BAG), &der(EXPLICIT_0, &[&certificate]), &attributes])
}

fn attribute(name: &[u8], value: &[u8]) -> Vec<u8> {
    der(SEQUENCE, &[&identifier(name), &der(SET, &[value])])
}

/// Content that is not encrypted.
fn data(content: &[u8]) -> Vec<u8> {
    der(SEQUENCE, &[&identifier(DATA), &der(EXPLICIT_0, &[&der(OCTET_STRING, &[content])])])
}

fn identifier(content: &[u8]) -> Vec<u8> {
    der(OBJECT_IDENTIFIER, &[content])
}

/// Tag, length and content.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut encoded = vec![tag];
    match length {
        [] => encoded.push(0),
        [short] if *short < 0x80 => encoded.push(*short),
        // At most eight bytes.
        long => {
            encoded.push(0x80 | long.len() as u8);
            encoded.extend(long);
        }
    }
    encoded.extend(content);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_the_fewest_bytes() {
        for (length, begin) in [
            (0, &[SET, 0][..]),
            (0x7f, &[SET, 0x7f]),
            (0x80, &[SET, 0x81, 0x80]),
            (0x100, &[SET, 0x82, 0x01, 0x00]),
            (0x1_0000, &[SET, 0x83, 0x01, 0x00, 0x00]),
        ] {
            let encoded = der(SET, &[&vec![0; length]]);
            assert!(encoded.starts_with(begin) && encoded.len() == begin.len() + length, "{length}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_left_out() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let key = include_str!("../../../../fixtures/credentials/apiclient_key.pem");
        assert_eq!(pkcs12(&format!("{broken}{key}")), pkcs12(""));
        let certificate = include_str!("../../../../fixtures/credentials/apiclient_cert.pem");
        assert!(pkcs12(&format!("{broken}{certificate}{key}")).len() > 800);
    }
}
