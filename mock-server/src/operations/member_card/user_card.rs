//! The cards of users: made by deposit or import, activated, changed, and made unavailable.

use std::ops::ControlFlow::Continue;

use serde_json::{Value, json};

use super::{
    Member, MemberId, callback, card, check_number, check_permission, has_points, kind, member, member_key,
    phone,
    template::{number, page},
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{
        Context,
        example::{self, Fresh, Maker, SameName, content},
        seed::CardStatus,
    },
    request::validate::ValidRequest,
    response::{Content, OperationResponse},
    store::{Documents, Fingerprint},
};

/// `POST …/codes/deposit`. Each new code becomes a card that is not activated, as if a user had received it. (own choice)
pub(super) fn deposit(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let card_id = request.parameter("card_id");
    let card = card(documents, card_id, context.policies.unknown_card)?;
    let codes = request.body()["code"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let results = codes.map(|code| {
        let key = member_key(card_id, code);
        if documents.get::<Member>(kind::MEMBER, &key).is_some() {
            return json!({ "code": code, "result": "DUPLICATE" });
        }
        documents.put(kind::MEMBER, &key, &Member::new(&card, code, CardStatus::NotActivate));
        json!({ "code": code, "result": "SUCCESS" })
    });
    let results: Value = results.collect();
    Ok(OperationResponse::ok(json!({ "data": results })))
}

/// `POST …/users/import` and `…/phone-membercard/import`. An imported card is activated. (own choice)
pub(super) fn import(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let card_id = request.parameter("card_id");
    let card = card(documents, card_id, context.policies.unknown_card)?;
    let number = number(request);
    let content = Fingerprint::of(&content(request));
    let is_new = check_number(documents, &number, content, context.policies)?;

    let (sources, fresh) = (vec![SameName::of(request)], Fresh::of(request, context.now));
    let maker = Maker { merchant: request.merchant(), sources, fresh };
    let has_code = request.body()["code"].is_string();
    let mut response = example::respond(request.operation(), &mut |field| {
        let is_made = field.name == "code" && !has_code;
        if is_made { maker.fresh.identifier(field) } else { maker.value(field) }
    });
    let Some(warnings) = is_new else {
        response.warnings.push(Warning::Repeated);
        return Ok(response);
    };
    response.warnings = warnings;
    let Content::Json(body) = &response.body else { return Ok(response) };
    let code = body["code"].as_str().unwrap_or_default();
    let key = member_key(card_id, code);
    let known: Option<Member> = documents.get(kind::MEMBER, &key);
    let how = if known.is_some() { "RECOVER" } else { "NEW_ACTIVATE" };
    let mut member = known.unwrap_or_else(|| Member::new(&card, code, CardStatus::Effective));
    member.card.user_card_status = CardStatus::Effective;
    if let Some(openid) = request.body()["openid"].as_str() {
        member.card.openid = Some(openid.into());
    }
    documents.put(kind::MEMBER, &key, &member);
    documents.use_number(&number, content);
    let about = json!({ "event_type": how, "card_id": card_id, "code": code, "openid": member.card.openid });
    let warning = callback::tell(context, request, documents, "MEMBERCARD.ACCEPT_CARD", about);
    response.warnings.extend(warning);
    if let Some(number) = request.plain()["encrypted_phone_number"].as_str() {
        phone::remember(documents, card_id, number, code);
    }
    Ok(response)
}

/// `PATCH …/codes/{code}`.
pub(super) fn change(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut member = effective(context, request, documents)?;
    let (number, content) = (number(request), Fingerprint::of(&content(request)));
    let is_new = check_number(documents, &number, content, context.policies)?;
    let Some(warnings) = is_new else { return Ok(OperationResponse::no_content(vec![Warning::Repeated])) };
    let body = request.body();
    let text = |name: &str| body[name].as_str().map(String::from);
    let card = &mut member.card;
    card.membership_number = text("membership_number").or(card.membership_number.take());
    card.background_picture_url = text("background_picture_url").or(card.background_picture_url.take());
    card.level = text("level").or(card.level.take());
    card.balance = body["balance_information"]["balance"].as_i64().or(card.balance);
    put(request, documents, &member);
    if body["out_request_no"].is_string() {
        documents.use_number(&number, content);
    }
    Ok(OperationResponse::no_content(warnings))
}

/// `POST …/codes/{code}/activate`. An activated card stays so.
pub(super) fn activate(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut member = usable(context, request, documents)?;
    let was_activated = member.card.user_card_status == CardStatus::Effective;
    member.card.user_card_status = CardStatus::Effective;
    if let Some(number) = request.body()["membership_number"].as_str() {
        member.card.membership_number = Some(number.into());
    }
    put(request, documents, &member);
    let MemberId { card_id, code } = MemberId::of(request);
    let about = json!({
        "event_type": "MEMBER_CARD_ACTIVATE",
        "card_id": card_id,
        "code": code,
        "activate_scene": if was_activated { "RECOVER" } else { "NEW_ACTIVATE" },
        "openid": member.card.openid,
    });
    let warning = callback::tell(context, request, documents, "MEMBERCARD.ACTIVATE_CARD", about);
    Ok(OperationResponse::no_content(warning.into_iter().collect()))
}

/// `POST …/codes/{code}/unavailable`.
pub(super) fn make_unavailable(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut member = usable(context, request, documents)?;
    member.card.user_card_status = CardStatus::Unavailable;
    put(request, documents, &member);
    Ok(OperationResponse::no_content(Vec::new()))
}

/// `POST …/bonus/prepare` and `…/bonus/commit`: what a page shows after a payment. The points stay. (own choice)
pub(super) fn show_points(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    effective(context, request, documents)?;
    if !has_points(documents, request.parameter("card_id")) {
        return Err(OperationError::NoPoints.into());
    }
    Ok(OperationResponse::no_content(Vec::new()))
}

/// `POST …/set-service-module-data`: what a card shows of a service.
pub(super) fn show_service(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    effective(context, request, documents)?;
    Ok(OperationResponse::no_content(Vec::new()))
}

/// `GET …/user/cards`: the cards of a user, with pages that are counted from 0. While no card has a user, the
/// documentation's sample is listed.
pub(super) fn list(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_permission(documents)?;
    let (page, openid) = (page(request), request.parameter("openid"));
    let (mut cards, mut total, mut has_users) = (Vec::new(), 0, false);
    documents.list(kind::MEMBER, |id, member| {
        let member = member.to_value();
        let user = member["card"]["openid"].as_str();
        has_users |= user.is_some();
        if user == Some(openid) {
            let id: Option<(String, String)> = serde_json::from_str(id).ok().filter(|_| page.has(total));
            cards.extend(id.map(|(card_id, code)| json!({ "card_id": card_id, "code": code })));
            total += 1;
        }
        Continue(())
    });
    if !has_users {
        return example::answer(context, request, documents);
    }
    let (sources, fresh) = (vec![SameName::of(request)], Fresh::of(request, context.now));
    let maker = Maker { merchant: request.merchant(), sources, fresh };
    Ok(example::respond(request.operation(), &mut |field| match field.pointer {
        "/data" => Some(cards.clone().into()),
        "/total_count" => Some(total.into()),
        _ => maker.value(field),
    }))
}

/// The member's card, if it is activated.
fn effective(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<Member, ApiError> {
    with_status(context, request, documents, &[CardStatus::Effective])
}

/// The member's card, if it is activated or can be.
fn usable(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<Member, ApiError> {
    with_status(context, request, documents, &[CardStatus::Effective, CardStatus::NotActivate])
}

fn with_status(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
    statuses: &[CardStatus],
) -> Result<Member, ApiError> {
    let member = member(documents, MemberId::of(request), context.policies.unknown_card)?;
    if statuses.contains(&member.card.user_card_status) {
        Ok(member)
    } else {
        Err(OperationError::CardNotEffective.into())
    }
}

fn put(request: &ValidRequest, documents: &mut Documents<'_>, member: &Member) {
    let MemberId { card_id, code } = MemberId::of(request);
    documents.put(kind::MEMBER, &member_key(card_id, code), member);
}
