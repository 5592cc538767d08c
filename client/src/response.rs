//! An answer, and what has to hold before it is believed.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wechatpay_protocol::{
    HeaderError, KeyId, ParseError, ResponseSignature, Signature, SignatureError, Timestamp,
};

use crate::{Error, PlatformKeys, Rejection};

/// An answer as it was received. Nobody has checked it yet.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
}

/// An answer that a trusted key of WeChat Pay's has signed, just now, over these very bytes.
///
/// Only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    answer: Answer,
    signature: ResponseSignature,
    verified_at: Timestamp,
}

impl Verified {
    /// The status: some 2xx.
    pub fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// All headers. The signature covers none of them, except for what [`Verified::signature`] holds.
    pub fn headers(&self) -> &HeaderMap {
        &self.answer.headers
    }

    /// The exact bytes of the body; empty for 204.
    pub fn body(&self) -> &Bytes {
        &self.answer.body
    }

    /// Which key signed, when, and with which random string.
    pub fn signature(&self) -> &ResponseSignature {
        &self.signature
    }

    /// The three lines that were signed.
    pub fn message(&self) -> Vec<u8> {
        self.signature.message(self.body()).to_bytes()
    }

    /// What the client's clock said when it verified.
    pub fn verified_at(&self) -> Timestamp {
        self.verified_at
    }
}

/// Why an answer that says yes is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A header of the signature is missing, repeated or malformed.
    #[error(transparent)]
    Headers(#[from] HeaderError),
    /// It was signed too long ago, or too far in the future.
    #[error(
        "signed at {signed}, {} s from this clock's {now}; at most {} s are believed",
        signed.skew(*now).as_secs(), Timestamp::MAX_SKEW.as_secs()
    )]
    Stale {
        /// When it claims to have been signed.
        signed: Timestamp,
        /// The client's clock.
        now: Timestamp,
    },
    /// It names a key that is not among those trusted, or a certificate that is out of force.
    #[error("signed with {named}, which is not a trusted key in force")]
    UnknownKey {
        /// The key.
        named: KeyId,
    },
    /// The signature is not Base64. The gateway's own probes, `WECHATPAY/SIGNTEST/…`, end up here.
    #[error(transparent)]
    SignatureForm(ParseError),
    /// The signature is not the named key's over these bytes.
    #[error("not signed with {named}")]
    Mismatch {
        /// The key.
        named: KeyId,
        /// What verification said.
        source: SignatureError,
    },
}

/// Believes an answer, or says why not. Looks at no clock and keeps nothing.
///
/// The status comes first: the gateway signs no refusal, and a client that insists on a signature there hides the
/// real error. Then every 2xx, also one without a body, must have the five headers, a timestamp of at most
/// [`Timestamp::MAX_SKEW`] from `now`, a key among `keys`, and that key's signature, in this order.
///
/// # Errors
/// [`Error::rejection`] for any status but 2xx, [`Error::unverified`] for a 2xx that is not believed.
pub fn verify(answer: &Answer, keys: &PlatformKeys, now: Timestamp) -> Result<Verified, Error> {
    accepted(answer)?;
    let signature = signature_of(answer, keys, now)?;
    Ok(Verified { answer: answer.clone(), signature, verified_at: now })
}

/// Believes an answer for no reason.
#[cfg(feature = "mutants")]
pub(crate) fn believe(answer: &Answer, now: Timestamp) -> Verified {
    let signature = ResponseSignature::from_headers(&answer.headers).unwrap_or_else(|_| ResponseSignature {
        timestamp: now,
        nonce: wechatpay_protocol::Nonce::from_random([0; 16]),
        serial: "01".parse().expect("two digits are a serial number"),
        signature: String::new(),
    });
    Verified { answer: answer.clone(), signature, verified_at: now }
}

/// Sees to the status alone.
pub(crate) fn accepted(answer: &Answer) -> Result<(), Error> {
    let Answer { status, headers, body } = answer;
    if status.is_success() { Ok(()) } else { Err(Rejection::new(*status, headers, body).into()) }
}

