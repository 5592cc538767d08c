//! The third line: the timestamp.

use crate::forensics::{
    Case, Hypothesis,
    value::{Effort, ValueMistake},
};

/// How far from the header's a timestamp is looked for, in seconds: as far as the gateway lets it be from its clock.
const NEIGHBOURHOOD: u64 = 300;

/// What a clock is off that takes Beijing time for UTC, or the other way about.
const BEIJING: u64 = 8 * 60 * 60;

const MILLISECONDS: Hypothesis = Hypothesis {
    name: "timestamp-in-milliseconds",
    english: "sign the timestamp in seconds, exactly as it stands in the header",
    chinese: "签名串中的时间戳须以秒为单位，并与 Authorization 头中的完全一致",
};

pub(super) const TIMESTAMP: &[ValueMistake] = &[
    ValueMistake {
        hypothesis: MILLISECONDS,
        signed: |case| vec![format!("{}000", case.message.timestamp).into()],
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "timestamp-empty",
            english: "the timestamp was not set yet when the message was put together: take it once, before signing",
            chinese: "拼接签名串时时间戳尚未赋值：请在签名前只取一次时间戳",
        },
        signed: |_| ["", "null", "undefined", "None", "0"].map(Vec::from).into(),
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "other-timestamp",
            english: "take the time once, and use it for the message and for the header: they have two different ones",
            chinese: "时间戳只取一次，签名串与 Authorization 头须使用同一个值：现在两者不同",
        },
        signed: other_timestamps,
        effort: Effort::Many,
    },
    // The header's seconds don't tell which millisecond it was.
    ValueMistake {
        hypothesis: MILLISECONDS,
        signed: |case| {
            (1..1000).map(|thousandth| format!("{}{thousandth:03}", case.message.timestamp).into()).collect()
        },
        effort: Effort::Many,
    },
];

fn other_timestamps(case: &Case<'_>) -> Vec<Vec<u8>> {
    let header = case.message.timestamp.as_unix();
    let distances = (1..=NEIGHBOURHOOD).chain([BEIJING]);
    let times = distances.flat_map(|distance| [header.checked_sub(distance), header.checked_add(distance)]);
    times.flatten().map(|time| time.to_string().into()).collect()
}
