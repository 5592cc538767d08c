//! The fifth line: the body.

use std::str::from_utf8;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    ValueRule,
    json::{self, Json},
};
use crate::{Evidence, known_mistake::Cost};

const BOM: &[u8] = b"\xef\xbb\xbf";

pub(super) const BODY: &[ValueRule] = &[
    ValueRule::new(
        "body-left-out",
        "sign the body, too (of PATCH, POST and PUT alike): line 5 was empty although a body was sent",
        "请求体也要参与签名（PATCH、POST、PUT 都是）：现在签名串第 5 行为空",
        |_| vec![Vec::new()],
    ),
    ValueRule::new(
        "body-invented",
        "sign the bytes that are sent: a text like {} or null was signed in place of the body",
        "请对实际发送的请求体签名：签名时用 {} 或 null 之类的文本代替了请求体",
        |_| ["{}", "null", "[]", "\"\"", "undefined", "None", "nil", "[object Object]"].map(Vec::from).into(),
    ),
    ValueRule::new(
        "body-trimmed",
        "sign the body with the whitespace at its ends, or do not send any: it was trimmed for signing",
        "请求体首尾的空白和换行也要参与签名，或者不要发送：签名时去掉了它们",
        |sent| vec![sent.message.body.trim_ascii().into(), sent.message.body.trim_ascii_end().into()],
    ),
    ValueRule::new(
        "body-line-breaks",
        "sign the body with the line breaks that are sent: LF, CRLF or none was signed in place of them",
        "请求体内的换行要与实际发送的一致：签名时用了另一种换行（LF、CRLF）或去掉了换行",
        |sent| {
            let Ok(body) = from_utf8(sent.message.body) else { return Vec::new() };
            let unix = body.replace("\r\n", "\n");
            vec![unix.replace('\n', "\r\n").into(), unix.replace('\n', "").into(), unix.into()]
        },
    ),
    ValueRule::new(
        "body-with-bom",
        "sign the bytes that are sent: a byte order mark (EF BB BF) was signed before the body",
        "请对实际发送的请求体签名：签名时请求体前多了 BOM（EF BB BF）",
        |sent| vec![[BOM, sent.message.body].concat()],
    ),
    ValueRule::new(
        "body-sent-with-bom",
        "do not send a byte order mark (EF BB BF) before the body: it was not signed",
        "发送请求体时不要带 BOM（EF BB BF）：签名时没有它",
        |sent| sent.message.body.strip_prefix(BOM).map(Vec::from).into_iter().collect(),
    ),
    ValueRule::new(
        "body-in-ascii",
        "convert the message to bytes as UTF-8: another charset turned non-ASCII characters into `?`",
        "请用 UTF-8 把签名串转换为字节：现在用的字符集把中文都变成了 ?",
        |sent| {
            let ascii =
                |body: &str| body.chars().map(|one| if one.is_ascii() { one as u8 } else { b'?' }).collect();
            from_utf8(sent.message.body).map(ascii).into_iter().collect()
        },
    ),
    reserialized(|sent| json::reserialized(sent.message.body)).costing(Cost::Reserialize),
    reserialized(|sent| json::reordered(sent.message.body)).costing(Cost::High),
    ValueRule::new(
        "body-quoted",
        "sign the JSON itself: it was serialized once more, as a JSON string, before signing",
        "请直接对 JSON 签名：签名前它又被当作字符串序列化了一次",
        |sent| from_utf8(sent.message.body).map(json::quoted).into_iter().collect(),
    )
    .costing(Cost::Reserialize),
    ValueRule::new(
        "body-as-form",
        "sign the JSON that is sent: its fields were signed as key=value&key=value",
        "请对实际发送的 JSON 签名：签名时把字段拼成了 key=value&key=value",
        forms,
    )
    .costing(Cost::Reserialize),
];

const fn reserialized(values: fn(&Evidence<'_>) -> Vec<Vec<u8>>) -> ValueRule {
    ValueRule::new(
        "body-reserialized",
        "serialize the JSON once, and sign and send that text: the two differ in spaces, key order or escapes",
        "JSON 只序列化一次，签名和发送用同一段文本：现在两者的空格、键顺序或转义不同",
        values,
    )
    .with_variants(json::variants)
}

/// The fields of a flat object as `key=value&key=value`: in their order or sorted, percent-encoded or not.
fn forms(sent: &Evidence<'_>) -> Vec<Vec<u8>> {
    let Ok(Json::Object(fields)) = serde_json::from_slice(sent.message.body) else { return Vec::new() };
    let pairs = |encode: fn(&str) -> String| -> Option<Vec<String>> {
        let pair = |(key, value): &(String, Json)| match value {
            Json::Literal(value) | Json::Text(value) => Some(format!("{}={}", encode(key), encode(value))),
            Json::List(_) | Json::Object(_) => None,
        };
        fields.iter().map(pair).collect()
    };
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%5F", "_");
    let mut forms = Vec::new();
    for mut pairs in [pairs(str::to_owned), pairs(encoded)].into_iter().flatten() {
        forms.push(pairs.join("&").into());
        pairs.sort_unstable();
        forms.push(pairs.join("&").into());
    }
    forms
}
