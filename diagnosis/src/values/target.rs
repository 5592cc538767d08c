//! The second line: path and query.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::ValueRule;
use crate::{Evidence, known_mistake::Cost, permutations::permutations, proxy};

pub(super) const TARGET: &[ValueRule] = &[
    ValueRule::new(
        "query-left-out",
        "add `?` and the query to the path on line 2, exactly as they are sent",
        "签名串第 2 行要包含查询串：请在路径后加上 ? 和实际发送的查询参数",
        |sent| vec![path(sent).into()],
    ),
    ValueRule::new(
        "empty-query-added",
        "do not end line 2 with `?` if there is no query",
        "没有查询参数时，签名串第 2 行末尾不应有 ?",
        |sent| vec![format!("{}?", path(sent)).into()],
    ),
    ValueRule::new(
        "query-encoded-for-signing",
        "sign the query byte for byte as it is sent: it was percent-encoded differently for signing",
        "请对实际发送的查询串逐字节签名：签名时用的 URL 编码与发送时不同",
        |sent| with_query(sent, queries_encoded),
    ),
    ValueRule::new(
        "query-decoded",
        "sign the query byte for byte as it is sent: it was decoded for signing",
        "请对实际发送的查询串逐字节签名：签名时用的是解码后的查询串",
        |sent| with_query(sent, |query| vec![decode(query), decode(&query.replace('+', " "))]),
    ),
    ValueRule::new(
        "query-reordered",
        "sign the query's parameters in the order in which they are sent: they were reordered for signing",
        "查询参数要按发送时的顺序签名，不要重新排序",
        |sent| with_query(sent, queries_reordered),
    ),
    ValueRule::new(
        "query-parameter-left-out",
        "sign all of the query, exactly as it is sent: one parameter was not signed; it may have been added later",
        "请对完整的查询串签名，与实际发送的一致：现在缺少一个参数，它可能是后来加上的",
        |sent| with_query(sent, one_parameter_left_out),
    ),
    ValueRule::new(
        "host-included",
        "begin line 2 with the path: leave out scheme and host",
        "签名串第 2 行以路径开头，不要包含协议和域名",
        with_host,
    ),
    ValueRule::new(
        "path-decoded",
        "sign the path as it is sent, with its percent-encoding: it was decoded for signing",
        "请对实际发送的路径签名，保留其中的 URL 编码：签名时用的是解码后的路径",
        |sent| vec![[&decode(path(sent)), query(sent).as_bytes()].concat(), decode(sent.message.target)],
    ),
    ValueRule::new(
        "path-encoded-twice",
        "sign the path as it is sent: it was percent-encoded once more for signing (%2F became %252F)",
        "请对实际发送的路径签名：签名时又做了一次 URL 编码（%2F 变成了 %252F）",
        |sent| {
            let twice = |text: &str| text.replace('%', "%25");
            vec![(twice(path(sent)) + query(sent)).into(), twice(sent.message.target).into()]
        },
    ),
    ValueRule::new(
        "path-escaped-otherwise",
        "sign the path byte for byte as it is sent: its percent-encoding differs, if only in the case of hex digits",
        "请对实际发送的路径逐字节签名：签名时 URL 编码的字符或十六进制大小写与发送时不同",
        paths_encoded,
    ),
    ValueRule::new(
        "trailing-slash",
        "sign the path as it is sent: a `/` at its end was added or left out for signing",
        "请对实际发送的路径签名：签名时多了或少了末尾的 /",
        |sent| {
            let path = path(sent);
            let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), Into::into);
            vec![(other + query(sent)).into()]
        },
    ),
    ValueRule::new(
        "double-slash",
        "join base URL and path with a single slash: two were signed",
        "拼接基础 URL 和路径时只保留一个 /：签名时多了一个",
        |sent| {
            let target = sent.message.target;
            vec![format!("/{target}").into(), target.replacen("/v3/", "/v3//", 1).into()]
        },
    ),
    ValueRule::new(
        "path-shortened",
        "sign the whole path from its first slash, with /v3: its beginning was left out",
        "请从第一个 / 开始对完整路径签名（包含 /v3）：签名时缺少路径的开头",
        |sent| {
            let starts = ["/", "/v3", "/v3/"].into_iter();
            starts.filter_map(|start| sent.message.target.strip_prefix(start)).map(Vec::from).collect()
        },
    ),
    ValueRule::new(
        "path-before-proxy",
        "let the proxy pass the path and query on as they were signed: its headers show that it changed them",
        "请让代理原样转发签名时的路径和查询串：代理添加的请求头表明路径或查询串已被改动",
        |sent| {
            let targets = proxy::original_targets(&sent.headers, sent.message.target);
            targets.into_iter().map(String::into_bytes).collect()
        },
    ),
    ValueRule::new(
        "path-prefixed",
        "begin line 2 with /v3, as the path arrives: a prefix was signed before it, which a proxy may have taken away",
        "签名串第 2 行要以 /v3 开头，与网关收到的路径一致：签名时路径前多了前缀，它可能被代理去掉了",
        |sent| PREFIXES.map(|prefix| format!("/{prefix}{}", sent.message.target).into_bytes()).into(),
    )
    .costing(Cost::High),
    ValueRule::new(
        "path-template-signed",
        "fill in the path's parameters before signing: the template was signed with its {placeholders}",
        "请先把路径参数替换为实际值再签名：现在签名的是带 {占位符} 的路径模板",
        |sent| {
            let template = sent.template.unwrap_or(path(sent));
            vec![template.into(), format!("{template}{}", query(sent)).into()]
        },
    ),
];

