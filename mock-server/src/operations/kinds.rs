//! The kinds of documents, and what a document of each must be like, so that no edit breaks an operation.

use std::fmt::Display;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{phrase, text};

use crate::api::suggest::near;

/// The largest number that every reader of JSON keeps as it is, and with which no sum of an operation overflows.
/// (own choice)
const LARGEST: u64 = (1 << 53) - 1;

/// A kind of document.
pub(crate) struct Kind {
    name: &'static str,
    /// The field that has the document's ID, if one has.
    id: Option<&'static str>,
    /// Reads a document, and writes it again as operations do.
    written: fn(&Value) -> Result<Value, Mistyped>,
}

/// A value that is not of its type, and where.
pub(crate) type Mistyped = serde_path_to_error::Error<serde_json::Error>;

/// Why a value can't be a document of its kind.
#[derive(Debug)]
pub(crate) enum KindError {
    Type(Mistyped),
    /// What was expected and found, and where.
    Other(String),
}

impl Kind {
    /// A kind whose documents are `T`s.
    pub(super) const fn of<T: Serialize + DeserializeOwned>(name: &'static str) -> Self {
        Self { name, id: None, written: written::<T> }
    }

    /// The same with the ID in this field.
    pub(super) const fn with_id(self, field: &'static str) -> Self {
        Self { id: Some(field), ..self }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The value as the document with this ID.
    ///
    /// # Errors
    /// Why it can't be that.
    pub(crate) fn document(&self, id: &str, value: &Value) -> Result<Value, KindError> {
        check_numbers(value, "")?;
        let fields = &value["fields"];
        if !(fields.is_object() || fields.is_null()) {
            return Err(misfit("fields", phrase!("an object").text(), &fields.to_string()));
        }
        let written = (self.written)(value).map_err(KindError::Type)?;
        check_names(value, &written, "")?;
        match self.id {
            Some(field) if written[field] != id => {
                let found = written[field].as_str().unwrap_or_default();
                Err(misfit(field, &text!("the key of the document, {id}", id = quoted(id)), found))
            }
            _ => Ok(written),
        }
    }
}

fn written<T: Serialize + DeserializeOwned>(value: &Value) -> Result<Value, Mistyped> {
    let read: T = serde_path_to_error::deserialize(value)?;
    Ok(serde_json::to_value(read).expect("documents are structs and values, which always serialize"))
}

fn misfit(place: &str, expected: &str, found: &str) -> KindError {
    let place = if place.is_empty() { phrase!("the body").text() } else { place };
    KindError::Other(text!("{place}: expected {expected}, found {found}", found = quoted(found)))
}

/// A place in a value, as errors of types have it: `shares[0].amount`.
fn within(place: &str, name: impl Display) -> String {
    if place.is_empty() { name.to_string() } else { format!("{place}.{name}") }
}

/// # Errors
/// If a whole number is too large or too small.
fn check_numbers(value: &Value, place: &str) -> Result<(), KindError> {
    match value {
        Value::Object(fields) => {
            fields.iter().try_for_each(|(name, field)| check_numbers(field, &within(place, name)))
        }
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| check_numbers(item, &format!("{place}[{index}]")))
        }
        Value::Number(number) => {
            let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            match size {
                Some(size) if size > LARGEST => {
                    Err(misfit(place, &text!("a number of at most {LARGEST}"), &number.to_string()))
                }
                _ => Ok(()),
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// # Errors
/// If a field is left out when the value is written, though it says something: its name is unknown.
fn check_names(value: &Value, written: &Value, place: &str) -> Result<(), KindError> {
    match (value, written) {
        (Value::Object(fields), Value::Object(known)) => {
            fields.iter().try_for_each(|(name, field)| match known.get(name) {
                Some(known) => check_names(field, known, &within(place, name)),
                None if says_nothing(field) => Ok(()),
                None => {
                    let mut names = known.keys().map(String::as_str);
                    let such = near(name, names.clone()).or(names.next()).unwrap_or_default();
                    Err(misfit(place, &text!("a field such as {such}"), name))
                }
            })
        }
        (Value::Array(items), Value::Array(known)) => {
            let mut both = items.iter().zip(known).enumerate();
            both.try_for_each(|(index, (item, known))| check_names(item, known, &format!("{place}[{index}]")))
        }
        _ => Ok(()),
    }
}

/// Whether a value is what is left out of a document.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(says_nothing),
        Value::Object(fields) => fields.values().all(says_nothing),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use wechatpay_openapi::Contract;

    use super::*;
    use crate::operations::{kind_named, kind_names};

    fn order() -> Value {
        json!({
            "id": "1", "out_trade_no": "1", "fields": { "amount": { "total": 100 } }, "state": "NOTPAY",
            "prepay": {
                "product": "Native", "operation": "", "created": 1, "renewed": 1, "expires": 2, "prepay_id": "wx"
            },
            "refunded": 0, "refunds": 0,
        })
    }

    fn named(name: &str) -> Option<&'static Kind> {
        kind_named(Contract::current(), name)
    }

    fn changed(pointer: &str, value: Value) -> Result<Value, String> {
        let mut order = order();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        order.pointer_mut(parent).unwrap()[name] = value;
        named("order").unwrap().document("1", &order).map_err(|misfit| match misfit {
            KindError::Type(error) => error.to_string(),
            KindError::Other(reason) => reason,
        })
    }

    #[test]
    fn a_document_is_what_operations_write() {
        assert_eq!(changed("/refunded", json!(0)), Ok(order()));
        let with_defaults = json!({ "held": 0, "times": 0, "is_finished": false });
        assert_eq!(changed("/sharing", with_defaults), Ok(order()));
        assert_eq!(changed("/payment", Value::Null), Ok(order()));
    }

    #[test]
    fn a_misfit_says_where_and_why() {
        for (pointer, value, expected) in [
            ("/state", json!("PAID"), "state: unknown variant `PAID`"),
            ("/prepay/created", json!("1"), "prepay.created: invalid type: string \"1\", expected u64"),
            ("/prepay/created", json!(1_u64 << 53), "prepay.created: expected a number of at most"),
            ("/fields/list", json!([{ "n": i64::MIN }]), "fields.list[0].n: expected a number of at most"),
            ("/fields", json!("text"), "fields: expected an object"),
            ("/fields", json!([]), "fields: expected an object"),
            ("/id", json!("2"), "id: expected the key of the document, \"1\", found \"2\""),
            ("/stat", json!("CLOSED"), "the body: expected a field such as state, found \"stat\""),
            ("/prepay/wil", json!({ "at": 1 }), "prepay: expected a field such as"),
        ] {
            let reason = changed(pointer, value).unwrap_err();
            assert!(reason.starts_with(expected), "{reason}");
        }
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let mut names: Vec<_> = kind_names().collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        for name in ["none", "resource none", "resource none by another name"] {
            assert!(named(name).is_none(), "{name}");
        }
        let resource =
            Contract::current().operations().iter().find_map(|operation| operation.resource()).unwrap();
        for end in ["", " by another name", " made again"] {
            assert!(named(&format!("resource {}{end}", resource.document)).is_some(), "{end}");
        }
    }
}
