//! Operations on documents work together: what one creates, others show, list, change and refuse. Every kind of document
//! in the contract is walked through, without a list of them here.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use http::StatusCode;
use serde_json::Value;
use wechatpay_openapi::{Action, Contract, Key, Operation, PageStart, Resource, State};

use super::{
    Answer, Setup,
    accepted::is_described,
    example::{Values, example_with},
};

/// An operation on documents.
#[derive(Clone, Copy)]
struct Member {
    operation: &'static Operation,
    resource: &'static Resource,
}

/// The operations on documents of each kind.
fn kinds() -> BTreeMap<&'static str, Vec<Member>> {
    let mut kinds = BTreeMap::<_, Vec<_>>::new();
    for operation in Contract::current().operations() {
        if let Some(resource) = operation.resource() {
            kinds.entry(resource.document.as_str()).or_default().push(Member { operation, resource });
        }
    }
    kinds
}

/// A document that was created, as far as requests and answers have told.
struct Created<'s> {
    setup: &'s Setup,
    members: &'s [Member],
    values: Values,
    state: Option<String>,
}

impl Member {
    fn state(&self) -> Option<&'static State> {
        self.resource.state.as_ref()
    }

    /// The names of the first key whose values are known.
    fn key(&self, values: &Values) -> Option<Vec<&'static str>> {
        let sent = self.request_names();
        let is_known = |name: &&str| values.contains_key(*name) && sent.contains(&(*name).to_owned());
        let keys = self.resource.keys.iter().map(|key| key.names().collect::<Vec<_>>());
        keys.into_iter().find(|names| names.iter().all(is_known))
    }

    /// The names of the values in the example of the request.
    fn request_names(&self) -> Vec<String> {
        let parameters = self.operation.parameters().iter().map(|parameter| parameter.name.clone());
        let mut values = Values::new();
        collect(self.operation.example().unwrap_or(&Value::Null), &mut values);
        parameters.chain(values.into_keys()).collect()
    }

    /// The part of an answer that is the document.
    fn document(&self, answer: &Answer) -> Value {
        answer.json().pointer(&self.resource.at).cloned().unwrap_or_default()
    }

    fn send(&self, setup: &Setup, values: &Values, names: &[&str]) -> Answer {
        let only = names.iter().filter_map(|name| Some(((*name).to_owned(), values.get(*name)?.clone())));
        let answer = setup.send(&example_with(self.operation, &only.collect()));
        is_described(self.operation, &answer).unwrap_or_else(|error| panic!("{}: {error}", self.operation));
        answer
    }
}

impl<'s> Created<'s> {
    /// Creates a document with a new key, from the creation's own example.
    fn by(setup: &'s Setup, creation: Member, members: &'s [Member]) -> Self {
        let Member { operation, resource } = creation;
        let mut values = Values::new();
        for parameter in operation.parameters() {
            values.extend(parameter.example.clone().map(|example| (parameter.name.clone(), example)));
        }
        collect(operation.example().unwrap_or(&Value::Null), &mut values);
        let sent = values.clone();
        let mut key = Vec::new();
        if let Some(names) = resource
            .keys
            .iter()
            .map(|key| key.names().collect::<Vec<_>>())
            .find(|names| names.iter().all(|name| sent.contains_key(*name)))
        {
            key.extend(names.last().copied());
        }
        for name in &key {
            let value = values.get_mut(*name).unwrap();
            *value = other(value);
        }
        let answer = creation.send(setup, &values, &key);
        assert!(answer.status.is_success(), "{operation}: {answer:?}");
        let again = creation.send(setup, &values, &key);
        let (first, again) = (without_ciphers(operation, &answer), without_ciphers(operation, &again));
        if key.is_empty() {
            assert_ne!(first, again, "{operation} makes a document each time");
        } else {
            assert_eq!(first, again, "{operation}");
        }
        collect(&creation.document(&answer), &mut values);
        let state = creation.state();
        let state = state.and_then(|state| state.to.clone().or_else(|| state.first.clone()));
        Self { setup, members, values, state }
    }

