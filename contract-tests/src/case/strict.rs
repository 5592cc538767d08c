//! One way to write a thing: what would be the default is left out.

use serde::{Deserialize, Deserializer, de::Error};

/// Reads a value and refuses the one that stands for "not there".
pub(super) fn not_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default + PartialEq,
{
    let value = T::deserialize(deserializer)?;
    if value == T::default() {
        return Err(D::Error::custom(
            "expected something else than what holds without this key; leave it out",
        ));
    }
    Ok(value)
}

/// Reads a value that is there; `null` is none.
pub(super) fn some<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
