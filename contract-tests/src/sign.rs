//! How a request of a case is signed: correctly, or incorrectly in a way that has a name.
//!
//! Cases name these ways in `sign`; tests use them too. The message is built here and not by the protocol crate, because
//! most of these ways need a message that the protocol crate does not build.

use serde::Deserialize;
use wechatpay_protocol::{Credentials, KeyError, SerialNo, Timestamp};

use crate::keys::signing_key;

/// A way to sign.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// As documented.
    Valid,
    /// Without an `Authorization` header.
    Unsigned,
    /// With a timestamp 299 seconds in the past.
    #[serde(rename = "299-seconds-ago")]
    AlmostStale,
    /// With a timestamp 300 seconds in the past, the oldest that the gateway accepts. It may be a second older on arrival.
    #[serde(rename = "300-seconds-ago")]
    Oldest,
    /// With a timestamp 301 seconds in the past.
    #[serde(rename = "301-seconds-ago")]
    Stale,
    /// With a timestamp 302 seconds in the future: still beyond the limit of 300 if a second passes on the way.
    #[serde(rename = "302-seconds-ahead")]
    Ahead,
    /// With a private key that no merchant has.
    WrongKey,
    /// As a merchant that does not exist.
    UnknownMerchant,
    /// With the serial number of a certificate that the merchant does not have.
    UnknownSerial,
    /// With the serial number in lower case.
    LowerCaseSerial,
    /// For another body than the one sent.
    TamperedBody,
    /// For another path than the one sent.
    TamperedPath,
    /// For another query than the one sent.
    TamperedQuery,
    /// For another method than the one sent.
    TamperedMethod,
    /// For a message without its final `\n`.
    NoFinalNewline,
    /// For a message without the query.
    QueryLeftOut,
    /// With a signature that is not Base64.
    SignatureNotBase64,
    /// As documented, in an `Authorization` header of this form; `{mchid}`, `{nonce_str}`, `{signature}`, `{timestamp}` and
    /// `{serial_no}` stand for the correct values.
    Authorization(String),
}

/// The documented form of the header.
const AUTHORIZATION: &str = "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce_str}\",\
                             signature=\"{signature}\",timestamp=\"{timestamp}\",serial_no=\"{serial_no}\"";

/// A private key that no merchant has.
const UNKNOWN_KEY: &str = include_str!("../../fixtures/credentials/other_key.pem");
/// A serial number that no merchant has.
const UNKNOWN_SERIAL: &str = "2A6D1E0C94F7B83350AC4D7E91B2F6083C5D7A19";

/// What to sign, and when.
#[derive(Clone, Copy, Debug)]
pub struct ToSign<'a> {
    /// The method that is sent.
    pub method: &'a str,
    /// The target that is sent.
    pub target: &'a str,
    /// The body that is sent.
    pub body: &'a [u8],
    /// The server's time.
    pub now: Timestamp,
    /// The random string.
    pub nonce_str: &'a str,
}

/// The `Authorization` header of a request.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The value of `Authorization`; `None` to leave it out.
    pub authorization: Option<String>,
    /// The timestamp in it.
    pub timestamp: Timestamp,
}

impl Sign {
    /// Signs in this way.
    ///
    /// # Errors
    /// If the merchant's key is not valid.
    pub fn sign(&self, request: &ToSign<'_>, merchant: &Credentials) -> Result<Signed, KeyError> {
        let timestamp = self.timestamp(request.now);
        let pem = if *self == Self::WrongKey { UNKNOWN_KEY } else { &merchant.merchant_key };
        let signature = signing_key(pem)?.sign(&self.message(request, timestamp)).to_string();
        let signature =
            if *self == Self::SignatureNotBase64 { signature.replace('=', "-") } else { signature };
        let mchid = if *self == Self::UnknownMerchant { "1999999999" } else { merchant.mchid.as_str() };

        let template = match self {
            Self::Unsigned => return Ok(Signed { authorization: None, timestamp }),
            Self::Authorization(template) => template,
            _ => AUTHORIZATION,
        };
        let authorization = template
            .replace("{mchid}", mchid)
            .replace("{nonce_str}", request.nonce_str)
            .replace("{signature}", &signature)
            .replace("{timestamp}", &timestamp.to_string())
            .replace("{serial_no}", &self.serial_no(&merchant.merchant_serial));
        Ok(Signed { authorization: Some(authorization), timestamp })
    }

    /// Whether no gateway, however lenient, can accept this as the merchant's signature of this request.
    pub(crate) fn is_never_valid(&self, request: &ToSign<'_>) -> bool {
        match self {
            Self::Unsigned | Self::WrongKey | Self::UnknownMerchant => true,
            Self::Authorization(template) => !template.contains("{signature}"),
            _ => self.message(request, request.now) != Self::Valid.message(request, request.now),
        }
    }

    /// The timestamp that is signed.
    pub(crate) fn timestamp(&self, now: Timestamp) -> Timestamp {
        let now = now.as_unix();
        Timestamp::from_unix(match self {
            Self::AlmostStale => now.saturating_sub(299),
            Self::Oldest => now.saturating_sub(300),
            Self::Stale => now.saturating_sub(301),
            Self::Ahead => now.saturating_add(302),
            _ => now,
        })
    }

    fn serial_no(&self, correct: &SerialNo) -> String {
        match self {
            Self::UnknownSerial => UNKNOWN_SERIAL.into(),
            Self::LowerCaseSerial => correct.as_str().to_lowercase(),
            _ => correct.to_string(),
        }
    }

    /// The bytes that are signed, in some ways of signing not the right ones.
    pub(crate) fn message(&self, request: &ToSign<'_>, timestamp: Timestamp) -> Vec<u8> {
        let ToSign { method, target, body, nonce_str, .. } = request;
        let path = target.split('?').next().unwrap_or_default();
        let target = match self {
            Self::TamperedPath => target.replacen("/v3/", "/v3/other/", 1),
            Self::TamperedQuery => format!("{path}?signed=this"),
            Self::QueryLeftOut => path.into(),
            _ => (*target).into(),
        };
        let method = if *self == Self::TamperedMethod { "POST" } else { method };
        let body = if *self == Self::TamperedBody { b"{}".as_slice() } else { body };
        let end = if *self == Self::NoFinalNewline { "" } else { "\n" };
        let head = format!("{method}\n{target}\n{timestamp}\n{nonce_str}\n");
        [head.as_bytes(), body, end.as_bytes()].concat()
    }
}
