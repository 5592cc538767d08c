//! What the store remembers of a merchant: the documents by kind, one with its history, and edits for the set-up of tests.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use wechatpay_protocol::{Mchid, display::quoted};
use wechatpay_texts::phrase;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        exchanges::{MerchantQuery, after, limit},
        explain::explain,
        extract::{AnyBody, Query, Segments},
        json::{Deleted, Json},
        long::Long,
    },
    api::suggest::near,
    journal::Change,
    operations::{
        kind_named, kind_names,
        kinds::{Kind, KindError},
    },
    store::{Document, JsonText, Key, Listed},
};

/// The default of `limit`.
const USUAL: usize = 100;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Lists the documents of this kind. Without it, the kinds are listed.
    #[serde(deserialize_with = "kind")]
    #[param(min_length = 1, example = "order")]
    kind: Option<String>,
    /// Only documents after this place: last of the page before.
    #[serde(deserialize_with = "after")]
    #[param(example = 100)]
    after: Option<u64>,
    /// The most documents to return.
    #[serde(deserialize_with = "limit")]
    #[param(minimum = 1, maximum = 1000, default = 100, example = 100)]
    limit: Option<usize>,
}

fn kind<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    super::extract::parameter(text, phrase!("a kind of document"), |text| {
        (!text.is_empty()).then(|| text.into())
    })
}

/// The kinds of documents, or the documents of one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes the responses")]
#[schema(as = Documents)]
enum Documents<'a> {
    Kinds(DocumentKinds),
    Page(DocumentPage<'a>),
}

#[derive(Debug, Serialize, ToSchema)]
struct DocumentKinds {
    #[schema(pattern = "^[0-9]{1,32}$")]
    merchant: String,
    /// The kinds that have documents, by name.
    kinds: Vec<DocumentKind>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DocumentKind {
    #[schema(min_length = 1)]
    kind: String,
    /// How many documents there are.
    #[schema(minimum = 1)]
    count: usize,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentPage)]
struct DocumentPage<'a> {
    #[schema(pattern = "^[0-9]{1,32}$")]
    merchant: String,
    #[schema(min_length = 1)]
    kind: String,
    /// In the order in which they were created.
    #[schema(max_items = 1000)]
    documents: Vec<ListedDocument<'a>>,
    /// Whether there are more.
    has_more: bool,
    /// The value of after for the next call.
    last: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedDocument)]
struct ListedDocument<'a> {
    key: &'a str,
    /// Grows with each change.
    #[schema(minimum = 1)]
    version: u64,
    /// As operations keep it. Texts that are encrypted on the wire are plain here.
    value: &'a Value,
}

/// A document, and its last changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentHistory)]
struct DocumentHistory<'a> {
    #[schema(pattern = "^[0-9]{1,32}$")]
    merchant: String,
    #[schema(min_length = 1)]
    kind: String,
    key: String,
    /// Grows with each change; null if it was deleted.
    #[schema(required, minimum = 1)]
    version: Option<u64>,
    /// null if it was deleted.
    #[schema(required)]
    value: Option<&'a Value>,
    /// Oldest first. The first change may no longer be there, and what was there at the start has none.
    changes: Vec<DocumentChange>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentChange)]
struct DocumentChange {
    /// Counts the changes of a mock from 1.
    #[schema(minimum = 1)]
    number: u64,
    /// In Unix seconds of the mock's clock.
    at: u64,
    /// The exchange whose request made it; null if no request did.
    #[schema(required, minimum = 1)]
    exchange: Option<u64>,
    /// Who made it: a request, a payer or another user, time, because it was due, or an edit by a call.
    #[schema(pattern = "^(request|payer|time|edit)$")]
    by: &'static str,
    /// What the document became; null if it was deleted.
    #[schema(required)]
    value: Option<Value>,
}

/// A document after an edit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EditedDocument)]
struct EditedDocument<'a> {
    #[schema(pattern = "^[0-9]{1,32}$")]
    merchant: String,
    #[schema(min_length = 1)]
    kind: String,
    key: String,
    #[schema(minimum = 1)]
    version: u64,
    /// As operations read it: what says nothing is left out.
    value: &'a Value,
}

