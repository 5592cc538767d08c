//! What is likely about the signature of a response, but cannot be proved.

use wechatpay_protocol::Signature;

use crate::{
    Verdict,
    hint::{HintRule, has_lost_text, is_other_message},
};

/// How texts are often replaced in logs.
const MASKS: [&[u8]; 5] = [b"***", b"[REDACTED]", b"[FILTERED]", b"<omitted", "…".as_bytes()];

pub(crate) static HINTS: &[HintRule] = &[
    HintRule::new(
        "received-body-missing",
        "there is no body; if one arrived, read it before anything else does, and keep its bytes",
        "没有报文主体：如果收到时有，请在其他代码读取之前先读取，并保留原始字节",
        |kept, diagnosis| is_other_message(diagnosis) && kept.message.body.is_empty(),
    ),
    HintRule::new(
        "received-body-cut",
        "the body ends in the middle of its JSON; a log may have cut it, so verify the whole body",
        "报文主体的 JSON 不完整：可能被日志截断，请用完整的报文主体验签",
        |kept, diagnosis| {
            let body = kept.message.body;
            let is_cut =
                || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err_and(|error| error.is_eof());
            is_other_message(diagnosis) && !body.is_empty() && is_cut()
        },
    ),
    HintRule::new(
        "received-body-masked",
        "the body has a mark in place of text; a log may have masked it, so verify the body that arrives",
        "报文主体中有打码标记：可能被日志脱敏，请用收到的报文主体验签",
        |kept, diagnosis| {
            is_other_message(diagnosis) && MASKS.iter().any(|mask| has(kept.message.body, mask))
        },
    ),
    HintRule::new(
        "received-text-lost",
        "the body has question marks or U+FFFD in place of text; read it as UTF-8",
        "报文主体里的文字变成了问号或乱码：请按 UTF-8 读取",
        |kept, diagnosis| is_other_message(diagnosis) && has_lost_text(kept.message.body),
    ),
    HintRule::new(
        "received-body-compressed",
        "the body is gzip; the signature is of the uncompressed body",
        "报文主体是 gzip 压缩数据：签名针对的是解压后的内容",
        |kept, diagnosis| is_other_message(diagnosis) && kept.message.body.starts_with(&[0x1f, 0x8b]),
    ),
    HintRule::new(
        "received-nonce-lower-cased",
        "the nonce has 32 characters without a capital; those of callbacks have capitals, which may be lost",
        "随机串的 32 个字符中没有大写字母：回调的随机串含大写字母，大小写可能在途中丢失了",
        |kept, diagnosis| {
            let nonce = kept.message.nonce_str;
            let is_lower = nonce.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            is_other_message(diagnosis)
                && nonce.len() == 32
                && is_lower
                && nonce.bytes().any(|byte| byte > b'f')
        },
    ),
    HintRule::new(
        "received-signature-cut",
        "the signature is shorter than those of the key; a log or a column of a database may have cut it",
        "签名值比该密钥的签名短：可能被日志或数据库字段截断",
        |kept, diagnosis| {
            let bytes = kept.key.bits().div_ceil(8);
            let length = match kept.signature.parse::<Signature>() {
                Ok(signature) => signature.as_bytes().len(),
                Err(_) => kept.signature.len() * 3 / 4,
            };
            diagnosis.verdict == Verdict::Unexplained && length < bytes
        },
    ),
];

fn has(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}
