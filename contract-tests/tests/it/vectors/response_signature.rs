//! Vectors of response signatures: the signed message, and which responses the client verifies.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use wechatpay_client::{Error, PlatformKeys, RawResponse, VerificationError, verify};
use wechatpay_protocol::{
    HeaderError, KeyId, Timestamp, VerifyingKey, WECHATPAY_NONCE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE,
    WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};

use super::{
    files::pem,
    kind::{Bytes, Divergence, Kind, Verdict, compare},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseSignature {
    now: u64,
    keys: BTreeMap<String, String>,
    response: Response,
    message: Bytes,
    sha256: String,
    signature: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// Why a response is not verified, without details.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Missing(HeaderName),
    Repeated(HeaderName),
    Malformed(HeaderName),
    Stale,
    UnknownKey,
    SignatureForm,
    Mismatch,
    /// For another reason than its signature.
    Other(String),
}

impl Kind for ResponseSignature {
    const FOLDER: &'static str = "response-signature";

    fn check(&self, verdict: &Verdict) -> Result<(), Divergence> {
        let response = self.response.to_raw()?;
        self.check_message(&response)?;
        let expected = match verdict {
            Verdict::Valid => Ok(self.message.clone()),
            Verdict::Invalid { fault } => Err(refusal_of(fault)?),
        };
        let verified = verify(&response, &self.platform_keys()?, Timestamp::from_unix(self.now));
        let message = verified.map(|verified| Bytes(verified.message()));
        compare("verdict", expected, message.map_err(Refusal::from))
    }
}

impl ResponseSignature {
    /// Without readable headers there is no message, so only the verdict counts.
    fn check_message(&self, response: &RawResponse) -> Result<(), Divergence> {
        compare("sha256", &self.sha256, &self.message.sha256())?;
        let sent = response.headers.get(WECHATPAY_SIGNATURE).map(HeaderValue::as_bytes);
        compare("signature", self.signature.as_ref().map(String::as_bytes), sent)?;
        match wechatpay_protocol::ResponseSignature::from_headers(&response.headers) {
            Ok(signed) => {
                compare("message", &self.message, &Bytes(signed.message(&response.body).to_bytes()))
            }
            Err(_) => Ok(()),
        }
    }

    fn platform_keys(&self) -> Result<PlatformKeys, Divergence> {
        let keys = self.keys.iter().map(|(name, path)| {
            let id: KeyId = name.parse().map_err(|error| Divergence::new("key's name", name, error))?;
            let key = VerifyingKey::from_pem(&pem(path)?);
            Ok((id, key.map_err(|error| Divergence::new("key", path, error))?))
        });
        keys.collect()
    }
}

impl Response {
    fn to_raw(&self) -> Result<RawResponse, Divergence> {
        let status = StatusCode::from_u16(self.status);
        let status = status.map_err(|error| Divergence::new("status", self.status, error))?;
        let headers = self.headers.iter().map(|(name, value)| {
            let wrong = |error: http::Error| Divergence::new("header", name, error);
            let name = name.parse::<HeaderName>().map_err(|error| wrong(error.into()))?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| wrong(error.into()))?;
            Ok((name, value))
        });
        let headers = headers.collect::<Result<HeaderMap, _>>()?;
        Ok(RawResponse { status, headers, body: self.body.0.clone().into() })
    }
}

/// The refusal that a fault must cause.
fn refusal_of(fault: &str) -> Result<Refusal, Divergence> {
    Ok(match fault {
        "missing-timestamp" => Refusal::Missing(WECHATPAY_TIMESTAMP),
        "missing-nonce" => Refusal::Missing(WECHATPAY_NONCE),
        "missing-signature" => Refusal::Missing(WECHATPAY_SIGNATURE),
        "missing-serial" => Refusal::Missing(WECHATPAY_SERIAL),
        "missing-signature-type" => Refusal::Missing(WECHATPAY_SIGNATURE_TYPE),
        "timestamp-not-a-number" => Refusal::Malformed(WECHATPAY_TIMESTAMP),
        "wrong-signature-type" => Refusal::Malformed(WECHATPAY_SIGNATURE_TYPE),
        "timestamp-ahead" | "timestamp-stale" => Refusal::Stale,
        "unknown-serial" => Refusal::UnknownKey,
        "signature-url-safe" | "signtest" => Refusal::SignatureForm,
        "body-altered"
        | "body-line-left-out"
        | "key-swapped"
        | "no-final-newline"
        | "nonce-altered"
        | "sha1"
        | "signature-truncated"
        | "signed-with-other-key"
        | "timestamp-altered" => Refusal::Mismatch,
        _ => return Err(Divergence::new("fault", "one with a refusal of its own in this test", fault)),
    })
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error.verification_error() {
            Some(VerificationError::Headers(HeaderError::Missing { name })) => Self::Missing(name.clone()),
            Some(VerificationError::Headers(HeaderError::Repeated { name })) => Self::Repeated(name.clone()),
            Some(VerificationError::Headers(HeaderError::Malformed { name, .. })) => {
                Self::Malformed(name.clone())
            }
            Some(VerificationError::Stale { .. }) => Self::Stale,
            Some(VerificationError::UnknownKey { .. }) => Self::UnknownKey,
            Some(VerificationError::SignatureForm(_)) => Self::SignatureForm,
            Some(VerificationError::Mismatch { .. }) => Self::Mismatch,
            None => Self::Other(error.to_string()),
        }
    }
}
