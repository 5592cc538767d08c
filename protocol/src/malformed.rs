//! One shape for "this text is not what it should be".

/// A piece of text that does not have its form: what it is, what was expected, what was found, and where.
///
/// Holds at most a short quotation of the text, and none of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {expected}, found {found} at byte {at}")]
pub struct Malformed {
    what: &'static str,
    expected: String,
    found: String,
    at: usize,
}

impl Malformed {
    /// Describes text that stops being a `what` at byte `at`, where `expected` should have stood.
    pub(crate) fn new(what: &'static str, expected: impl Into<String>, input: &[u8], at: usize) -> Self {
        Self { what, expected: expected.into(), found: quote(&input[at.min(input.len())..]), at }
    }

    /// Like [`Malformed::new`], for input that must not be quoted.
    pub(crate) fn without_quotation(what: &'static str, expected: &str, found: String, at: usize) -> Self {
        Self { what, expected: expected.into(), found, at }
    }

    /// Offset of the first byte that is wrong; the length of the text if it ended too soon.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What should have stood there.
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

fn quote(rest: &[u8]) -> String {
    const LONGEST: usize = 24;
    let shown: String = rest.iter().take(LONGEST).map(|&byte| visible(byte)).collect();
    match rest.len() {
        0 => "the end".into(),
        1..=LONGEST => format!("`{shown}`"),
        _ => format!("`{shown}…`"),
    }
}

fn visible(byte: u8) -> String {
    match byte {
        b' '..=b'~' => char::from(byte).into(),
        other => other.escape_ascii().to_string(),
    }
}
