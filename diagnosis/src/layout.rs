//! Mistakes in the lines of the message: which there are, their order and their endings.

use wechatpay_protocol::SCHEME;

use crate::{
    Evidence,
    known_mistake::{Cost, Rule},
    permutations::permutations,
    values::{BODY, Values},
};

/// Lines without their endings.
pub(crate) type Lines<'a> = Vec<&'a [u8]>;

/// Returns other lines, or the lines in another order.
pub(crate) type LineRule = Rule<for<'a> fn(&Evidence<'a>, &Values<'a>) -> Vec<Lines<'a>>>;

/// Returns the messages of these lines with wrong endings.
pub(crate) type EndingRule = Rule<fn(&[&[u8]]) -> Vec<Vec<u8>>>;

pub(crate) static LINES: &[LineRule] = &[
    LineRule::new(
        "timestamp-nonce-swapped",
        "swap timestamp and nonce: the timestamp is line 3, the nonce line 4",
        "请交换时间戳和随机串：时间戳是第 3 行，随机串是第 4 行",
        |_, &[method, target, timestamp, nonce, body]| vec![vec![method, target, nonce, timestamp, body]],
    ),
    LineRule::new(
        "body-line-left-out",
        "keep the line of an empty body: the message then ends with two newlines",
        "请求体为空时也要保留这一行：此时签名串以两个换行符结尾",
        |_, &[method, target, timestamp, nonce, _]| vec![vec![method, target, timestamp, nonce]],
    ),
    LineRule::new(
        "response-style-three-lines",
        "sign the five lines of a request, beginning with method and path: three lines are for responses",
        "请求的签名串有五行，以请求方法和路径开头：三行的是应答和回调的签名串",
        |_, &[_, _, timestamp, nonce, body]| vec![vec![timestamp, nonce, body]],
    ),
    LineRule::new(
        "query-in-body",
        "put the query on line 2, after path and `?`, not on the body's line",
        "查询参数要放在第 2 行的路径之后（用 ? 连接），不要放在请求体那一行",
        |sent, &[method, target, timestamp, nonce, _]| match sent.message.target.split_once('?') {
            None | Some((_, "")) => Vec::new(),
            Some((path, query)) => [path.as_bytes(), target]
                .map(|target| vec![method, target, timestamp, nonce, query.as_bytes()])
                .into(),
        },
    ),
    LineRule::new(
        "line-left-out",
        "sign all five lines: method, path and query, timestamp, nonce, body; one is missing",
        "签名串要有五行：请求方法、路径与查询串、时间戳、随机串、请求体；现在缺少一行",
        |_, values| (0..BODY).map(|gone| [&values[..gone], &values[gone + 1..]].concat()).collect(),
    ),
    LineRule::new(
        "extra-line",
        "sign only the five lines method, path and query, timestamp, nonce, body; there is one more",
        "签名串只有五行：请求方法、路径与查询串、时间戳、随机串、请求体；现在多了一行",
        |sent, values| {
            let extras = [sent.mchid, sent.serial_no, SCHEME, ""].map(str::as_bytes).into_iter();
            let with = |extra, at| [&values[..at], &[extra], &values[at..]].concat();
            extras.flat_map(|extra| (0..=values.len()).map(move |at| with(extra, at))).collect()
        },
    )
    .costing(Cost::High),
    LineRule::new(
        "body-alone-signed",
        "sign all five lines, not the body alone",
        "请对完整的五行签名串签名，不要只对请求体签名",
        |_, &[.., body]| vec![vec![body]],
    ),
    LineRule::new(
        "fields-reordered",
        "put the lines in this order: method, path and query, timestamp, nonce, body",
        "签名串要按这个顺序拼接：请求方法、路径与查询串、时间戳、随机串、请求体",
        |_, values| permutations(values),
    )
    .costing(Cost::High),
];

pub(crate) static ENDINGS: &[EndingRule] = &[
    EndingRule::new(
        "nothing-signed",
        "pass the message to the signing function: an empty message was signed",
        "请把签名串传给签名函数：现在签名的内容为空",
        |_| vec![Vec::new()],
    ),
    EndingRule::new(
        "no-final-newline",
        "end the last line with a newline, too",
        "签名串的最后一行也要以换行符 \\n 结尾",
        |lines| vec![joined(lines, "\n", "")],
    ),
    EndingRule::new(
        "extra-final-newline",
        "end the last line with one newline only: echo or println may have added another",
        "签名串末尾只能有一个换行符：现在多了换行（例如 echo 或 println 会自动添加）",
        |lines| vec![joined(lines, "\n", "\n\n"), joined(lines, "\n", "\n\n\n")],
    ),
    EndingRule::new(
        "crlf",
        "end each line with LF (\\n), not with CRLF (\\r\\n)",
        "每行只能以 LF（\\n）结尾，不能用 CRLF（\\r\\n）",
        |lines| {
            let endings = [("\r\n", "\r\n"), ("\r\n", ""), ("\r\n", "\n"), ("\n", "\r\n"), ("\r", "\r")];
            endings.map(|(between, last)| joined(lines, between, last)).into()
        },
    ),
    EndingRule::new(
        "literal-backslash-n",
        "end each line with a newline, not with the two characters \\ and n (PHP needs double quotes)",
        "每行要以真正的换行符结尾，而不是反斜杠和字母 n 两个字符（例如 PHP 要用双引号）",
        |lines| {
            let endings = [("\\n", "\\n"), ("\\n", ""), ("\\n", "\n"), ("\n", "\\n")];
            endings.map(|(between, last)| joined(lines, between, last)).into()
        },
    ),
    EndingRule::new(
        "leading-newline",
        "begin the message with its first value: a newline was signed before it",
        "签名串要以第一个字段开头：现在前面多了一个换行符",
        |lines| ["\n", ""].map(|last| [b"\n", &joined(lines, "\n", last)[..]].concat()).into(),
    ),
    EndingRule::new(
        "no-line-breaks",
        "end each line with a newline: the values were joined by something else, or by nothing",
        "每个字段要各占一行并以换行符结尾：现在用了其他分隔符，或没有分隔",
        |lines| {
            let ends = |between| [joined(lines, between, ""), joined(lines, between, "\n")];
            let joints = ["", " ", "&", ",", "|", ";"].into_iter();
            joints.flat_map(ends).chain([joined(lines, "&", "&")]).collect()
        },
    ),
];

/// The message of these lines, each with the right ending.
pub(crate) fn message(lines: &[&[u8]]) -> Vec<u8> {
    joined(lines, "\n", "\n")
}

fn joined(lines: &[&[u8]], between: &str, last: &str) -> Vec<u8> {
    let mut message = lines.join(between.as_bytes());
    message.extend_from_slice(last.as_bytes());
    message
}
