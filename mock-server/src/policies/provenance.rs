//! How certain it is that the real gateway does the same.

use std::fmt;

use serde::{Deserialize, Serialize};

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
        f.pad(match self {
            Self::Documented => "documented",
            Self::Probed => "probed",
            Self::Wild => "wild",
            Self::Sdk => "SDK",
            Self::OwnChoice => "own choice",
        })
    }
}
