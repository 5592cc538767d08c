//! Authorizations: a user lets a merchant transfer without confirming each time.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;
use wechatpay_texts::{phrase, text};

use super::{
    TransferAction,
    act::{WAITS, refused, refused_because},
    answers::time,
    bill::Will,
    check, kind,
    named::{self, TransferTarget},
    progress::{self, LIVES},
    query,
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{
        Context, content_of,
        payment::{Refusal, ledger::Ledger},
        resource,
        waiting::{Waiting, WaitingKind, shown},
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

const CONFIRMED: &str = "MCHTRANSFER.AUTHORIZATION.CONFIRMED";
const CLOSED: &str = "MCHTRANSFER.AUTHORIZATION.CLOSED";

/// Why an authorization is closed. (documented)
pub(super) const BY_MERCHANT: &str = "CLOSE_VIA_MCH_API";
pub(super) const BY_USER: &str = "USER_CLOSE";
pub(super) const OVERDUE: &str = "USER_OVERDUE_UNCONFIRMED";

/// An authorization as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Authorization {
    out_authorization_no: String,
    /// What was applied for: the request's body.
    pub(super) fields: Value,
    /// The fingerprint of the request; empty if it came with a transfer.
    content: String,
    state: State,
    /// What a front end opens the confirmation with; nothing if it came with a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    package_info: Option<String>,
    /// The `out_bill_no` of the transfer that it came with, and waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transfer: Option<String>,
    created: u64,
    /// From when on it can't be confirmed any more, if it came alone. 24 hours, as of a transfer. (own choice)
    until: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    will: Option<Will>,
    /// The gateway's number and the time, once it was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirmed: Option<(String, u64)>,
    /// When it was closed, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<(u64, String)>,
}

/// `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    WaitUserConfirm,
    TakingEffect,
    Closed,
}

impl Authorization {
    fn text(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str()
    }

    /// What the application answers. (documented)
    fn applied(&self) -> Value {
        let mut answer = json!({
            "out_authorization_no": self.out_authorization_no,
            "state": self.state,
            "create_time": time(self.created),
        });
        self.add_package(&mut answer);
        answer
    }

    /// The `out_bill_no` of the transfer that it waits for.
    fn awaited(&self) -> Option<&str> {
        self.transfer.as_deref().filter(|_| self.state == State::WaitUserConfirm)
    }

    /// It as one that waits for its user, if it does, and not for a transfer.
    pub(super) fn waiting(&self, now: u64) -> Option<Waiting> {
        let waits = self.transfer.is_none() && self.until > now && self.will.is_none_or(|will| will.at > now);
        waits.then(|| Waiting {
            kind: WaitingKind::Authorization,
            out_authorization_no: Some(self.out_authorization_no.clone()),
            description: self.text("user_display_name").unwrap_or_default().into(),
            state: shown(self.state),
            created_at: self.created,
            expires_at: Some(self.until),
            package_info: self.package_info.clone(),
            ..Waiting::default()
        })
    }

    fn add_package(&self, answer: &mut Value) {
        if let Some(package_info) =
            self.package_info.as_deref().filter(|_| self.state == State::WaitUserConfirm)
        {
            answer["package_info"] = package_info.into();
        }
    }

    /// What a query answers. (documented)
    fn shown(&self) -> Value {
        let mut answer = self.told();
        answer["create_time"] = time(self.created);
        for name in ["transfer_scene_id", "user_recv_perception"] {
            if let Some(text) = self.text(name) {
                answer[name] = text.into();
            }
        }
        self.add_package(&mut answer);
        answer
    }

    /// The data of its callbacks. (documented)
    fn told(&self) -> Value {
        let mut data = json!({
            "out_authorization_no": self.out_authorization_no,
            "appid": self.text("appid"),
            "openid": self.text("openid"),
            "user_display_name": self.text("user_display_name"),
            "state": self.state,
        });
        if let Some((authorization_id, at)) = &self.confirmed {
            data["authorization_id"] = authorization_id.as_str().into();
            data["authorize_time"] = time(*at);
        }
        if let Some((at, reason)) = &self.closed {
            data["close_info"] = json!({ "close_time": time(*at), "close_reason": reason });
        }
        data
    }
}

