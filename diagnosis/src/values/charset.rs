//! Text in the charsets of Chinese systems.

use std::str::from_utf8;

use encoding_rs::{BIG5, EncoderResult, Encoding, GB18030, GBK, UTF_8, WINDOWS_1252};

use self::Charset::{Latin1, Table};
use super::ValueRule;
use crate::{Evidence, known_mistake::Cost};

/// A charset of Chinese systems.
pub(crate) enum Charset {
    Latin1,
    Table(&'static Encoding),
}

/// The body signed in another charset than it was sent in. GBK is the likeliest and is tried on any body.
macro_rules! in_charset {
    ($name:literal, $title:literal, $charset:expr) => {
        ValueRule::new(
            concat!("body-in-", $name),
            concat!("sign the body in UTF-8, as it is sent: it was signed in ", $title),
            concat!("请用 UTF-8 编码的请求体签名，与发送时一致：签名时用了 ", $title),
            |sent| {
                text(sent)
                    .map(|body| $charset.encode(body))
                    .filter(|one| !is_chinese(one))
                    .into_iter()
                    .collect()
            },
        )
    };
}

/// The body sent in another charset than UTF-8.
macro_rules! sent_in_charset {
    ($name:literal, $title:literal, $charset:expr) => {
        ValueRule::new(
            concat!("body-sent-in-", $name),
            concat!("send the body in UTF-8, as it was signed: it was sent in ", $title),
            concat!("请用 UTF-8 编码发送请求体，与签名时一致：发送时用了 ", $title),
            |sent| match from_utf8(sent.message.body) {
                Err(_) => vec![$charset.decode(sent.message.body).into()],
                Ok(_) => Vec::new(),
            },
        )
    };
}

/// The body's bytes taken for text in another charset, and written in UTF-8 or in that charset again. What the charset
/// does not have is lost.
macro_rules! read_as {
    ($name:literal, $title:literal, $charset:expr) => {
        ValueRule::new(
            concat!("body-read-as-", $name),
            concat!("sign the bytes that are sent: before signing they were read as ", $title),
            concat!("请对实际发送的字节签名：签名前它们被当作 ", $title, " 读取"),
            |sent| {
                let read = $charset.decode(sent.message.body);
                vec![$charset.encode(&read), read.into()]
            },
        )
    };
}

// encoding_rs reads GBK as GB18030, which has all of it.
pub(super) const CHARSETS: &[ValueRule] = &[
    in_charset!("gbk", "GBK", Table(GBK)),
    in_charset!("gb18030", "GB18030", Table(GB18030)).costing(Cost::High),
    in_charset!("big5", "Big5", Table(BIG5)).costing(Cost::High),
    in_charset!("latin-1", "ISO-8859-1 (Latin-1)", Latin1).costing(Cost::High),
    sent_in_charset!("gbk", "GBK or GB18030", Table(GBK)),
    sent_in_charset!("big5", "Big5", Table(BIG5)).costing(Cost::High),
    sent_in_charset!("latin-1", "ISO-8859-1 (Latin-1)", Latin1).costing(Cost::High),
    read_as!("gbk", "GBK or GB18030", Table(GBK)).costing(Cost::High),
    read_as!("big5", "Big5", Table(BIG5)).costing(Cost::High),
    read_as!("utf-8", "UTF-8", Table(UTF_8)).costing(Cost::High),
    ValueRule::new(
        "body-utf8-twice",
        "encode the body as UTF-8 once: its bytes were taken for Latin-1 and encoded again before signing",
        "请求体只做一次 UTF-8 编码：签名前它的字节被当作 Latin-1 又编码了一次",
        |sent| {
            let twice = |body: &str| {
                [Latin1, Table(WINDOWS_1252)].map(|charset| charset.decode(body.as_bytes()).into_bytes()).into()
            };
            text(sent).map_or_else(Vec::new, twice)
        },
    ),
    ValueRule::new(
        "body-sent-utf8-twice",
        "send the body as it was signed: its bytes were taken for another charset, and encoded again before sending",
        "请发送与签名时完全相同的请求体：发送前它的字节被当作其他字符集又编码了一次",
        undone,
    )
    .costing(Cost::High),
];

/// The charsets that the bytes of text in UTF-8 may be taken for.
const MISTAKEN_FOR_UTF_8: [Charset; 5] =
    [Latin1, Table(WINDOWS_1252), Table(GBK), Table(GB18030), Table(BIG5)];

/// The bytes of which the body is a misreading.
pub(crate) fn undone(sent: &Evidence<'_>) -> Vec<Vec<u8>> {
    let written = text(sent).into_iter().flat_map(|body| MISTAKEN_FOR_UTF_8.map(|one| one.encode(body)));
    written.filter(|bytes| is_chinese(bytes)).collect()
}

/// The charsets that a body that is not UTF-8 may be in, with their names.
pub(crate) const OTHERS: [(&str, Charset); 3] =
    [("gbk", Table(GBK)), ("big5", Table(BIG5)), ("latin-1", Latin1)];

/// The body, if it is text with other characters than ASCII.
pub(crate) fn text<'a>(sent: &Evidence<'a>) -> Option<&'a str> {
    from_utf8(sent.message.body).ok().filter(|body| !body.is_ascii())
}

/// Whether these bytes, written in another charset, are UTF-8 that was read as that charset before: text in the charset
/// is hardly ever UTF-8 with characters of three bytes.
pub(crate) fn is_chinese(bytes: &[u8]) -> bool {
    from_utf8(bytes).is_ok_and(|text| text.chars().any(|one| one >= '\u{800}'))
}

impl Charset {
    /// The text in this charset, with `?` for a character that it does not have, as Java and C# write it.
    pub(crate) fn encode(&self, text: &str) -> Vec<u8> {
        let Table(encoding) = self else {
            return text.chars().map(|one| u8::try_from(one).unwrap_or(b'?')).collect();
        };
        let mut encoder = encoding.new_encoder();
        let mut bytes = Vec::new();
        let mut rest = text;
        loop {
            bytes.reserve(2 * rest.len() + 4);
            let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
            match result {
                EncoderResult::InputEmpty => return bytes,
                EncoderResult::OutputFull => {}
                EncoderResult::Unmappable(_) => bytes.push(b'?'),
            }
            rest = &rest[read..];
        }
    }

    /// The text of these bytes, with U+FFFD for those that are no character of this charset.
    pub(crate) fn decode(&self, bytes: &[u8]) -> String {
        match self {
            Latin1 => bytes.iter().map(|&byte| char::from(byte)).collect(),
            Table(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_a_charset_does_not_have_becomes_a_question_mark() {
        assert_eq!(Table(GBK).encode("钻é🎉8"), b"\xd7\xea\xa8\xa6?8");
        assert_eq!(Table(GB18030).encode("🎉"), b"\x94\x39\xbd\x35");
        assert_eq!(Latin1.encode("钻é8"), b"?\xe98");
    }

    #[test]
    fn bytes_that_are_no_character_become_u_fffd() {
        assert_eq!(Table(GBK).decode("石\"".as_bytes()), "鐭\u{fffd}\"");
        assert_eq!(Latin1.decode(b"\xe9"), "é");
    }
}
