//! Requests that are processed again: exchanges of the journal, and requests from elsewhere.

mod again;
pub(super) mod curl;
pub(super) mod error;

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wechatpay_protocol::Timestamp;
use wechatpay_texts::text;

pub(super) use self::again::check_whole;
use self::again::{NewRequest, check_authorization, into_http, of_exchange, sign};
use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        exchanges::summary::Summary,
        extract::{Body, OptionalBody, Segment},
        json::Json,
    },
    api::non_null::non_null,
    clock::{CheckTimes, Clock},
    gateway::Replay,
    request::receive::RawRequest,
};

/// How a request is signed that is processed again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Signing {
    /// As it was: the same bytes, checked by the mock's clock of then.
    #[default]
    AsThen,
    /// Anew, with the merchant's private key, a new nonce and the time of now.
    Anew,
}

/// How to replay an exchange.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ReplayOrder {
    /// How the request is signed. Default: as-then.
    sign: Signing,
}

/// A request to replay that is not in the journal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReplay {
    request: NewRequest,
    /// The time that it is checked by, in Unix seconds; only with the sign as-then. Default: now.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(maximum = 253_402_300_799_u64, example = 1_756_951_532)]
    at: Option<u64>,
    /// How it is signed. Default: as-then.
    #[serde(default)]
    sign: Signing,
}

/// Processes the request of an exchange again.
///
/// The state is that of now. Faults apply as to any request, but nothing is delayed: there is no connection. The result is a
/// new exchange.
#[utoipa::path(
    post,
    path = "/__mock/exchanges/{number}/replay",
    params(("number" = u64, Path, description = "The exchange's number.", minimum = 1, example = 1)),
    request_body(content = Option<ReplayOrder>, example = json!({ "sign": "anew" })),
    responses(
        (status = 200, description = "The new exchange in short.", body = Summary),
        (status = 409, description = "The journal does not have all of the request, or the mock can't sign it.", body = Error)
    )
)]
pub(super) async fn replay_exchange(
    State(control): State<Arc<Control>>,
    Path(number): Path<String>,
    OptionalBody(ReplayOrder { sign }): OptionalBody<ReplayOrder>,
) -> Result<Json, AdminError> {
    let exchange = control.exchange(Segment(number).number()?)?;
    let request = of_exchange(&exchange)?;
    replay(&control, request, Some(exchange.number), sign, exchange.checked_at).await
}

/// Processes a request from elsewhere, such as an archive, as if it had arrived.
#[utoipa::path(
    post,
    path = "/__mock/replay",
    request_body(content = NewReplay, example = json!({
        "request": {
            "method": "GET",
            "target": "/v3/certificates",
            "headers": [{ "name": "Accept", "value": "application/json" }, { "name": "User-Agent", "value": "shop" }]
        },
        "sign": "anew"
    })),
    responses(
        (status = 200, description = "The exchange in short.", body = Summary),
        (status = 409, description = "The mock can't sign the request, or has only a part of its Authorization.", body = Error)
    )
)]
pub(super) async fn replay_request(
    State(control): State<Arc<Control>>,
    Body(NewReplay { request, at, sign }): Body<NewReplay>,
) -> Result<Json, AdminError> {
    let request = request.read()?;
    let checked_at = match at {
        None => control.gateway.clock.times().checked_at,
        Some(at) if sign == Signing::Anew => {
            return Err(AdminError::Body(text!(
                "at: expected none with the sign anew, which is checked by the time of now, found {at}"
            )));
        }
        Some(at) if at > Clock::LATEST => {
            let latest = Clock::LATEST;
            return Err(AdminError::Body(text!("at: expected 0 to {latest}, found {at}")));
        }
        Some(at) => {
            let at = Timestamp::from_unix(at);
            CheckTimes { clock: at, signing: at }
        }
    };
    replay(&control, request, None, sign, checked_at).await
}

async fn replay(
    control: &Control,
    mut request: RawRequest,
    of: Option<u64>,
    signing: Signing,
    then: CheckTimes,
) -> Result<Json, AdminError> {
    let gateway = &control.gateway;
    let checked_at = match signing {
        Signing::AsThen => {
            check_authorization(&request)?;
            then
        }
        Signing::Anew => {
            let now = gateway.clock.times().checked_at;
            sign(&mut request, gateway, now.signing)?;
            now
        }
    };
    let peer = request.peer;
    let exchange = gateway.replay(into_http(request), peer, Replay { of, checked_at }).await;
    Ok(Json::of(&Summary::of(&exchange)))
}
