//! The mock's clock.

use std::{fmt::Display, ops::RangeInclusive, sync::Arc};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wechatpay_protocol::Timestamp;

use crate::{
    admin::{control::Control, error::AdminError, extract::Body, json::Json},
    clock::Clock,
    non_null::non_null,
};

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum ClockAction {
    /// Stops the clock.
    Freeze {
        /// The time to stop at, in Unix seconds. Default: now.
        #[serde(default, deserialize_with = "non_null")]
        #[schema(maximum = 253_402_300_799_u64)]
        at: Option<u64>,
    },
    /// Moves the clock forward, or back if negative. A frozen clock stays frozen.
    Advance {
        #[schema(minimum = -253_402_300_799_i64, maximum = 253_402_300_799_i64)]
        seconds: i64,
    },
    /// Runs the clock this many seconds ahead of the real time, or behind it if negative.
    Skew {
        #[schema(minimum = -253_402_300_799_i64, maximum = 253_402_300_799_i64)]
        seconds: i64,
    },
    /// Follows the real time again.
    // With braces, since serde ignores unknown fields of a unit variant.
    Resume {},
}

#[derive(Debug, Serialize, ToSchema)]
struct ClockState {
    /// The mock's time, in Unix seconds.
    now: u64,
    /// The same in Beijing time, the format of the gateway's times.
    #[schema(format = DateTime)]
    rfc3339: String,
    /// Whether the clock is frozen.
    frozen: bool,
    /// Seconds ahead of the real time; negative if behind.
    offset: i64,
}

/// The upper limit of every number of seconds.
const LATEST: i64 = Clock::LATEST as i64;

/// Shows the mock's time.
#[utoipa::path(get, path = "/__mock/clock", responses((status = 200, description = "The time.", body = ClockState)))]
pub(super) async fn show_clock(State(control): State<Arc<Control>>) -> Json {
    Json::of(&ClockState::of(&control.gateway.clock))
}

/// Freezes, advances or skews the clock, or lets it follow the real time again.
#[utoipa::path(
    post,
    path = "/__mock/clock",
    request_body(content = ClockAction, example = json!({ "action": "advance", "seconds": 301 })),
    responses((status = 200, description = "The time from now on.", body = ClockState))
)]
pub(super) async fn set_clock(
    State(control): State<Arc<Control>>,
    Body(action): Body<ClockAction>,
) -> Result<Json, AdminError> {
    let clock = &control.gateway.clock;
    match action {
        ClockAction::Freeze { at } => {
            let at = at.map(|at| within("at", 0..=LATEST as u64, at)).transpose()?;
            clock.freeze(at.map(Timestamp::from_unix));
        }
        ClockAction::Advance { seconds } => clock.advance(within("seconds", -LATEST..=LATEST, seconds)?),
        ClockAction::Skew { seconds } => clock.skew(within("seconds", -LATEST..=LATEST, seconds)?),
        ClockAction::Resume {} => clock.resume(),
    }
    Ok(Json::of(&ClockState::of(clock)))
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

fn within<T: PartialOrd + Display>(field: &str, range: RangeInclusive<T>, found: T) -> Result<T, AdminError> {
    if range.contains(&found) {
        return Ok(found);
    }
    Err(AdminError::Body(format!("{field}: expected {} to {}, found {found}", range.start(), range.end())))
}
