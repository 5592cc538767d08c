//! What is received, routed and authenticated: checks 1 to 10, and their order.

use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE};
use percent_encoding::percent_decode_str;
use wechatpay_protocol::{AuthorizationError, Timestamp, WECHATPAY_SERIAL};

use super::{
    Fault::{Config, Overlooks, Received, Refuses, Rejects},
    Mutant, Request, mutant,
};
use crate::{
    identity::Merchant,
    rejection::Rejection::{
        self, Authorization, AuthorizationAbsent, CertificateExpired, CertificateReplaced,
        CertificateRevoked, HeaderAbsent, NotJson, SignatureMismatch, TimestampSkewed, UnknownMchid,
        UnknownMethod, UnknownSerial,
    },
};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant("body-limit-less-a-byte", "a body of exactly 1 MiB is refused", Config(|c| c.limits.body -= 1)),
    mutant("body-limit-plus-a-byte", "a body of 1 MiB and a byte is taken", Config(|c| c.limits.body += 1)),
    mutant(
        "path-decoded-before-routing",
        "%2F in a parameter of the path ends it",
        Received(|r| r.target = percent_decode_str(&r.target).decode_utf8_lossy().into()),
    ),
    mutant(
        "trailing-slash-ignored",
        "a path with a slash at its end is taken for the one without",
        Received(|r| r.target = r.target.trim_end_matches('/').into()),
    ),
    mutant(
        "slashes-merged",
        "a path with // is taken for the one with /",
        Received(|r| r.target = r.target.replace("//", "/")),
    ),
    mutant(
        "path-without-case",
        "a path in other letters is taken for an operation's",
        Received(|r| r.target = r.target.replacen("/V3/", "/v3/", 1)),
    ),
    mutant(
        "query-not-signed",
        "the signature is checked without the query",
        Received(|r| r.target = r.path().into()),
    ),
    mutant(
        "language-ignored",
        "messages are in Chinese whatever Accept-Language says",
        Received(|r| drop(r.headers.remove(ACCEPT_LANGUAGE))),
    ),
    mutant(
        "wechatpay-serial-ignored",
        "the request's Wechatpay-Serial is not looked at",
        Received(|r| drop(r.headers.remove(WECHATPAY_SERIAL))),
    ),
    mutant(
        "credentials-before-path",
        "check 4 is made before check 1",
        Refuses(|r| r.authorization.is_none().then_some(AuthorizationAbsent { found: 0 })),
    ),
    mutant(
        "headers-before-path",
        "check 3 is made before check 1",
        Refuses(|r| (!r.received.headers.contains_key(ACCEPT)).then_some(HeaderAbsent { name: "Accept" })),
    ),
    mutant(
        "authorization-before-headers",
        "check 4 is made before check 3",
        Refuses(|r| {
            let is_known = r.received.target.contains("/cards/") && r.authorization.is_none();
            is_known.then_some(AuthorizationAbsent { found: 0 })
        }),
    ),
    mutant(
        "mchid-before-timestamp",
        "check 7 is made before check 6",
        Refuses(|r| r.merchant().is_none().then(|| r.unknown_mchid()).flatten()),
    ),
    mutant(
        "serial-before-timestamp",
        "check 8 is made before check 6",
        Refuses(|r| r.has_other_serial(|sent, own| !sent.eq_ignore_ascii_case(own))),
    ),
    mutant(
        "body-before-signature",
        "check 11 is made before check 10",
        Refuses(|r| {
            let is_json = serde_json::from_slice::<serde_json::Value>(&r.received.body).is_ok();
            (!r.received.body.is_empty() && !is_json).then(|| NotJson { reason: "too early".into() })
        }),
    ),
    mutant(
        "accept-anything-refused",
        "Accept: */* does not pass check 3",
        Refuses(|r| {
            let is_anything = r.received.headers.get(ACCEPT).is_some_and(|accept| accept == "*/*");
            is_anything.then_some(HeaderAbsent { name: "Accept" })
        }),
    ),
    mutant(
        "content-type-required",
        "a body without Content-Type is refused",
        Refuses(|r| {
            let has_type = r.received.headers.contains_key(CONTENT_TYPE);
            (!r.received.body.is_empty() && !has_type).then_some(HeaderAbsent { name: "Content-Type" })
        }),
    ),
    mutant(
        "serial-with-case",
        "a serial_no in lower case is another one",
        Refuses(|r| r.has_other_serial(|sent, own| sent != own)),
    ),
    mutant(
        "timestamp-of-300-seconds-refused",
        "a request that is exactly 5 minutes old is refused",
        Refuses(|r| {
            let signed = r.authorization.as_ref()?.timestamp();
            (signed.skew(r.now) == Timestamp::MAX_SKEW).then_some(TimestampSkewed { signed, now: r.now })
        }),
    ),
    mutant(
        "accept-unchecked",
        "a request without Accept passes",
        Overlooks(|r| matches!(r, HeaderAbsent { name: "Accept" })),
    ),
    mutant(
        "user-agent-unchecked",
        "a request without User-Agent passes",
        Overlooks(|r| matches!(r, HeaderAbsent { name: "User-Agent" })),
    ),
    mutant(
        "timestamp-unchecked",
        "a timestamp of any age passes",
        Overlooks(|r| matches!(r, TimestampSkewed { .. })),
    ),
    mutant(
        "timestamp-of-301-seconds-taken",
        "a request that is a second too old passes",
        Overlooks(|r| matches!(r, TimestampSkewed { signed, now } if signed.skew(*now).as_secs() == 301)),
    ),
    mutant(
        "future-unchecked",
        "a timestamp passes however far it is in the future",
        Overlooks(|r| matches!(r, TimestampSkewed { signed, now } if signed > now)),
    ),
    mutant(
        "serial-unchecked",
        "a serial_no that is not the merchant's passes",
        Overlooks(|r| matches!(r, UnknownSerial { .. })),
    ),
    mutant(
        "expiry-unchecked",
        "a merchant's certificate that has expired passes",
        Overlooks(|r| matches!(r, CertificateExpired { .. })),
    ),
    mutant(
        "revocation-unchecked",
        "a merchant's certificate that was revoked passes",
        Overlooks(|r| matches!(r, CertificateRevoked)),
    ),
    mutant(
        "replacement-unchecked",
        "a merchant's certificate that was replaced passes",
        Overlooks(|r| matches!(r, CertificateReplaced)),
    ),
    mutant("signature-unchecked", "any signature passes", Overlooks(|r| matches!(r, SignatureMismatch(_)))),
    mutant(
        "method-told-as-path",
        "a wrong method is 404 as well",
        Rejects(|r| match r {
            UnknownMethod => Rejection::UnknownPath { nearest: String::new() },
            other => other,
        }),
    ),
    mutant(
        "scheme-told-as-form",
        "another scheme is refused as a malformed header",
        Rejects(|r| match r {
            Authorization(AuthorizationError::Scheme { .. }) => AuthorizationAbsent { found: 0 },
            other => other,
        }),
    ),
    mutant(
        "mchid-told-as-serial",
        "an unknown merchant is refused as an unknown serial_no",
        Rejects(|r| match r {
            UnknownMchid { found } => UnknownSerial { found, expected: String::new() },
            other => other,
        }),
    ),
    mutant(
        "revoked-told-as-expired",
        "a certificate that was revoked is refused as expired",
        Rejects(|r| match r {
            CertificateRevoked => CertificateExpired { not_after: Timestamp::from_unix(0) },
            other => other,
        }),
    ),
];

impl Request<'_> {
    fn merchant(&self) -> Option<std::sync::Arc<Merchant>> {
        self.identity.merchant(self.authorization.as_ref()?.mchid())
    }

    fn unknown_mchid(&self) -> Option<Rejection> {
        Some(UnknownMchid { found: self.authorization.as_ref()?.mchid().into() })
    }

    /// The refusal by check 8, if the serial number that was sent differs so from the merchant's own.
    fn has_other_serial(&self, differs: fn(&str, &str) -> bool) -> Option<Rejection> {
        let (merchant, sent) = (self.merchant()?, self.authorization.as_ref()?.serial_no());
        let own = merchant.serial_no().as_str();
        differs(sent, own).then(|| UnknownSerial { found: sent.into(), expected: own.into() })
    }
}
