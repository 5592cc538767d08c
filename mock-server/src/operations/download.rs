//! Files that are downloaded from an address with a token in it, for a while.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;

use super::{payment::order::MINUTE, resource};
use crate::{
    api::{host::GATEWAY_HOSTS, operation_error::OperationError},
    random::Randomness,
    request::validate::ValidRequest,
    store::Documents,
};

/// How long a file can be downloaded from its address, in seconds. (documented of bills, own choice of receipts)
pub(super) const LIVES: u64 = 5 * MINUTE;

/// The length of a token: that of 48 bytes in Base64. (wild)
const TOKEN: usize = 64;

pub(super) fn token(randomness: &Randomness) -> String {
    let random: Vec<u8> = (0..3).flat_map(|_| randomness.bytes()).collect();
    BASE64_URL_SAFE_NO_PAD.encode(random)
}

/// The whole address of a path with its query, at the host that the request was sent to.
pub(super) fn address(request: &ValidRequest<'_>, target: &str) -> String {
    let origin = request.own_origin().unwrap_or_else(|| format!("https://{}", GATEWAY_HOSTS[0]));
    format!("{origin}{target}")
}

/// What the token of a request leads to; nothing if the token is that of an example.
///
/// # Errors
/// If the token is unknown, or the time until which it holds is over.
pub(super) fn read<T: DeserializeOwned>(
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
    kind: &str,
    now: u64,
    until: impl Fn(&T) -> u64,
) -> Result<Option<T>, OperationError> {
    let token = request.parameter("token");
    match documents.get::<T>(kind, token) {
        Some(found) if until(&found) < now => Err(OperationError::BillTokenExpired),
        None if token.len() == TOKEN && !resource::is_sample(request, "token") => {
            Err(OperationError::BillToken)
        }
        found => Ok(found),
    }
}
