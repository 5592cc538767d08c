//! Parameters of path and query, as percent-encoded texts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::{prelude::*, sample::select};
use serde_json::Value;
use wechatpay_openapi::{ContractError, JsonType, Location};

use super::{
    invalid::InvalidValues,
    schema::Schema,
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

/// Percent-encoded values of a parameter; `None` leaves it out.
pub(super) type EncodedValues = BoxedStrategy<Option<String>>;

/// Everything but the unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Parameter {
    /// Reads a parameter; `None` for an optional header, which requests leave out.
    ///
    /// # Errors
    /// [`ContractError`] if it is a required header, or no values can be made by its schema.
    pub(super) fn read(parameter: &wechatpay_openapi::Parameter) -> Result<Option<Self>, ContractError> {
        let error = |error: ContractError| error.within(&parameter.name);
        match (parameter.location, parameter.is_required) {
            (Location::Header, false) => return Ok(None),
            (Location::Header, true) => {
                return Err(error(ContractError::new("values of a required header can't be made")));
            }
            _ => {}
        }
        Ok(Some(Self {
            name: parameter.name.clone(),
            location: parameter.location,
            is_required: parameter.is_required,
            schema: Schema::read(parameter.schema.as_value()).map_err(error)?,
        }))
    }

    pub(super) fn valid(&self) -> EncodedValues {
        let values = self.encoded(self.schema.valid());
        if self.is_required { values.prop_map(Some).boxed() } else { prop::option::of(values).boxed() }
    }

    /// Every way to break one of its rules that a URL can express.
    pub(super) fn invalid(&self) -> Vec<(Violation, EncodedValues)> {
        let is_query = self.location == Location::Query;
        let absent = (self.is_required && is_query).then(|| (Rule::Required, Just(None).boxed()));
        let by_schema =
            self.schema.invalid().into_iter().filter_map(|invalid| self.invalid_by_schema(invalid));
        let escapes = select(vec!["%", "%4", "%zz", "a%-1", "%FF", "%E4%BC", "%ED%A0%80"]);
        let encoding = (Rule::PercentEncoding, escapes.prop_map(|text| Some(text.into())).boxed());
        let violation = |rule| Violation {
            location: self.location,
            pointer: format!("/{}", self.name),
            title: self.schema.title.clone(),
            rule,
        };
        let all = absent.into_iter().chain(by_schema).chain([encoding]);
        all.map(|(rule, values)| (violation(rule), values)).collect()
    }

    fn invalid_by_schema(&self, invalid: InvalidValues) -> Option<(Rule, EncodedValues)> {
        let values = match invalid.rule {
            // In a URL there is no `null`, every value is a text, and an empty path segment makes another path.
            Rule::Null { .. } | Rule::Type { expected: JsonType::String } => return None,
            Rule::TooShort { limit: 1 } if self.location == Location::Path => return None,
            Rule::Type { .. } => select(vec!["x", "1x", "真"]).prop_map(Value::from).boxed(),
            _ => invalid.values,
        };
        Some((invalid.rule, self.encoded(values).prop_map(Some).boxed()))
    }

    fn encoded(&self, values: BoxedStrategy<Value>) -> BoxedStrategy<String> {
        let is_segment = self.location == Location::Path;
        // Proxies and clients remove these segments.
        let can_be_sent = move |text: &String| !(is_segment && matches!(text.as_str(), "" | "." | ".."));
        let texts = values.prop_map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        });
        let texts = texts.prop_filter("such a path segment can't be sent", can_be_sent);
        texts.prop_map(|text| utf8_percent_encode(&text, ENCODED).to_string()).boxed()
    }
}
