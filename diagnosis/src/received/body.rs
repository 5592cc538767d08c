//! What may have happened to the body of a response after it was signed. Each rule undoes it.

use std::str::from_utf8;

use crate::{
    Evidence,
    known_mistake::Cost,
    values::{ValueRule, charset, json},
};

const BOM: &[u8] = b"\xef\xbb\xbf";

pub(super) const BODY: &[ValueRule] = &[
    ValueRule::new(
        "received-body-trimmed",
        "verify the bytes that arrive: white space or a newline at the ends of the body was lost",
        "请对收到的原始字节验签：报文主体首尾的空白或换行丢失了",
        |kept| {
            let body = kept.message.body;
            let ends = ["\n", "\r\n", " ", "\n\n"].map(str::as_bytes);
            ends.into_iter().flat_map(|end| [[body, end].concat(), [end, body].concat()]).collect()
        },
    ),
    ValueRule::new(
        "received-body-padded",
        "verify the bytes that arrive: white space or a newline was added at the ends of the body",
        "请对收到的原始字节验签：报文主体首尾多了空白或换行",
        |kept| {
            let body = kept.message.body;
            vec![body.trim_ascii_end().into(), body.trim_ascii().into(), body.trim_ascii_start().into()]
        },
    ),
    ValueRule::new(
        "received-body-added",
        "verify the empty body that arrives, as with 204: a text like {} or null stands in its place",
        "收到的报文主体为空时（如 204）要按空串验签：现在用 {} 或 null 之类的文本代替了它",
        |_| vec![Vec::new()],
    ),
    ValueRule::new(
        "received-body-line-breaks",
        "verify the bytes that arrive: line breaks in the body were changed (LF, CRLF)",
        "请对收到的原始字节验签：报文主体内的换行被改动了（LF、CRLF）",
        |kept| {
            let Ok(body) = from_utf8(kept.message.body) else { return Vec::new() };
            let unix = body.replace("\r\n", "\n");
            vec![unix.replace('\n', "\r\n").into(), unix.replace('\n', "").into(), unix.into()]
        },
    ),
    ValueRule::new(
        "received-body-with-bom",
        "verify the bytes that arrive: a byte order mark (EF BB BF) was put before the body",
        "请对收到的原始字节验签：报文主体前多了 BOM（EF BB BF）",
        |kept| kept.message.body.strip_prefix(BOM).map(Vec::from).into_iter().collect(),
    ),
    ValueRule::new(
        "received-body-without-bom",
        "verify the bytes that arrive: a byte order mark (EF BB BF) before the body was lost",
        "请对收到的原始字节验签：报文主体前的 BOM（EF BB BF）丢失了",
        |kept| vec![[BOM, kept.message.body].concat()],
    ),
    ValueRule::new(
        "received-body-in-other-charset",
        "verify the bytes that arrive, which are UTF-8: the body was kept in another charset",
        "请对收到的原始字节（UTF-8）验签：报文主体被转成了其他字符集",
        |kept| match from_utf8(kept.message.body) {
            Err(_) => charset::OTHERS.map(|(_, one)| one.decode(kept.message.body).into()).into(),
            Ok(_) => Vec::new(),
        },
    )
    .with_variants(|kept, signed| {
        let is_it = |one: &charset::Charset| one.decode(kept).as_bytes() == signed;
        charset::OTHERS.into_iter().find(|(_, one)| is_it(one)).map(|(name, _)| name).into_iter().collect()
    }),
    ValueRule::new(
        "received-body-misread",
        "read the body as UTF-8: its bytes were taken for another charset, such as ISO-8859-1 or GBK",
        "请按 UTF-8 读取报文主体：字节被当作其他字符集读取（如 ISO-8859-1、GBK）",
        charset::undone,
    ),
    reprinted(|kept| json::reserialized(kept.message.body)),
    reprinted(in_the_gateways_order),
    reprinted(|kept| json::reordered(kept.message.body)).costing(Cost::High),
    ValueRule::new(
        "received-numbers-reprinted",
        "verify the bytes that arrive: a JSON parser has written the numbers anew (1.0 became 1, or 1 became 1.0)",
        "请对收到的原始字节验签：JSON 解析器重写了数字（1.0 变成 1，或 1 变成 1.0）",
        numbers,
    )
    .costing(Cost::Reserialize),
    ValueRule::new(
        "received-body-quoted",
        "verify the bytes that arrive: the body was kept as a JSON string, with its quotes escaped",
        "请对收到的原始字节验签：报文主体被保存成了 JSON 字符串，引号被转义",
        |kept| {
            let Ok(body) = from_utf8(kept.message.body) else { return Vec::new() };
            let texts = [body.to_owned(), format!("\"{body}\"")];
            texts.iter().filter_map(|text| serde_json::from_str::<String>(text).ok()).map(Vec::from).collect()
        },
    )
    .costing(Cost::Reserialize),
];