/// Prefixes under which proxies usually reach the gateway.
const PREFIXES: [&str; 14] = [
    "api",
    "apiv3",
    "gateway",
    "mock",
    "pay",
    "payment",
    "proxy",
    "v3",
    "wechat",
    "wechat-pay",
    "wechatpay",
    "weixin",
    "wx",
    "wxpay",
];

/// The longest target that is encoded and decoded in every way, in bytes.
const LONGEST_REWRITTEN: usize = 4 * 1024;

/// The longest query, in parameters, of which every order is tried: 24 of four.
const LONGEST_PERMUTED: usize = 4;

/// The longest query, in parameters, of which each is left out in turn.
const LONGEST_THINNED: usize = 16;

/// The unreserved characters of RFC 3986 are not encoded. The other sets leave more characters.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// For JavaScript's `encodeURIComponent`.
const JAVASCRIPT: &AsciiSet = &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// For HTML forms.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*');
/// For a path: characters allowed unencoded.
const PATH: &AsciiSet = &JAVASCRIPT
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');
/// For a complete query: allowed characters, and escapes.
const LEGAL: &AsciiSet = &PATH.remove(b'/').remove(b'?').remove(b'%');

fn path<'a>(sent: &Evidence<'a>) -> &'a str {
    sent.message.target.split_once('?').map_or(sent.message.target, |(path, _)| path)
}

/// With its question mark; empty if there is none.
fn query<'a>(sent: &Evidence<'a>) -> &'a str {
    &sent.message.target[path(sent).len()..]
}