    fn members(&self, action: Action) -> impl Iterator<Item = Member> + use<'s> {
        self.members.iter().copied().filter(move |member| member.resource.action == action)
    }

    /// Reads the document by every operation that can, and checks that they show what it was created with.
    fn is_shown(&self) {
        for member in self.members(Action::Read) {
            let Some(key) = member.key(&self.values) else { continue };
            let answer = member.send(self.setup, &self.values, &key);
            assert!(answer.status.is_success(), "{}: {answer:?}", member.operation);
            let document = member.document(&answer);
            for name in key {
                if let Some(shown) = document.get(name) {
                    assert_eq!(text(shown), text(&self.values[name]), "{}: {name}", member.operation);
                }
            }
            let field = self.members.iter().find_map(Member::state).map(|state| &state.field);
            if let (Some(shown), Some(state)) = (field.and_then(|field| document.get(field)), &self.state) {
                assert_eq!(shown, state, "{}", member.operation);
            }
        }
    }

    /// Lists the documents, and looks for this one.
    fn is_listed(&self) {
        for member in self.members(Action::List) {
            let mut values = self.values.clone();
            if let Some(paging) = &member.resource.paging {
                let first = match &paging.start {
                    PageStart::Offset(_) => 0.into(),
                    PageStart::Page(_, first) => (*first).into(),
                    PageStart::Token(..) => "".into(),
                };
                values.insert(paging.start.name().into(), first);
            }
            let names = member.request_names();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let answer = member.send(self.setup, &values, &names);
            let listed = member.document(&answer);
            let keys = self.members.iter().flat_map(|member| &member.resource.keys);
            let names = keys.flat_map(Key::names).filter(|name| self.values.contains_key(*name));
            let schema = member.operation.listed().unwrap().as_value();
            let names: Vec<_> = names.filter(|name| schema["properties"].get(*name).is_some()).collect();
            let is_this =
                |item: &Value| names.iter().all(|name| text(&item[*name]) == text(&self.values[*name]));
            let items = listed.as_array().unwrap();
            assert!(items.iter().any(is_this), "{}: {names:?} {items:?}", member.operation);
        }
    }

    /// Changes the document where its state allows it, and checks each refusal where it does not.
    fn changes(&mut self) {
        for member in self.members(Action::Change).chain(self.members(Action::Delete)) {
            let Some(key) = member.key(&self.values) else { continue };
            let Member { operation, resource } = member;
            let state = member.state();
            let from = state.map(|state| &state.from[..]).unwrap_or_default();
            let is_allowed = from.is_empty() || self.state.as_ref().is_none_or(|state| from.contains(state));
            let answer = member.send(self.setup, &self.values, &key);
            if !is_allowed {
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{operation}: {answer:?}");
                let code = state.and_then(|state| state.otherwise.as_deref()).unwrap_or("INVALID_REQUEST");
                assert_eq!(answer.error().unwrap().code, code, "{operation}");
                continue;
            }
            assert!(answer.status.is_success(), "{operation}: {answer:?}");
            if resource.action == Action::Delete {
                let answer = member.send(self.setup, &self.values, &key);
                is_missing(operation, &answer);
                return;
            }
            self.state = state.and_then(|state| state.to.clone()).or_else(|| self.state.take());
            self.is_shown();
        }
    }

    /// No operation finds a document with another key.
    fn others_are_missing(&self) {
        for member in self.members.iter().filter(|member| {
            !matches!(member.resource.action, Action::Create | Action::List) && !member.resource.exists
        }) {
            let Some(key) = member.key(&self.values) else { continue };
            let mut values = self.values.clone();
            let value = values.get_mut(*key.last().unwrap()).unwrap();
            *value = other(&other(value));
            is_missing(member.operation, &member.send(self.setup, &values, &key));
        }
    }
}

fn is_missing(operation: &Operation, answer: &Answer) {
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{operation}: {answer:?}");
    let code = answer.error().unwrap().code;
    let is_own = operation.errors().iter().any(|error| error.status == 404 && error.code == code);
    assert!(is_own || code == "RESOURCE_NOT_EXISTS", "{operation}: {code}");
}

/// Collects the single values of an object and, under names that are not taken, those of the objects in it.
fn collect(value: &Value, values: &mut Values) {
    let fields = || value.as_object().into_iter().flatten();
    for (name, single) in
        fields().filter(|(_, field)| !(field.is_object() || field.is_array() || field.is_null()))
    {
        values.entry(name.clone()).or_insert_with(|| single.clone());
    }
    fields().for_each(|(_, inner)| collect(inner, values));
}

