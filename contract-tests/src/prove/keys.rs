//! The gateway keys that a tested program has.

use std::{fmt, str::FromStr};

use serde::Deserialize;
use wechatpay_protocol::Credentials;
use wechatpay_texts::Text;

/// The gateway keys that a client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// Platform certificate and public key.
    Both,
    /// The platform certificate.
    Certificate,
    /// The public key.
    PublicKey,
}

/// Text is not the name of [`Keys`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected both, certificate or public-key, found {found:?}")]
pub struct KeysError {
    found: String,
}

impl FromStr for Keys {
    type Err = KeysError;

    fn from_str(text: &str) -> Result<Self, KeysError> {
        let all = [Self::Both, Self::Certificate, Self::PublicKey];
        all.into_iter().find(|keys| keys.name() == text).ok_or_else(|| KeysError { found: text.into() })
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Keys {
    fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Certificate => "certificate",
            Self::PublicKey => "public-key",
        }
    }

    /// The development merchant's credentials with these gateway keys.
    pub(super) fn credentials(self) -> Credentials {
        let all = Credentials::development();
        match self {
            Self::Both => all,
            Self::Certificate => Credentials { public_key: None, ..all },
            Self::PublicKey => Credentials { platform_certificate: None, ..all },
        }
    }
}
