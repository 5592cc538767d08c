//! A response, and its verification.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wechatpay_protocol::{ResponseSignature, Signature, Timestamp};

use crate::{ApiError, Error, PlatformKeys, RawResponse, VerificationError, error::Kind};

/// A response with a fresh signature over exactly these bytes, by one of WeChat Pay's keys that the merchant trusts.
///
/// Only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedResponse {
    response: RawResponse,
    signature: ResponseSignature,
    verified_at: Timestamp,
}

impl VerifiedResponse {
    /// The status, always 2xx.
    pub fn status(&self) -> StatusCode {
        self.response.status
    }

    /// All headers. The signature covers none of them except those in [`VerifiedResponse::signature`].
    pub fn headers(&self) -> &HeaderMap {
        &self.response.headers
    }

    /// The exact bytes of the body, which are none for 204.
    pub fn body(&self) -> &Bytes {
        &self.response.body
    }

    /// The signature, with its key, time and random string.
    pub fn signature(&self) -> &ResponseSignature {
        &self.signature
    }

    /// The three lines that were signed.
    pub fn message(&self) -> Vec<u8> {
        self.signature.message(self.body()).to_bytes()
    }

    /// The time of the verification by the client's clock.
    pub fn verified_at(&self) -> Timestamp {
        self.verified_at
    }
}

/// Verifies a response. Uses no clock and keeps no state.
///
/// The status is checked first: the gateway does not sign its errors, so a client that expects a signature there would
/// hide the error. Then any 2xx, even without a body, must have the five headers, a timestamp at most
/// [`Timestamp::MAX_SKEW`] from `now`, a key among `keys`, and that key's signature, in this order.
///
/// # Errors
/// [`Error::api_error`] for any status but 2xx, [`Error::verification_error`] for a 2xx that can't be verified.
pub fn verify(
    response: &RawResponse,
    keys: &PlatformKeys,
    now: Timestamp,
) -> Result<VerifiedResponse, Error> {
    check_status(response)?;
    let signature = verify_signature(response, keys, now).map_err(Kind::Unverified)?;
    Ok(VerifiedResponse { response: response.clone(), signature, verified_at: now })
}

pub(crate) fn check_status(response: &RawResponse) -> Result<(), Error> {
    if response.status.is_success() { Ok(()) } else { Err(Kind::Api(ApiError::of(response)).into()) }
}

fn verify_signature(
    response: &RawResponse,
    keys: &PlatformKeys,
    now: Timestamp,
) -> Result<ResponseSignature, VerificationError> {
    let signed = ResponseSignature::from_headers(&response.headers)?;
    if signed.timestamp.skew(now) > Timestamp::MAX_SKEW {
        return Err(VerificationError::Stale { signed: signed.timestamp, now });
    }
    let named = || signed.serial.clone();
    let key =
        keys.get(&signed.serial, now).ok_or_else(|| VerificationError::UnknownKey { named: named() })?;
    let signature: Signature = signed.signature.parse().map_err(VerificationError::SignatureForm)?;
    key.verify(&signed.message(&response.body).to_bytes(), &signature)
        .map_err(|source| VerificationError::Mismatch { named: named(), source })?;
    Ok(signed)
}
