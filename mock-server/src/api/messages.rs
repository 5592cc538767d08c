//! The table of the gateway's errors: `messages.toml`, parsed when the first error occurs.

use std::{collections::HashMap, sync::LazyLock};

use http::StatusCode;
use serde::{Deserialize, Deserializer, de::Error};

use crate::policies::Provenance;

use super::language::Language;

const MESSAGES: &str = include_str!("messages.toml");

/// The status, code, provenance and texts of an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// The check that fails, 1 to 12; `None` for an error outside the checks.
    pub(super) check: Option<u8>,
    #[serde(deserialize_with = "status")]
    pub(super) status: StatusCode,
    /// The code in the body; `None` if the body is empty.
    pub(super) code: Option<String>,
    /// The gateway's own number for the error, with which its `Request-ID` ends; `None` if it is not known.
    pub(super) inner_number: Option<u32>,
    pub(super) provenance: Provenance,
    /// Other codes that operations have for the same error. `None` if the error is not a general one, which each
    /// operation can have among its own.
    pub(super) own_codes: Option<Vec<String>>,
    #[serde(rename = "zh-CN", default)]
    simplified: String,
    #[serde(rename = "en", default)]
    english: String,
    #[serde(rename = "zh-TW", default)]
    traditional: String,
}

impl Row {
    /// The row with this name.
    ///
    /// # Panics
    /// If there is none. The tests look up every name.
    pub(super) fn of(name: &str) -> &'static Self {
        static ROWS: LazyLock<HashMap<String, Row>> =
            LazyLock::new(|| toml::from_str(MESSAGES).expect("messages.toml is a table of errors"));
        ROWS.get(name).unwrap_or_else(|| panic!("messages.toml has no {name}"))
    }

    pub(super) fn text(&self, language: Language) -> &str {
        match language {
            Language::ZhCn => &self.simplified,
            Language::En => &self.english,
            Language::ZhHk | Language::ZhTw => &self.traditional,
        }
    }
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
    StatusCode::from_u16(u16::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// The names of all rows, for tests.
#[cfg(test)]
pub(super) fn names() -> Vec<String> {
    let rows: toml::Table = MESSAGES.parse().unwrap();
    rows.keys().cloned().collect()
}
