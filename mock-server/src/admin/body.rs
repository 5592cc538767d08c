//! The body of a call.

use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// Reads JSON of that form. Whatever `Content-Type` says: `curl -d` calls everything a form.
///
/// # Errors
/// [`Refusal::Body`] with the place, and the names that are known where one is not.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let found = if body.is_empty() { "none".into() } else { error.to_string() };
        Refusal::Body(format!("the body: expected a JSON object of this call's form, found {found}"))
    })
}
