//! The APIv3 key, read in the right way and in each wrong way. No result shows a character of it.

use std::sync::LazyLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::parts::Part;
use crate::KnownMistake;

/// The length of an APIv3 key in characters. (documented)
const LENGTH: usize = 32;

pub(super) static KEYS: [KnownMistake; 6] = [
    KnownMistake::new(
        "apiv3-key-with-white-space",
        "use the 32 characters of the APIv3 key alone: white space, a newline or a byte order mark stands before or after",
        "APIv3 密钥只有 32 个字符：前后多了空白、换行或 BOM",
    ),
    KnownMistake::new(
        "apiv3-key-in-quotes",
        "use the 32 characters of the APIv3 key alone: quotes stand around it",
        "APIv3 密钥只有 32 个字符：两端多了引号",
    ),
    KnownMistake::new(
        "apiv3-key-in-hex",
        "use the 32 characters of the APIv3 key as they are: these are their hex digits",
        "请直接使用 APIv3 密钥的 32 个字符：现在是它的十六进制文本",
    ),
    KnownMistake::new(
        "apiv3-key-in-base64",
        "use the 32 characters of the APIv3 key as they are: this is their Base64",
        "请直接使用 APIv3 密钥的 32 个字符：现在是它的 Base64",
    ),
    KnownMistake::new(
        "apiv3-key-hex-decoded",
        "encrypt with the 32 characters of the APIv3 key as they are: they were taken for hex digits of 16 bytes",
        "请直接用 APIv3 密钥的 32 个字符加密：它被当作 16 字节的十六进制文本解码了",
    ),
    KnownMistake::new(
        "apiv3-key-in-other-case",
        "use the APIv3 key with its capitals and small letters: its case was changed",
        "请保留 APIv3 密钥的大小写：它的大小写被改动了",
    ),
];

pub(super) static MISSPELT: [KnownMistake; 3] = [
    KnownMistake::new(
        "apiv3-key-character-too-many",
        "copy the APIv3 key again: it has one character too many",
        "请重新复制 APIv3 密钥：多了一个字符",
    ),
    KnownMistake::new(
        "apiv3-key-character-missing",
        "copy the APIv3 key again: one of its 32 characters is missing",
        "请重新复制 APIv3 密钥：缺少一个字符",
    ),
    KnownMistake::new(
        "apiv3-key-misspelt",
        "copy the APIv3 key again: one of its characters is wrong",
        "请重新复制 APIv3 密钥：有一个字符不对",
    ),
];

/// The key's bytes in the right way, if it has 32, and in each wrong way.
pub(super) fn readings(key: &str) -> Vec<Part> {
    let trimmed = key.trim_matches(|one: char| one.is_whitespace() || one == '\u{feff}');
    let unquoted = trimmed.trim_matches(['"', '\'', '`']);
    let hex = base16ct::mixed::decode_vec(trimmed).ok();
    let base64 = BASE64_STANDARD.decode(trimmed).ok();
    let [spaced, quoted, in_hex, in_base64, hex_decoded, other_case] = &KEYS;
    let candidates = [
        (spaced, Some(trimmed.as_bytes().to_vec())),
        (quoted, Some(unquoted.as_bytes().to_vec())),
        (in_hex, hex.clone().filter(|key| key.len() == LENGTH)),
        (in_base64, base64.filter(|key| key.len() == LENGTH)),
        (hex_decoded, hex.filter(|key| key.len() == LENGTH / 2)),
        (other_case, Some(trimmed.to_ascii_lowercase().into())),
        (other_case, Some(trimmed.to_ascii_uppercase().into())),
    ];
    let mut parts: Vec<Part> = (key.len() == LENGTH).then(|| Part::right(key)).into_iter().collect();
    for (mistake, value) in candidates {
        let Some(value) =
            value.map(Zeroizing::new).filter(|value| [LENGTH, LENGTH / 2].contains(&value.len()))
        else {
            continue;
        };
        if parts.iter().all(|part| part.value != value) && *value != key.as_bytes() {
            parts.push(Part::wrong(mistake, None, value.to_vec()));
        }
    }
    parts
}

/// Keys of 32 characters that differ from this one in a single character, with the character's number.
pub(super) fn misspelt(key: &str) -> Box<dyn Iterator<Item = (&'static Part, usize, Zeroizing<String>)>> {
    /// The mistakes as parts without a value.
    static PARTS: LazyLock<[Part; 3]> =
        LazyLock::new(|| MISSPELT.each_ref().map(|mistake| Part::wrong(mistake, None, Vec::new())));
    let [too_many, missing, wrong] = &*PARTS;
    let key = Zeroizing::new(key.trim().to_owned());
    if !key.is_ascii() {
        return Box::new(std::iter::empty());
    }
    let characters = || (b'!'..=b'~').map(char::from);
    let with = |key: &str, from: usize, to: usize, new: Option<char>| {
        let mut other = Zeroizing::new(String::with_capacity(LENGTH + 1));
        other.push_str(&key[..from]);
        other.extend(new);
        other.push_str(&key[to..]);
        other
    };
    match key.len() {
        33 => Box::new((0..key.len()).map(move |at| (too_many, at + 1, with(&key, at, at + 1, None)))),
        31 => Box::new((0..=key.len()).flat_map(move |at| {
            let key = key.clone();
            characters().map(move |one| (missing, at + 1, with(&key, at, at, Some(one))))
        })),
        LENGTH => Box::new((0..key.len()).flat_map(move |at| {
            let key = key.clone();
            characters().map(move |one| (wrong, at + 1, with(&key, at, at + 1, Some(one))))
        })),
        _ => Box::new(std::iter::empty()),
    }
}
