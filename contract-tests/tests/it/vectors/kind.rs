//! The common parts of all kinds of vectors.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// The content of a vector, in the form of its kind.
pub(super) trait Kind: DeserializeOwned {
    /// The folder below `fixtures/vectors/`.
    const FOLDER: &'static str;

    /// Compares our own code with the vector, stage by stage, up to the first that diverges.
    fn check(&self, verdict: &Verdict) -> Result<(), Divergence>;
}

/// The expected result.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Valid,
    Invalid { fault: String },
}

/// The stage where our own code differs from a vector.
#[derive(Debug)]
pub(super) struct Divergence {
    stage: &'static str,
    expected: String,
    found: String,
}

impl Divergence {
    pub(super) fn new(stage: &'static str, expected: impl fmt::Debug, found: impl fmt::Debug) -> Self {
        Self { stage, expected: format!("{expected:?}"), found: format!("{found:?}") }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stage, expected, found } = self;
        write!(f, "{stage}:\n    expected {expected}\n    found    {found}")
    }
}

/// Compares the expected and the found result of a stage.
pub(super) fn compare<T: PartialEq + fmt::Debug>(
    stage: &'static str,
    expected: T,
    found: T,
) -> Result<(), Divergence> {
    if expected == found { Ok(()) } else { Err(Divergence::new(stage, expected, found)) }
}

/// Bytes as vectors write them: `{"text": "…"}` or `{"base64": "…"}`.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Written")]
pub(super) struct Bytes(pub(super) Vec<u8>);

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Written {
    Text(String),
    Base64(String),
}

impl Bytes {
    /// The SHA-256 digest, in hex.
    pub(super) fn sha256(&self) -> String {
        Sha256::digest(&self.0).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<Written> for Bytes {
    type Error = base64::DecodeError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written::Text(text) => Ok(Self(text.into_bytes())),
            Written::Base64(text) => BASE64_STANDARD.decode(text).map(Self),
        }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(&self.0) {
            Ok(text) => fmt::Debug::fmt(text, f),
            Err(_) => write!(f, "b\"{}\"", self.0.escape_ascii()),
        }
    }
}
