//! How the five values are put together: which lines, in which order, and what ends them.

use std::borrow::Cow;

use crate::forensics::{
    Case, Hypothesis,
    value::{Effort, target::permutations},
};

/// The values of the five lines: method, target, timestamp, nonce, body.
pub(super) type Values<'a> = [&'a [u8]; 5];

/// A line without what ends it.
pub(super) type Line<'a> = Cow<'a, [u8]>;
pub(super) type Lines<'a> = Vec<Line<'a>>;

/// Lines that are other ones, or in another order.
pub(super) struct OrderMistake {
    pub(super) hypothesis: Hypothesis,
    pub(super) lines: for<'a> fn(&Case<'a>, &Values<'a>) -> Vec<Lines<'a>>,
    pub(super) effort: Effort,
}

/// Lines that end otherwise than in one LF each.
pub(super) struct EndingMistake {
    pub(super) hypothesis: Hypothesis,
    pub(super) messages: fn(&[Line<'_>]) -> Vec<Vec<u8>>,
}

/// The five lines as they should be.
pub(super) fn lines<'a>(values: &Values<'a>) -> Lines<'a> {
    listed(values.iter().copied())
}

/// Lines as they should end.
pub(super) fn message(lines: &[Line<'_>]) -> Vec<u8> {
    joined(lines, "\n", "\n")
}

fn listed<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Lines<'a> {
    lines.into_iter().map(Cow::Borrowed).collect()
}

fn joined(lines: &[Line<'_>], between: &str, last: &str) -> Vec<u8> {
    let mut message = lines.join(between.as_bytes());
    message.extend_from_slice(last.as_bytes());
    message
}

pub(super) const ORDERS: &[OrderMistake] = &[
    OrderMistake {
        hypothesis: Hypothesis {
            name: "timestamp-nonce-swapped",
            english: "the timestamp is line 3 and the nonce line 4: swap them",
            chinese: "时间戳是第 3 行，随机串是第 4 行：请交换两者",
        },
        lines: |_, &[method, target, timestamp, nonce, body]| {
            vec![listed([method, target, nonce, timestamp, body])]
        },
        effort: Effort::Little,
    },
    OrderMistake {
        hypothesis: Hypothesis {
            name: "body-line-left-out",
            english: "the body has a line of its own, also when it is empty: the message then ends in two newlines",
            chinese: "请求体独占一行，为空时也要保留：此时签名串以两个换行符结尾",
        },
        lines: |_, &[method, target, timestamp, nonce, _]| vec![listed([method, target, timestamp, nonce])],
        effort: Effort::Little,
    },
    OrderMistake {
        hypothesis: Hypothesis {
            name: "response-style-three-lines",
            english: "a request's message has five lines, beginning with method and path: three are an answer's",
            chinese: "请求的签名串有五行，以请求方法和路径开头：三行的是应答的验签名串",
        },
        lines: |_, &[_, _, timestamp, nonce, body]| vec![listed([timestamp, nonce, body])],
        effort: Effort::Little,
    },
    OrderMistake {
        hypothesis: Hypothesis {
            name: "query-in-body",
            english: "the query belongs to line 2, after path and `?`, not to the body's line",
            chinese: "查询参数应放在第 2 行的路径之后（以 ? 连接），而不是请求体所在的行",
        },
        lines: |case, &[method, target, timestamp, nonce, _]| {
            let Some((path, query)) = case.message.target.split_once('?') else { return Vec::new() };
            if query.is_empty() {
                return Vec::new();
            }
            let query = query.as_bytes();
            vec![
                listed([method, path.as_bytes(), timestamp, nonce, query]),
                listed([method, target, timestamp, nonce, query]),
            ]
        },
        effort: Effort::Little,
    },
    OrderMistake {
        hypothesis: Hypothesis {
            name: "line-left-out",
            english: "the message has five lines: method, path and query, timestamp, nonce, body; one is missing",
            chinese: "签名串须有五行：请求方法、路径与查询串、时间戳、随机串、请求体；现在缺少一行",
        },
        lines: |_, values| {
            let without = |gone: usize| {
                listed(values.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, value)| *value))
            };
            (0..4).map(without).collect()
        },
        effort: Effort::Little,
    },
    OrderMistake {
        hypothesis: Hypothesis {
            name: "extra-line",
            english: "the message has no lines but method, path and query, timestamp, nonce and body: one more was signed",
            chinese: "签名串只有请求方法、路径与查询串、时间戳、随机串、请求体五行：现在多了一行",
        },
        lines: |case, values| {
            let extra = [case.mchid, case.serial_no, wechatpay_protocol::SCHEME, ""];
            let places = extra.iter().flat_map(|extra| (0..=5).map(|at| (extra.as_bytes(), at)));
            places
                .map(|(extra, at)| {
                    let (before, after) = values.split_at(at);
                    listed(before.iter().copied().chain([extra]).chain(after.iter().copied()))
                })
                .collect()
        },
        effort: Effort::Many,
    },
    OrderMistake {
        hypothesis: Hypothesis {
            name: "body-alone-signed",
            english: "sign the five lines, not the body alone",
            chinese: "请对完整的五行签名串签名，而不是只对请求体签名",
        },
        lines: |_, &[.., body]| vec![listed([body])],
        effort: Effort::Little,
    },
    OrderMistake {
        hypothesis: Hypothesis {
            name: "fields-reordered",
            english: "the order is method, path and query, timestamp, nonce, body",
            chinese: "签名串的顺序须为：请求方法、路径与查询串、时间戳、随机串、请求体",
        },
        lines: |_, values| permutations(values).into_iter().map(listed).collect(),
        effort: Effort::Many,
    },
];