/// `POST …/user-confirm-authorization`.
pub(super) fn apply(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let fields = request.body();
    let number = fields["out_authorization_no"].as_str().unwrap_or_default();
    let content = content_of(request);
    if let Some(known) = find(&mut ledger, number) {
        if known.content != content {
            return Err(OperationError::TransferRepeated.into());
        }
        let mut response = OperationResponse::ok(known.applied());
        response.warnings.push(Warning::Repeated);
        return Ok(response);
    }
    check::appid(&ledger, fields)?;
    check::scene(context, fields)?;
    let package_info = named::package_info(context.randomness);
    let authorization = Authorization {
        will: progress::will(&ledger, number),
        package_info: Some(package_info.clone()),
        content,
        ..new(&ledger, fields.clone())
    };
    let target = TransferTarget::Authorization(number.into());
    named::name_package(&mut ledger, &package_info, &target);
    keep(&mut ledger, &authorization);
    Ok(OperationResponse::ok(authorization.applied()))
}

/// An authorization that waits for its user.
fn new(ledger: &Ledger<'_, '_>, fields: Value) -> Authorization {
    let now = ledger.now().as_unix();
    Authorization {
        content: String::new(),
        state: State::WaitUserConfirm,
        package_info: None,
        transfer: None,
        created: now,
        until: now.saturating_add(LIVES),
        will: None,
        confirmed: None,
        closed: None,
        out_authorization_no: fields["out_authorization_no"].as_str().unwrap_or_default().to_owned(),
        fields,
    }
}

fn keep(ledger: &mut Ledger<'_, '_>, authorization: &Authorization) {
    let number = &authorization.out_authorization_no;
    ledger.documents.put(kind::AUTHORIZATION, number, authorization);
    if authorization.state == State::WaitUserConfirm && authorization.transfer.is_none() {
        let at = authorization.will.map_or(authorization.until, |will| will.at.min(authorization.until));
        ledger.documents.remind(Timestamp::from_unix(at), kind::AUTHORIZATION, number);
    }
}

/// The authorization that the user gives with the confirmation of a transfer, if the transfer asks for it.
///
/// # Errors
/// If there is another one with its number, or it is closed.
pub(super) fn begin_with(
    ledger: &mut Ledger<'_, '_>,
    request: &ValidRequest<'_>,
    out_bill_no: &str,
) -> Result<Option<String>, OperationError> {
    let body = request.body();
    let info = &body["authorization_info"];
    let Some(number) = info["out_authorization_no"].as_str() else { return Ok(None) };
    let mut fields = info.clone();
    for name in ["appid", "openid", "transfer_scene_id", "user_recv_perception"] {
        if body[name].is_string() {
            fields[name] = body[name].clone();
        }
    }
    match find(ledger, number) {
        Some(known) if known.fields != fields => return Err(OperationError::TransferRepeated),
        Some(known) if known.state == State::Closed => return Err(OperationError::TransferNotAuthorized),
        Some(_) => {}
        None => {
            let begun = Authorization { transfer: Some(out_bill_no.into()), ..new(ledger, fields) };
            keep(ledger, &begun);
        }
    }
    Ok(Some(number.to_owned()))
}

/// What a transfer names its authorization by.
const NAMES: [&str; 2] = ["authorization_id", "out_authorization_no"];

/// The user who has authorised the transfer.
///
/// # Errors
/// If nobody has, or for another scene, or two authorizations are named.
pub(super) fn user_of(
    ledger: &mut Ledger<'_, '_>,
    request: &ValidRequest<'_>,
) -> Result<String, OperationError> {
    let body = request.body();
    let [id, number] = NAMES.map(|name| body[name].as_str());
    let number = match id {
        Some(id) => ledger
            .documents
            .get::<String>(kind::AUTHORIZATION_ID, id)
            .filter(|found| number.is_none_or(|number| number == found)),
        None => number.map(String::from),
    };
    let is_sample = || {
        let mut given = NAMES.iter().filter(|name| body[**name].is_string()).peekable();
        given.peek().is_some() && given.all(|name| resource::is_sample(request, name))
    };
    match number.and_then(|number| find(ledger, &number)) {
        Some(known)
            if known.state == State::TakingEffect
                && ["appid", "transfer_scene_id"].iter().all(|name| known.fields[name] == body[name]) =>
        {
            Ok(known.text("openid").unwrap_or_default().to_owned())
        }
        None if is_sample() => {
            let answer = request.operation().success().and_then(|(_, body)| body.schema());
            let answer = answer.map(|schema| schema.sample(&mut |_| None)).unwrap_or_default();
            Ok(answer["openid"].as_str().unwrap_or_default().to_owned())
        }
        _ => Err(OperationError::TransferNotAuthorized),
    }
}

