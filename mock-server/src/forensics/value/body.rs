//! The fifth line: the body.

use encoding_rs::GBK;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::forensics::{
    Case, Hypothesis,
    value::{
        Effort, ValueMistake,
        json::{Json, quoted, rewritten},
    },
};

const BOM: &[u8] = b"\xef\xbb\xbf";

pub(super) const BODY: &[ValueMistake] = &[
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-left-out",
            english: "sign the body too: line 5 was empty although a body is sent, which matters for PATCH, POST and PUT alike",
            chinese: "请求带有请求体时必须参与签名：签名串第 5 行为空，PATCH、POST、PUT 都需要请求体",
        },
        signed: |_| vec![Vec::new()],
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-invented",
            english: "sign the bytes that are sent: a text like {} or null was signed in place of the body",
            chinese: "请对实际发送的请求体签名：签名时用了 {} 或 null 之类的文本代替请求体",
        },
        signed: |_| {
            ["{}", "null", "[]", "\"\"", "undefined", "None", "nil", "[object Object]"].map(Vec::from).into()
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-trimmed",
            english: "sign the body with the blanks or newlines at its ends, or don't send them: they were trimmed for signing",
            chinese: "请求体首尾的空白或换行也要参与签名（或不发送它们）：签名时被去除了",
        },
        signed: |case| vec![case.message.body.trim_ascii().into(), case.message.body.trim_ascii_end().into()],
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-line-breaks",
            english: "sign the body's own line breaks as they are sent: LF, CRLF or none was signed in place of them",
            chinese: "请求体内的换行须与实际发送的一致：签名与发送时的换行符（LF、CRLF 或无）不同",
        },
        signed: |case| {
            let Ok(body) = std::str::from_utf8(case.message.body) else { return Vec::new() };
            let unix = body.replace("\r\n", "\n");
            vec![unix.replace('\n', "\r\n").into(), unix.replace('\n', "").into(), unix.into()]
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-with-bom",
            english: "sign the bytes that are sent: a byte order mark (EF BB BF) was signed before the body",
            chinese: "请对实际发送的请求体签名：签名时请求体前多了 BOM（EF BB BF）",
        },
        signed: |case| vec![[BOM, case.message.body].concat()],
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-sent-with-bom",
            english: "don't send a byte order mark (EF BB BF) before the body: it was not signed",
            chinese: "发送的请求体前多了 BOM（EF BB BF），而签名时没有：请勿发送 BOM",
        },
        signed: |case| case.message.body.strip_prefix(BOM).map(Into::into).into_iter().collect(),
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-in-gbk",
            english: "sign the body in UTF-8, as it is sent: it was signed in GBK",
            chinese: "请求体须以 UTF-8 编码签名，与发送时一致：签名时使用了 GBK",
        },
        signed: |case| {
            let Ok(body) = std::str::from_utf8(case.message.body) else { return Vec::new() };
            vec![GBK.encode(body).0.into_owned()]
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-sent-in-gbk",
            english: "send the body in UTF-8, as it was signed: it was sent in GBK",
            chinese: "请求体须以 UTF-8 编码发送，与签名时一致：发送时使用了 GBK",
        },
        signed: |case| match std::str::from_utf8(case.message.body) {
            Err(_) => vec![GBK.decode_without_bom_handling(case.message.body).0.into_owned().into()],
            Ok(_) => Vec::new(),
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-in-ascii",
            english: "turn the message into bytes as UTF-8: another charset made `?` of every character it does not have",
            chinese: "把签名串转换为字节时请使用 UTF-8：所用字符集把中文都变成了 ?",
        },
        signed: |case| {
            let Ok(body) = std::str::from_utf8(case.message.body) else { return Vec::new() };
            vec![body.chars().map(|one| if one.is_ascii() { one as u8 } else { b'?' }).collect()]
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-utf8-twice",
            english: "turn the body into UTF-8 once: its bytes were taken for Latin-1 and turned into UTF-8 again before signing",
            chinese: "请求体只应编码为 UTF-8 一次：签名前其字节被当作 Latin-1 又转换了一次",
        },
        signed: |case| {
            vec![case.message.body.iter().map(|&byte| char::from(byte)).collect::<String>().into()]
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-reserialized",
            english: "write the JSON once, and sign and send that one text: it was written anew for one of the two, with other \
                      spaces, order of keys or escapes",
            chinese: "JSON 只序列化一次，签名与发送使用同一文本：签名时的空格、键顺序或转义与发送时不同",
        },
        signed: |case| rewritten(case.message.body),
        effort: Effort::Rewriting,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-quoted",
            english: "sign the JSON itself: it was turned into a JSON string once more before signing",
            chinese: "请直接对 JSON 签名：签名前又被当作字符串序列化了一次",
        },
        signed: |case| std::str::from_utf8(case.message.body).map(quoted).into_iter().collect(),
        effort: Effort::Rewriting,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "body-as-form",
            english: "sign the JSON that is sent: its fields were signed as key=value&key=value",
            chinese: "请对实际发送的 JSON 签名：签名时把字段拼成了 key=value&key=value 的形式",
        },
        signed: forms,
        effort: Effort::Rewriting,
    },
];

/// The fields of a flat object as `key=value&key=value`, in their order and sorted, encoded or not.
fn forms(case: &Case<'_>) -> Vec<Vec<u8>> {
    let Ok(Json::Object(fields)) = serde_json::from_slice(case.message.body) else { return Vec::new() };
    let pairs = |encode: fn(&str) -> String| -> Option<Vec<String>> {
        let pair = |(key, value): &(String, Json)| match value {
            Json::Word(value) | Json::Text(value) => Some(format!("{}={}", encode(key), encode(value))),
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
