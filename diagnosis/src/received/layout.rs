//! Mistakes in the lines of a response's message: made by a test or another program that signs in place of the gateway.

use crate::{known_mistake::Cost, layout::LineRule, permutations::permutations};

pub(crate) static LINES: &[LineRule] = &[
    LineRule::new(
        "response-timestamp-nonce-swapped",
        "swap timestamp and nonce: the timestamp is line 1, the nonce line 2",
        "请交换时间戳和随机串：时间戳是第 1 行，随机串是第 2 行",
        |_, &[_, _, timestamp, nonce, body]| vec![vec![nonce, timestamp, body]],
    ),
    LineRule::new(
        "response-body-line-left-out",
        "keep the line of an empty body: the message then ends with two newlines",
        "报文主体为空时也要保留这一行：此时签名串以两个换行符结尾",
        |_, &[_, _, timestamp, nonce, _]| vec![vec![timestamp, nonce]],
    ),
    LineRule::new(
        "request-style-five-lines",
        "sign the three lines of a response: timestamp, nonce, body; five lines with method and path are for requests",
        "应答和回调的签名串只有三行：时间戳、随机串、报文主体；带请求方法和路径的五行用于请求",
        |_, values| if values[0].is_empty() { Vec::new() } else { vec![values.to_vec()] },
    ),
    LineRule::new(
        "response-line-left-out",
        "sign all three lines: timestamp, nonce, body; one is missing",
        "签名串要有三行：时间戳、随机串、报文主体；现在缺少一行",
        |_, &[_, _, timestamp, nonce, body]| vec![vec![nonce, body], vec![timestamp, body]],
    ),
    LineRule::new(
        "response-body-alone-signed",
        "sign all three lines, not the body alone",
        "请对完整的三行签名串签名，不要只对报文主体签名",
        |_, &[.., body]| vec![vec![body]],
    ),
    LineRule::new(
        "response-extra-line",
        "sign only the three lines timestamp, nonce, body; there is one more",
        "签名串只有三行：时间戳、随机串、报文主体；现在多了一行",
        |sent, &[method, target, timestamp, nonce, body]| {
            let extras = [sent.serial_no.as_bytes(), b"", b"200", method, target].into_iter();
            let with = |extra, at| {
                let mut lines = vec![timestamp, nonce, body];
                lines.insert(at, extra);
                lines
            };
            extras.flat_map(|extra| (0..=3).map(move |at| with(extra, at))).collect()
        },
    )
    .costing(Cost::High),
    LineRule::new(
        "response-lines-reordered",
        "put the lines in this order: timestamp, nonce, body",
        "签名串要按这个顺序拼接：时间戳、随机串、报文主体",
        |_, &[_, _, timestamp, nonce, body]| permutations(&[timestamp, nonce, body]),
    )
    .costing(Cost::High),
];