/// Another value of the same shape.
fn other(value: &Value) -> Value {
    let next = |one: char| match one {
        '0'..='8' => char::from(one as u8 + 1),
        '9' => '1',
        other => other,
    };
    match value {
        Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
        Value::String(text) if text.bytes().any(|byte| byte.is_ascii_digit()) => {
            let at = text.rfind(|one: char| one.is_ascii_digit()).unwrap();
            let digit = text[at..].chars().next().unwrap();
            format!("{}{}{}", &text[..at], next(digit), &text[at + 1..]).into()
        }
        Value::String(text) => format!("{}1", &text[..text.len() - 1]).into(),
        other => panic!("{other} is no key"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// An answer without its encrypted texts, which differ each time.
fn without_ciphers(operation: &Operation, answer: &Answer) -> Value {
    let mut body = answer.json();
    let schema = operation.success().and_then(|(_, body)| body.schema());
    for pointer in schema.map(|schema| schema.sensitive(&body)).unwrap_or_default() {
        *body.pointer_mut(&pointer).unwrap() = Value::Null;
    }
    body
}

#[test]
fn what_is_created_is_shown_listed_and_changed_and_nothing_else_is_found() {
    let kinds = kinds();
    assert!(kinds.len() > 100, "{}", kinds.len());
    let setup = Setup::new();
    let creations = kinds.iter().flat_map(|(kind, members)| {
        let creations = members.iter().filter(|member| member.resource.action == Action::Create);
        creations.map(move |creation| (kind, *creation, members))
    });
    let failed: Vec<_> = creations
        .filter_map(|(kind, creation, members)| {
            setup.mock.reset();
            let walk = AssertUnwindSafe(|| {
                let mut created = Created::by(&setup, creation, members);
                created.is_shown();
                created.is_listed();
                created.others_are_missing();
                created.changes();
            });
            catch_unwind(walk).is_err().then(|| format!("{kind}, by {}", creation.operation))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn other_content_with_the_same_key_is_refused() {
    let setup = Setup::new();
    let create = Contract::current().operation("post_marketing_favor_coupon_stocks").unwrap();
    let name = |name: &str| Values::from([("stock_name".into(), name.into())]);
    assert!(setup.send(&example_with(create, &name("one"))).status.is_success());
    assert!(setup.send(&example_with(create, &name("one"))).status.is_success());
    let answer = setup.send(&example_with(create, &name("two")));
    assert_eq!(
        (answer.status, answer.error().unwrap().code.as_str()),
        (StatusCode::BAD_REQUEST, "INVALID_REQUEST")
    );
}

#[test]
fn a_page_of_a_list_has_the_documents_that_were_created_in_their_order() {
    let setup = Setup::new();
    let operation = |id| Contract::current().operation(id).unwrap();
    let (create, list) = (operation("post_smartguide_guides"), operation("get_smartguide_guides"));
    for name in ["1", "2", "3"] {
        let values = Values::from([("userid".into(), name.into()), ("store_id".into(), 1234.into())]);
        assert!(setup.send(&example_with(create, &values)).status.is_success());
    }
    let page = |offset: u64, limit: u64| {
        let mut request = example_with(list, &Values::new());
        request.target = format!("/v3/smartguide/guides?store_id=1234&offset={offset}&limit={limit}");
        let body = setup.send(&request).json();
        let names =
            body["data"].as_array().unwrap().iter().map(|guide| text(&guide["userid"])).collect::<Vec<_>>();
        (names.join(" "), body["total_count"].as_u64().unwrap())
    };
    assert_eq!(page(0, 2), ("1 2".into(), 3));
    assert_eq!(page(2, 2), ("3".into(), 3));
    assert_eq!(page(9, 2), (String::new(), 3));
}

#[test]
fn a_sample_exists_until_it_is_changed() {
    let setup = Setup::new();
    let operation = |id| Contract::current().operation(id).unwrap();
    let send = |id| setup.send(&example_with(operation(id), &Values::new())).status;
    let complete = "post_merchant_service_complaints_v2_complete";
    assert_eq!(send("get_merchant_service_complaints_v2_by_complaint_id"), StatusCode::OK);
    assert_eq!(send(complete), StatusCode::NO_CONTENT);
    assert_eq!(send(complete), StatusCode::BAD_REQUEST);
    let shown = setup
        .send(&example_with(operation("get_merchant_service_complaints_v2_by_complaint_id"), &Values::new()));
    assert_eq!(shown.json()["complaint_state"], "PROCESSED");
}

#[test]
fn a_sample_that_is_changed_by_one_of_its_keys_is_changed_by_the_others() {
    let setup = Setup::new();
    let send = |member: &Member| setup.send(&example_with(member.operation, &Values::new()));
    let has_action = |action: Action| move |member: &&Member| member.resource.action == action;
    let mut compared = 0;
    for members in kinds().values() {
        for change in members.iter().filter(has_action(Action::Change)) {
            let Some(State { field, to: Some(to), .. }) = change.state() else { continue };
            let by = change.resource.keys[0].as_str();
            for read in members.iter().filter(has_action(Action::Read)) {
                if read.resource.keys[0].as_str() == by {
                    continue;
                }
                setup.mock.reset();
                assert!(send(change).status.is_success(), "{}", change.operation);
                let shown = read.document(&send(read));
                if let Some(shown) = shown.get(field) {
                    assert_eq!(shown, to, "{}, then {}", change.operation, read.operation);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 5, "{compared}");
}

#[test]
fn a_detail_of_a_batch_is_shown_as_it_was_sent() {
    let setup = Setup::new();
    let operation = |id| Contract::current().operation(id).unwrap();
    let mut batch = example_with(operation("post_transfer_batches"), &Values::new());
    let mut body: Value = serde_json::from_slice(&batch.body).unwrap();
    let mut second = body["transfer_detail_list"][0].clone();
    (second["out_detail_no"], second["transfer_amount"]) = ("second".into(), 77.into());
    body["transfer_detail_list"].as_array_mut().unwrap().push(second);
    body["total_num"] = 2.into();
    body["total_amount"] = (body["total_amount"].as_u64().unwrap() + 77).into();
    batch.body = body.to_string().into();
    assert!(setup.send(&batch).status.is_success());
    let detail = |number: &str| {
        let values = [("out_batch_no", body["out_batch_no"].clone()), ("out_detail_no", number.into())];
        let values = values.map(|(name, value)| (name.to_owned(), value)).into();
        let read = operation("get_transfer_batches_out_batch_no_details_out_detail_no");
        setup.send(&example_with(read, &values))
    };
    assert_eq!(detail("second").json()["transfer_amount"], 77);
    assert_eq!(detail("third").status, StatusCode::NOT_FOUND);
}
