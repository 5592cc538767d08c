//! What a merchant does with authorizations: applies for one, alone or with a transfer, shows and closes it, and transfers by it.

use serde_json::Value;

use super::{
    authorization::{Authorization, BY_MERCHANT, BY_USER, OVERDUE, State, end, keep, stored, take_effect},
    bill::Will,
    check, kind,
    named::{self, TransferTarget},
    progress::{self, LIVES},
    query,
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{Context, content_of, payment::ledger::Ledger, resource},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

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

/// `GET …/out-authorization-no/{out_authorization_no}`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    match find(&mut ledger, request.parameter("out_authorization_no")) {
        Some(authorization) => Ok(OperationResponse::ok(authorization.shown())),
        None => query::unknown(context, request),
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
        return query::unknown(context, request);
    };
    // Closed again: as it was closed first. (own choice)
    if authorization.state != State::Closed {
        let now = context.now.as_unix();
        end(&mut ledger, &mut authorization, now, BY_MERCHANT);
    }
    Ok(OperationResponse::ok(authorization.shown()))
}