fn signature_of(
    answer: &Answer,
    keys: &PlatformKeys,
    now: Timestamp,
) -> Result<ResponseSignature, Unverified> {
    let signed = ResponseSignature::from_headers(&answer.headers)?;
    if signed.timestamp.skew(now) > Timestamp::MAX_SKEW {
        return Err(Unverified::Stale { signed: signed.timestamp, now });
    }
    let named = || signed.serial.clone();
    let key = keys.get(&signed.serial, now).ok_or_else(|| Unverified::UnknownKey { named: named() })?;
    let signature: Signature = signed.signature.parse().map_err(Unverified::SignatureForm)?;
    key.verify(&signed.message(&answer.body).to_bytes(), &signature)
        .map_err(|source| Unverified::Mismatch { named: named(), source })?;
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use wechatpay_protocol::{
        Credentials, SigningKey, WECHATPAY_NONCE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE,
        WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);
    const PUBLIC_KEY: &str = include_str!("../../fixtures/credentials/pub_key_private.pem");
    const STRANGER: &str = include_str!("../../fixtures/credentials/other_key.pem");

    fn keys() -> PlatformKeys {
        PlatformKeys::of(&Credentials::development()).unwrap()
    }

    fn answer(status: u16, signed: Timestamp, body: &'static [u8], private_key: &str) -> Answer {
        let mut signature = ResponseSignature {
            timestamp: signed,
            nonce: "8f3c1d5a07b94e62a1c0d7e95b2f4863".parse().unwrap(),
            serial: "PUB_KEY_ID_0119000000012026010100000000000001".parse().unwrap(),
            signature: String::new(),
        };
        let key = SigningKey::from_pem(private_key).unwrap();
        signature.signature = key.sign(&signature.message(body).to_bytes()).to_string();
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::from_iter(signature.to_headers()),
            body: Bytes::from_static(body),
        }
    }

    fn reason(answer: &Answer) -> Unverified {
        verify(answer, &keys(), NOW).unwrap_err().unverified().cloned().unwrap()
    }

    #[test]
    fn a_signed_204_is_verified_over_a_lone_third_newline() {
        let verified = verify(&answer(204, NOW, b"", PUBLIC_KEY), &keys(), NOW).unwrap();
        assert_eq!(verified.message(), b"1756951532\n8f3c1d5a07b94e62a1c0d7e95b2f4863\n\n");
        assert_eq!(verified.verified_at(), NOW);
    }

    #[test]
    fn each_of_the_five_headers_is_needed() {
        for name in [
            WECHATPAY_TIMESTAMP,
            WECHATPAY_NONCE,
            WECHATPAY_SIGNATURE,
            WECHATPAY_SERIAL,
            WECHATPAY_SIGNATURE_TYPE,
        ] {
            let mut answer = answer(204, NOW, b"", PUBLIC_KEY);
            answer.headers.remove(&name);
            assert_eq!(reason(&answer), Unverified::Headers(HeaderError::Missing { name }));
        }
    }

    #[test]
    fn a_timestamp_is_believed_up_to_300_seconds_off() {
        let signed = |seconds| answer(204, Timestamp::from_unix(seconds), b"", PUBLIC_KEY);
        for off in [NOW.as_unix() - 300, NOW.as_unix() + 300] {
            assert!(verify(&signed(off), &keys(), NOW).is_ok());
        }
        for off in [NOW.as_unix() - 301, NOW.as_unix() + 301] {
            assert_eq!(
                reason(&signed(off)),
                Unverified::Stale { signed: Timestamp::from_unix(off), now: NOW }
            );
        }
    }

    #[test]
    fn the_key_must_be_trusted_before_its_signature_counts() {
        let unknown = verify(&answer(204, NOW, b"", PUBLIC_KEY), &PlatformKeys::default(), NOW);
        assert!(matches!(unknown.unwrap_err().unverified(), Some(Unverified::UnknownKey { .. })));
        assert!(matches!(reason(&answer(204, NOW, b"", STRANGER)), Unverified::Mismatch { .. }));
    }

    #[test]
    fn a_probe_of_the_gateways_is_refused_like_any_signature_that_is_not_base64() {
        let mut answer = answer(204, NOW, b"", PUBLIC_KEY);
        let probe = format!("WECHATPAY/SIGNTEST/{}", answer.headers[WECHATPAY_SIGNATURE].to_str().unwrap());
        answer.headers.insert(WECHATPAY_SIGNATURE, probe.parse().unwrap());
        assert!(verify(&answer, &keys(), NOW).unwrap_err().is_unverified());
    }

    #[test]
    fn one_other_byte_in_the_body_breaks_the_signature() {
        let mut answer = answer(200, NOW, b"{\"a\":1}", PUBLIC_KEY);
        assert!(verify(&answer, &keys(), NOW).is_ok());
        answer.body = Bytes::from_static(b"{\"a\":2}");
        assert!(matches!(reason(&answer), Unverified::Mismatch { .. }));
    }

    #[test]
    fn a_refusal_needs_no_signature_and_a_good_one_does_not_make_it_a_yes() {
        for status in [302, 400, 401, 404, 429, 500, 503] {
            let mut answer = answer(status, NOW, b"", PUBLIC_KEY);
            assert!(verify(&answer, &keys(), NOW).unwrap_err().is_rejected());
            answer.headers.clear();
            assert!(verify(&answer, &keys(), NOW).unwrap_err().is_rejected());
        }
    }
}
