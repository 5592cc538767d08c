//! What a request calls a document: the values of a key.

use serde_json::{Map, Value, json};
use wechatpay_openapi::{Key, Location};

use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{
        Context,
        example::{self, is_single, only, typed},
    },
    request::validate::ValidRequest,
    response::OperationResponse,
};

/// A key with its values in a request or an answer.
pub(super) struct Named {
    key: String,
    values: Vec<String>,
    /// Whether the values are the contract's own examples.
    pub(super) is_example: bool,
}

impl Named {
    /// Whether the key is of the same fields as that in the ID of a document.
    pub(super) fn is_key_of(&self, id: &str) -> bool {
        id.split_once('=').is_some_and(|(key, _)| key == self.key)
    }

    /// The ID of a document in the store: `out_order_no=1217752501`; of several values `["500001","1217752501"]`.
    pub(super) fn id(&self) -> String {
        match &self.values[..] {
            [only] => format!("{}={only}", self.key),
            values => format!("{}={}", self.key, json!(values)),
        }
    }
}

/// The names of the fields in the ID of a document.
pub(super) fn names_in(id: &str) -> impl Iterator<Item = &str> {
    id.split_once('=').into_iter().flat_map(|(key, _)| key.split('+'))
}

/// The name that leads to what requests have made of the sample, whichever of its keys they had.
pub(super) const SAMPLE: &str = "the sample";

/// The kind of the documents that lead from another name of a document to its ID.
pub(super) fn kind_of_names(kind: &str) -> String {
    format!("{kind}{NAMES}")
}

pub(super) const NAMES: &str = " by another name";

/// The key as the request has it.
pub(super) fn in_request(request: &ValidRequest, key: &Key) -> Option<Named> {
    let values: Vec<_> = key.names().map(|name| text_of(request, name)).collect::<Option<_>>()?;
    let is_example =
        key.names().zip(&values).all(|(name, value)| example_of(request, name).as_deref() == Some(value));
    Some(Named { key: key.as_str().into(), values, is_example })
}

/// The key as an answer has it, or the request where the answer does not.
pub(super) fn in_answer(request: &ValidRequest, body: &Value, key: &Key) -> Option<Named> {
    let value = |name: &str| value_of(body, name).or_else(|| text_of(request, name));
    let values = key.names().map(value).collect::<Option<_>>()?;
    Some(Named { key: key.as_str().into(), values, is_example: false })
}

/// The request's value of this name: of its body, where it may be at any depth if there is only one, or a parameter.
pub(super) fn text_of(request: &ValidRequest, name: &str) -> Option<String> {
    let parameter = || request.sent(name).filter(|sent| !sent.is_empty()).map(String::from);
    value_of(request.plain(), name).or_else(parameter)
}

/// Whether the request names the documentation's sample: its value of this name is the contract's example.
pub(in crate::operations) fn is_sample(request: &ValidRequest, name: &str) -> bool {
    text_of(request, name).is_some_and(|value| example_of(request, name) == Some(value))
}

/// The answer to a request that names nothing known: the documentation's sample if it names that by one of these names.
///
/// # Errors
/// This one, if it does not.
pub(in crate::operations) fn sample_or(
    context: &Context<'_>,
    request: &ValidRequest,
    names: &[&str],
    error: OperationError,
) -> Result<OperationResponse, ApiError> {
    match names.iter().any(|name| is_sample(request, name)) {
        true => Ok(example::made(context, request)),
        false => Err(error.into()),
    }
}

/// The contract's example of the value of this name.
fn example_of(request: &ValidRequest, name: &str) -> Option<String> {
    let operation = request.operation();
    let parameter = || {
        let parameter = operation.parameters().iter().find(|parameter| parameter.name == name)?;
        let example = parameter.example.clone();
        Some(text(&example.unwrap_or_else(|| parameter.schema.sample(&mut |_| None))))
    };
    operation.example().and_then(|body| value_of(body, name)).or_else(parameter)
}

fn value_of(body: &Value, name: &str) -> Option<String> {
    let value = body.get(name).filter(|value| is_single(value)).or_else(|| only(body, name))?;
    Some(text(value)).filter(|text| !text.is_empty())
}

/// A single value as text.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// The parameters of the path and the query, with their types. Encrypted ones are left out.
pub(super) fn parameters(request: &ValidRequest) -> Value {
    let mut fields = Map::new();
    for parameter in request.operation().parameters() {
        let is_field =
            parameter.location != Location::Header && !parameter.is_sensitive() && !parameter.is_list();
        if let Some(sent) = request.sent(&parameter.name).filter(|sent| is_field && !sent.is_empty()) {
            fields.insert(parameter.name.clone(), typed(parameter.schema.as_value(), sent));
        }
    }
    fields.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_at_the_top_or_the_only_one_of_its_name() {
        let body = json!({ "id": 1, "order": { "id": 2, "no": "3" }, "list": [{ "sn": "4" }, { "sn": "5" }], "e": "" });
        assert_eq!(value_of(&body, "id").as_deref(), Some("1"));
        assert_eq!(value_of(&body, "no").as_deref(), Some("3"));
        assert_eq!(
            (value_of(&body, "sn"), value_of(&body, "e"), value_of(&body, "order")),
            (None, None, None)
        );
    }

    #[test]
    fn an_id_tells_keys_and_values_apart() {
        let id = |key: &str, values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            Named { key: key.into(), values, is_example: false }.id()
        };
        assert_eq!(id("out_order_no", &["1"]), "out_order_no=1");
        assert_eq!(id("a+b", &["1", "2,3"]), r#"a+b=["1","2,3"]"#);
        assert_eq!(names_in(&id("a+b", &["1", "2=3"])).collect::<Vec<_>>(), ["a", "b"]);
        let named = Named { key: "a".into(), values: vec!["1".into()], is_example: true };
        assert!(named.is_key_of(&id("a", &["2"])) && !named.is_key_of(&id("a+b", &["1", "2"])));
    }
}
