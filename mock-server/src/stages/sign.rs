//! The answer is signed, if it is a success: the one place that decides so, by the status.

use wechatpay_protocol::{Nonce, ResponseMessage, ResponseSignature, Timestamp};

use super::respond::Answer;
use crate::{identity::PlatformKey, policies::SignedRefusals};

/// Adds the `Wechatpay-*` headers to a 2xx; refusals stay unsigned (documented, probed), unless the policy says
/// otherwise.
///
/// There is a `key` if the request's own signature matched, and only then can its answer be signed.
pub(crate) fn sign(
    mut answer: Answer,
    key: Option<&PlatformKey>,
    signed_refusals: SignedRefusals,
    now: Timestamp,
    random: [u8; 16],
) -> Answer {
    let is_signed = answer.status.is_success() || signed_refusals == SignedRefusals::Business;
    let Some(key) = key.filter(|_| is_signed) else { return answer };
    let nonce = Nonce::from_random(random);
    let message = ResponseMessage { timestamp: now, nonce: nonce.as_str(), body: &answer.body };
    let signature = key.key.sign(&message.to_bytes()).to_string();
    let signed = ResponseSignature { timestamp: now, serial: key.id.clone(), signature, nonce };
    answer.headers.extend(signed.to_headers());
    answer
}