/// Lists the kinds of a merchant's documents, or the documents of one kind.
#[utoipa::path(
    get,
    path = "/__mock/documents",
    params(MerchantQuery, ListQuery),
    responses(
        (status = 200, description = "The kinds, or the documents. For the next page, pass last as after.", body = Documents),
        (status = 404, description = "There is no such merchant or kind.", body = Error),
        (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
    )
)]
pub(super) async fn list_documents(
    State(control): State<Arc<Control>>,
    Query(merchant): Query<MerchantQuery>,
    Query(ListQuery { kind, after, limit }): Query<ListQuery>,
) -> Result<Long, AdminError> {
    let (merchant, store) = (merchant.known(&control)?, &control.gateway.store);
    let mchid = merchant.mchid.clone();
    let Some(kind) = kind else {
        let kinds = store.kinds(&mchid)?.into_iter();
        let kinds = kinds.map(|(kind, count)| DocumentKind { kind: kind.to_string(), count }).collect();
        return Long::of(&control, &DocumentKinds { merchant: mchid.to_string(), kinds });
    };
    known_kind(&control, &mchid, &kind)?;
    let (after, limit) = (after.unwrap_or(0), limit.unwrap_or(USUAL));
    let mut found = store.list(&mchid, &kind, after, limit + 1)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let frame = DocumentPage {
        merchant: mchid.to_string(),
        kind,
        documents: Vec::new(),
        has_more,
        last: found.last().map_or(after, |one| one.place),
    };
    let documents = found.into_iter().map(|Listed { id, document: Document { version, value }, .. }| {
        Json::of(&ListedDocument { key: &id, version, value: &value.to_value() }).into_bytes()
    });
    Long::list(&control, &frame, documents)
}

/// Shows a document with its last changes, and the exchanges that made them.
#[utoipa::path(
    get,
    path = "/__mock/documents/{kind}/{key}",
    params(
        ("kind" = String, Path, description = "The kind, percent-encoded.", example = "order"),
        ("key" = String, Path, description = "The document's key, percent-encoded.", example = "1217752501201407033233368018"),
        MerchantQuery
    ),
    responses(
        (status = 200, description = "The document. If it was deleted, only its changes.", body = DocumentHistory),
        (status = 404, description = "There is no such merchant, kind or document.", body = Error),
        (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
    )
)]
pub(super) async fn show_document(
    State(control): State<Arc<Control>>,
    Query(merchant): Query<MerchantQuery>,
    Segments([kind, key]): Segments<2>,
) -> Result<Long, AdminError> {
    let mchid = merchant.known(&control)?.mchid.clone();
    let key = Key::new(&kind, &key);
    let document = control.gateway.store.read(&mchid, &key)?;
    let changes = control.gateway.journal.changes.of(&mchid, &key);
    if document.is_none() && changes.is_empty() {
        known_kind(&control, &mchid, &kind)?;
        return Err(no_document(&key));
    }
    let version = document.as_ref().map(|document| document.version);
    let value = document.as_ref().map(|document| document.value.to_value());
    let changes = changes.iter().map(|change| DocumentChange::of(change)).collect();
    let merchant = mchid.to_string();
    Long::of(
        &control,
        &DocumentHistory { merchant, kind, key: key.id.to_string(), version, value: value.as_ref(), changes },
    )
}

