//! The first difference between the signed message and the right one.

use std::fmt;

use wechatpay_protocol::display::printable;
use wechatpay_texts::{Phrase, phrase, text};

use crate::subject::Subject;

/// The first line that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line's number, 1 to 5 in a request, 1 to 3 in a response, 1 to 4 in a paySign.
    pub line: usize,
    /// The right line with its line ending, cut to a few characters around the difference.
    pub expected: String,
    /// The signed line, cut the same way; empty if the signed message ends before it.
    pub signed: String,
    subject: Subject,
}

/// The name of each line.
const REQUEST_LINES: [Phrase; 5] =
    [phrase!("method"), phrase!("path and query"), TIMESTAMP, NONCE, phrase!("body")];
const RESPONSE_LINES: [Phrase; 3] = [TIMESTAMP, NONCE, Phrase { english: "body", chinese: "报文主体" }];
const PAY_SIGN_LINES: [Phrase; 4] = [phrase!("appid"), TIMESTAMP, NONCE, phrase!("prepay_id")];
const TIMESTAMP: Phrase = phrase!("timestamp");
const NONCE: Phrase = phrase!("nonce");

/// The number of bytes shown before and after the difference.
const BEFORE: usize = 16;
const AFTER: usize = 32;

impl Difference {
    /// `None` if the messages are the same.
    pub(crate) fn between(subject: Subject, expected: &[u8], signed: &[u8]) -> Option<Self> {
        let last = lines(subject).len() - 1;
        if expected == signed {
            return None;
        }
        let differs = expected.iter().zip(signed).take_while(|(one, other)| one == other).count();
        let newlines = expected[..differs].iter().filter(|&&byte| byte == b'\n').count();
        // A body may have several lines.
        let index = newlines.min(last);
        let start = expected.split_inclusive(|&byte| byte == b'\n').take(index).map(<[u8]>::len).sum();
        let [expected, signed] = [expected, signed].map(|message| {
            let newline = message[differs..].iter().position(|&byte| byte == b'\n');
            let end = newline.filter(|_| index < last).map_or(message.len(), |at| differs + at + 1);
            excerpt(message, start, differs, end)
        });
        Some(Self { line: index + 1, expected, signed, subject })
    }

    /// The name of the line in English: `path and query`.
    pub fn name(&self) -> &'static str {
        lines(self.subject)[self.line - 1].english
    }
}

fn lines(subject: Subject) -> &'static [Phrase] {
    match subject {
        Subject::Request => &REQUEST_LINES,
        Subject::Response | Subject::Resource => &RESPONSE_LINES,
        Subject::PaySign | Subject::BusinessView => &PAY_SIGN_LINES,
    }
}

/// Whether it was signed wrongly, rather than kept wrongly after it arrived.
fn is_signed_wrongly(subject: Subject) -> bool {
    matches!(subject, Subject::Request | Subject::PaySign)
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, expected, signed, subject } = self;
        let name = lines(*subject)[line - 1];
        let text = if is_signed_wrongly(*subject) {
            text!("line {line} ({name}) should be `{expected}`, but `{signed}` was signed")
        } else {
            text!("line {line} ({name}) is `{expected}`, but `{signed}` was signed")
        };
        f.write_str(&text)
    }
}

/// The part of `message[start..end]` around the byte that differs, in visible characters.
fn excerpt(message: &[u8], start: usize, differs: usize, end: usize) -> String {
    let is_within_character = |at: usize| message.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut from = differs.saturating_sub(BEFORE).max(start);
    while from > start && is_within_character(from) {
        from -= 1;
    }
    let mut to = (differs + AFTER).min(end);
    while to < end && is_within_character(to) {
        to += 1;
    }
    let text = String::from_utf8_lossy(&message[from..to]);
    let shown = printable(&text, usize::MAX);
    let [before, after] = [from > start, to < end].map(|is_cut| if is_cut { "…" } else { "" });
    format!("{before}{shown}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: &str =
        "PATCH\n/v3/cards?limit=10\n1756951532\nabc\n{\"bonus_value\":600,\"before_bonus_value\":500}\n";

    #[test]
    fn the_first_line_that_differs_is_shown_with_its_line_ending() {
        let between = |signed: &str| {
            Difference::between(Subject::Request, EXPECTED.as_bytes(), signed.as_bytes())
                .map(|difference| difference.to_string())
        };
        let shown = |text: &str| Some(text.to_owned());
        assert_eq!(
            between(&EXPECTED.to_lowercase()),
            shown("line 1 (method) should be `PATCH\\n`, but `patch\\n` was signed")
        );
        assert_eq!(
            between(&EXPECTED.replace("?limit=10", "")),
            shown("line 2 (path and query) should be `/v3/cards?limit=10\\n`, but `/v3/cards\\n` was signed")
        );
        assert_eq!(
            between(EXPECTED.trim_end()),
            shown("line 5 (body) should be `…onus_value\":500}\\n`, but `…onus_value\":500}` was signed")
        );
        assert_eq!(
            between("PATCH\n"),
            shown("line 2 (path and query) should be `/v3/cards?limit=10\\n`, but `` was signed")
        );
        assert_eq!(between(EXPECTED), None);
    }

    #[test]
    fn characters_are_not_split_and_shown_on_one_line() {
        let difference = Difference::between(
            Subject::Request,
            "a\nb\n1\nn\n钻石会员尊享八折优惠\r\n钻石会员\n".as_bytes(),
            b"a\nb\n1\nn\n\xe9\x92\xbb\xe7\x9f\xff",
        );
        let difference = difference.unwrap();
        assert_eq!(difference.expected, "钻石会员尊享八折优惠\\r\\n钻石…");
        assert_eq!(difference.signed, "钻\u{fffd}\u{fffd}");
    }
}
