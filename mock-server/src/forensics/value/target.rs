//! The second line: path and query.

use percent_encoding::percent_decode;

use crate::forensics::{
    Case, Hypothesis,
    value::{Effort, ValueMistake},
};

pub(super) const TARGET: &[ValueMistake] = &[
    ValueMistake {
        hypothesis: Hypothesis {
            name: "query-left-out",
            english: "line 2 is path and query: add `?` and the query as they are sent",
            chinese: "签名串第 2 行须包含查询串：请加上 ? 及实际发送的查询参数",
        },
        signed: |case| vec![path(case).into()],
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "empty-query-added",
            english: "without a query there is no `?` at the end of line 2",
            chinese: "没有查询参数时，签名串第 2 行末尾不应有 ?",
        },
        signed: |case| vec![format!("{}?", path(case)).into()],
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "query-encoded-for-signing",
            english: "sign the query byte for byte as it is sent: it was percent-encoded otherwise for signing",
            chinese: "请对实际发送的查询串逐字节签名：签名时所用的 URL 编码与发送时不同",
        },
        signed: |case| with_query(case, queries_encoded),
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "query-decoded",
            english: "sign the query byte for byte as it is sent: it was decoded for signing",
            chinese: "请对实际发送的查询串逐字节签名：签名时使用了解码后的查询串",
        },
        signed: |case| with_query(case, queries_decoded),
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "query-reordered",
            english: "sign the query in the order in which it is sent: the parameters were signed in another",
            chinese: "查询参数的签名顺序须与发送顺序一致，不要排序",
        },
        signed: |case| with_query(case, queries_reordered),
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "host-included",
            english: "line 2 begins with the path: leave scheme and host out",
            chinese: "签名串第 2 行以路径开头，不应包含协议和域名",
        },
        signed: with_host,
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "path-decoded",
            english: "sign the path with its percent-encoding as it is sent, not decoded",
            chinese: "请对实际发送的路径签名，保留其 URL 编码，不要解码",
        },
        signed: |case| {
            let decoded: Vec<u8> = percent_decode(path(case).as_bytes()).collect();
            vec![[&decoded[..], question_mark_and_query(case).as_bytes()].concat(), {
                percent_decode(case.message.target.as_bytes()).collect()
            }]
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "path-encoded-twice",
            english: "sign the path as it is sent: it was percent-encoded once more for signing (%2F became %252F)",
            chinese: "请对实际发送的路径签名：签名时路径被重复编码了一次（%2F 变成了 %252F）",
        },
        signed: |case| {
            let twice = path(case).replace('%', "%25") + question_mark_and_query(case);
            vec![twice.into(), case.message.target.replace('%', "%25").into()]
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "path-escaped-otherwise",
            english: "sign the path byte for byte as it is sent: other characters were percent-encoded for signing, or \
                      with hex digits in the other case",
            chinese: "请对实际发送的路径逐字节签名：签名时编码的字符或十六进制大小写与发送时不同",
        },
        signed: paths_escaped,
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "trailing-slash",
            english: "sign the path as it is sent: one of the two ends in `/`, the other doesn't",
            chinese: "请对实际发送的路径签名：签名与发送的路径末尾的 / 不一致",
        },
        signed: |case| {
            let (path, query) = (path(case), question_mark_and_query(case));
            let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), Into::into);
            vec![(other + query).into()]
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "double-slash",
            english: "join base URL and path with one slash: a second one was signed",
            chinese: "拼接基础地址与路径时只保留一个斜杠：签名串中多了一个 /",
        },
        signed: |case| {
            let target = case.message.target;
            vec![format!("/{target}").into(), target.replacen("/v3/", "/v3//", 1).into()]
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "path-shortened",
            english: "sign the whole path from its first slash on, with /v3: its beginning was left out",
            chinese: "请从第一个 / 开始对完整路径签名（包含 /v3）：签名时缺少了路径的开头部分",
        },
        signed: |case| {
            let target = case.message.target;
            let shorter = ["/", "/v3", "/v3/"].into_iter().filter_map(|start| target.strip_prefix(start));
            shorter.map(Vec::from).collect()
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "path-template-signed",
            english: "put the values into the path before signing: the template was signed with its {placeholders}",
            chinese: "签名前须把路径参数替换为实际值：现在对带 {占位符} 的路径模板进行了签名",
        },
        signed: |case| {
            let template = case.template.unwrap_or(path(case));
            vec![template.into(), format!("{template}{}", question_mark_and_query(case)).into()]
        },
        effort: Effort::Little,
    },
];

fn path<'a>(case: &Case<'a>) -> &'a str {
    case.message.target.split_once('?').map_or(case.message.target, |(path, _)| path)
}

/// As sent; empty if there is none.
fn question_mark_and_query<'a>(case: &Case<'a>) -> &'a str {
    &case.message.target[path(case).len()..]
}

/// The longest target that is encoded and decoded in every way; each takes time by its length.
const LONGEST_REWRITTEN: usize = 4 * 1024;

/// The target with other queries; none if it has no query, or is very long.
fn with_query(case: &Case<'_>, others: fn(&str) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let short = Some(case.message.target).filter(|target| target.len() <= LONGEST_REWRITTEN);
    let Some((path, query)) = short.and_then(|target| target.split_once('?')) else { return Vec::new() };
    others(query).iter().map(|query| [path.as_bytes(), b"?", query].concat()).collect()
}

fn with_host(case: &Case<'_>) -> Vec<Vec<u8>> {
    let (path, target) = (path(case), case.message.target);
    let hosts =
        case.host.into_iter().chain(["api.mch.weixin.qq.com", "api2.wechatpay.cn", "api.wechatpay.cn"]);
    let starts = hosts.flat_map(|host| {
        [format!("https://{host}"), format!("http://{host}"), host.to_owned(), format!("//{host}")]
    });
    starts
        .flat_map(|start| [format!("{start}{target}"), format!("{start}{path}")])
        .map(String::into_bytes)
        .collect()
}