/// Creates or replaces a document, between two exchanges.
#[utoipa::path(
    put,
    path = "/__mock/documents/{kind}/{key}",
    params(
        ("kind" = String, Path, description = "The kind, percent-encoded.", example = "order"),
        ("key" = String, Path, description = "The document's key, percent-encoded.", example = "1217752501201407033233368018"),
        MerchantQuery
    ),
    request_body(content = Value, description = "The value, as GET shows that of another document of its kind."),
    responses(
        (status = 200, description = "The document is kept.", body = EditedDocument),
        (status = 404, description = "There is no such merchant or kind.", body = Error)
    )
)]
pub(super) async fn put_document(
    State(control): State<Arc<Control>>,
    Query(merchant): Query<MerchantQuery>,
    Segments([kind, key]): Segments<2>,
    AnyBody(value): AnyBody,
) -> Result<Json, AdminError> {
    let merchant = merchant.known(&control)?;
    let known = known_kind(&control, &merchant.mchid, &kind)?;
    let value = checked(known, &key, &value).map_err(AdminError::Body)?;
    let key = Key::new(&kind, &key);
    let document = control.edit(&merchant, &key, Some(&value))?;
    let Document { version, value } = document.ok_or_else(|| no_document(&key))?;
    let merchant = merchant.mchid.to_string();
    Ok(Json::of(&EditedDocument {
        merchant,
        kind,
        key: key.id.to_string(),
        version,
        value: &value.to_value(),
    }))
}

/// Deletes a document, between two exchanges.
#[utoipa::path(
    delete,
    path = "/__mock/documents/{kind}/{key}",
    params(
        ("kind" = String, Path, description = "The kind, percent-encoded.", example = "order"),
        ("key" = String, Path, description = "The document's key, percent-encoded.", example = "1217752501201407033233368018"),
        MerchantQuery
    ),
    responses(
        (status = 200, description = "It is deleted.", body = Deleted),
        (status = 404, description = "There is no such merchant, kind or document.", body = Error)
    )
)]
pub(super) async fn delete_document(
    State(control): State<Arc<Control>>,
    Query(merchant): Query<MerchantQuery>,
    Segments([kind, key]): Segments<2>,
) -> Result<Json, AdminError> {
    let merchant = merchant.known(&control)?;
    known_kind(&control, &merchant.mchid, &kind)?;
    let key = Key::new(&kind, &key);
    control.edit(&merchant, &key, None)?.ok_or_else(|| no_document(&key))?;
    Ok(Json::of(&Deleted { deleted: 1 }))
}

impl DocumentChange {
    fn of(change: &Change) -> Self {
        let Change { number, at, by, value, .. } = change;
        let (at, exchange) = (at.as_unix(), by.exchange());
        Self { number: *number, at, exchange, by: by.name(), value: value.as_ref().map(JsonText::to_value) }
    }
}

/// A change of a document, in short.
#[derive(Debug, Serialize)]
pub(super) struct ChangeLine<'a> {
    number: u64,
    merchant: &'a str,
    kind: &'a str,
    key: &'a str,
    exchange: Option<u64>,
    by: &'static str,
}

impl<'a> ChangeLine<'a> {
    pub(super) fn of(change: &'a Change) -> Self {
        Self {
            number: change.number,
            merchant: change.mchid.as_str(),
            kind: &change.key.kind,
            key: &change.key.id,
            exchange: change.by.exchange(),
            by: change.by.name(),
        }
    }
}

/// The value as operations keep it in the document of this kind and key.
///
/// # Errors
/// What was expected, what was found, and where.
pub(super) fn checked(kind: &Kind, key: &str, value: &Value) -> Result<Value, String> {
    kind.document(key, value).map_err(|misfit| match misfit {
        KindError::Type(error) => explain(error.path(), &error.inner().to_string()),
        KindError::Other(reason) => reason,
    })
}

/// # Errors
/// If operations have no such kind of documents.
fn known_kind(control: &Control, mchid: &Mchid, name: &str) -> Result<&'static Kind, AdminError> {
    let gateway = &control.gateway;
    kind_named(&gateway.contract, name).ok_or_else(|| {
        let there = gateway.store.kinds(mchid).unwrap_or_default();
        let known = there.iter().map(|(kind, _)| &**kind).chain(kind_names().map(|name| -> &str { name }));
        let near = near(name, known).unwrap_or_default().to_owned();
        AdminError::NoKind { found: quoted(name), near }
    })
}

fn no_document(key: &Key) -> AdminError {
    AdminError::NoDocument { kind: quoted(&key.kind), found: quoted(&key.id) }
}
