//! Operations on documents that the contract describes: `x-mock` says which kind, what happens, and by which keys and
//! states.
//!
//! A document has the fields of the requests that created and changed it, and of the answer to its creation. Answers are
//! made as those of [`example`](super::example), with the document's values first.
//!
//! The documentation's own examples work without a creation: a key that is the contract's example of it names a
//! document, the sample, that is in whatever state the operation needs, until an operation changes it. From then on it is
//! the same document by the examples of its other keys, too. Where documents exist without a creation, any key names one.

mod document;
mod list;
mod named;

use serde_json::{Value, json};
use wechatpay_openapi::{Action, Contract, Field, Key, Operation, Resource, State};
use wechatpay_protocol::Timestamp;

use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{
        Context,
        example::{self, Fresh, Maker, SameName, content},
        kinds::Kind,
    },
    request::validate::ValidRequest,
    response::{Content, OperationResponse},
    store::{Ahead, Documents, Fingerprint},
};

use document::Stored;

pub(super) use document::merge;
pub(super) use list::Page;
use named::Named;
pub(super) use named::{is_sample, sample_or};

pub(super) fn answer(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let Some(resource) = request.operation().resource() else {
        return example::answer(context, request, documents);
    };
    let kind = format!("{PREFIX}{}", resource.document);
    let call = Call { context, now: context.now, request, resource, kind };
    match resource.action {
        Action::Create => call.create(documents),
        Action::Read => call.read(documents),
        Action::List => Ok(list::list(&call, documents)),
        Action::Change => call.change(documents, false),
        Action::Delete => call.change(documents, true),
    }
}

/// The kind of this name, if it is one of documents that the contract describes: of the documents themselves, of what leads to
/// them, or of how often a key was made anew. Reads the descriptions of operations until one has it.
pub(super) fn kind_named(contract: &Contract, name: &str) -> Option<&'static Kind> {
    const STORED: &Kind = &Kind::of::<Stored>("resource").with_id("id");
    const NAME: &Kind = &Kind::of::<String>("resource by another name");
    const AGAIN: &Kind = &Kind::of::<u64>("resource made again");
    let name = name.strip_prefix(PREFIX)?;
    let ends = [(named::NAMES, NAME), (AGAIN_END, AGAIN), ("", STORED)];
    let (document, kind) = ends.iter().find_map(|(end, kind)| Some((name.strip_suffix(end)?, *kind)))?;
    let mut resources = contract.operations().iter().filter_map(Operation::resource);
    resources.any(|resource| resource.document == document).then_some(kind)
}

/// What the kinds of documents and of their counts begin and end with.
const PREFIX: &str = "resource ";
const AGAIN_END: &str = " made again";

/// How often a key is made anew that another document has. (own choice)
const TRIES: usize = 8;

/// A request for an operation on documents.
struct Call<'r> {
    context: &'r Context<'r>,
    now: Timestamp,
    request: &'r ValidRequest<'r>,
    resource: &'r Resource,
    /// The kind of its documents in the store, apart from those of operations with rules of their own.
    kind: String,
}