pub(super) const ENDINGS: &[EndingMistake] = &[
    EndingMistake {
        hypothesis: Hypothesis {
            name: "nothing-signed",
            english: "hand the message to the signing function: it signed nothing, an empty message",
            chinese: "请把签名串传给签名函数：现在签名的内容为空",
        },
        messages: |_| vec![Vec::new()],
    },
    EndingMistake {
        hypothesis: Hypothesis {
            name: "no-final-newline",
            english: "end the last line in a newline as well",
            chinese: "签名串的最后一行也必须以换行符 \\n 结尾",
        },
        messages: |lines| vec![joined(lines, "\n", "")],
    },
    EndingMistake {
        hypothesis: Hypothesis {
            name: "extra-final-newline",
            english: "end the last line in one newline only; printing the message may add one",
            chinese: "签名串末尾只能有一个换行符：现在多了换行（例如用 echo 或 println 输出时附加的）",
        },
        messages: |lines| vec![joined(lines, "\n", "\n\n"), joined(lines, "\n", "\n\n\n")],
    },
    EndingMistake {
        hypothesis: Hypothesis {
            name: "crlf",
            english: "end each line in LF (\\n) alone, not in CRLF (\\r\\n)",
            chinese: "每行只能以 LF（\\n）结尾，不能用 CRLF（\\r\\n）",
        },
        messages: |lines| {
            let endings = [("\r\n", "\r\n"), ("\r\n", ""), ("\r\n", "\n"), ("\n", "\r\n"), ("\r", "\r")];
            endings.map(|(between, last)| joined(lines, between, last)).into()
        },
    },
    EndingMistake {
        hypothesis: Hypothesis {
            name: "literal-backslash-n",
            english: "end each line in a newline, not in the two characters \\ and n; quotes of another kind turn \\n into one",
            chinese: "每行须以真正的换行符结尾，而不是反斜杠和字母 n 两个字符（例如 PHP 请用双引号）",
        },
        messages: |lines| {
            let endings = [("\\n", "\\n"), ("\\n", ""), ("\\n", "\n"), ("\n", "\\n")];
            endings.map(|(between, last)| joined(lines, between, last)).into()
        },
    },
    EndingMistake {
        hypothesis: Hypothesis {
            name: "leading-newline",
            english: "begin the message with the method: a newline was signed before it",
            chinese: "签名串须以请求方法开头：现在前面多了一个换行符",
        },
        messages: |lines| {
            let ends = ["\n", ""];
            ends.map(|last| [b"\n", &joined(lines, "\n", last)[..]].concat()).into()
        },
    },
    EndingMistake {
        hypothesis: Hypothesis {
            name: "no-line-breaks",
            english: "end each line in a newline: the values were joined by something else, or by nothing",
            chinese: "每个字段须各占一行并以换行符结尾：现在用其他字符连接，或没有分隔",
        },
        messages: |lines| {
            let joints = ["", " ", "&", ",", "|", ";"];
            let ends = |between| [joined(lines, between, ""), joined(lines, between, "\n")];
            joints.into_iter().flat_map(ends).chain([joined(lines, "&", "&")]).collect()
        },
    },
];
