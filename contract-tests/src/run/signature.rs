//! Compares who signed an answer, and verifies it.

use wechatpay_protocol::{Credentials, ResponseSignature, Signature, Timestamp};

use super::{
    difference::{Difference, Subject},
    send::{Answer, Sent},
};
use crate::{case::SignedBy, keys::verifying_key};

/// Clients believe no answer whose timestamp is more than [`Timestamp::MAX_SKEW`] off, so none may be.
pub(super) fn compare(expected: SignedBy, sent: &Sent, merchant: &Credentials) -> Option<Difference> {
    let answer = &sent.answer;
    let platform = merchant.platform_certificate.as_ref().map(|(id, pem)| (id.to_string(), pem.as_str()));
    let public = merchant.public_key.as_ref().map(|(id, pem)| (id.to_string(), pem.as_str()));
    let keys: Vec<_> = match expected {
        SignedBy::Nobody => return signed_at_all(answer),
        SignedBy::EitherKey => platform.into_iter().chain(public).collect(),
        SignedBy::PlatformCertificate => platform.into_iter().collect(),
        SignedBy::PublicKey => public.into_iter().collect(),
    };
    let ids: Vec<_> = keys.iter().map(|(id, _)| id.as_str()).collect();
    let wanted = match ids.as_slice() {
        [] => "one by a key that the credentials do not have".into(),
        ids => format!("one by {}", ids.join(" or ")),
    };
    let differs = |actual: String| Some(Difference::new(Subject::Signature, wanted.as_str(), actual));

    let signature = match ResponseSignature::from_headers(&answer.headers) {
        Ok(signature) => signature,
        Err(error) => return differs(format!("none: {error}")),
    };
    let serial = signature.serial.as_str();
    let Some((_, pem)) = keys.iter().find(|(id, _)| id == serial) else {
        return differs(format!("one by {serial}"));
    };
    let (at, limit) = (signature.timestamp, Timestamp::MAX_SKEW);
    if let Some(now) = sent.times.into_iter().find(|now| now.skew(at) > limit) {
        return differs(format!("one made at {at}, which is more than {} s off {now}", limit.as_secs()));
    }
    let message = signature.message(&answer.body).to_bytes();
    let verified = verify(pem, &message, &signature.signature);
    verified.err().map(|problem| {
        let hint = format!("the message that it should be over:\n{}", shown(&message));
        Difference::new(
            Subject::Signature,
            &wanted,
            format!("one by {serial} that does not verify: {problem}"),
        )
        .with_hint(Some(hint))
    })
}

/// The headers of a signed answer have their documented capitals: an official SDK looks them up so.
pub(super) fn names(expected: SignedBy, sent: &[String]) -> Option<Difference> {
    if expected == SignedBy::Nobody {
        return None;
    }
    let spelt_otherwise = |name: &&&str| {
        sent.iter().any(|sent| sent.eq_ignore_ascii_case(name)) && !sent.iter().any(|sent| sent == **name)
    };
    let name = NAMES.iter().find(spelt_otherwise)?;
    let found = sent.iter().find(|sent| sent.eq_ignore_ascii_case(name))?;
    Some(Difference::new(
        Subject::Header(name.to_lowercase()),
        format!("the name {name}"),
        format!("the name {found}"),
    ))
}

/// As the documentation writes them.
const NAMES: [&str; 5] = [
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Signature",
    "Wechatpay-Serial",
    "Wechatpay-Signature-Type",
];

fn signed_at_all(answer: &Answer) -> Option<Difference> {
    let header = answer.headers.keys().find(|name| name.as_str().starts_with("wechatpay-"))?;
    Some(Difference::new(Subject::Signature, "none", format!("the header {header}")))
}

fn verify(pem: &str, message: &[u8], signature: &str) -> Result<(), String> {
    let key = verifying_key(pem).map_err(|error| error.to_string())?;
    let signature: Signature = signature.parse().map_err(|error| format!("{error}"))?;
    key.verify(message, &signature).map_err(|error| error.to_string())
}

/// A message with the ends of its lines made visible.
pub(super) fn shown(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let lines = text
        .split_inclusive('\n')
        .map(|line| format!("  {}", line.replace('\r', "\\r").replace('\n', "\\n")));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_signed_answers_have_their_capitals() {
        let sent = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let found = |names: &[&str]| super::names(SignedBy::EitherKey, &sent(names));
        assert_eq!(found(&NAMES), None);
        let difference = found(&["date", "Wechatpay-Nonce", "wechatpay-serial"]).unwrap();
        assert_eq!(
            (difference.expected.as_str(), difference.actual.as_str()),
            ("the name Wechatpay-Serial", "the name wechatpay-serial")
        );
        assert_eq!(super::names(SignedBy::Nobody, &sent(&["wechatpay-serial"])), None);
    }
}
