//! Receivers: added before anything is shared with them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kind;
use crate::{
    api::error::ApiError,
    operations::{
        Context, encrypted,
        kinds::Kind,
        payment::{ledger::Ledger, parties, shared::SharingApi},
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

pub(super) const KIND: Kind = Kind::of::<Receiver>(kind::RECEIVER);

/// A receiver as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Receiver {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// When it was deleted, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted: Option<u64>,
}

/// How a receiver is named, and by whom.
pub(super) struct ReceiverName<'n> {
    pub(super) api: SharingApi,
    /// The merchant that shares.
    pub(super) payee: &'n str,
    /// `MERCHANT_ID`.
    pub(super) r#type: &'n str,
    pub(super) account: &'n str,
}

impl<'n> ReceiverName<'n> {
    /// The receiver that a request adds or deletes.
    fn of(request: &'n ValidRequest<'_>) -> Self {
        let text = |name: &str| request.body()[name].as_str().unwrap_or_default();
        let payee = parties::payee(request);
        Self { api: SharingApi::of(request), payee, r#type: text("type"), account: text("account") }
    }

    /// Its ID in the store. Receivers of an ecommerce platform are for all of its sub-merchants. (documented)
    fn id(&self) -> String {
        let payee = match self.api {
            SharingApi::Ordinary => self.payee,
            SharingApi::Ecommerce => "ecommerce",
        };
        format!("{payee}/{}/{}", self.r#type, self.account)
    }

    /// The name that the receiver was added with, if it was: with none, `Some(None)`.
    pub(super) fn added(&self, ledger: &mut Ledger<'_, '_>) -> Option<Option<String>> {
        let receiver: Receiver = ledger.documents.get(kind::RECEIVER, &self.id())?;
        receiver.deleted.is_none().then_some(receiver.name)
    }

    /// Whether it was still there at this time. In the second of its deletion it was: otherwise it would matter whether the
    /// reminder or the deletion came first.
    pub(super) fn was_there(&self, ledger: &mut Ledger<'_, '_>, time: u64) -> bool {
        let receiver: Option<Receiver> = ledger.documents.get(kind::RECEIVER, &self.id());
        receiver.is_some_and(|receiver| receiver.deleted.is_none_or(|deleted| time <= deleted))
    }
}

/// `POST …/receivers/add`. Twice is fine; the last counts. (documented, that the last counts is an own choice)
pub(super) fn add(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check(context, request)?;
    let body = request.plain();
    let name = ["encrypted_name", "name"].iter().find_map(|name| body[*name].as_str()).map(String::from);
    let id = ReceiverName::of(request).id();
    documents.put(kind::RECEIVER, &id, &Receiver { name, deleted: None });
    let mut answer = shown(request, &["sub_mchid", "type", "account", "relation_type", "custom_relation"]);
    if let (SharingApi::Ordinary, Some(name)) = (SharingApi::of(request), body["name"].as_str()) {
        answer["name"] = encrypted::for_merchant(request.merchant(), name)?.into();
    }
    Ok(OperationResponse::ok(answer))
}

/// `POST …/receivers/delete`. One that nobody added is deleted, too, and twice is fine; the first counts. (own choice)
pub(super) fn delete(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check(context, request)?;
    let id = ReceiverName::of(request).id();
    let known: Option<Receiver> = documents.get(kind::RECEIVER, &id);
    if known.is_none_or(|known| known.deleted.is_none()) {
        let deleted = Some(context.now.as_unix());
        documents.put(kind::RECEIVER, &id, &Receiver { name: None, deleted });
    }
    Ok(OperationResponse::ok(shown(request, &["sub_mchid", "type", "account"])))
}

/// The request's fields of these names that its operation answers with.
fn shown(request: &ValidRequest<'_>, names: &[&str]) -> Value {
    let schema = request.operation().success().and_then(|(_, body)| body.schema());
    let is_answered =
        |name: &str| schema.is_some_and(|schema| schema.as_value()["properties"].get(name).is_some());
    let sent = names.iter().filter(|name| is_answered(name));
    sent.filter_map(|name| Some((*name, request.body().get(*name)?.clone()))).collect()
}