fn decode(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

fn encode(bytes: &[u8], encoded: &'static AsciiSet) -> String {
    percent_encode(bytes, encoded).to_string()
}

/// The target with other queries; none if it has no query, or is too long.
fn with_query(sent: &Evidence<'_>, others: fn(&str) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let target = Some(sent.message.target).filter(|target| target.len() <= LONGEST_REWRITTEN);
    let Some((path, query)) = target.and_then(|target| target.split_once('?')) else { return Vec::new() };
    others(query).iter().map(|query| [path.as_bytes(), b"?", query].concat()).collect()
}

fn with_host(sent: &Evidence<'_>) -> Vec<Vec<u8>> {
    let known_hosts =
        ["api.mch.weixin.qq.com", "api2.mch.weixin.qq.com", "api2.wechatpay.cn", "api.wechatpay.cn"];
    let origins = sent.host.into_iter().chain(known_hosts).flat_map(|host| {
        [format!("https://{host}"), format!("http://{host}"), host.to_owned(), format!("//{host}")]
    });
    let targets = |origin| [format!("{origin}{}", sent.message.target), origin + path(sent)];
    origins.flat_map(targets).map(String::into_bytes).collect()
}

/// The text with the hex digits of its escapes in lower case, and in upper case.
fn escapes_in_either_case(text: &str) -> [Vec<u8>; 2] {
    [u8::make_ascii_lowercase, u8::make_ascii_uppercase].map(|change| {
        let mut bytes = text.as_bytes().to_vec();
        for at in (0..bytes.len()).filter(|&at| text.as_bytes()[at] == b'%') {
            bytes[at + 1..].iter_mut().take(2).for_each(change);
        }
        bytes
    })
}

/// These texts and the sent one, each with its escapes in either case.
fn with_escapes_in_either_case(sent: &str, texts: Vec<String>) -> Vec<Vec<u8>> {
    let cases: Vec<_> =
        texts.iter().map(String::as_str).chain([sent]).flat_map(escapes_in_either_case).collect();
    texts.into_iter().map(String::into_bytes).chain(cases).collect()
}

fn queries_encoded(query: &str) -> Vec<Vec<u8>> {
    /// The query with other keys and values.
    fn components(query: &str, change: impl Fn(&str) -> String) -> String {
        let pair = |pair: &str| pair.split('=').map(&change).collect::<Vec<_>>().join("=");
        query.split('&').map(pair).collect::<Vec<_>>().join("&")
    }
    let mut queries: Vec<String> = [UNRESERVED, JAVASCRIPT, FORM, LEGAL]
        .map(|set| components(query, |text| encode(&decode(text), set)))
        .into();
    queries.extend([
        components(query, |text| encode(&decode(text), FORM).replace("%20", "+")),
        components(query, |text| encode(&decode(&text.replace('+', " ")), UNRESERVED)),
        encode(query.as_bytes(), LEGAL),
        query.replace('%', "%25"),
        components(query, |text| encode(text.as_bytes(), UNRESERVED)),
        encode(query.as_bytes(), UNRESERVED),
    ]);
    with_escapes_in_either_case(query, queries)
}

fn queries_reordered(query: &str) -> Vec<Vec<u8>> {
    let pairs: Vec<_> = query.split('&').collect();
    let mut sorted = pairs.clone();
    sorted.sort_unstable();
    let mut orders = vec![sorted, pairs.iter().rev().copied().collect()];
    if pairs.len() <= LONGEST_PERMUTED {
        orders.extend(permutations(&pairs));
    }
    orders.into_iter().map(|pairs| pairs.join("&").into()).collect()
}

fn one_parameter_left_out(query: &str) -> Vec<Vec<u8>> {
    let pairs: Vec<_> = query.split('&').collect();
    let without = |gone: usize| [&pairs[..gone], &pairs[gone + 1..]].concat().join("&").into_bytes();
    // A single one is the whole query.
    (0..pairs.len()).filter(|_| (2..=LONGEST_THINNED).contains(&pairs.len())).map(without).collect()
}

fn paths_encoded(sent: &Evidence<'_>) -> Vec<Vec<u8>> {
    if sent.message.target.len() > LONGEST_REWRITTEN {
        return Vec::new();
    }
    let path = path(sent);
    let segments = |set| path.split('/').map(|text| encode(&decode(text), set)).collect::<Vec<_>>().join("/");
    let mut paths: Vec<String> = [UNRESERVED, JAVASCRIPT, FORM, PATH].map(segments).into();
    // Encodes the slashes too, like a client that treats the path as one component.
    paths.extend([encode(path.as_bytes(), UNRESERVED), encode(&decode(path), UNRESERVED)]);
    let paths = with_escapes_in_either_case(path, paths);
    paths.into_iter().map(|path| [&path[..], query(sent).as_bytes()].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_escapes_change_their_case() {
        assert_eq!(escapes_in_either_case("/aB%2f%2Fc%"), ["/aB%2f%2fc%", "/aB%2F%2Fc%"].map(Vec::from));
    }
}
