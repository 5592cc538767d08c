//! Deserializers that allow one way to write each thing: a key with the default value must be left out.

use serde::{Deserialize, Deserializer, de::Error};
use wechatpay_texts::phrase;

/// Deserializes a value, which must not be the default.
pub(super) fn not_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default + PartialEq,
{
    let value = T::deserialize(deserializer)?;
    if value == T::default() {
        return Err(D::Error::custom(phrase!("expected something other than the default; leave it out")));
    }
    Ok(value)
}

/// Deserializes a value, which must not be `null`.
pub(super) fn some<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
