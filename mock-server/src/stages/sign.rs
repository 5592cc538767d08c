//! The answer is signed, if it is a success: the one place that decides whether, by the status.

use wechatpay_protocol::Timestamp;

use super::respond::Answer;
use crate::{
    identity::PlatformKey,
    policies::SignedRefusals,
    signing::{AnswerSignature, Signing},
};

/// Adds the `Wechatpay-*` headers to a 2xx; refusals stay unsigned (documented, probed), unless the policy says
/// otherwise.
///
/// Only for a request whose own signature matched: the answer to no other is signed. Also says how it was signed.
pub(crate) fn sign(
    mut answer: Answer,
    key: &PlatformKey,
    signed_refusals: SignedRefusals,
    now: Timestamp,
    signing: &Signing,
) -> (Answer, AnswerSignature) {
    let is_signed = answer.status.is_success() || signed_refusals == SignedRefusals::Business;
    if !is_signed {
        return (answer, AnswerSignature::None);
    }
    let signature = signing.sign(&mut answer.headers, &answer.body, key, now);
    (answer, signature)
}
