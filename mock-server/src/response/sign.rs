//! The answer is signed, if it is a success: the one place that decides whether, by the status.

use wechatpay_protocol::{Nonce, ResponseMessage, ResponseSignature, Timestamp};

use crate::{
    merchants::PlatformKey, policies::SignedRefusals, random::Randomness, response::respond::Response,
};

/// Adds the `Wechatpay-*` headers to a 2xx; refusals stay unsigned (documented, probed), unless the policy says
/// otherwise.
///
/// Only for a request whose own signature matched: the answer to no other is signed. Also says whether it was signed.
pub(crate) fn sign(
    mut answer: Response,
    key: &PlatformKey,
    signed_refusals: SignedRefusals,
    now: Timestamp,
    randomness: &Randomness,
) -> (Response, bool) {
    let is_signed = answer.status.is_success() || signed_refusals == SignedRefusals::Business;
    if !is_signed {
        return (answer, false);
    }
    let nonce = Nonce::from_random(randomness.bytes());
    let message = ResponseMessage { timestamp: now, nonce: nonce.as_str(), body: &answer.body };
    let signature = key.key.sign(&message.to_bytes()).to_string();
    let signed = ResponseSignature { timestamp: now, serial: key.id.clone(), signature, nonce };
    answer.headers.extend(signed.to_headers());
    (answer, true)
}
