//! The wire format of WeChat Pay APIv3: what a merchant signs, what the gateway responds, and how each side
//! verifies the other.
//!
//! Pure functions and types: no socket, no clock, no file, no global state. The caller brings the time and the bytes.
//!
//! Signing a request:
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
//!
//! Comments say where a rule comes from: the official documentation (documented), a request to the real gateway
//! (probed), a published response of the real gateway (wild), an official SDK (SDK), or our own decision (own
//! choice).
#![forbid(unsafe_code)]
#![warn(missing_docs)]

wechatpay_texts::catalogue!();

mod authorization;
mod base_url;
mod callback;
mod certificate;
mod credentials;
pub mod display;
mod error_body;
mod headers;
mod key_der;
mod key_id;
mod mchid;
mod message;
mod nonce;
mod parse_error;
mod pem;
mod resource;
mod sensitive;
mod signature;
mod timestamp;
mod unseal;

pub use authorization::{Authorization, AuthorizationError};
pub use base_url::{BaseUrl, BaseUrlError};
pub use callback::{Callback, CallbackResource, Event};
pub use certificate::{Certificate, CertificateError};
pub use credentials::{Credentials, CredentialsError, CredentialsFile};
pub use error_body::ErrorBody;
pub use headers::{
    HeaderError, REQUEST_ID, ResponseSignature, WECHATPAY_NONCE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE,
    WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};
pub use key_der::KeyError;
pub use key_id::{KeyId, PublicKeyId, SerialNo};
pub use mchid::Mchid;
pub use message::{RequestMessage, ResponseMessage};
pub use nonce::Nonce;
pub use parse_error::ParseError;
pub use pem::{PemError, pem_text};
pub use resource::{Apiv3Key, Resource, ResourceError};
pub use sensitive::{DecryptingKey, EncryptingKey, Padding, SensitiveError};
pub use signature::{HashAlgorithm, Recovered, Signature, SignatureError, SigningKey, VerifyingKey};
pub use timestamp::Timestamp;
pub use unseal::{unseal, unseal_unchecked};

/// The one signature scheme of this crate, SHA-256 with RSA, as spelled in `Authorization` and in
/// `Wechatpay-Signature-Type`. (documented)
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