const fn reprinted(values: fn(&Evidence<'_>) -> Vec<Vec<u8>>) -> ValueRule {
    ValueRule::new(
        "received-body-reprinted",
        "verify the bytes that arrive, before any framework parses them: the JSON was written anew, with other spaces, \
         key order or escapes",
        "请对框架解析之前的原始字节验签：JSON 被重新序列化，空格、键顺序或转义与收到的不同",
        values,
    )
    .with_variants(|kept, signed| json::variants(signed, kept))
    .costing(Cost::Reserialize)
}

/// The orders in which the gateway writes the members of a callback (wild), and in which the documentation shows them.
const ORDERS: [&[&str]; 2] = [
    &[
        "id",
        "create_time",
        "resource_type",
        "event_type",
        "summary",
        "resource",
        "original_type",
        "algorithm",
        "ciphertext",
        "associated_data",
        "nonce",
    ],
    &[
        "id",
        "create_time",
        "event_type",
        "resource_type",
        "summary",
        "resource",
        "original_type",
        "algorithm",
        "associated_data",
        "nonce",
        "ciphertext",
    ],
];

fn in_the_gateways_order(kept: &Evidence<'_>) -> Vec<Vec<u8>> {
    ORDERS.into_iter().flat_map(|order| json::in_order(kept.message.body, order)).collect()
}

/// The most numbers of a body that are changed one by one.
const MOST_NUMBERS: usize = 64;

/// The body with whole numbers written as `1.0` or `1.00`, or these written as whole numbers: each alone, and all.
fn numbers(kept: &Evidence<'_>) -> Vec<Vec<u8>> {
    let Ok(body) = from_utf8(kept.message.body) else { return Vec::new() };
    let places = number_places(body);
    if places.is_empty() || places.len() > MOST_NUMBERS {
        return Vec::new();
    }
    let changes: [fn(&str) -> String; 3] = [
        |number| if number.contains(['.', 'e', 'E']) { number.into() } else { format!("{number}.0") },
        |number| if number.contains(['.', 'e', 'E']) { number.into() } else { format!("{number}.00") },
        |number| match number.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole.into(),
            _ => number.into(),
        },
    ];
    let written = |change: fn(&str) -> String, only: Option<usize>| {
        let mut text = String::with_capacity(body.len() + 3 * places.len());
        let mut from = 0;
        for (index, &(start, end)) in places.iter().enumerate() {
            text.push_str(&body[from..start]);
            let number = &body[start..end];
            text.push_str(&if only.is_none_or(|only| only == index) {
                change(number)
            } else {
                number.into()
            });
            from = end;
        }
        text.push_str(&body[from..]);
        text.into_bytes()
    };
    let which = || [None].into_iter().chain((0..places.len()).map(Some));
    changes
        .into_iter()
        .flat_map(|change| which().map(move |only| (change, only)))
        .map(|(change, only)| written(change, only))
        .collect()
}

/// Where the numbers of a JSON text begin and end.
fn number_places(text: &str) -> Vec<(usize, usize)> {
    let mut places: Vec<(usize, usize)> = Vec::new();
    let (mut is_in_string, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_string => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9' if !is_in_string => match places.last_mut() {
                Some((_, end)) if *end == at => *end += 1,
                // The e of true and false begins no number.
                _ if byte == b'e' => {}
                _ => places.push((at, at + 1)),
            },
            _ => {}
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_outside_of_strings_only() {
        let text = r#"{"a1":1,"b":"2\"3","c":[true,-4.50,6e7]}"#;
        let found: Vec<_> = number_places(text).into_iter().map(|(start, end)| &text[start..end]).collect();
        assert_eq!(found, ["1", "-4.50", "6e7"]);
    }
}
