//! The encrypted data of a callback.

use std::time::Duration;

use serde_json::{Map, Value};
use wechatpay_mock::diagnosis::{Diagnosis, ResourceEvidence, open_resource};

/// The members of a callback that say what is encrypted.
pub(super) struct Data {
    pub(super) event_type: Option<String>,
    callback: Map<String, Value>,
    resource: Map<String, Value>,
}

/// What became of it.
pub(super) enum Opened {
    /// There is no APIv3 key to try.
    NoKey,
    Decrypted {
        plaintext: String,
        diagnosis: Option<Diagnosis>,
    },
    Failed(Diagnosis),
}

impl Opened {
    pub(super) fn is_wrong(&self) -> bool {
        self.diagnosis().is_some()
    }

    pub(super) fn diagnosis(&self) -> Option<&Diagnosis> {
        match self {
            Self::NoKey => None,
            Self::Decrypted { diagnosis, .. } => diagnosis.as_ref(),
            Self::Failed(diagnosis) => Some(diagnosis),
        }
    }
}

impl Data {
    /// The data in this body; `None` if it has none.
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        // The members that matter are ASCII: another charset does not harm them.
        let text = String::from_utf8_lossy(body);
        let json = match serde_json::from_str(&text).ok() {
            // Kept as a JSON string.
            Some(Value::String(inner)) => serde_json::from_str(&inner).ok(),
            Some(json) => Some(json),
            None => serde_json::from_str::<String>(&format!("\"{}\"", text.trim()))
                .ok()
                .and_then(|inner| serde_json::from_str(&inner).ok()),
        };
        let Some(Value::Object(mut callback)) = json else { return None };
        let Some(Value::Object(resource)) = callback.remove("resource") else { return None };
        resource.get("ciphertext").filter(|ciphertext| ciphertext.is_string())?;
        let event_type = callback.get("event_type").and_then(Value::as_str).map(ToOwned::to_owned);
        Some(Self { event_type, callback, resource })
    }

    pub(super) fn open(&self, key: Option<&str>, time_limit: Duration) -> Opened {
        let Some(key) = key else { return Opened::NoKey };
        let text = |name: &str| self.resource.get(name).and_then(Value::as_str);
        let members = self.resource.iter().chain(&self.callback);
        let evidence = ResourceEvidence {
            algorithm: text("algorithm").unwrap_or_default(),
            nonce: text("nonce").unwrap_or_default(),
            associated_data: text("associated_data"),
            ciphertext: text("ciphertext").unwrap_or_default(),
            others: members.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect(),
            key,
        };
        let opened = open_resource(&evidence, time_limit);
        match (opened.plaintext, opened.diagnosis) {
            (Some(plaintext), diagnosis) => {
                Opened::Decrypted { plaintext: String::from_utf8_lossy(&plaintext).into_owned(), diagnosis }
            }
            (None, Some(diagnosis)) => Opened::Failed(diagnosis),
            (None, None) => Opened::NoKey,
        }
    }
}
