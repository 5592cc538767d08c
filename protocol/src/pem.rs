//! PEM files: which section is in them, as DER.

use rustls_pki_types::pem::{PemObject, SectionKind};

/// Why text does not hold the PEM section that was wanted.
///
/// Quotes labels only, never content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// Nothing in the text looks like PEM.
    #[error("expected PEM with {expected}, found no line -----BEGIN …-----")]
    NotPem {
        /// The sections that would do.
        expected: &'static str,
    },
    /// The text is PEM of something else.
    #[error("expected PEM with {expected}, found -----BEGIN {found}----- in line {line}")]
    OtherSection {
        /// The sections that would do.
        expected: &'static str,
        /// The label of the first section.
        found: String,
        /// The line it begins in, counted from 1.
        line: usize,
    },
    /// A section begins, and then breaks off or is not Base64.
    #[error(
        "PEM that begins in line {line}: expected Base64 and a line -----END …-----, found neither whole"
    )]
    Broken {
        /// The line it begins in, counted from 1.
        line: usize,
    },
}

/// The first section of a kind that `wanted` accepts; `expected` names those kinds for the error.
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

fn first_label(text: &str) -> Option<(usize, &str)> {
    let label = |line: &'_ str| -> Option<(usize, usize)> {
        let start = line.find("-----BEGIN ")? + "-----BEGIN ".len();
        let length = line[start..].find("-----")?;
        Some((start, start + length))
    };
    text.lines()
        .enumerate()
        .find_map(|(index, line)| label(line).map(|(start, end)| (index + 1, &line[start..end])))
}
