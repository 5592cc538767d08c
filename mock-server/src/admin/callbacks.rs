//! Callbacks: what was sent to merchants, every attempt, and sending one by hand.

use std::{sync::Arc, time::Duration};

use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};
use utoipa::{IntoParams, ToSchema};
use wechatpay_protocol::{
    Mchid,
    display::{quoted, truncate},
};
use wechatpay_texts::text;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        exchanges::mchid,
        extract::{Body, OptionalBody, Query, Segment},
        json::Json,
        long::Long,
    },
    api::{
        non_null::non_null,
        suggest::{advice, near},
    },
    faults::Fault,
    journal::Attempted,
    notify::Trigger,
    store::{Attempt, Delivery, DeliveryState, Outcome},
};

/// The most callbacks in one response.
const MOST: usize = 100;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only this merchant's, by mchid.
    #[serde(deserialize_with = "mchid")]
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,32}$", example = "1900000001")]
    merchant: Option<Mchid>,
    /// Only callbacks with a number above this one.
    #[serde(deserialize_with = "crate::admin::exchanges::after")]
    #[param(example = 100)]
    after: Option<u64>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct FollowQuery {
    /// How many seconds to wait for the next attempt if there are none yet.
    #[serde(deserialize_with = "crate::admin::exchanges::wait")]
    #[param(minimum = 0, maximum = 60, default = 0, example = 30)]
    wait: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AttemptPage {
    /// Oldest first.
    #[schema(max_items = 1000)]
    attempts: Vec<AttemptLine>,
    /// The value of after for the next call.
    last: u64,
}

/// An attempt to deliver a callback, in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallbackAttemptLine)]
pub(super) struct AttemptLine {
    /// Counts the attempts of a mock from 1.
    #[schema(minimum = 1)]
    number: u64,
    /// When the callback was signed, in Unix seconds of the mock's clock.
    at: u64,
    /// The callback's number.
    #[schema(minimum = 1)]
    callback: u64,
    /// Counts the callback's attempts from 1.
    #[schema(minimum = 1)]
    nth: usize,
    event_type: String,
    #[schema(pattern = "^[0-9]{1,32}$")]
    merchant: String,
    /// The status of the receiver's response; null if there was none.
    #[schema(required, minimum = 100, maximum = 599)]
    status: Option<u16>,
    /// Its line in the log; a long one ends in ….
    #[schema(max_length = 513)]
    line: String,
}

/// The most characters in a line.
const LINE: usize = 512;

/// A callback to send now.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewCallback {
    /// What happened; `wechatpay-mock trigger --list` has all events.
    #[schema(required, example = "TRANSACTION.SUCCESS")]
    event_type: String,
    /// The URL to send it to. Default: the merchant's notify_url.
    #[serde(deserialize_with = "non_null")]
    to: Option<String>,
    /// The merchant that receives it, by mchid. Default: the first one.
    #[serde(deserialize_with = "non_null")]
    #[schema(value_type = Option<String>, pattern = "^[0-9]{1,32}$")]
    merchant: Option<String>,
    /// Fields of its resource that are not as in the example. null removes a field.
    #[serde(deserialize_with = "non_null")]
    #[schema(value_type = Option<Object>)]
    resource: Option<Map<String, Value>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CallbackPage<'a> {
    /// Oldest first.
    #[schema(max_items = 100)]
    callbacks: Vec<Callback<'a>>,
    /// Whether there are more.
    has_more: bool,
    /// The value of after for the next call.
    last: u64,
}

/// A callback, and every attempt to deliver it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Callback)]
struct Callback<'a> {
    /// Counts the callbacks of a mock from 1.
    #[schema(minimum = 1)]
    number: u64,
    /// The same on every attempt.
    id: &'a str,
    event_type: &'a str,
    #[schema(pattern = "^[0-9]{1,32}$")]
    merchant: &'a str,
    notify_url: &'a str,
    /// When the event happened, in Unix seconds of the mock's clock.
    created_at: u64,
    state: Progress,
    /// When the next attempt is due, in Unix seconds of the mock's clock; null if there is none.
    #[schema(required)]
    due_at: Option<u64>,
    /// Oldest first.
    attempts: Vec<AttemptView<'a>>,
    /// What is encrypted. Only in a single callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    resource: Option<Value>,
}

/// Whether it was received, or what comes next.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = CallbackState)]
enum Progress {
    /// The next attempt is due at due_at.
    Waiting,
    /// An attempt is in progress.
    Sending,
    /// The receiver took it: it responded with 200 or 204.
    Received,
    /// The receiver did not take the last of all attempts.
    GivenUp,
    /// It was not sent: its host is not allowed.
    Held,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallbackAttempt)]
