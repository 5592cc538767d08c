//! The error of everything in this crate that is parsed from text.

use wechatpay_texts::{Both, Phrase, Text, text};

/// A malformed text: the kind of text, the expected and the found content, and the place.
///
/// Quotes a few bytes of the text at most, and none of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("{what}: expected {expected}, found {found} at byte {at}")]
pub struct ParseError {
    what: Phrase,
    expected: Box<Both>,
    found: Box<Both>,
    at: usize,
}

impl ParseError {
    /// The input is no `what`, because at byte `at` there is something other than `expected`.
    pub(crate) fn new(what: Phrase, expected: impl Fn() -> String, input: &[u8], at: usize) -> Self {
        Self::secret(what, expected, || quote(&input[at.min(input.len())..]), at)
    }

    /// Like [`ParseError::new`], for input that must not be quoted: `found` describes it.
    pub(crate) fn secret(
        what: Phrase,
        expected: impl Fn() -> String,
        found: impl Fn() -> String,
        at: usize,
    ) -> Self {
        Self { what, expected: Both::of(expected).into(), found: Both::of(found).into(), at }
    }

    /// The offset of the first wrong byte, or the length of the text if it ends too soon.
    pub fn at(&self) -> usize {
        self.at
    }
}

fn quote(rest: &[u8]) -> String {
    const MAX_BYTES: usize = 24;
    let shown: String = rest.iter().take(MAX_BYTES).map(|&byte| visible(byte)).collect();
    match rest.len() {
        0 => text!("the end"),
        1..=MAX_BYTES => format!("`{shown}`"),
        _ => format!("`{shown}…`"),
    }
}

fn visible(byte: u8) -> String {
    match byte {
        // Unlike `escape_ascii`, leaves quotes and backslashes as they are.
        b' '..=b'~' => char::from(byte).into(),
        other => other.escape_ascii().to_string(),
    }
}
