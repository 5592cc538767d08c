//! The mock's clock.

use std::{fmt::Display, ops::RangeInclusive, sync::Arc};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, Type},
};
use wechatpay_protocol::{Timestamp, display::truncate};
use wechatpay_texts::text;

use crate::{
    admin::{control::Control, error::AdminError, extract::Body, json::Json},
    api::non_null::non_null,
    clock::Clock,
};

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum ClockAction {
    /// Stops the clock.
    Freeze {
        #[serde(default, deserialize_with = "non_null")]
        #[schema(schema_with = time_schema)]
        at: Option<Value>,
        #[serde(default, deserialize_with = "non_null")]
        signatures: Option<Signatures>,
    },
    /// Moves the clock forward, or back if negative. A frozen clock stays frozen.
    Advance {
        #[schema(minimum = -253_402_300_799_i64, maximum = 253_402_300_799_i64)]
        seconds: i64,
        #[serde(default, deserialize_with = "non_null")]
        signatures: Option<Signatures>,
    },
    /// Runs the clock this many seconds ahead of the real time, or behind it if negative.
    Skew {
        #[schema(minimum = -253_402_300_799_i64, maximum = 253_402_300_799_i64)]
        seconds: i64,
        #[serde(default, deserialize_with = "non_null")]
        signatures: Option<Signatures>,
    },
    /// Follows the real time again, signatures included.
    // With braces, since serde ignores unknown fields of a unit variant.
    Resume {},
}

/// The time by which the timestamps of requests are checked and those of responses and callbacks are made. Default: as before,
/// at first the mock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Signatures {
    /// The mock's time.
    Mock,
    /// The real time, however the clock is moved.
    Real,
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

/// The most characters shown of a time that is none.
const SHOWN: usize = 64;

/// Shows the mock's time.
#[utoipa::path(get, path = "/__mock/clock", responses((status = 200, description = "The time.", body = ClockState)))]
pub(super) async fn show_clock(State(control): State<Arc<Control>>) -> Json {
    Json::of(&ClockState::of(&control.gateway.clock))
}

type Change = dyn FnOnce(&Clock) + Send;

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
    let (signatures, action): (_, Box<Change>) = match action {
        ClockAction::Freeze { at, signatures } => {
            let at = at.as_ref().map(time).transpose()?;
            (
                signatures,
                Box::new(move |clock| {
                    clock.freeze(at);
                }),
            )
        }
        ClockAction::Advance { seconds, signatures } => {
            let seconds = within("seconds", -LATEST..=LATEST, seconds)?;
            (signatures, Box::new(move |clock| clock.advance(seconds)))
        }
        ClockAction::Skew { seconds, signatures } => {
            let seconds = within("seconds", -LATEST..=LATEST, seconds)?;
            (signatures, Box::new(move |clock| clock.skew(seconds)))
        }
        ClockAction::Resume {} => (None, Box::new(Clock::resume)),
    };
    control.change_clock(|clock| {
        // Signatures first: no request is checked by a time that it can't know.
        if let Some(signatures) = signatures {
            clock.sign_in_real_time(signatures == Signatures::Real);
        }
        action(clock);
    })?;
    Ok(Json::of(&ClockState::of(&control.gateway.clock)))
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

/// A time in one of the forms of [`time_schema`].
fn time(value: &Value) -> Result<Timestamp, AdminError> {
    let unix = value.as_u64().map(Timestamp::from_unix);
    let time = unix.or_else(|| Timestamp::from_rfc3339(value.as_str()?).ok());
    time.filter(|time| time.as_unix() <= Clock::LATEST).ok_or_else(|| {
        let (value, latest) = (value.to_string(), Clock::LATEST);
        let found = truncate(&value, SHOWN);
        AdminError::Body(text!("at: expected 0 to {latest} in Unix seconds, or RFC 3339, found {found}"))
    })
}

fn time_schema() -> OneOfBuilder {
    let unix = ObjectBuilder::new().schema_type(Type::Integer);
    let rfc3339 = ObjectBuilder::new().schema_type(Type::String);
    OneOfBuilder::new()
        .description(Some("The time to stop at, in Unix seconds or RFC 3339. Default: now."))
        .item(unix.minimum(Some(0)).maximum(Some(Clock::LATEST)))
        .item(rfc3339.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))))
}

fn within<T: PartialOrd + Display>(field: &str, range: RangeInclusive<T>, found: T) -> Result<T, AdminError> {
    if range.contains(&found) {
        return Ok(found);
    }
    let (first, last) = (range.start(), range.end());
    Err(AdminError::Body(text!("{field}: expected {first} to {last}, found {found}")))
}
