//! The sections of PEM text, as DER.

use rustls_pki_types::pem::{PemObject, SectionKind};

/// Why text does not contain the expected PEM section.
///
/// Quotes labels only, never content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// The text is not PEM.
    #[error("expected PEM with {expected}, found no line -----BEGIN …-----")]
    NotPem {
        /// The labels that are accepted.
        expected: &'static str,
    },
    /// The text is PEM with another label.
    #[error("expected PEM with {expected}, found -----BEGIN {found}----- in line {line}")]
    OtherSection {
        /// The labels that are accepted.
        expected: &'static str,
        /// The label of the first section.
        found: String,
        /// The line in which it begins, counted from 1.
        line: usize,
    },
    /// A section has no end, or is not Base64.
    #[error(
        "PEM that begins in line {line}: expected Base64 and a line -----END …-----, found it incomplete"
    )]
    Broken {
        /// The line in which it begins, counted from 1.
        line: usize,
    },
}

/// The first section of a kind that `wanted` accepts. `expected` names these kinds in the error.
pub(crate) fn section<K>(
    text: &str,
    expected: &'static str,
    wanted: impl Fn(SectionKind) -> Option<K>,
) -> Result<(K, Vec<u8>), PemError> {
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
        let Ok((kind, der)) = section else {
            return Err(PemError::Broken { line: first_label(text).map_or(1, |(line, _)| line) });
        };
        if let Some(kind) = wanted(kind) {
            return Ok((kind, der));
        }
    }
    Err(match first_label(text) {
        Some((line, label)) => PemError::OtherSection { expected, found: label.into(), line },
        None => PemError::NotPem { expected },
    })
}

/// The label of the first section, and its line, counted from 1.
fn first_label(text: &str) -> Option<(usize, &str)> {
    (1..).zip(text.lines()).find_map(|(number, line)| {
        let (_, rest) = line.split_once("-----BEGIN ")?;
        let (label, _) = rest.split_once("-----")?;
        Some((number, label))
    })
}
