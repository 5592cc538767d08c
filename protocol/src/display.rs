//! Text for output: made safe for a terminal or a log, and kept short.

use std::{borrow::Cow, error::Error, iter, mem};

/// The text made safe to show: every character that could control a terminal, forge a line or hide text is
/// escaped, and a text of more than `max_chars` characters is [truncated](truncate).
///
/// ```
/// use wechatpay_protocol::display::printable;
///
/// assert_eq!(printable("会员\u{1b}[2J\u{202e}\n", 100), r"会员\u{1b}[2J\u{202e}\n");
/// assert_eq!(printable("PARAM_ERROR", 5), "PARAM…");
/// ```
pub fn printable(text: &str, max_chars: usize) -> Cow<'_, str> {
    let text = truncate(text, max_chars);
    if !text.contains(is_unsafe) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown.into()
}

/// The text itself, or its first `max_chars` characters and `…`.
pub fn truncate(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// Characters that [`quoted`] shows.
const QUOTED_CHARS: usize = 64;

/// A found text, for an error message: in quotes, escaped as in source code, and [truncated](truncate) to 64
/// characters.
///
/// ```
/// use wechatpay_protocol::display::quoted;
///
/// assert_eq!(quoted("PARAM\n"), r#""PARAM\n""#);
/// ```
pub fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

/// The causes of an error, the nearest first. A cause that says the same as the error before it is left out.
pub fn causes(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut before = error.to_string();
    iter::successors(error.source(), |&cause| cause.source())
        .filter(move |cause| mem::replace(&mut before, cause.to_string()) != cause.to_string())
}

/// The error and its causes on one line: `cannot connect: connection refused`.
pub fn error_chain(error: &dyn Error) -> String {
    causes(error).fold(error.to_string(), |chain, cause| format!("{chain}: {cause}"))
}

/// Control characters, line and paragraph separators, and the format characters of Unicode, which have no glyph:
/// they set the direction of text, or are invisible.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_control_a_terminal_or_hide_text_are_escaped() {
        assert_eq!(printable("/v3\r\n\u{1b}[2J\u{9b}1m\u{7f}", 99), r"/v3\r\n\u{1b}[2J\u{9b}1m\u{7f}");
        let hidden =
            ['\u{200b}', '\u{200f}', '\u{2028}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{feff}'];
        for character in hidden {
            let escaped = format!("\\u{{{:x}}}", u32::from(character));
            assert_eq!(printable(&format!("a{character}b"), 99), format!("a{escaped}b"));
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        let text = "会员 é “quoted” \\ ' \" 🎉\u{3000}…";
        assert!(matches!(printable(text, 99), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn text_is_truncated_between_characters() {
        assert_eq!(truncate("会员卡", 3), "会员卡");
        assert_eq!(truncate("会员卡", 2), "会员…");
        assert_eq!(printable("a\nb", 2), r"a\n…");
        assert_eq!(truncate("a", 0), "…");
    }

    #[test]
    fn a_quotation_ends_after_64_characters() {
        assert_eq!(quoted("\u{1b}"), r#""\u{1b}""#);
        assert_eq!(quoted(&"会".repeat(64)), format!("{:?}", "会".repeat(64)));
        assert_eq!(quoted(&"会".repeat(65)), format!("{:?}…", "会".repeat(64)));
    }

    #[test]
    fn an_error_is_followed_by_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read the file")]
        struct ReadError(#[source] std::io::Error);

        let error = ReadError(std::io::Error::other("no disk"));
        assert_eq!(error_chain(&error), "cannot read the file: no disk");
        assert_eq!(causes(&error).count(), 1);
    }
}
