//! Fields that may be left out.

use serde::{Deserialize, Deserializer, de::Error};

/// The value of a field that is there. `null` is refused: to one it may mean that nothing is said, to another that there
/// is no such thing, and where a field narrows what is meant, a guess may hit everything.
///
/// For `#[serde(default, deserialize_with = "present")]`.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let found = Option::deserialize(deserializer)?;
    found
        .map(Some)
        .ok_or_else(|| D::Error::custom("expected a value, found null; leave the field out instead"))
}