/// The authorization with this number, after what was due.
pub(super) fn find(ledger: &mut Ledger<'_, '_>, number: &str) -> Option<Authorization> {
    let mut authorization = stored(ledger, number)?;
    if let Some(transfer) = authorization.awaited() {
        progress::transfer(ledger, transfer);
        return stored(ledger, number);
    }
    if authorization.state == State::WaitUserConfirm {
        let now = ledger.now().as_unix();
        let until = authorization.until;
        match authorization.will.filter(|will| will.at <= now && will.at < until) {
            Some(Will { at, confirms: true }) => take_effect(ledger, &mut authorization, at),
            Some(Will { at, confirms: false }) => end(ledger, &mut authorization, at, BY_USER),
            None if until <= now => end(ledger, &mut authorization, until, OVERDUE),
            None => {}
        }
    }
    Some(authorization)
}

fn stored(ledger: &mut Ledger<'_, '_>, number: &str) -> Option<Authorization> {
    ledger.documents.get(kind::AUTHORIZATION, number)
}

/// A transfer has succeeded that the user gave the authorization with: it takes effect, if it still waits for that.
pub(super) fn confirm(ledger: &mut Ledger<'_, '_>, number: &str, at: u64) {
    if let Some(mut authorization) = stored(ledger, number).filter(|one| one.state == State::WaitUserConfirm)
    {
        take_effect(ledger, &mut authorization, at);
    }
}

/// The transfer that it came with has ended without success: it ends, too, if it still waits.
pub(super) fn end_with(ledger: &mut Ledger<'_, '_>, number: &str, out_bill_no: &str, at: u64, reason: &str) {
    let waits = |one: &Authorization| one.awaited() == Some(out_bill_no);
    if let Some(mut authorization) = stored(ledger, number).filter(waits) {
        end(ledger, &mut authorization, at, reason);
    }
}

fn take_effect(ledger: &mut Ledger<'_, '_>, authorization: &mut Authorization, at: u64) {
    let id = named::authorization_id(ledger.now(), ledger.context.randomness);
    ledger.documents.put(kind::AUTHORIZATION_ID, &id, &authorization.out_authorization_no);
    authorization.state = State::TakingEffect;
    authorization.confirmed = Some((id, at));
    keep(ledger, authorization);
    tell(ledger, authorization, CONFIRMED, at);
}

fn end(ledger: &mut Ledger<'_, '_>, authorization: &mut Authorization, at: u64, reason: &str) {
    authorization.state = State::Closed;
    authorization.closed = Some((at, reason.into()));
    keep(ledger, authorization);
    // Of one that was never confirmed, no callback is documented.
    if authorization.confirmed.is_some() {
        tell(ledger, authorization, CLOSED, at);
    }
}

fn tell(ledger: &mut Ledger<'_, '_>, authorization: &Authorization, event: &str, at: u64) {
    let url = authorization.text("authorization_notify_url").filter(|url| !url.is_empty());
    if let Some(url) = url.map(String::from) {
        ledger.send(event, &url, &authorization.told(), at);
    }
}

/// What the user does with it. Returns what a query shows then.
///
/// # Errors
/// If there is nothing to confirm or to take back.
pub(super) fn act(
    ledger: &mut Ledger<'_, '_>,
    number: &str,
    action: TransferAction,
) -> Result<Value, Refusal> {
    let Some(mut authorization) = find(ledger, number) else { return Ok(Value::Null) };
    if let Some(transfer) = authorization.awaited() {
        return Err(refused_because(|| {
            text!("expected the transfer {transfer}, which the user authorises with, found the authorization")
        }));
    }
    let now = ledger.now().as_unix();
    match (authorization.state, action) {
        (State::WaitUserConfirm, TransferAction::Confirm) => take_effect(ledger, &mut authorization, now),
        (State::WaitUserConfirm | State::TakingEffect, TransferAction::Decline) => {
            end(ledger, &mut authorization, now, BY_USER);
        }
        (state, TransferAction::Confirm) => return Err(refused(WAITS, &json!(state))),
        (state, TransferAction::Decline) => {
            return Err(refused(phrase!("WAIT_USER_CONFIRM or TAKING_EFFECT"), &json!(state)));
        }
    }
    Ok(authorization.shown())
}

/// `GET …/out-authorization-no/{out_authorization_no}`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    match find(&mut ledger, request.parameter("out_authorization_no")) {
        Some(authorization) => Ok(OperationResponse::ok(authorization.shown())),
        None => query::unknown(context, request, documents),
    }
}

/// `POST …/out-authorization-no/{out_authorization_no}/close`.
pub(super) fn close(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let Some(mut authorization) = find(&mut ledger, request.parameter("out_authorization_no")) else {
        return query::unknown(context, request, documents);
    };
    // Closed again: as it was closed first. (own choice)
    if authorization.state != State::Closed {
        let now = context.now.as_unix();
        end(&mut ledger, &mut authorization, now, BY_MERCHANT);
    }
    Ok(OperationResponse::ok(authorization.shown()))
}
