//! Card templates: created, listed, shown, changed, deleted, and the rights of their members.

use std::ops::ControlFlow::Continue;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Card, card, check_number, check_permission, kind, known_card};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{
        Context,
        example::{self, Fresh, Maker, SameName, content},
        resource::{Page, merge},
    },
    request::validate::ValidRequest,
    response::{Content, OperationResponse},
    store::{Documents, Fingerprint},
};

/// A template is approved at once. (own choice)
const APPROVED: &str = "APPROVED";

const DELETED: &str = "DELETED";

/// `POST …/cards`. Members of a new template collect points once its rights say so.
pub(super) fn create(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_permission(documents)?;
    let content = content(request);
    let number = number(request);
    let is_new = check_number(documents, &number, Fingerprint::of(&content), context.policies)?;

    let mut card = Card::new(false, false);
    card.fields = request.plain().clone();
    card.fields["status"] = APPROVED.into();
    if let Some(quantity) = card.fields.get("total_quantity").cloned() {
        card.fields["remain_quantity"] = quantity;
    }
    let mut response = respond(request, &card, Fresh::of(request, context.now));
    let Content::Json(body) = &response.body else { return Ok(response) };
    let card_id = body["card_id"].as_str().unwrap_or_default().to_owned();
    let Some(warnings) = is_new else {
        let card = documents.get(kind::CARD, &card_id).unwrap_or(card);
        let mut response = respond(request, &card, Fresh::of(request, context.now));
        response.warnings.push(Warning::Repeated);
        return Ok(response);
    };
    merge(&mut card.fields, body);
    response.warnings = warnings;
    documents.use_number(&number, Fingerprint::of(&content));
    documents.put(kind::CARD, &card_id, &card);
    Ok(response)
}

/// The request number, for which each operation has its own space. (own choice)
pub(super) fn number(request: &ValidRequest) -> String {
    let number = request.body()["out_request_no"].as_str().unwrap_or_default();
    format!("{} {number}", request.operation().id())
}

/// `GET …/cards/{card_id}`. A deleted template is shown as such.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let card_id = request.parameter("card_id");
    let card = match known_card(documents, card_id) {
        Err(OperationError::UnknownCard) => {
            documents.get(kind::CARD, card_id).ok_or(OperationError::UnknownCard)
        }
        _ => card(documents, card_id, context.policies.unknown_card),
    }?;
    Ok(respond(request, &card, fresh(context, request, card_id)))
}

/// `PATCH …/cards/{card_id}`.
pub(super) fn change(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    update(context, request, documents, |card| merge(&mut card.fields, request.plain()))
}

/// `DELETE …/cards/{card_id}`.
pub(super) fn delete(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    update(context, request, documents, |card| {
        card.is_deleted = true;
        merge(&mut card.fields, &json!({ "status": DELETED }));
    })
}

/// `PATCH …/cards/{card_id}/rights`. Whether members collect points is what `show_bonus` says. (own choice)
pub(super) fn set_rights(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    update(context, request, documents, |card| {
        card.has_points = request.body()["show_bonus"] == true;
        merge(&mut card.fields, request.plain());
    })
}

fn update(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
    change: impl FnOnce(&mut Card),
) -> Result<OperationResponse, ApiError> {
    let card_id = request.parameter("card_id");
    let mut card = card(documents, card_id, context.policies.unknown_card)?;
    change(&mut card);
    documents.put(kind::CARD, card_id, &card);
    Ok(respond(request, &card, fresh(context, request, card_id)))
}

/// Answers from the examples, for a template that the merchant may use.
pub(super) fn answer(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let card_id = request.parameter("card_id");
    card(documents, card_id, context.policies.unknown_card)?;
    example::answer(context, request, documents)
}

/// `GET …/cards`: the merchant's templates, with pages that are counted from 0.
pub(super) fn list(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_permission(documents)?;
    let page = page(request);
    let (mut cards, mut total) = (Vec::new(), 0);
    let is_wanted = |name: &str, value: &Value| {
        let wanted = request.parameter(name);
        wanted.is_empty() || value.as_str().is_none_or(|value| value == wanted)
    };
    documents.list(kind::CARD, |card_id, card| {
        let value = &card.to_value();
        let fields = &value["fields"];
        let is_own = value["is_foreign"] != true && value["is_deleted"] != true;
        if is_own
            && is_wanted("appid", &fields["appid"])
            && is_wanted("brand_id", &fields["brand"]["brand_id"])
        {
            cards.extend(page.has(total).then(|| (card_id.to_owned(), Card::deserialize(value))));
            total += 1;
        }
        Continue(())
    });
    let item = request.operation().listed();
    let cards = cards.into_iter().filter_map(|(card_id, card): (String, Result<Card, _>)| {
        let mut fields = json!({ "card_id": card_id });
        merge(&mut fields, &card.ok()?.fields);
        let maker = maker(request, &fields, fresh(context, request, &card_id));
        Some(item?.sample(&mut |field| maker.value(field)))
    });
    let cards: Vec<Value> = cards.collect();
    let (fields, fresh) = (json!({}), Fresh::of(request, context.now));
    let maker = maker(request, &fields, fresh);
    Ok(example::respond(request.operation(), &mut |field| match field.pointer {
        "/data" => Some(cards.clone().into()),
        "/total_count" => Some(total.into()),
        _ => maker.value(field),
    }))
}

/// The page that a request asks for: `offset` is its number from 0, `limit` its size.
pub(super) fn page(request: &ValidRequest) -> Page {
    let number = |name: &str| request.parameter(name).parse().unwrap_or_default();
    Page::numbered(number("offset"), number("limit"))
}

fn respond(request: &ValidRequest, card: &Card, fresh: Fresh) -> OperationResponse {
    let maker = maker(request, &card.fields, fresh);
    example::respond(request.operation(), &mut |field| maker.value(field))
}

fn maker<'v>(request: &'v ValidRequest, fields: &'v Value, fresh: Fresh) -> Maker<'v> {
    let sources = vec![SameName::of_document(fields), SameName::of(request)];
    Maker { merchant: request.merchant(), sources, fresh }
}

fn fresh(context: &Context<'_>, request: &ValidRequest, card_id: &str) -> Fresh {
    Fresh::seeded(&(request.merchant().mchid.as_str(), kind::CARD, card_id), context.now)
}