struct AttemptView<'a> {
    /// When it was signed, in Unix seconds of the mock's clock.
    at: u64,
    /// The key that signed it.
    serial: String,
    /// Whether the receiver took it.
    received: bool,
    /// The status of the receiver's response; null if there was none.
    #[schema(required, minimum = 100, maximum = 599)]
    status: Option<u16>,
    /// Why there was no response, or why nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The fault that applied to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    milliseconds: u64,
    /// What was sent, and the beginning of the response. Only in a single callback, and of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Sent<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SentCallback)]
struct Sent<'a> {
    url: &'a str,
    /// Names and values, as they were sent.
    headers: Vec<[&'a str; 2]>,
    body: String,
    /// The lines that were signed, unless a fault altered them afterwards.
    message: String,
}

/// Lists callbacks, oldest first, with every attempt in short.
#[utoipa::path(get, path = "/__mock/callbacks", params(ListQuery), responses(
    (status = 200, description = "The callbacks. For the next page, pass last as after.", body = CallbackPage),
    (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
))]
pub(super) async fn list_callbacks(
    State(control): State<Arc<Control>>,
    Query(ListQuery { merchant, after }): Query<ListQuery>,
) -> Result<Long, AdminError> {
    let after = after.unwrap_or(0);
    let mut found = control.gateway.store.deliveries(merchant.as_ref(), after, MOST + 1)?;
    let has_more = found.len() > MOST;
    found.truncate(MOST);
    let callbacks = found.iter().map(|one| Callback::of(one, false)).collect();
    let last = found.last().map_or(after, |one| one.number);
    Long::of(&control, &CallbackPage { callbacks, has_more, last })
}

/// Lists the last attempts to deliver callbacks, oldest first, or waits for the next one.
#[utoipa::path(get, path = "/__mock/callback-attempts", params(ListQuery, FollowQuery), responses(
    (status = 200, description = "The attempts. For the next ones, pass last as after.", body = AttemptPage),
    (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
))]
pub(super) async fn list_attempts(
    State(control): State<Arc<Control>>,
    Query(ListQuery { merchant, after }): Query<ListQuery>,
    Query(FollowQuery { wait }): Query<FollowQuery>,
) -> Result<Long, AdminError> {
    let (gateway, after) = (&control.gateway, after.unwrap_or(0));
    let until = Instant::now() + Duration::from_secs(wait.unwrap_or(0));
    let mut newest = gateway.journal.attempts.follow();
    let (attempts, last) = loop {
        newest.mark_unchanged();
        let (attempts, last) = gateway.journal.attempts.after(merchant.as_ref(), after);
        if !attempts.is_empty() || wait.unwrap_or(0) == 0 {
            break (attempts, last);
        }
        tokio::select! {
            () = gateway.gate.shutdown() => break (attempts, last),
            changed = timeout_at(until, newest.changed()) => if changed.is_err() { break (attempts, last) },
        }
    };
    let attempts = attempts.iter().map(|one| AttemptLine::of(one)).collect();
    Long::of(&control, &AttemptPage { attempts, last })
}

/// Sends a callback now, and waits for its first attempt.
#[utoipa::path(
    post,
    path = "/__mock/callbacks",
    request_body(
        content = NewCallback,
        example = json!({ "event_type": "TRANSACTION.SUCCESS", "to": "http://127.0.0.1:3000/notify" })
    ),
    responses((status = 201, description = "The callback, with what the receiver responded.", body = Callback))
)]
pub(super) async fn send_callback(
    State(control): State<Arc<Control>>,
    Body(NewCallback { event_type, to, merchant, resource }): Body<NewCallback>,
) -> Result<(StatusCode, Json), AdminError> {
    let resource = resource.map(Value::Object);
    let trigger = Trigger { event_type, to, merchant, resource };
    let delivery = control.notifier.trigger(&trigger).await?;
    Ok((StatusCode::CREATED, Json::of(&Callback::of(&delivery, true))))
}

/// Shows a callback with every attempt, and what was signed and sent.
#[utoipa::path(
    get,
    path = "/__mock/callbacks/{number}",
    params(("number" = u64, Path, description = "The callback's number.", minimum = 1, example = 1)),
    responses((status = 200, description = "The callback.", body = Callback))
)]
pub(super) async fn show_callback(
    State(control): State<Arc<Control>>,
    segment: Segment,
) -> Result<Json, AdminError> {
    let delivery = control.delivery(segment.number()?)?;
    Ok(Json::of(&Callback::of(&delivery, true)))
}

