//! Sharing an order, releasing what is left of it, and the query of both.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    order::{Shareable, check_sub_mchid},
    receiver::ReceiverName,
    share::{self, MERCHANT, REST, Share, ShareResult, Sharing},
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{
        Context, content_of,
        payment::{ledger::Ledger, numbers, order::Order, parties, shared::SharingApi},
        resource,
    },
    policies::SharingRatio,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// How many requests can share an order. (documented)
const MOST: u32 = 50;

/// `POST …/orders`.
pub(super) fn share(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check(context, request)?;
    let (api, body) = (SharingApi::of(request), request.plain());
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    if let Some(known) = known(&mut ledger, request)? {
        return match known.content == content_of(request) {
            true => Ok(repeated(known.answer())),
            false => Err(OperationError::SharingDifferent.into()),
        };
    }
    let Some(mut found) = found(&mut ledger, request)? else { return unknown(context, request) };
    if found.order.sharing.times >= MOST {
        return Err(OperationError::SharingTooMany.into());
    }
    let is_last = body[api.finish()] == true;
    let receivers = body["receivers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if receivers.is_empty() && !is_last {
        return Err(OperationError::SharingWithoutReceivers.into());
    }
    check_receivers(&mut ledger, request, receivers)?;
    let mut shares: Vec<_> = receivers.iter().map(|receiver| new_share(&ledger, api, receiver)).collect();
    let order = &mut found.order;
    order.sharing.held = check_amounts(context, order, &shares)?;
    order.sharing.times += 1;
    order.sharing.api = Some(api);
    if is_last {
        shares.extend(release(&ledger, order, REST));
    }
    let sharing = new(&ledger, request, &found, shares);
    ledger.put(&found.order);
    share::keep(&mut ledger, &sharing);
    Ok(OperationResponse::ok(sharing.answer()))
}

/// `POST …/orders/unfreeze` and `POST …/finish-order`: what is left is the merchant's. A number that was used before does
/// nothing, whatever it was used for. (documented)
pub(super) fn unfreeze(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check(context, request)?;
    let (api, body) = (SharingApi::of(request), request.body());
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    if let Some(known) = known(&mut ledger, request)? {
        return Ok(repeated(released(&known)));
    }
    let Some(mut found) = found(&mut ledger, request)? else { return unknown(context, request) };
    found.order.sharing.api = Some(api);
    let shares = release(&ledger, &mut found.order, text(body, "description"));
    let sharing = new(&ledger, request, &found, shares.into_iter().collect());
    ledger.put(&found.order);
    share::keep(&mut ledger, &sharing);
    Ok(OperationResponse::ok(released(&sharing)))
}

/// `GET …/orders`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let known = known(&mut ledger, request)?;
    match known.filter(|known| known.transaction_id == request.parameter("transaction_id")) {
        Some(known) => Ok(OperationResponse::ok(known.answer_to_query())),
        None => resource::sample_or(context, request, &["out_order_no"], OperationError::UnknownSharing),
    }
}

/// The answer to a release; the ecommerce API has only the numbers in it.
fn released(sharing: &Sharing) -> Value {
    let mut answer = sharing.answer();
    if let (SharingApi::Ecommerce, Value::Object(fields)) = (sharing.api, &mut answer) {
        fields.remove("receivers");
        fields.remove(sharing.api.state());
    }
    answer
}

/// The request that has this number already.
///
/// # Errors
/// If it is of the other API.
fn known(ledger: &mut Ledger<'_, '_>, request: &ValidRequest<'_>) -> Result<Option<Sharing>, OperationError> {
    let sent = request.body()["out_order_no"].as_str().or_else(|| request.sent("out_order_no"));
    let id = Order::id(&ledger.merchant.mchid, parties::payee(request), sent.unwrap_or_default());
    let known = share::read(ledger, &id);
    SharingApi::of(request).check(known.as_ref().map(|known| known.api))?;
    Ok(known)
}

/// The order that a request shares or releases; `None` if nobody placed it.
///
/// # Errors
/// If it can't be shared, or not now, or not by this merchant.
fn found(
    ledger: &mut Ledger<'_, '_>,
    request: &ValidRequest<'_>,
) -> Result<Option<Shareable>, OperationError> {
    let api = SharingApi::of(request);
    let found = Shareable::find(ledger, text(request.body(), "transaction_id"), api)?;
    if let Some(found) = &found {
        check_sub_mchid(request, found.order.sub_mchid())?;
        found.check_time(api, ledger)?;
    }
    Ok(found)
}

fn repeated(answer: Value) -> OperationResponse {
    let mut response = OperationResponse::ok(answer);
    response.warnings.push(Warning::Repeated);
    response
}

