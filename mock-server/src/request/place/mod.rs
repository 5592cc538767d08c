//! Places in a request, by which fault rules and expectations select requests to any operation.
//!
//! A place is a key beside the named fields of a rule or an expectation: `path.out_trade_no`, `query.limit`,
//! `body./amount/total`.

mod read;

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;
use wechatpay_openapi::{Contract, Location, Operation};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Phrase, Text, phrase};

use crate::{
    api::suggest::{advice, near},
    limits::memory_of,
};

pub(crate) use read::{HasPlaces, read};

/// Wanted values, by place.
pub(crate) type Places = BTreeMap<String, Value>;

/// A place in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'k> {
    /// A parameter of the path, by name.
    Path(&'k str),
    /// A parameter of the query, by name.
    Query(&'k str),
    /// A value in the JSON of the body, by JSON pointer (RFC 6901). The empty pointer is no place: `body` itself is a
    /// field of rules and expectations.
    Body(&'k str),
}

/// Why a place, or the value at it, can't be in any request.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum PlaceError {
    /// The key is not of any form.
    #[text(
        "expected path.NAME, query.NAME or body./POINTER, found {found}; write it like path.out_trade_no, query.limit or \
         body./amount/total, in which ~1 is a slash and ~0 a tilde",
        found = quoted(found)
    )]
    Malformed {
        /// The key.
        found: String,
    },
    /// The value is of a type that the place never has.
    #[text("{place}: expected {expected}, found {found}; leave the key out to match any value", place = quoted(place))]
    Value {
        /// The key.
        place: String,
        /// What is possible.
        expected: Phrase,
        /// The type that there is.
        found: Phrase,
    },
    /// The operation has no such parameter.
    #[text(
        "{place}: expected a parameter of the {location} of {operation}, found none of this name{advice}",
        place = quoted(place),
        operation = operation_name(operation)
    )]
    UnknownParameter {
        /// The key.
        place: String,
        /// `path` or `query`.
        location: &'static str,
        /// The operation; `None` for any.
        operation: Option<String>,
        /// `; did you mean` and the most similar key, or `; it has none`; empty if none is similar.
        advice: String,
    },
    /// The operation takes no JSON.
    #[text(
        "{place}: expected an operation with JSON in its body, found {operation}; match its path or query",
        place = quoted(place)
    )]
    NoBody {
        /// The key.
        place: String,
        /// The operation.
        operation: String,
    },
}

fn operation_name(operation: &Option<String>) -> &str {
    operation.as_deref().unwrap_or(phrase!("any operation").text())
}

impl PlaceError {
    /// The key.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Malformed { found } => found,
            Self::Value { place, .. } | Self::UnknownParameter { place, .. } | Self::NoBody { place, .. } => {
                place
            }
        }
    }
}

impl<'k> Place<'k> {
    /// The place that a key names; `None` if it is malformed.
    pub(crate) fn of(key: &'k str) -> Option<Self> {
        match key.split_once('.')? {
            ("path", name) if !name.is_empty() => Some(Self::Path(name)),
            ("query", name) if !name.is_empty() => Some(Self::Query(name)),
            ("body", pointer) if is_pointer(pointer) => Some(Self::Body(pointer)),
            _ => None,
        }
    }
}

/// Whether it is a JSON pointer to something within a value.
fn is_pointer(text: &str) -> bool {
    let mut escapes = text.split('~').skip(1);
    text.starts_with('/') && escapes.all(|rest| rest.starts_with(['0', '1']))
}

