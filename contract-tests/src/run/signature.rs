//! Verifies the signature of a response, and checks which key made it.

use wechatpay_protocol::{Credentials, ResponseSignature, Signature, Timestamp};
use wechatpay_texts::{phrase, text};

use super::{
    difference::{Difference, Part},
    exchange::Exchange,
    send::Response,
};
use crate::{case::SignedBy, keys::verifying_key};

/// The timestamp must be within [`Timestamp::MAX_SKEW`], because clients reject other responses.
pub(super) fn compare(expected: SignedBy, exchange: &Exchange, merchant: &Credentials) -> Option<Difference> {
    let response = &exchange.response;
    let platform = merchant.platform_certificate.as_ref().map(|(id, pem)| (id.to_string(), pem.as_str()));
    let public = merchant.public_key.as_ref().map(|(id, pem)| (id.to_string(), pem.as_str()));
    let keys: Vec<_> = match expected {
        SignedBy::Nobody => return any_signature(response),
        SignedBy::EitherKey => platform.into_iter().chain(public).collect(),
        SignedBy::PlatformCertificate => platform.into_iter().collect(),
        SignedBy::PublicKey => public.into_iter().collect(),
    };
    let ids: Vec<_> = keys.iter().map(|(id, _)| id.as_str()).collect();
    let expected = match ids.as_slice() {
        [] => text!("one by a key that the credentials do not have"),
        ids => text!("one by {keys}", keys = ids.join(phrase!(" or ").text())),
    };
    let differs = |actual: String| Some(Difference::new(Part::Signature, expected.as_str(), actual));

    let signature = match ResponseSignature::from_headers(&response.headers) {
        Ok(signature) => signature,
        Err(error) => return differs(text!("none: {error}")),
    };
    let serial = signature.serial.as_str();
    let Some((_, pem)) = keys.iter().find(|(id, _)| id == serial) else {
        return differs(text!("one by {serial}"));
    };
    let (at, limit) = (signature.timestamp, Timestamp::MAX_SKEW);
    if let Some(now) = exchange.times.into_iter().find(|now| now.skew(at) > limit) {
        return differs(text!(
            "one made at {at}, which is more than {limit} s off {now}",
            limit = limit.as_secs()
        ));
    }
    let message = signature.message(&response.body).to_bytes();
    let verified = verify(pem, &message, &signature.signature);
    verified.err().map(|problem| {
        let hint = text!("the message that should be signed:\n{message}", message = visible(&message));
        Difference::new(Part::Signature, &expected, text!("one by {serial} that does not verify: {problem}"))
            .with_hint(Some(hint))
    })
}

/// Header names of a signed response must be in the documented case, because an official SDK looks them up case-sensitively.
pub(super) fn compare_names(expected: SignedBy, found: &[String]) -> Option<Difference> {
    if expected == SignedBy::Nobody {
        return None;
    }
    let (name, found) = NAMES
        .iter()
        .filter(|name| !found.iter().any(|found| found == **name))
        .find_map(|name| Some((name, found.iter().find(|found| found.eq_ignore_ascii_case(name))?)))?;
    Some(Difference::new(
        Part::Header(name.to_lowercase()),
        text!("the name {name}"),
        text!("the name {name}", name = found),
    ))
}

/// The documented header names. (documented)
const NAMES: [&str; 5] = [
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Signature",
    "Wechatpay-Serial",
    "Wechatpay-Signature-Type",
];

fn any_signature(response: &Response) -> Option<Difference> {
    let header = response.headers.keys().find(|name| name.as_str().starts_with("wechatpay-"))?;
    Some(Difference::new(Part::Signature, phrase!("none"), text!("the header {header}")))
}

fn verify(pem: &str, message: &[u8], signature: &str) -> Result<(), String> {
    let key = verifying_key(pem).map_err(|error| error.to_string())?;
    let signature: Signature = signature.parse().map_err(|error| format!("{error}"))?;
    key.verify(message, &signature).map_err(|error| error.to_string())
}

/// A message with visible line ends.
pub(super) fn visible(message: &[u8]) -> String {
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
    fn header_names_of_signed_responses_are_in_the_documented_case() {
        let sent = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let found = |names: &[&str]| compare_names(SignedBy::EitherKey, &sent(names));
        assert_eq!(found(&NAMES), None);
        let difference = found(&["date", "Wechatpay-Nonce", "wechatpay-serial"]).unwrap();
        assert_eq!(
            (difference.expected.as_str(), difference.actual.as_str()),
            ("the name Wechatpay-Serial", "the name wechatpay-serial")
        );
        assert_eq!(compare_names(SignedBy::Nobody, &sent(&["wechatpay-serial"])), None);
    }
}
