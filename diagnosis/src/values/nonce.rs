//! The fourth line: the nonce.

use super::ValueRule;
use crate::Evidence;

pub(super) const NONCE: &[ValueRule] = &[
    ValueRule::new(
        "nonce-empty",
        "generate the nonce before building the message: it was not set yet",
        "请先生成随机串再拼接签名串：拼接时随机串还没有赋值",
        |_| ["", "null", "undefined", "None"].map(Vec::from).into(),
    ),
    ValueRule::new(
        "nonce-rewritten",
        "sign the nonce exactly as in the header: its case or its hyphens differ",
        "签名串中的随机串要与 Authorization 头中的完全一致：现在大小写或连字符不同",
        rewritten,
    ),
    ValueRule::new(
        "nonce-confused",
        "sign the header's nonce_str on line 4: another value of the header was signed there",
        "签名串第 4 行应为请求头中的 nonce_str：现在用的是请求头中的其他值",
        |sent| {
            let timestamp = sent.message.timestamp.to_string();
            vec![timestamp.into(), sent.mchid.into(), sent.serial_no.into()]
        },
    ),
];

/// The nonce in either case, without hyphens, and with those of a UUID.
pub(crate) fn rewritten(sent: &Evidence<'_>) -> Vec<Vec<u8>> {
    spellings(sent.message.nonce_str).into_iter().map(String::into_bytes).collect()
}

pub(crate) fn spellings(nonce: &str) -> Vec<String> {
    let bare = nonce.replace('-', "");
    let mut texts = vec![nonce.to_owned(), bare.clone()];
    if bare.len() == 32 && bare.is_ascii() {
        texts.push([&bare[..8], &bare[8..12], &bare[12..16], &bare[16..20], &bare[20..]].join("-"));
    }
    let cases = |text: String| [text.to_ascii_lowercase(), text.to_ascii_uppercase(), text];
    texts.into_iter().flat_map(cases).collect()
}
