//! The wire format of WeChat Pay APIv3: what a merchant signs, what the gateway answers, and how each
//! side checks the other.
//!
//! Pure functions and types: no socket, no clock, no file, no global state. Whoever uses them brings the
//! time and the bytes.
//!
//! A request travels like this:
//!
//! ```
//! use wechatpay_protocol::{Authorization, Credentials, Nonce, RequestMessage, SigningKey, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let merchant = Credentials::development();
//! let key = SigningKey::from_pem(&merchant.merchant_key)?;
//! let timestamp = Timestamp::from_unix(1_756_951_532);
//! let nonce_str: Nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".parse()?;
//!
//! let message = RequestMessage {
//!     method: "GET",
//!     target: "/v3/certificates",
//!     timestamp,
//!     nonce_str: nonce_str.as_str(),
//!     body: b"",
//! };
//! let signature = key.sign(&message.to_bytes());
//! let header = Authorization::new(&merchant.mchid, &merchant.merchant_serial, timestamp, &nonce_str, &signature);
//! assert!(header.to_string().starts_with("WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\","));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod authorization;
mod certificate;
mod credentials;
mod error_body;
mod headers;
mod key_id;
mod malformed;
mod mchid;
mod message;
mod nonce;
mod pem;
mod resource;
mod sensitive;
mod signature;
mod timestamp;

pub use authorization::{Authorization, AuthorizationError};
pub use certificate::{Certificate, CertificateError};
pub use credentials::{Credentials, CredentialsError, CredentialsFile};
pub use error_body::ErrorBody;
pub use headers::{
    HeaderError, REQUEST_ID, ResponseSignature, WECHATPAY_NONCE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE,
    WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};
pub use key_id::{KeyId, PublicKeyId, SerialNo};
pub use malformed::Malformed;
pub use mchid::Mchid;
pub use message::{RequestMessage, ResponseMessage};
pub use nonce::Nonce;
pub use pem::PemError;
pub use resource::{Apiv3Key, Resource, ResourceError};
pub use sensitive::{DecryptingKey, EncryptingKey, SensitiveError};
pub use signature::{
    HashAlgorithm, KeyError, Recovered, Signature, SignatureMismatch, SigningKey, VerifyingKey,
};
pub use timestamp::Timestamp;

/// The one signature scheme of this crate: SHA-256 with RSA, as it is spelled in `Authorization` and in
/// `Wechatpay-Signature-Type`. (documented)
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
