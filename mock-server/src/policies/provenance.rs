//! How certain it is that the real gateway does the same.

use std::fmt;

use serde::{Deserialize, Serialize};
use wechatpay_texts::{Phrase, phrase};

/// The source of one of the mock's behaviours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// The official documentation says so.
    Documented,
    /// The real gateway responded like this to a request without valid credentials.
    Probed,
    /// Somebody published a real response.
    Wild,
    /// Official or widely used SDKs send or require it.
    Sdk,
    /// Nothing public decides it: the mock's own choice.
    OwnChoice,
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Documented => phrase!("documented"),
            Self::Probed => phrase!("probed"),
            Self::Wild => phrase!("wild"),
            Self::Sdk => Phrase::name("SDK"),
            Self::OwnChoice => phrase!("own choice"),
        };
        fmt::Display::fmt(&word, f)
    }
}
