//! Parameters of path and query, as texts that are percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::{prelude::*, sample::select};
use serde_json::Value;
use wechatpay_mock::{JsonType, Location};

use super::{
    breach::{Breach, BrokenRule},
    broken::Broken,
    problem::ContractError,
    schema::{Schema, Values},
};

/// A parameter of the path or the query.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) location: Location,
    pub(super) is_required: bool,
    schema: Schema,
}

/// A rule of a parameter, and percent-encoded values that break it; `None` is an absent parameter.
pub(super) struct BrokenParameter {
    pub(super) breach: Breach,
    pub(super) values: BoxedStrategy<Option<String>>,
}

/// Everything but the unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Parameter {
    pub(super) fn read(document: &Value, parameter: &Value) -> Result<Self, ContractError> {
        let name =
            parameter["name"].as_str().ok_or_else(|| ContractError::new("a parameter without a name"))?;
        let location = match parameter["in"].as_str() {
            Some("path") => Location::Path,
            Some("query") => Location::Query,
            found => {
                let problem = format!("expected it in path or query, found {found:?}");
                return Err(ContractError::new(problem).within(name));
            }
        };
        let schema = Schema::read(document, &parameter["schema"]).map_err(|problem| problem.within(name))?;
        if matches!(schema.values, Values::List(_) | Values::Object(_)) {
            return Err(ContractError::new("expected a single value, found a list or an object").within(name));
        }
        let is_required = location == Location::Path || parameter["required"] == true;
        Ok(Self { name: name.into(), location, is_required, schema })
    }

    /// Valid values, percent-encoded; `None` leaves the parameter out.
    pub(super) fn valid(&self) -> BoxedStrategy<Option<String>> {
        let values = self.encoded(self.schema.valid());
        if self.is_required { values.prop_map(Some).boxed() } else { prop::option::of(values).boxed() }
    }

    /// Every way to break one of its rules that a URL can express.
    pub(super) fn broken(&self) -> Vec<BrokenParameter> {
        let absent = (self.is_required && self.location == Location::Query)
            .then(|| self.broken_as(BrokenRule::Required, Just(None).boxed()));
        let escapes = select(vec!["%", "%4", "%zz", "a%-1", "%FF", "%E4%BC", "%ED%A0%80"]);
        let escapes = escapes.prop_map(|text| Some(text.into()));
        let by_schema = self.schema.broken().into_iter().filter_map(|broken| self.broken_by_schema(broken));
        let encoding = self.broken_as(BrokenRule::PercentEncoding, escapes.boxed());
        absent.into_iter().chain(by_schema).chain([encoding]).collect()
    }

    fn broken_by_schema(&self, broken: Broken) -> Option<BrokenParameter> {
        let values = match broken.rule {
            // There is no `null` in a URL, every value in it is a text, and an empty path segment is another path.
            BrokenRule::Null { .. } | BrokenRule::Type { expected: JsonType::String } => return None,
            BrokenRule::TooShort { limit: 1 } if self.location == Location::Path => return None,
            BrokenRule::Type { .. } => select(vec!["x", "1x", "真"]).prop_map(Value::from).boxed(),
            _ => broken.values,
        };
        Some(self.broken_as(broken.rule, self.encoded(values).prop_map(Some).boxed()))
    }

    fn broken_as(&self, rule: BrokenRule, values: BoxedStrategy<Option<String>>) -> BrokenParameter {
        let breach = Breach {
            location: self.location,
            pointer: format!("/{}", self.name),
            title: self.schema.title.clone(),
            rule,
        };
        BrokenParameter { breach, values }
    }

    fn encoded(&self, values: BoxedStrategy<Value>) -> BoxedStrategy<String> {
        let is_segment = self.location == Location::Path;
        // Whoever stands between would fold these segments away.
        let can_be_sent = move |text: &String| !(is_segment && matches!(text.as_str(), "" | "." | ".."));
        let texts = values.prop_map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        });
        let texts = texts.prop_filter("such a path segment can't be sent", can_be_sent);
        texts.prop_map(|text| utf8_percent_encode(&text, ENCODED).to_string()).boxed()
    }
}