impl Call<'_> {
    fn kind(&self) -> &str {
        &self.kind
    }

    /// Makes a document. The same request again gets the same answer, unless the gateway makes the key.
    fn create(&self, documents: &mut Documents<'_>) -> Result<OperationResponse, ApiError> {
        let content = Fingerprint::of(&content(self.request)).to_hex();
        documents.ahead(|ahead| self.name(ahead));
        let named = self.named();
        let known = named.as_ref().and_then(|named| self.stored(documents, named));
        // What requests have made of the sample makes way for a document.
        if let Some(known) = known.filter(|known| !known.is_deleted && !known.content.is_empty()) {
            if known.content == content {
                return Ok(self.respond(&self.as_created(known)));
            }
            return Err(self.repeated());
        }

        let mut fields = json!({});
        self.apply(&mut fields);
        let mut stored =
            Stored { created: self.now.as_unix(), content, fields, is_kept: true, ..Stored::default() };
        let mut answer = self.created(&stored, 0);
        let kind = format!("{}{AGAIN_END}", self.kind());
        for _ in 0..TRIES {
            let made = self.of_answer(&answer).filter(|_| named.is_none());
            if made.is_none_or(|made| self.stored(documents, &made).is_none()) {
                break;
            }
            let again = documents.get(&kind, &stored.content).unwrap_or(0_u64) + 1;
            documents.put(&kind, &stored.content, &again);
            answer = self.created(&stored, again);
        }
        self.keep(documents, &mut stored, &answer);
        self.tell(documents, &stored.fields, &mut answer);
        Ok(answer)
    }

    /// The answer to a creation, other than those to the same request before.
    fn created(&self, stored: &Stored, again: u64) -> OperationResponse {
        let seed = content(self.request);
        let fresh = match again {
            0 => Fresh::seeded(&seed, self.now),
            _ => Fresh::seeded(&(seed, again), self.now),
        };
        let maker = self.maker(&stored.fields, fresh);
        let is_key = |name: &str| self.resource.keys.iter().any(|key| key.names().any(|known| known == name));
        self.made(&mut |field| {
            let is_sent = || named::text_of(self.request, field.name).is_some();
            let key = if is_key(field.name) && !is_sent() { maker.fresh.identifier(field) } else { None };
            key.or_else(|| maker.value(field))
        })
    }

    /// Keeps a new document under all its names.
    fn keep(&self, documents: &mut Documents<'_>, stored: &mut Stored, answer: &OperationResponse) {
        let body = self.body_of(answer);
        let keys = &self.resource.keys;
        let named =
            self.named().or_else(|| keys.iter().find_map(|key| named::in_answer(self.request, body, key)));
        let Some(first) = named else { return };
        self.add_answer(&mut stored.fields, body);
        if let Some(State { field, to: Some(to), .. }) = &self.resource.state {
            stored.fields[field] = to.as_str().into();
        }
        stored.id = first.id();
        documents.put(self.kind(), &stored.id, stored);
        self.add_names(documents, stored, answer);
    }

    /// Makes the document known by the names that the request and the answer have, unless it is already.
    fn add_names(&self, documents: &mut Documents<'_>, stored: &Stored, answer: &OperationResponse) {
        if self.resource.keys.len() < 2 {
            return;
        }
        let (kind, body) = (named::kind_of_names(self.kind()), self.body_of(answer));
        let of_request = |key| named::in_request(self.request, key);
        for key in &self.resource.keys {
            let Some(named) = of_request(key).or_else(|| named::in_answer(self.request, body, key)) else {
                continue;
            };
            let id = named.id();
            if id != stored.id && documents.get::<String>(&kind, &id).is_none() {
                documents.put(&kind, &id, &stored.id);
            }
        }
    }

    /// Sends the callback that tells of the document's change, if the contract has one.
    fn tell(&self, documents: &mut Documents<'_>, fields: &Value, response: &mut OperationResponse) {
        let Some(event_type) = self.request.operation().sends() else { return };
        // Such as contract_notify_url.
        let is_url = |(name, _): &(&String, &Value)| name.ends_with("notify_url");
        let named = |fields: &'_ Value| Some(fields.as_object()?.iter().find(is_url)?.1.as_str()?.to_owned());
        let url = named(self.request.body()).or_else(|| named(fields));
        let url = url.as_deref();
        let warning = self.context.send(self.request.merchant(), documents, event_type, url, fields);
        response.warnings.extend(warning);
    }

    fn of_answer(&self, answer: &OperationResponse) -> Option<Named> {
        let body = self.body_of(answer);
        self.resource.keys.iter().find_map(|key| named::in_answer(self.request, body, key))
    }

    /// The part of an answer that is the document.
    fn body_of<'a>(&self, answer: &'a OperationResponse) -> &'a Value {
        match &answer.body {
            Content::Json(body) => body.pointer(&self.resource.at).unwrap_or(&Value::Null),
            Content::Empty | Content::File(_) | Content::Stub { .. } => &Value::Null,
        }
    }

    /// Adds an answer's fields, except for encrypted ones, which the request has as plain text.
    fn add_answer(&self, fields: &mut Value, body: &Value) {
        let schema = self.request.operation().success().and_then(|(_, body)| body.schema());
        let mut body = body.clone();
        let whole = schema.map(|schema| schema.sensitive(&self.within(body.clone())));
        for pointer in whole.into_iter().flatten() {
            let place = pointer.strip_prefix(self.resource.at.as_str()).and_then(|it| it.rsplit_once('/'));
            if let Some((parent, name)) = place
                && let Some(Value::Object(parent)) = body.pointer_mut(parent)
            {
                parent.remove(name);
            }
        }
        if body.is_object() {
            merge(fields, &body);
        }
    }

    /// The document in its place in an answer.
    fn within(&self, document: Value) -> Value {
        self.resource
            .at
            .rsplit('/')
            .filter(|name| !name.is_empty())
            .fold(document, |inner, name| json!({ name: inner }))
    }

    /// The document as the answer to its creation showed it, unless its state is another by now.
    fn as_created(&self, mut stored: Stored) -> Stored {
        if let Some(State { field, first: Some(first), to: Some(to), .. }) = &self.resource.state
            && stored.fields[field] == to.as_str()
        {
            stored.fields[field] = first.as_str().into();
        }
        stored
    }

    fn read(&self, documents: &mut Documents<'_>) -> Result<OperationResponse, ApiError> {
        let found = self.found(documents)?;
        self.check_state(&found)?;
        let item = self.item(&found)?;
        let mut maker = self.maker_of(&found);
        if let Some(item) = item {
            maker.sources.insert(0, SameName::of_document(item));
        }
        let response = self.made(&mut |field| maker.value(field));
        if found.is_kept {
            self.add_names(documents, &found, &response);
        }
        Ok(response)
    }

    fn change(&self, documents: &mut Documents<'_>, deletes: bool) -> Result<OperationResponse, ApiError> {
        let mut found = self.found(documents)?;
        self.check_state(&found)?;
        let before = found.fields.clone();
        self.apply(&mut found.fields);
        // Whatever else the request says, the document stays the one that it names.
        let names = self.resource.keys.iter().flat_map(Key::names);
        for name in names.chain(named::names_in(&found.id)) {
            if let Some(value) = before.get(name) {
                found.fields[name] = value.clone();
            }
        }
        found.is_deleted = deletes;
        let mut response = self.respond(&found);
        self.tell(documents, &found.fields, &mut response);
        if deletes {
            found.fields = json!({});
        }
        if !found.id.is_empty() {
            found.is_kept = true;
            documents.put(self.kind(), &found.id, &found);
            if found.content.is_empty() && self.named().is_some_and(|named| named.is_example) {
                documents.put(&named::kind_of_names(self.kind()), named::SAMPLE, &found.id);
            }
            self.add_names(documents, &found, &response);
        }
        Ok(response)
    }

    /// Gives a document the fields of the request, and the state after the action.
    fn apply(&self, fields: &mut Value) {
        merge(fields, &named::parameters(self.request));
        if self.request.plain().is_object() {
            merge(fields, self.request.plain());
        }
        for (name, value) in &self.resource.set {
            let pointer = value.as_str().filter(|text| text.starts_with('/'));
            let value = pointer.map_or(Some(value), |pointer| self.request.plain().pointer(pointer));
            if let Some(value) = value {
                fields[name] = value.clone();
            }
        }
        if let Some(State { field, first, to, .. }) = &self.resource.state
            && let Some(state) = first.as_ref().or(to.as_ref())
        {
            fields[field] = state.as_str().into();
        }
    }

    /// The document that the request names by the first of the keys that it has.
    ///
    /// # Errors
    /// If there is none.
    fn found(&self, documents: &mut Documents<'_>) -> Result<Stored, ApiError> {
        let Some(named) = self.named() else {
            // Without a key, the request is about the sample.
            return Ok(Stored::sample(String::new(), self.now));
        };
        documents.ahead(|ahead| self.name(ahead));
        match self.stored(documents, &named).or_else(|| self.changed_sample(documents, &named)) {
            Some(stored) if stored.is_deleted => Err(self.missing()),
            Some(stored) => Ok(stored),
            None if named.is_example || self.resource.exists => Ok(Stored::sample(named.id(), self.now)),
            None => Err(self.missing()),
        }
    }

    /// What finding the document reads, and keeping it under its names, as far as the request has them.
    fn name(&self, ahead: &mut Ahead) {
        let names = named::kind_of_names(self.kind());
        let keys = &self.resource.keys;
        let mut is_first = true;
        for named in keys.iter().filter_map(|key| named::in_request(self.request, key)) {
            let id = named.id();
            if std::mem::take(&mut is_first) {
                match self.resource.action {
                    Action::Read | Action::List => ahead.document(self.kind(), &id),
                    Action::Create | Action::Change | Action::Delete => ahead.change_of(self.kind(), &id),
                };
                if named.is_example {
                    ahead.document(&names, named::SAMPLE);
                }
            }
            ahead.document(&names, &id);
        }
    }

    /// The first of the keys that the request has.
    fn named(&self) -> Option<Named> {
        self.resource.keys.iter().find_map(|key| named::in_request(self.request, key))
    }

    /// What requests with another key have made of the sample, if the request names that.
    fn changed_sample(&self, documents: &mut Documents<'_>, named: &Named) -> Option<Stored> {
        if !named.is_example {
            return None;
        }
        let id: String = documents.get(&named::kind_of_names(self.kind()), named::SAMPLE)?;
        let stored: Stored = documents.get(self.kind(), &id)?;
        // A creation with the same key takes its place.
        (stored.content.is_empty() && !named.is_key_of(&id)).then_some(stored)
    }

    fn stored(&self, documents: &mut Documents<'_>, named: &Named) -> Option<Stored> {
        let id = named.id();
        documents.get(self.kind(), &id).or_else(|| {
            let first: String = documents.get(&named::kind_of_names(self.kind()), &id)?;
            documents.get(self.kind(), &first)
        })
    }

    /// The item of the document that the request names, if that is what the operation shows. The sample has none.
    ///
    /// # Errors
    /// If the document has no such item.
    fn item<'s>(&self, stored: &'s Stored) -> Result<Option<&'s Value>, ApiError> {
        let list = self.resource.item.as_ref().and_then(|pointer| stored.fields.pointer(pointer)?.as_array());
        let Some(items) = list else { return Ok(None) };
        let parameters = named::parameters(self.request);
        let is_meant = |item: &&Value| {
            let mut sent = parameters.as_object().into_iter().flatten();
            sent.all(|(name, value)| {
                item.get(name).is_none_or(|field| named::text(field) == named::text(value))
            })
        };
        items.iter().find(is_meant).map(Some).ok_or_else(|| self.missing())
    }

    /// # Errors
    /// If the document is in another state than the action needs. The sample is in any.
    fn check_state(&self, stored: &Stored) -> Result<(), ApiError> {
        let Some(state) = self.resource.state.as_ref().filter(|state| !state.from.is_empty()) else {
            return Ok(());
        };
        let now = stored.fields.get(&state.field).and_then(Value::as_str);
        if now.is_none_or(|now| state.from.iter().any(|known| known == now)) {
            return Ok(());
        }
        let own = |code: &str| state.otherwise.as_deref() == Some(code);
        Err(self.refusal(OperationError::WrongState, |error| own(&error.code)))
    }

    fn missing(&self) -> ApiError {
        // Whether the merchant exists is another question.
        self.refusal(OperationError::NoDocument, |own| own.status == 404 && !own.code.starts_with("MCH"))
    }

    fn repeated(&self) -> ApiError {
        let says = |own: &wechatpay_openapi::OperationError| {
            let is_about_numbers = |text: &String| text.contains("不一致") || text.contains("重复");
            own.code.ends_with("_USED") || own.message.as_ref().is_some_and(is_about_numbers)
        };
        self.refusal(OperationError::RepeatedDifferently, |own| match &self.resource.repeat {
            Some(code) => own.code == *code,
            None => says(own),
        })
    }

    /// The operation's own error for this, else the usual one.
    fn refusal(
        &self,
        error: OperationError,
        is_own: impl Fn(&wechatpay_openapi::OperationError) -> bool,
    ) -> ApiError {
        error.own(self.request.operation(), is_own).map_or(ApiError::Operation(error), ApiError::Own)
    }

    /// The answer with a document that is known.
    fn respond(&self, stored: &Stored) -> OperationResponse {
        let maker = self.maker_of(stored);
        self.made(&mut |field| maker.value(field))
    }

    /// The answer, with these values in the document and around it.
    fn made(&self, value: &mut dyn FnMut(&Field<'_>) -> Option<Value>) -> OperationResponse {
        example::respond(self.request.operation(), &mut |field| {
            let pointer = field.pointer.strip_prefix(self.resource.at.as_str()).unwrap_or(field.pointer);
            value(&Field { pointer, ..*field })
        })
    }

    fn maker_of<'v>(&'v self, stored: &'v Stored) -> Maker<'v> {
        let seed = (self.request.merchant().mchid.as_str(), self.kind(), &stored.id);
        self.maker(&stored.fields, Fresh::seeded(&seed, Timestamp::from_unix(stored.created)))
    }

    fn maker<'v>(&'v self, fields: &'v Value, fresh: Fresh) -> Maker<'v> {
        let sources = vec![SameName::of_document(fields), SameName::of(self.request)];
        Maker { merchant: self.request.merchant(), sources, fresh }
    }
}
