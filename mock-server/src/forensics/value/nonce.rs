//! The fourth line: the nonce.

use crate::forensics::{
    Case, Hypothesis,
    value::{Effort, ValueMistake},
};

pub(super) const NONCE: &[ValueMistake] = &[
    ValueMistake {
        hypothesis: Hypothesis {
            name: "nonce-empty",
            english: "the nonce was not set yet when the message was put together: make it once, before signing",
            chinese: "拼接签名串时随机串尚未赋值：请在签名前只生成一次随机串",
        },
        signed: |_| ["", "null", "undefined", "None"].map(Vec::from).into(),
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "nonce-rewritten",
            english: "sign the nonce as it stands in the header: its case or its hyphens differ",
            chinese: "签名串中的随机串须与 Authorization 头中的完全一致：现在大小写或连字符不同",
        },
        signed: rewritten,
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "nonce-confused",
            english: "line 4 is the header's nonce_str; another of its values was signed there",
            chinese: "签名串第 4 行应为请求头中的 nonce_str，现在误用了请求头中的其他值",
        },
        signed: |case| {
            let timestamp = case.message.timestamp.to_string();
            vec![timestamp.into(), case.mchid.into(), case.serial_no.into()]
        },
        effort: Effort::Little,
    },
];

fn rewritten(case: &Case<'_>) -> Vec<Vec<u8>> {
    let nonce = case.message.nonce_str;
    let bare = nonce.replace('-', "");
    let mut texts = vec![nonce.to_ascii_lowercase(), nonce.to_ascii_uppercase(), bare.clone()];
    if bare.len() == 32 && bare.is_ascii() {
        let parts = [&bare[..8], &bare[8..12], &bare[12..16], &bare[16..20], &bare[20..]];
        texts.push(parts.join("-"));
    }
    let cases: Vec<String> =
        texts[2..].iter().flat_map(|text| [text.to_ascii_lowercase(), text.to_ascii_uppercase()]).collect();
    texts.into_iter().chain(cases).map(String::into_bytes).collect()
}
