//! Parameters of path and query, as percent-encoded texts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::{prelude::*, sample::select};
use serde_json::Value;
use wechatpay_openapi::{ContractError, JsonType, Location};

use super::{
    invalid::InvalidValues,
    schema::{Schema, Values},
    violation::{Rule, Violation},
};

/// A parameter of the path or the query.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) location: Location,
    is_required: bool,
    schema: Schema,
}

/// What separates the items of a list, which are sent as parameters of the same name. A value can't have it: there it is
/// encoded.
pub(super) const SEPARATOR: char = '&';

/// Percent-encoded values of a parameter; `None` leaves it out.
pub(super) type EncodedValues = BoxedStrategy<Option<String>>;

/// Everything but the unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Parameter {
    /// Reads a parameter.
    ///
    /// # Errors
    /// [`ContractError`] if no values can be made by its schema.
    pub(super) fn read(parameter: &wechatpay_openapi::Parameter) -> Result<Self, ContractError> {
        let schema = Schema::read(parameter.schema.as_value());
        Ok(Self {
            name: parameter.name.clone(),
            location: parameter.location,
            is_required: parameter.is_required,
            schema: schema.map_err(|error| error.within(&parameter.name))?,
        })
    }

    pub(super) fn valid(&self) -> EncodedValues {
        if self.location == Location::Header {
            // A header can't have every character: its rules are not tested.
            let digits = "[0-9]{8}".prop_map(Some).boxed();
            return if self.is_required { digits } else { Just(None).boxed() };
        }
        let values = self.encoded(self.schema.valid());
        if self.is_required { values.prop_map(Some).boxed() } else { prop::option::of(values).boxed() }
    }

    /// Every way to break one of its rules that a URL can express.
    pub(super) fn invalid(&self) -> Vec<(Violation, EncodedValues)> {
        let violation = |pointer: &str, title: &str, rule| Violation {
            location: self.location,
            pointer: format!("/{}{pointer}", self.name),
            title: title.into(),
            rule,
        };
        let of_this = |(rule, values)| (violation("", &self.schema.title, rule), values);
        let is_in_path = self.location == Location::Path;
        let absent = (self.is_required && !is_in_path).then(|| (Rule::Required, Just(None).boxed()));
        if self.location == Location::Header {
            return absent.map(of_this).into_iter().collect();
        }
        let by_schema = self.schema.invalid().into_iter().filter_map(|invalid| {
            let (pointer, title) = (invalid.pointer.clone(), invalid.title.clone());
            let (rule, values) = self.invalid_by_schema(invalid)?;
            Some((violation(&pointer, &title, rule), values))
        });
        let escapes = select(vec!["%", "%4", "%zz", "a%-1", "%FF", "%E4%BC", "%ED%A0%80"]);
        let encoding = (Rule::PercentEncoding, escapes.prop_map(|text| Some(text.into())).boxed());
        absent.map(of_this).into_iter().chain(by_schema).chain([of_this(encoding)]).collect()
    }

    fn invalid_by_schema(&self, invalid: InvalidValues) -> Option<(Rule, EncodedValues)> {
        let values = match invalid.rule {
            // In a URL there is no `null`, every value is a text, and an empty path segment makes another path.
            Rule::Null { .. } | Rule::Type { expected: JsonType::Array | JsonType::String } => return None,
            // A list without items is not sent at all.
            Rule::TooFewItems => return None,
            Rule::TooShort { limit: 1, .. } if self.location == Location::Path => return None,
            Rule::Type { .. } => select(vec!["x", "1x", "真"]).prop_map(Value::from).boxed(),
            _ => invalid.values,
        };
        Some((invalid.rule, self.encoded(values).prop_map(Some).boxed()))
    }

    fn encoded(&self, values: BoxedStrategy<Value>) -> BoxedStrategy<String> {
        let is_segment = self.location == Location::Path;
        // Proxies and clients remove these segments.
        let can_be_sent = move |text: &String| !(is_segment && matches!(text.as_str(), "" | "." | ".."));
        if let Values::List(_) = &self.schema.values {
            let items = values.prop_map(|value| {
                let items = value.as_array().cloned().unwrap_or_else(|| vec![value]);
                let items =
                    items.into_iter().map(|item| utf8_percent_encode(&text(item), ENCODED).to_string());
                items.collect::<Vec<_>>().join(&SEPARATOR.to_string())
            });
            return items.prop_filter("no item, no parameter", |items| !items.is_empty()).boxed();
        }
        let texts = values.prop_map(text);
        let texts = texts.prop_filter("such a path segment can't be sent", can_be_sent);
        texts.prop_map(|text| utf8_percent_encode(&text, ENCODED).to_string()).boxed()
    }
}

/// A value as a parameter shows it.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