/// The answer to the `transaction_id` of an order that nobody placed.
fn unknown(context: &Context<'_>, request: &ValidRequest<'_>) -> Result<OperationResponse, ApiError> {
    resource::sample_or(context, request, &["transaction_id"], OperationError::SharingUnknownOrder)
}

/// # Errors
/// If the merchant has not added one of the receivers, or added it by another name, or an appid is missing.
fn check_receivers(
    ledger: &mut Ledger<'_, '_>,
    request: &ValidRequest<'_>,
    receivers: &[Value],
) -> Result<(), OperationError> {
    let (api, body) = (SharingApi::of(request), request.body());
    for receiver in receivers {
        let r#type = text(receiver, "type");
        let appid = match r#type {
            "PERSONAL_OPENID" => "appid",
            "PERSONAL_SUB_OPENID" => "sub_appid",
            _ => "",
        };
        if !appid.is_empty() && text(body, appid).is_empty() {
            return Err(OperationError::SharingWithoutAppid);
        }
        let account = text(receiver, api.account());
        let name = ReceiverName { api, payee: parties::payee(request), r#type, account };
        let added = name.added(ledger).ok_or(OperationError::SharingNoRelation)?;
        let sent = receiver[api.name()].as_str();
        if sent.zip(added.as_deref()).is_some_and(|(sent, added)| sent != added) {
            return Err(OperationError::SharingName);
        }
    }
    Ok(())
}

/// What receivers have of the order with these shares, in fen.
///
/// # Errors
/// If that is more than there is, or more than the ratio limit.
fn check_amounts(context: &Context<'_>, order: &Order, shares: &[Share]) -> Result<u64, OperationError> {
    let amount = shares.iter().try_fold(0_u64, |sum, share| sum.checked_add(share.amount));
    let amount = amount.filter(|amount| *amount <= order.unshared());
    let amount = amount.ok_or(OperationError::SharingNotEnough)?;
    let held = order.sharing.held.saturating_add(amount);
    if held > context.payments.max_ratio.of(order.total()) {
        return Err(match context.policies.sharing_ratio {
            SharingRatio::Invalid => OperationError::SharingRatio,
            SharingRatio::Limit => OperationError::SharingRatioLimit,
        });
    }
    Ok(held)
}

/// Releases what is left of an order, and says what its merchant gets.
fn release(ledger: &Ledger<'_, '_>, order: &mut Order, description: &str) -> Option<Share> {
    order.sharing.is_finished = true;
    let payee = order.sub_mchid().unwrap_or(ledger.merchant.mchid.as_str());
    let rest = Share { is_rest: true, ..waiting(ledger, MERCHANT, payee, order.unshared(), description) };
    (rest.amount > 0).then_some(rest)
}

fn new_share(ledger: &Ledger<'_, '_>, api: SharingApi, receiver: &Value) -> Share {
    let amount = receiver["amount"].as_u64().unwrap_or_default();
    let text = |name: &str| text(receiver, name);
    waiting(ledger, text("type"), text(api.account()), amount, text("description"))
}

/// What a receiver is to get.
fn waiting(ledger: &Ledger<'_, '_>, r#type: &str, account: &str, amount: u64, description: &str) -> Share {
    Share {
        r#type: r#type.into(),
        account: account.into(),
        amount,
        description: description.into(),
        // As in 36002710112021091323318394260. (wild)
        detail_id: numbers::dated("3600", (6, 11), ledger.now(), ledger.context.randomness),
        result: ShareResult::Pending,
        fail_reason: None,
        finished: None,
        is_rest: false,
    }
}

fn new(
    ledger: &Ledger<'_, '_>,
    request: &ValidRequest<'_>,
    found: &Shareable,
    shares: Vec<Share>,
) -> Sharing {
    let (number, now) = (text(request.body(), "out_order_no"), ledger.now());
    let payee = parties::payee(request);
    Sharing {
        id: Order::id(&ledger.merchant.mchid, payee, number),
        out_order_no: number.into(),
        // As in 30002710112021091317950088011. (wild)
        order_id: numbers::dated("3000", (6, 11), now, ledger.context.randomness),
        order: found.order.id.clone(),
        transaction_id: found.transaction_id.clone(),
        total: found.order.total(),
        payee: payee.into(),
        sub_mchid: found.order.sub_mchid().map(String::from),
        api: SharingApi::of(request),
        content: content_of(request),
        created: now.as_unix(),
        shares,
        due: Some(now.as_unix().saturating_add(ledger.context.payments.sharing_delay.as_secs())),
        returned: BTreeMap::new(),
    }
}

pub(super) fn text<'v>(fields: &'v Value, name: &str) -> &'v str {
    fields[name].as_str().unwrap_or_default()
}