/// What JavaScript's `encodeURIComponent` leaves as it is beside letters and digits.
const JAVASCRIPT: &[u8] = b"-_.~!*'()";
/// What RFC 3986 calls unreserved beside letters and digits.
const UNRESERVED: &[u8] = b"-_.~";
/// What HTML forms leave as it is.
const FORM: &[u8] = b"-_.*";
/// What may stand in a path as it is.
const PATH: &[u8] = b"-_.~!$&'()*+,;=:@";
/// What may stand in a query as it is, and `%`: only what is illegal is encoded.
const LEGAL: &[u8] = b"-_.~!$&'()*+,;=:@/?%";

fn encode(bytes: &[u8], kept: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            text.push(byte.into());
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}

/// The same text with the hex digits of its escapes in the other case.
fn escapes_in(text: &str, change: fn(&mut [u8])) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while let Some(digits) = bytes.get_mut(at..).and_then(|rest| {
        let start = rest.iter().position(|&byte| byte == b'%')?;
        at += start + 3;
        rest.get_mut(start + 1..start + 3)
    }) {
        change(digits);
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.into())
}

fn escapes_in_either_case(text: &str) -> [String; 2] {
    [escapes_in(text, <[u8]>::make_ascii_lowercase), escapes_in(text, <[u8]>::make_ascii_uppercase)]
}

/// Keys and values changed, `&` and `=` kept.
fn components(query: &str, change: impl Fn(&str) -> String) -> String {
    let pair = |pair: &str| pair.split('=').map(&change).collect::<Vec<_>>().join("=");
    query.split('&').map(pair).collect::<Vec<_>>().join("&")
}

fn queries_encoded(query: &str) -> Vec<Vec<u8>> {
    let decoded = |text: &str| percent_decode(text.as_bytes()).collect::<Vec<u8>>();
    let mut queries: Vec<String> = [UNRESERVED, JAVASCRIPT, FORM, LEGAL]
        .iter()
        .map(|kept| components(query, |text| encode(&decoded(text), kept)))
        .collect();
    queries.push(components(query, |text| encode(&decoded(text), FORM).replace("%20", "+")));
    queries.push(components(query, |text| encode(&decoded(&text.replace('+', " ")), UNRESERVED)));
    queries.push(encode(query.as_bytes(), LEGAL));
    queries.push(query.replace('%', "%25"));
    queries.push(components(query, |text| encode(text.as_bytes(), UNRESERVED)));
    queries.push(encode(query.as_bytes(), UNRESERVED));
    let cases: Vec<_> = queries.iter().flat_map(|query| escapes_in_either_case(query)).collect();
    queries.extend(escapes_in_either_case(query));
    queries.into_iter().chain(cases).map(String::into_bytes).collect()
}

fn queries_decoded(query: &str) -> Vec<Vec<u8>> {
    let decoded = |text: &str| percent_decode(text.as_bytes()).collect();
    vec![decoded(query), decoded(&query.replace('+', " "))]
}

/// The most parameters of which every order is tried: 24 of them.
const EVERY_ORDER: usize = 4;

fn queries_reordered(query: &str) -> Vec<Vec<u8>> {
    let pairs: Vec<_> = query.split('&').collect();
    let mut sorted = pairs.clone();
    sorted.sort_unstable();
    let mut orders = vec![sorted, pairs.iter().rev().copied().collect()];
    if pairs.len() <= EVERY_ORDER {
        orders.extend(permutations(&pairs));
    }
    orders.into_iter().map(|pairs| pairs.join("&").into()).collect()
}

/// Every order of a few things.
pub(in crate::forensics) fn permutations<T: Copy>(things: &[T]) -> Vec<Vec<T>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let first_and_rest = (0..things.len()).map(|at| {
        let mut rest = things.to_vec();
        (rest.remove(at), rest)
    });
    let led = |(first, rest): (T, Vec<T>)| {
        permutations(&rest).into_iter().map(move |rest| [&[first], &rest[..]].concat())
    };
    first_and_rest.flat_map(led).collect()
}

fn paths_escaped(case: &Case<'_>) -> Vec<Vec<u8>> {
    if case.message.target.len() > LONGEST_REWRITTEN {
        return Vec::new();
    }
    let (path, query) = (path(case), question_mark_and_query(case));
    let segments =
        |change: &dyn Fn(&str) -> String| path.split('/').map(change).collect::<Vec<_>>().join("/");
    let decoded = |text: &str| percent_decode(text.as_bytes()).collect::<Vec<u8>>();
    let mut paths: Vec<String> = [UNRESERVED, JAVASCRIPT, FORM, PATH]
        .iter()
        .map(|kept| segments(&|text| encode(&decoded(text), kept)))
        .collect();
    // The slashes too, as when the whole path is taken for one component.
    paths.push(encode(path.as_bytes(), UNRESERVED));
    paths.push(encode(&decoded(path), UNRESERVED));
    let cases: Vec<_> = paths.iter().flat_map(|path| escapes_in_either_case(path)).collect();
    paths.extend(escapes_in_either_case(path));
    paths.into_iter().chain(cases).map(|path| (path + query).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_change_their_case_and_nothing_else_does() {
        assert_eq!(escapes_in_either_case("/aB%2f%2Fc%"), ["/aB%2f%2fc%", "/aB%2F%2Fc%"].map(String::from));
    }

    #[test]
    fn three_things_have_six_orders() {
        assert_eq!(permutations(&[1, 2, 3]).len(), 6);
    }
}
