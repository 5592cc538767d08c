//! A document as it is stored.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

/// A document as it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Stored {
    /// Its ID in the store.
    pub(super) id: String,
    /// Its fields, with texts that are encrypted on the wire as plain texts.
    pub(super) fields: Value,
    /// When it was created, in seconds since 1970.
    pub(super) created: u64,
    /// The fingerprint of the request that created it; empty for the documentation's sample.
    pub(super) content: String,
    /// Whether it is in the store: the sample is not until something changes it.
    pub(super) is_kept: bool,
    /// Whether it was removed. The sample stays removed, too.
    #[serde(default)]
    pub(super) is_deleted: bool,
}

impl Stored {
    /// The documentation's sample, as long as nothing has changed it: it has no fields of its own.
    pub(super) fn sample(id: String, now: Timestamp) -> Self {
        Self { id, fields: json!({}), created: now.as_unix(), ..Self::default() }
    }
}

/// Adds the fields of an object to another, object by object. Lists and single values are replaced.
pub(in crate::operations) fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, from) => *into = from.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_merged_and_everything_else_is_replaced() {
        let mut fields = json!({ "amount": { "total": 1, "currency": "CNY" }, "list": [1, 2], "name": "a" });
        merge(&mut fields, &json!({ "amount": { "total": 2 }, "list": [3], "name": null, "new": {} }));
        let expected =
            json!({ "amount": { "total": 2, "currency": "CNY" }, "list": [3], "name": "a", "new": {} });
        assert_eq!(fields, expected);
        merge(&mut fields, &Value::Null);
        assert_eq!(fields, expected);
    }
}
