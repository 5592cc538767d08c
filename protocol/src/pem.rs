//! PEM: the text of a file, and its sections as DER.

use std::str;

use rustls_pki_types::pem::{PemObject, SectionKind};
use wechatpay_texts::{Phrase, Text, phrase};

/// Why text does not contain the expected PEM section.
///
/// Quotes labels only, never content.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum PemError {
    /// The bytes are not text.
    #[text("expected PEM, which is text, found {found}")]
    NotText {
        /// What they are, and how to convert them.
        found: Phrase,
    },
    /// The text is not PEM.
    #[text("expected PEM with {expected}, found no line -----BEGIN …-----")]
    NotPem {
        /// The labels that are accepted.
        expected: Phrase,
    },
    /// The text is PEM with another label.
    #[text("expected PEM with {expected}, found -----BEGIN {found}----- in line {line}")]
    OtherSection {
        /// The labels that are accepted.
        expected: Phrase,
        /// The label of the first section.
        found: String,
        /// The line in which it begins, counted from 1.
        line: usize,
    },
    /// A section does not begin at the start of its line.
    #[text(
        "expected -----BEGIN …----- at the start of a line, found other characters before it in line {line}"
    )]
    NotAtStart {
        /// The line, counted from 1.
        line: usize,
    },
    /// A section has no end, or is not Base64.
    #[text("PEM that begins in line {line}: expected Base64 and a line -----END …-----, found it incomplete")]
    Broken {
        /// The line in which it begins, counted from 1.
        line: usize,
    },
}

/// The invisible mark that some editors write at the beginning of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The beginnings of files that are often given in place of PEM, and what they are.
const OTHER_FORMS: [(&[u8], Phrase); 3] = [
    (
        b"\x30",
        phrase!(
            "DER, which is binary; convert a certificate with `openssl x509 -inform DER`, a key with `openssl pkey -inform DER`"
        ),
    ),
    (b"\xff\xfe", phrase!("UTF-16; save the file as UTF-8")),
    (b"\xfe\xff", phrase!("UTF-16; save the file as UTF-8")),
];

/// The text of a PEM file, without a byte-order mark.
///
/// # Errors
/// [`PemError::NotText`] says what the bytes are instead.
pub fn pem_text(bytes: &[u8]) -> Result<String, PemError> {
    match str::from_utf8(bytes) {
        Ok(text) => Ok(without_mark(text).into()),
        Err(_) => {
            let known = OTHER_FORMS.iter().find(|(beginning, _)| bytes.starts_with(beginning));
            Err(PemError::NotText { found: known.map_or(phrase!("other bytes"), |&(_, form)| form) })
        }
    }
}

pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The first section of a kind that `wanted` accepts. `expected` names these kinds in the error.
pub(crate) fn section<K>(
    text: &str,
    expected: Phrase,
    wanted: impl Fn(SectionKind) -> Option<K>,
) -> Result<(K, Vec<u8>), PemError> {
    let text = without_mark(text);
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
        let Ok((kind, der)) = section else {
            return Err(PemError::Broken { line: first_label(text).map_or(1, |(line, _)| line) });
        };
        if let Some(kind) = wanted(kind) {
            return Ok((kind, der));
        }
    }
    Err(match (first_label(text), text.lines().position(|line| line.contains(BEGIN))) {
        (Some((line, label)), _) => PemError::OtherSection { expected, found: label.into(), line },
        (None, Some(index)) => PemError::NotAtStart { line: index + 1 },
        (None, None) => PemError::NotPem { expected },
    })
}

const BEGIN: &str = "-----BEGIN ";

/// The label of the first section, and its line, counted from 1.
fn first_label(text: &str) -> Option<(usize, &str)> {
    (1..).zip(text.lines()).find_map(|(number, line)| {
        let (label, _) = line.strip_prefix(BEGIN)?.split_once("-----")?;
        Some((number, label))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Certificate, Credentials, SigningKey};

    #[test]
    fn a_byte_order_mark_before_pem_is_left_out() {
        let merchant = Credentials::development();
        let marked = |pem: &str| format!("\u{feff}{pem}");
        let certificate = Certificate::from_pem(&marked(&merchant.merchant_certificate)).unwrap();
        assert_eq!(certificate.pem(), merchant.merchant_certificate);
        assert!(SigningKey::from_pem(&marked(&merchant.merchant_key)).is_ok());
        assert_eq!(pem_text(marked("text").as_bytes()).unwrap(), "text");
    }

    #[test]
    fn a_section_that_does_not_begin_its_line_is_not_called_another_kind() {
        let certificate = Credentials::development().merchant_certificate;
        for (before, line) in [(" ", 1), ("\n\u{feff}", 2), ("certificate: ", 1)] {
            let error = Certificate::from_pem(&format!("{before}{certificate}")).unwrap_err().to_string();
            let expected = format!("found other characters before it in line {line}");
            assert!(error.ends_with(&expected), "{error}");
        }
    }

    #[test]
    fn what_is_not_text_is_named() {
        let pem = Credentials::development().merchant_certificate;
        let ((), der) = section(&pem, Phrase::name("CERTIFICATE"), |_| Some(())).unwrap();
        let utf16: Vec<u8> = "\u{feff}-----BEGIN 会".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, found) in
            [(&der[..], "found DER"), (&utf16[..], "found UTF-16"), (&b"\x89PNG"[..], "found other")]
        {
            let error = pem_text(bytes).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
