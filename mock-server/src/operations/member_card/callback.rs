//! Where the merchant wants to be told of events.

use serde_json::Value;

use super::check_permission;
use crate::{
    api::{Warning, error::ApiError},
    operations::{Context, example},
    request::validate::ValidRequest,
    response::{Content, OperationResponse},
    store::Documents,
};

/// The kind of the only document, and its ID.
pub(super) const KIND: &str = "member_card_callback";
const ID: &str = "notify_url";

/// `PATCH …/callback`.
pub(super) fn set(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_permission(documents)?;
    documents.put(KIND, ID, &request.body()["notify_url"]);
    example::answer(context, request, documents)
}

/// `GET …/callback`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_permission(documents)?;
    let set: Option<Value> = documents.get(KIND, ID);
    let mut response = example::answer(context, request, documents)?;
    if let (Some(url), Content::Json(body)) = (set, &mut response.body) {
        body["notify_url"] = url;
    }
    Ok(response)
}

/// Tells the merchant of an event of a user's card, if it said where.
pub(super) fn tell(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
    event_type: &str,
    mut about: Value,
) -> Option<Warning> {
    let url: Option<String> = documents.get(KIND, ID);
    about["event_time"] = context.now.to_rfc3339().into();
    context.send(request.merchant(), documents, event_type, url.as_deref(), &about)
}
