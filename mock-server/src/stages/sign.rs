//! The answer is signed, if it is a success: the one place that decides so, by the status.

use wechatpay_protocol::{Nonce, ResponseMessage, ResponseSignature, Timestamp};

use super::respond::Answer;
use crate::identity::PlatformKey;

/// Adds the `Wechatpay-*` headers to a 2xx; refusals stay unsigned. (documented, probed)
pub(crate) fn sign(mut answer: Answer, key: &PlatformKey, now: Timestamp, random: [u8; 16]) -> Answer {
    if !answer.status.is_success() {
        return answer;
    }
    let nonce = Nonce::from_random(random);
    let message = ResponseMessage { timestamp: now, nonce: nonce.as_str(), body: &answer.body };
    let signature = key.key.sign(&message.to_bytes()).to_string();
    let signed = ResponseSignature { timestamp: now, serial: key.id.clone(), signature, nonce };
    answer.headers.extend(signed.to_headers());
    answer
}
