//! Signs responses. Only this file decides by the status whether to sign.

use wechatpay_protocol::{Nonce, ResponseMessage, ResponseSignature, Timestamp};

use crate::{
    merchants::PlatformKey, policies::SignedRefusals, random::Randomness, response::respond::Response,
};

/// Adds the `Wechatpay-*` headers to a 2xx, and to an error (wild) unless the policy says otherwise. Returns whether it
/// signed.
///
/// Call it only for requests with a valid signature: the response to any other request is never signed. (probed)
pub(crate) fn sign(
    mut response: Response,
    key: &PlatformKey,
    signed_refusals: SignedRefusals,
    now: Timestamp,
    randomness: &Randomness,
) -> (Response, bool) {
    let is_signed = response.status.is_success() || signed_refusals == SignedRefusals::Business;
    if !is_signed {
        return (response, false);
    }
    let nonce = Nonce::from_random(randomness.bytes());
    let message = ResponseMessage { timestamp: now, nonce: nonce.as_str(), body: &response.body };
    let signature = key.key.sign(&message.to_bytes()).to_string();
    let signed = ResponseSignature { timestamp: now, serial: key.id.clone(), signature, nonce };
    response.headers.extend(signed.to_headers());
    (response, true)
}
