//! The third line: the timestamp.

use super::ValueRule;
use crate::{Evidence, known_mistake::Cost};

/// The range of other timestamps that are tried around the header's, in seconds: the accepted clock skew.
const TOLERANCE: u64 = 300;

/// The offset of Beijing time from UTC, in seconds: the error of a clock that confuses the two.
const BEIJING: u64 = 8 * 60 * 60;

pub(super) const TIMESTAMP: &[ValueRule] = &[
    milliseconds(|sent| vec![format!("{}000", sent.message.timestamp).into()]),
    ValueRule::new(
        "timestamp-empty",
        "take the timestamp before building the message: it was not set yet",
        "请先取时间戳再拼接签名串：拼接时时间戳还没有赋值",
        |_| ["", "null", "undefined", "None", "0"].map(Vec::from).into(),
    ),
    ValueRule::new(
        "other-timestamp",
        "take the time once, and use it for both message and header: they differ",
        "时间戳只取一次，签名串和 Authorization 头要用同一个值：现在两者不同",
        other_timestamps,
    )
    .costing(Cost::High),
    // The header does not have the milliseconds.
    milliseconds(|sent| {
        (1..1000).map(|millisecond| format!("{}{millisecond:03}", sent.message.timestamp).into()).collect()
    })
    .costing(Cost::High),
];

const fn milliseconds(values: fn(&Evidence<'_>) -> Vec<Vec<u8>>) -> ValueRule {
    ValueRule::new(
        "timestamp-in-milliseconds",
        "sign the timestamp in seconds, exactly as in the header",
        "签名串中的时间戳以秒为单位，要与 Authorization 头中的完全一致",
        values,
    )
}

fn other_timestamps(sent: &Evidence<'_>) -> Vec<Vec<u8>> {
    near(sent.message.timestamp.as_unix()).into_iter().map(String::into_bytes).collect()
}

/// Other times that a clock may have shown, in seconds.
pub(crate) fn near(time: u64) -> Vec<String> {
    let distances = (1..=TOLERANCE).chain([BEIJING]);
    let times = distances.flat_map(|distance| [time.checked_sub(distance), time.checked_add(distance)]);
    times.flatten().map(|time| time.to_string()).collect()
}
