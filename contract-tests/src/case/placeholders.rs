//! What stands for something that is only known when a case is run.

use serde_json::Value;

/// The placeholders of any text that is sent or expected, in the order of [`Placeholders`]' values.
const IN_ANY_TEXT: [&str; 8] =
    ["unique", "mchid", "serial_no", "platform_serial", "public_key_id", "host", "timestamp", "nonce_str"];

/// The names that may stand in braces, in a text under this key: a written `Authorization` header and raw bytes have one
/// of their own.
pub(super) fn names(key: &str) -> impl Iterator<Item = &'static str> {
    let own = match key {
        "authorization" => Some("signature"),
        "raw" => Some("authorization"),
        _ => None,
    };
    IN_ANY_TEXT.into_iter().chain(own)
}

/// What the placeholders of one exchange stand for.
#[derive(Clone, Debug)]
pub(crate) struct Placeholders {
    /// 16 hex digits that no other case and no other run has.
    pub(crate) unique: String,
    pub(crate) mchid: String,
    /// The merchant's.
    pub(crate) serial_no: String,
    /// Empty if the merchant knows none.
    pub(crate) platform_serial: String,
    /// Empty if the merchant knows none.
    pub(crate) public_key_id: String,
    pub(crate) host: String,
    /// The request's, in its signature.
    pub(crate) timestamp: String,
    /// The request's, in its signature.
    pub(crate) nonce_str: String,
}

impl Placeholders {
    /// Values of which a test only needs `{unique}`.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        let [mchid, serial_no, platform_serial, public_key_id, host, timestamp, nonce_str] =
            Default::default();
        let unique = "0123456789abcdef".into();
        Self { unique, mchid, serial_no, platform_serial, public_key_id, host, timestamp, nonce_str }
    }

    /// The text with its placeholders replaced.
    pub(crate) fn fill(&self, text: &str) -> String {
        let Self { unique, mchid, serial_no, platform_serial, public_key_id, host, timestamp, nonce_str } =
            self;
        let values = [unique, mchid, serial_no, platform_serial, public_key_id, host, timestamp, nonce_str];
        let pairs = IN_ANY_TEXT.into_iter().zip(values);
        pairs.fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The value with the placeholders in its texts replaced.
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
}