/// A wanted value as the text of a parameter: `10` is the same as `"10"`. `None` if it is a list, an object or null.
pub(crate) fn text(wanted: &Value) -> Option<Cow<'_, str>> {
    match wanted {
        Value::String(text) => Some(text.into()),
        Value::Number(_) | Value::Bool(_) => Some(wanted.to_string().into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// About how much memory they take, in bytes.
pub(crate) fn memory(places: &Places) -> usize {
    places.iter().map(|(key, value)| 96 + key.len() + memory_of(value)).sum()
}

/// Checks that requests to the operation, or without one to any, can have these places. Which fields a body can have
/// is not checked, nor which parameters the query of any operation can have.
pub(crate) fn check(
    places: &Places,
    operation: Option<&Operation>,
    contract: &Contract,
) -> Result<(), PlaceError> {
    places.iter().try_for_each(|(key, value)| check_one(key, value, operation, contract))
}

fn check_one(
    key: &str,
    value: &Value,
    operation: Option<&Operation>,
    contract: &Contract,
) -> Result<(), PlaceError> {
    let place = Place::of(key).ok_or_else(|| PlaceError::Malformed { found: key.into() })?;
    let is_possible = match place {
        Place::Path(_) | Place::Query(_) => text(value).is_some(),
        Place::Body(_) => !value.is_null(),
    };
    if !is_possible {
        let expected = if matches!(place, Place::Body(_)) {
            phrase!("a value")
        } else {
            phrase!("a text, a number, true or false")
        };
        return Err(PlaceError::Value { place: key.into(), expected, found: kind(value) });
    }
    match (place, operation) {
        (Place::Path(name), Some(operation)) => {
            known(key, name, "path", Some(operation.id()), operation.path().names())
        }
        (Place::Path(name), None) => {
            let names = contract.operations().iter().flat_map(|operation| operation.path().names());
            known(key, name, "path", None, names)
        }
        (Place::Query(name), Some(operation)) => {
            let in_query = operation.parameters().iter().filter(|it| it.location == Location::Query);
            known(key, name, "query", Some(operation.id()), in_query.map(|parameter| parameter.name.as_str()))
        }
        (Place::Body(_), Some(operation)) if operation.request_body().is_none() => {
            Err(PlaceError::NoBody { place: key.into(), operation: operation.id().into() })
        }
        (Place::Query(_) | Place::Body(_), _) => Ok(()),
    }
}

/// Checks that a name is one of these.
fn known<'n>(
    key: &str,
    name: &str,
    location: &'static str,
    operation: Option<&str>,
    names: impl Iterator<Item = &'n str>,
) -> Result<(), PlaceError> {
    let names: Vec<_> = names.collect();
    if names.contains(&name) {
        return Ok(());
    }
    let more = if names.is_empty() { phrase!("it has none").text() } else { "" };
    let near = near(name, names).map(|near| format!("{location}.{near}"));
    Err(PlaceError::UnknownParameter {
        place: key.into(),
        location,
        operation: operation.map(Into::into),
        advice: advice(&near.unwrap_or_default(), more),
    })
}

fn kind(value: &Value) -> Phrase {
    match value {
        Value::Null => phrase!("null"),
        Value::Bool(_) => phrase!("true or false"),
        Value::Number(_) => phrase!("a number"),
        Value::String(_) => phrase!("a text"),
        Value::Array(_) => phrase!("a list"),
        Value::Object(_) => phrase!("an object"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(key: &str, value: Value, operation: Option<&str>) -> String {
        let contract = Contract::current();
        let operation = operation.map(|id| contract.operation(id).unwrap());
        check(&Places::from([(key.into(), value)]), operation, contract).unwrap_err().to_string()
    }

    #[test]
    fn a_key_names_a_place_by_its_form() {
        assert_eq!(Place::of("path.out_trade_no"), Some(Place::Path("out_trade_no")));
        assert_eq!(Place::of("query.limit"), Some(Place::Query("limit")));
        assert_eq!(Place::of("body./amount/total"), Some(Place::Body("/amount/total")));
        assert_eq!(Place::of("body./a.b/~0~1"), Some(Place::Body("/a.b/~0~1")));
        for key in
            ["path.", "query.", "body.", "body.amount", "body./a~", "body./a~2", "header.a", "bdy./a", "a"]
        {
            assert_eq!(Place::of(key), None, "{key}");
        }
    }

    #[test]
    fn a_malformed_key_is_refused_with_the_forms() {
        let error = refused("body.amount", json!(1), None);
        assert!(
            error.starts_with("expected path.NAME, query.NAME or body./POINTER, found \"body.amount\";"),
            "{error}"
        );
    }

    #[test]
    fn a_value_that_the_place_never_has_is_refused() {
        let error = refused("path.out_trade_no", json!(["1"]), None);
        assert!(error.contains("expected a text, a number, true or false, found a list"), "{error}");
        let error = refused("body./amount", Value::Null, None);
        assert!(error.contains("\"body./amount\": expected a value, found null"), "{error}");
    }

    #[test]
    fn a_parameter_that_the_operation_does_not_have_is_refused_with_the_nearest() {
        let rights = Some("set_rights");
        let error = refused("path.card", json!("1"), rights);
        assert!(
            error.contains("expected a parameter of the path of set_rights, found none of this name"),
            "{error}"
        );
        assert!(error.ends_with("did you mean path.card_id?"), "{error}");
        let error = refused("query.limit", json!(1), rights);
        assert!(error.contains("of the query of set_rights") && error.ends_with("it has none"), "{error}");
        let error = refused("path.out_trade_nr", json!("1"), None);
        assert!(
            error.contains("any operation") && error.ends_with("did you mean path.out_trade_no?"),
            "{error}"
        );
    }

    #[test]
    fn a_field_of_the_body_of_an_operation_without_one_is_refused() {
        let error = refused("body./a", json!(1), Some("get_pay_transactions_out_trade_no"));
        assert!(error.contains("expected an operation with JSON in its body"), "{error}");
    }
}
