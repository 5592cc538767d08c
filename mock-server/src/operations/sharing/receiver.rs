//! Receivers: added before anything is shared with them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kind;
use crate::{
    api::error::ApiError,
    operations::{
        Context, encrypted,
        payment::{Ledger, parties, shared::SharingApi},
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

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

impl ReceiverName<'_> {
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

    /// Whether it was still there at this time.
    pub(super) fn was_there(&self, ledger: &mut Ledger<'_, '_>, time: u64) -> bool {
        let receiver: Option<Receiver> = ledger.documents.get(kind::RECEIVER, &self.id());
        receiver.is_some_and(|receiver| receiver.deleted.is_none_or(|deleted| time < deleted))
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
    put(request, documents, &Receiver { name, deleted: None });
    let mut answer = shown(request, &["sub_mchid", "type", "account", "relation_type", "custom_relation"]);
    if let (SharingApi::Ordinary, Some(name)) = (SharingApi::of(request), body["name"].as_str()) {
        answer["name"] = encrypted::for_merchant(request.merchant(), name)?.into();
    }
    Ok(OperationResponse::ok(answer))
}

/// `POST …/receivers/delete`. One that nobody added is deleted, too. (own choice)
pub(super) fn delete(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check(context, request)?;
    put(request, documents, &Receiver { name: None, deleted: Some(context.now.as_unix()) });
    Ok(OperationResponse::ok(shown(request, &["sub_mchid", "type", "account"])))
}

fn put(request: &ValidRequest<'_>, documents: &mut Documents<'_>, receiver: &Receiver) {
    let text = |name: &str| request.body()[name].as_str().unwrap_or_default();
    let api = SharingApi::of(request);
    let name =
        ReceiverName { api, payee: parties::payee(request), r#type: text("type"), account: text("account") };
    documents.put(kind::RECEIVER, &name.id(), receiver);
}

/// The request's fields of these names that its operation answers with.
fn shown(request: &ValidRequest<'_>, names: &[&str]) -> Value {
    let schema = request.operation().success().and_then(|(_, body)| body.schema());
    let is_answered =
        |name: &str| schema.is_some_and(|schema| schema.as_value()["properties"].get(name).is_some());
    let sent = names.iter().filter(|name| is_answered(name));
    sent.filter_map(|name| Some((*name, request.body().get(*name)?.clone()))).collect()
}
