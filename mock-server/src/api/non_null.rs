//! Optional fields that reject `null`.

use serde::{Deserialize, Deserializer, de::Error};

/// Deserializes an optional field and rejects `null`, which could mean "no value" or "any value". Where a field narrows
/// what a rule applies to, guessing wrong could apply it to everything.
///
/// For `#[serde(default, deserialize_with = "non_null")]`.
pub(crate) fn non_null<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let value = Option::deserialize(deserializer)?;
    let null = || D::Error::custom("expected a value, found null; leave the field out instead");
    value.map(Some).ok_or_else(null)
}
