//! The mock's time: seen and steered.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use wechatpay_protocol::Timestamp;

use crate::{
    admin::{answer::Answer, call::Call, refusal::Refusal},
    clock::Clock,
    non_null::present,
};

/// What to do with the clock.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
enum ClockAction {
    Freeze {
        #[serde(default, deserialize_with = "present")]
        at: Option<u64>,
    },
    Advance {
        seconds: i64,
    },
    Skew {
        seconds: i64,
    },
    // Braces, or else serde would let unknown fields pass.
    Resume {},
}

#[derive(Debug, Serialize)]
struct ClockState {
    now: u64,
    rfc3339: String,
    frozen: bool,
    offset: i64,
}

/// The most seconds that make sense.
const LATEST: i64 = Clock::LATEST as i64;

/// `GET /__mock/clock`
pub(super) fn show(call: &Call<'_>) -> Answer {
    Answer::ok(&ClockState::of(&call.control.gateway.clock))
}

/// `POST /__mock/clock`
pub(super) fn set(call: &Call<'_>) -> Result<Answer, Refusal> {
    let clock = &call.control.gateway.clock;
    let action: ClockAction = call.body()?;
    match action {
        ClockAction::Freeze { at } => {
            let at = at.map(|at| within("at", 0..=LATEST as u64, at)).transpose()?;
            clock.freeze(at.map(Timestamp::from_unix));
        }
        ClockAction::Advance { seconds } => clock.advance(within("seconds", -LATEST..=LATEST, seconds)?),
        ClockAction::Skew { seconds } => clock.skew(within("seconds", -LATEST..=LATEST, seconds)?),
        ClockAction::Resume {} => clock.resume(),
    }
    Ok(show(call))
}

impl ClockState {
    fn of(clock: &Clock) -> Self {
        let now = clock.now();
        Self {
            now: now.as_unix(),
            rfc3339: now.to_rfc3339(),
            frozen: clock.is_frozen(),
            offset: clock.offset(),
        }
    }
}

fn within<T: PartialOrd + std::fmt::Display>(
    field: &str,
    range: RangeInclusive<T>,
    found: T,
) -> Result<T, Refusal> {
    if range.contains(&found) {
        return Ok(found);
    }
    Err(Refusal::Body(format!("{field}: expected {} to {}, found {found}", range.start(), range.end())))
}
