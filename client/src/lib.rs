//! A minimal client for WeChat Pay APIv3 that verifies every response.
//!
//! A call signs its request ([`SignedRequest`]), sends it, and receives a [`RawResponse`], which is not verified
//! yet. It becomes a [`VerifiedResponse`] only if a key that the merchant trusts signed these very bytes, at most five
//! minutes from the client's clock. Nothing else makes a [`VerifiedResponse`], not even for an empty 204.
//!
//! ```no_run
//! use wechatpay_client::{Client, RightsChange};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder().base_url("http://127.0.0.1:8080").build()?;
//!
//! let mut change = RightsChange::new("100002322019090134234sfdf");
//! change.before_bonus_value = Some(500);
//! change.bonus_value = Some(600);
//! change.add_bonus_value = Some(100);
//!
//! match client.set_rights("pbLatjvWOibDc5-TBnbUk1pD12o0", "478515832665", &change).await {
//!     Ok(response) => println!("done, signed with {}", response.signature().serial),
//!     Err(error) if error.outcome_is_unknown() => println!("{error}: send the same change again"),
//!     Err(error) => println!("{error}: nothing was changed"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::call`] calls any other operation.
//!
//! By default a client is the development merchant, which a mock with no configuration knows. Over `https://` it
//! trusts the certificate authorities of the machine, or those in `SSL_CERT_FILE`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

wechatpay_texts::catalogue!();

mod api_error;
mod builder;
mod certificate_list;
mod client;
mod configuration_error;
pub mod credentials;
mod error;
mod platform_keys;
mod raw_response;
mod request;
mod response;
mod rights;
mod target;
pub mod tls;
mod transport;
mod trust;
mod verification_error;

pub use api_error::ApiError;
pub use builder::Builder;
pub use certificate_list::CertificateListError;
pub use client::Client;
pub use configuration_error::ConfigurationError;
pub use error::Error;
pub use http::Method;
pub use platform_keys::PlatformKeys;
pub use raw_response::RawResponse;
pub use request::SignedRequest;
pub use response::{VerifiedResponse, verify};
pub use rights::{Guide, RightsChange};
pub use target::{TargetError, encode_path};
pub use transport::MAX_BODY;
pub use trust::Trust;
pub use verification_error::VerificationError;
