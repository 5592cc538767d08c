//! The body of a call.

use serde::de::DeserializeOwned;

use crate::admin::refusal::Refusal;

/// Reads a JSON object of that form. Whatever `Content-Type` says: `curl -d` calls everything a form.
///
/// # Errors
/// [`Refusal::Body`] with the place, and the names that are known where one is not.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    match body.trim_ascii_start().first() {
        None => return Err(Refusal::Body("the body: expected a JSON object, found none".into())),
        Some(b'{') => {}
        // A list would do as well for serde, as the values of the fields in their order.
        Some(_) => {
            return Err(Refusal::Body("the body: expected a JSON object, found something else".into()));
        }
    }
    serde_json::from_slice(body).map_err(|error| Refusal::Body(format!("the body: {error}")))
}
