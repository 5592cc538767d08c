//! A minimal client for WeChat Pay APIv3 that verifies before it believes.
//!
//! A call goes one way: what is wanted is signed ([`SignedRequest`]), travels, comes back as an [`Answer`] that
//! nobody has checked, and becomes [`Verified`] only if its signature, made by a key that the merchant trusts, is
//! fresh and matches. There is no other way to a [`Verified`], for an empty 204 neither.
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
//!     Ok(verified) => println!("done, as {} says", verified.signature().serial),
//!     Err(error) if error.outcome_is_unknown() => println!("{error}: send the very same change again"),
//!     Err(error) => println!("{error}: nothing was changed"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Without credentials of its own a client is the development merchant, whom a mock knows when it is started with
//! no options. By `https://` it believes the authorities that the machine trusts, or those of `SSL_CERT_FILE`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod builder;
mod client;
pub mod credentials_dir;
mod error;
#[cfg(feature = "mutants")]
pub mod mutants;
#[cfg(not(feature = "mutants"))]
#[path = "no_mutants.rs"]
mod mutants;
mod platform_keys;
mod rejection;
mod request;
mod response;
mod rights;
mod target;
pub mod tls;
mod transport;
mod trust;

pub use builder::{Builder, ConfigurationError};
pub use client::Client;
pub use error::Error;
pub use platform_keys::{CertificatesError, PlatformKeys};
pub use rejection::Rejection;
pub use request::SignedRequest;
pub use response::{Answer, Unverified, Verified, verify};
pub use rights::{Guide, RightsChange};
pub use target::{Target, TargetError};
pub use transport::{BaseUrl, BaseUrlError, MAX_BODY};
pub use trust::Trust;
