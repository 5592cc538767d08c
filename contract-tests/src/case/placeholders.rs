//! Placeholders: `{unique}` and others in the texts of a case, filled in when the case runs.

use std::collections::BTreeMap;

use serde_json::Value;

/// The placeholders that are allowed in any text that is sent or expected:
///
/// - `unique`: 16 hex digits, unique to the case and the run
/// - `serial_no`: the serial number of the merchant's certificate
/// - `platform_serial`, `public_key_id`: the gateway keys that the merchant knows, empty if it does not
/// - `host`: the server's host and port, as in the `Host` header
/// - `timestamp`, `nonce_str`: as in the request's signature
const IN_ANY_TEXT: [&str; 8] =
    ["unique", "mchid", "serial_no", "platform_serial", "public_key_id", "host", "timestamp", "nonce_str"];

/// The placeholders that are allowed in a text under this key. A written `Authorization` header and raw bytes have one
/// more each, which is filled in when the request is signed.
pub(super) fn names(key: &str) -> impl Iterator<Item = &'static str> + use<> {
    let more = match key {
        "authorization" => Some("signature"),
        "raw" => Some("authorization"),
        _ => None,
    };
    IN_ANY_TEXT.into_iter().chain(more)
}

/// The values for one exchange, by name.
#[derive(Clone, Debug)]
pub(crate) struct Placeholders {
    values: Vec<(&'static str, String)>,
    /// What was kept of earlier responses, and of this one.
    kept: BTreeMap<String, String>,
}

impl Placeholders {
    pub(crate) fn new(
        values: impl IntoIterator<Item = (&'static str, String)>,
        kept: &BTreeMap<String, String>,
    ) -> Self {
        let values: Vec<_> = values.into_iter().collect();
        debug_assert!(values.iter().map(|(name, _)| *name).eq(IN_ANY_TEXT));
        Self { values, kept: kept.clone() }
    }

    /// The text with its placeholders replaced.
    pub(crate) fn fill(&self, text: &str) -> String {
        let kept = self.kept.iter().map(|(name, value)| (name.as_str(), value));
        let values = self.values.iter().map(|(name, value)| (*name, value)).chain(kept);
        values.fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// Adds what was kept of a response.
    pub(crate) fn keep(&mut self, kept: BTreeMap<String, String>) {
        self.kept.extend(kept);
    }

    /// The value with the placeholders in all its texts replaced.
    pub(crate) fn fill_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.fill_json(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.fill_json(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// Only `{unique}` has a value.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        let values = IN_ANY_TEXT.map(|name| (name, String::new()));
        let mut placeholders = Self::new(values, &BTreeMap::new());
        placeholders.values[0].1 = "0123456789abcdef".into();
        placeholders
    }
}
