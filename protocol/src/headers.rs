//! The `Wechatpay-*` headers that sign an answer.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{KeyId, Malformed, Nonce, ResponseMessage, SCHEME, Timestamp};

/// When the gateway signed.
pub const WECHATPAY_TIMESTAMP: HeaderName = HeaderName::from_static("wechatpay-timestamp");
/// The random string it signed with.
pub const WECHATPAY_NONCE: HeaderName = HeaderName::from_static("wechatpay-nonce");
/// The signature, in Base64.
pub const WECHATPAY_SIGNATURE: HeaderName = HeaderName::from_static("wechatpay-signature");
/// In an answer: the key that signed it. In a request: the key that the merchant trusts.
pub const WECHATPAY_SERIAL: HeaderName = HeaderName::from_static("wechatpay-serial");
/// The scheme.
pub const WECHATPAY_SIGNATURE_TYPE: HeaderName = HeaderName::from_static("wechatpay-signature-type");
/// The gateway's own number for an exchange, on every answer that came as far as its application.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// What the five headers of a signed answer say.
///
/// Having one proves nothing: the signature is still to be verified over [`ResponseSignature::message`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseSignature {
    /// When it was signed.
    pub timestamp: Timestamp,
    /// The random string of the signed message.
    pub nonce: Nonce,
    /// Which key signed.
    pub serial: KeyId,
    /// The signature as sent, which should be Base64; the gateway's probes, `WECHATPAY/SIGNTEST/…`, are not.
    pub signature: String,
}

/// Why headers do not hold a [`ResponseSignature`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A header is not there.
    #[error("the answer has no header {name}")]
    Missing {
        /// The header.
        name: HeaderName,
    },
    /// A header is there more than once.
    #[error("the answer has the header {name} more than once")]
    Repeated {
        /// The header.
        name: HeaderName,
    },
    /// A header's value does not have its form.
    #[error("the answer's header {name} is malformed")]
    Malformed {
        /// The header.
        name: HeaderName,
        /// What is wrong with it.
        source: Malformed,
    },
}

impl ResponseSignature {
    /// Reads the five headers.
    ///
    /// # Errors
    /// [`HeaderError`] names the first header that is missing, repeated, or not of its form;
    /// `Wechatpay-Signature-Type` must be [`SCHEME`].
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, HeaderError> {
        let signature_type = text(headers, &WECHATPAY_SIGNATURE_TYPE)?;
        if signature_type != SCHEME {
            let source = Malformed::new("signature type", SCHEME, signature_type.as_bytes(), 0);
            return Err(HeaderError::Malformed { name: WECHATPAY_SIGNATURE_TYPE, source });
        }
        Ok(Self {
            timestamp: parsed(headers, &WECHATPAY_TIMESTAMP)?,
            nonce: parsed(headers, &WECHATPAY_NONCE)?,
            serial: parsed(headers, &WECHATPAY_SERIAL)?,
            signature: text(headers, &WECHATPAY_SIGNATURE)?.into(),
        })
    }

    /// The message that the signature should be over.
    pub fn message<'a>(&'a self, body: &'a [u8]) -> ResponseMessage<'a> {
        ResponseMessage { timestamp: self.timestamp, nonce: self.nonce.as_str(), body }
    }

    /// The five headers, as the gateway sends them.
    pub fn to_headers(&self) -> [(HeaderName, HeaderValue); 5] {
        [
            (WECHATPAY_TIMESTAMP, self.timestamp.as_unix().into()),
            (WECHATPAY_NONCE, visible(self.nonce.as_str())),
            (WECHATPAY_SIGNATURE, visible(&self.signature)),
            (WECHATPAY_SERIAL, visible(self.serial.as_str())),
            (WECHATPAY_SIGNATURE_TYPE, HeaderValue::from_static(SCHEME)),
        ]
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, HeaderError> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next().ok_or_else(|| HeaderError::Missing { name: name.clone() })?;
    if values.next().is_some() {
        return Err(HeaderError::Repeated { name: name.clone() });
    }
    value.to_str().map_err(|_| HeaderError::Malformed {
        name: name.clone(),
        source: Malformed::new("header", "visible ASCII characters", value.as_bytes(), 0),
    })
}

fn parsed<T: std::str::FromStr<Err = Malformed>>(
    headers: &HeaderMap,
    name: &HeaderName,
) -> Result<T, HeaderError> {
    text(headers, name)?.parse().map_err(|source| HeaderError::Malformed { name: name.clone(), source })
}

/// Nonces, Base64 and key IDs are visible ASCII; a signature that isn't (`signature` is public) becomes empty.
fn visible(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