/// How to send a callback again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Resend {
    /// What is wrong with this attempt: the name of a fault of callbacks. It leaves no rule behind.
    #[serde(deserialize_with = "non_null")]
    #[schema(pattern = "^[a-z]+(-[a-z]+)*$", example = "wrong-key")]
    fault: Option<String>,
}

/// Sends a callback again, now, and waits for that attempt.
#[utoipa::path(
    post,
    path = "/__mock/callbacks/{number}/resend",
    params(("number" = u64, Path, description = "The callback's number.", minimum = 1, example = 1)),
    request_body(content = Option<Resend>, example = json!({ "fault": "wrong-key" })),
    responses(
        (status = 200, description = "The callback, with the new attempt.", body = Callback),
        (status = 409, description = "It is being sent, so that the fault would come too late.", body = Error)
    )
)]
pub(super) async fn resend_callback(
    State(control): State<Arc<Control>>,
    Path(number): Path<String>,
    OptionalBody(Resend { fault }): OptionalBody<Resend>,
) -> Result<Json, AdminError> {
    let number = Segment(number).number()?;
    let fault = fault.as_deref().map(fault_of_one_attempt).transpose()?;
    let delivery = control.resend(number, fault).await?;
    Ok(Json::of(&Callback::of(&delivery, true)))
}

/// The fault with this name, which a single attempt can have.
fn fault_of_one_attempt(name: &str) -> Result<Fault, AdminError> {
    // The last one is about two callbacks.
    let known = || Fault::of_callbacks().filter(|fault| *fault != Fault::OutOfOrder);
    known().find(|fault| fault.name() == name).ok_or_else(|| {
        let advice = advice(near(name, known().map(Fault::name)).unwrap_or_default(), "");
        let found = quoted(name);
        AdminError::Body(text!(
            "fault: expected the name of a fault that one callback can have, found {found}{advice}"
        ))
    })
}

impl AttemptLine {
    pub(super) fn of(one: &Attempted) -> Self {
        Self {
            number: one.number,
            at: one.attempt.at.as_unix(),
            callback: one.callback,
            nth: one.nth,
            event_type: one.event_type.clone(),
            merchant: one.mchid.to_string(),
            status: one.status(),
            line: truncate(&one.to_string(), LINE).into_owned(),
        }
    }
}

impl<'a> Callback<'a> {
    fn of(delivery: &'a Delivery, is_full: bool) -> Self {
        let (state, due) = match delivery.state {
            DeliveryState::Waiting(at) => (Progress::Waiting, Some(at.as_unix())),
            DeliveryState::Sending => (Progress::Sending, None),
            DeliveryState::Received => (Progress::Received, None),
            DeliveryState::GivenUp => (Progress::GivenUp, None),
            DeliveryState::Held => (Progress::Held, None),
        };
        Self {
            number: delivery.number,
            id: &delivery.id,
            event_type: &delivery.event_type,
            merchant: delivery.mchid.as_str(),
            notify_url: &delivery.notify_url,
            created_at: delivery.created.as_unix(),
            state,
            due_at: due,
            attempts: delivery.attempts.iter().map(|attempt| AttemptView::of(attempt, is_full)).collect(),
            resource: is_full.then(|| serde_json::from_str(&delivery.resource).unwrap_or_default()),
        }
    }
}

impl<'a> AttemptView<'a> {
    fn of(attempt: &'a Attempt, is_full: bool) -> Self {
        let (status, reason, body) = match &attempt.outcome {
            Outcome::Answered { status, body } => (Some(status.as_u16()), None, Some(body)),
            Outcome::NoAnswer { reason } | Outcome::NotSent { reason } => {
                (None, Some(reason.to_string()), None)
            }
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let request = attempt.sent.as_ref().filter(|_| is_full).map(|sent| {
            let header = |wanted: &str| {
                let found = sent.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                found.map_or("", |(_, value)| value)
            };
            let (time, nonce) = (header("Wechatpay-Timestamp"), header("Wechatpay-Nonce"));
            let body = text(&sent.body);
            Sent {
                url: &sent.url,
                headers: sent.headers.iter().map(|(name, value)| [name.as_str(), value.as_str()]).collect(),
                message: format!("{time}\n{nonce}\n{body}\n"),
                body,
            }
        });
        Self {
            at: attempt.at.as_unix(),
            serial: attempt.serial.to_string(),
            received: attempt.outcome.is_received(),
            status,
            reason,
            fault: attempt.fault.as_deref(),
            milliseconds: u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
            request,
            response_body: body.filter(|body| is_full && !body.is_empty()).map(|body| text(body)),
        }
    }
}
