//! Where the message that was signed departs from the one that should have been.

use std::fmt;

/// The first line that differs: what was expected there, and what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line, 1 to 5.
    pub line: usize,
    /// What should stand there, with its end; cut to a few characters about the difference.
    pub expected: String,
    /// What was signed, cut alike; empty if the message had ended.
    pub signed: String,
}

/// Names of the lines, and in Chinese.
pub(super) const LINES: [[&str; 2]; 5] = [
    ["method", "请求方法"],
    ["path and query", "路径与查询串"],
    ["timestamp", "时间戳"],
    ["nonce", "随机串"],
    ["body", "请求体"],
];

/// Bytes shown before the difference, and after it.
const BEFORE: usize = 16;
const AFTER: usize = 32;

impl Difference {
    /// `None` if there is none.
    pub(super) fn between(expected: &[u8], signed: &[u8]) -> Option<Self> {
        if expected == signed {
            return None;
        }
        let same = expected.iter().zip(signed).take_while(|(one, other)| one == other).count();
        let breaks = expected[..same].iter().filter(|&&byte| byte == b'\n').count();
        let line = breaks.min(LINES.len() - 1);
        let start = match line {
            0 => 0,
            _ => expected.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(line - 1)?.0 + 1,
        };
        let is_last = line == LINES.len() - 1;
        Some(Self {
            line: line + 1,
            expected: excerpt(expected, start, same, is_last),
            signed: excerpt(signed, start, same, is_last),
        })
    }

    /// What the line holds.
    pub fn name(&self) -> &'static str {
        LINES[self.line - 1][0]
    }

    pub(super) fn chinese(&self) -> String {
        let [_, name] = LINES[self.line - 1];
        format!("第 {} 行（{name}）应为 `{}`，实际签名的是 `{}`", self.line, self.expected, self.signed)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, expected, signed } = self;
        write!(f, "line {line} ({}) should be `{expected}`, signed was `{signed}`", self.name())
    }
}

/// The line that begins at `start` with the byte that differs in view, as visible characters.
fn excerpt(message: &[u8], start: usize, differs: usize, is_last: bool) -> String {
    let end = match message.get(differs..).and_then(|rest| rest.iter().position(|&byte| byte == b'\n')) {
        Some(at) if !is_last => differs + at + 1,
        _ => message.len(),
    };
    let mut from = differs.saturating_sub(BEFORE).max(start).min(end);
    let mut to = (differs + AFTER).min(end).max(from);
    // Characters are shown whole.
    while from > start && message.get(from).is_some_and(|byte| byte & 0xc0 == 0x80) {
        from -= 1;
    }
    while to < end && message[to] & 0xc0 == 0x80 {
        to += 1;
    }
    let shown = String::from_utf8_lossy(&message[from..to]);
    let shown: String = shown.chars().map(visible).collect();
    let [before, after] = [from > start, to < end].map(|is_cut| if is_cut { "…" } else { "" });
    format!("{before}{shown}{after}")
}

fn visible(character: char) -> String {
    match character {
        // What has no width, or turns the direction of the text, would not be seen.
        '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => {
            character.escape_unicode().to_string()
        }
        _ if character.is_control() => character.escape_default().to_string(),
        _ => character.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: &[u8] =
        b"PATCH\n/v3/cards?limit=10\n1756951532\nabc\n{\"bonus_value\":600,\"before_bonus_value\":500}\n";

    fn between(signed: &str) -> String {
        Difference::between(EXPECTED, signed.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn the_first_line_that_differs_is_shown_with_its_end() {
        let expected = std::str::from_utf8(EXPECTED).unwrap();
        assert_eq!(
            between(&expected.to_lowercase()),
            "line 1 (method) should be `PATCH\\n`, signed was `patch\\n`"
        );
        assert_eq!(
            between(&expected.replace("?limit=10", "")),
            "line 2 (path and query) should be `/v3/cards?limit=10\\n`, signed was `/v3/cards\\n`"
        );
        assert_eq!(
            between(expected.trim_end()),
            "line 5 (body) should be `…onus_value\":500}\\n`, signed was `…onus_value\":500}`"
        );
        assert_eq!(
            between("PATCH\n"),
            "line 2 (path and query) should be `/v3/cards?limit=10\\n`, signed was ``"
        );
        assert_eq!(Difference::between(EXPECTED, EXPECTED), None);
    }

    #[test]
    fn characters_are_shown_whole_and_on_one_line() {
        let excerpt = Difference::between(
            "a\nb\n1\nn\n钻石会员尊享八折优惠\r\n钻石会员\n".as_bytes(),
            b"a\nb\n1\nn\n\xe9\x92\xbb\xe7\x9f\xff",
        );
        let excerpt = excerpt.unwrap();
        assert_eq!(excerpt.expected, "钻石会员尊享八折优惠\\r\\n钻石…");
        assert_eq!(excerpt.signed, "钻\u{fffd}\u{fffd}");
    }
}
