//! How a case's request is signed: rightly, or wrongly in a way that has a name.

use serde::Deserialize;
use wechatpay_protocol::{Credentials, KeyError, SerialNo, Timestamp};

use crate::keys::signing_key;

/// A way to sign.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// As documented.
    Valid,
    /// Not at all: there is no `Authorization` header.
    Unsigned,
    /// With a timestamp that is 299 seconds in the past.
    #[serde(rename = "299-seconds-ago")]
    AlmostStale,
    /// With a timestamp that is 300 seconds in the past, the oldest that is taken. It is a second older if the clock moves on.
    #[serde(rename = "300-seconds-ago")]
    Oldest,
    /// With a timestamp that is 301 seconds in the past.
    #[serde(rename = "301-seconds-ago")]
    Stale,
    /// With a timestamp that is 302 seconds in the future: one more than the limit, as the clock may move on a second.
    #[serde(rename = "302-seconds-ahead")]
    Ahead,
    /// With a private key that belongs to nobody.
    WrongKey,
    /// In the name of a merchant that does not exist.
    UnknownMerchant,
    /// With the serial number of a certificate that is not the merchant's.
    UnknownSerial,
    /// With the serial number in lower case.
    LowerCaseSerial,
    /// For a body that is then changed.
    TamperedBody,
    /// For a path that is then changed.
    TamperedPath,
    /// For a query that is then changed.
    TamperedQuery,
    /// For a method that is then changed.
    TamperedMethod,
    /// Over a message without its final `\n`.
    NoFinalNewline,
    /// Over a message without the query.
    QueryLeftOut,
    /// With a signature that is not Base64.
    SignatureNotBase64,
    /// As documented, with the `Authorization` header written as here: `{mchid}`, `{nonce_str}`, `{signature}`,
    /// `{timestamp}` and `{serial_no}` stand for the right values.
    Authorization(String),
}

/// The header as documented.
const AUTHORIZATION: &str = "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce_str}\",\
                             signature=\"{signature}\",timestamp=\"{timestamp}\",serial_no=\"{serial_no}\"";

/// A key and a serial number that no merchant has.
const STRANGERS_KEY: &str = include_str!("../../fixtures/credentials/other_key.pem");
const STRANGERS_SERIAL: &str = "2A6D1E0C94F7B83350AC4D7E91B2F6083C5D7A19";

/// What to sign, and when.
#[derive(Clone, Copy, Debug)]
pub struct ToSign<'a> {
    /// The method, as it will be sent.
    pub method: &'a str,
    /// The target, as it will be sent.
    pub target: &'a str,
    /// The body, as it will be sent.
    pub body: &'a [u8],
    /// The time at which the target will check.
    pub now: Timestamp,
    /// The random string.
    pub nonce_str: &'a str,
}

/// A signed request's header, and what it says.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The value of `Authorization`; `None` to leave it out.
    pub authorization: Option<String>,
    /// The timestamp in it.
    pub timestamp: Timestamp,
}

impl Sign {
    /// Signs as this name says.
    ///
    /// # Errors
    /// If the merchant's key can't be read.
    pub fn sign(&self, request: &ToSign<'_>, merchant: &Credentials) -> Result<Signed, KeyError> {
        let timestamp = self.timestamp(request.now);
        let pem = if *self == Self::WrongKey { STRANGERS_KEY } else { &merchant.merchant_key };
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

    /// Whether no gateway, however lenient, can take this for a signature of the merchant's over what is sent.
    pub(crate) fn is_none_of_the_merchants(&self, request: &ToSign<'_>) -> bool {
        match self {
            Self::Unsigned | Self::WrongKey | Self::UnknownMerchant => true,
            Self::Authorization(template) => !template.contains("{signature}"),
            _ => self.message(request, request.now) != Self::Valid.message(request, request.now),
        }
    }

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

    fn serial_no(&self, right: &SerialNo) -> String {
        match self {
            Self::UnknownSerial => STRANGERS_SERIAL.into(),
            Self::LowerCaseSerial => right.as_str().to_lowercase(),
            _ => right.to_string(),
        }
    }

    /// The bytes that are signed, which are not always those that should be.
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
