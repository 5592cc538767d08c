//! A permission as it is stored: a user lets a merchant create orders without a confirmation.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wechatpay_protocol::Timestamp;

/// How long the user's page can be opened with a token, in seconds. (documented)
pub(super) const TOKEN_LIVES: u64 = 60 * 60;

/// A permission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Permission {
    /// Its ID in the store.
    pub(super) id: String,
    pub(super) authorization_code: String,
    /// What was applied for.
    pub(super) fields: Value,
    pub(super) content: String,
    /// What the front end opens the user's page with.
    pub(super) token: String,
    /// When the token was made.
    pub(super) renewed: u64,
    pub(super) state: PermissionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) openid: Option<String>,
    /// When the user opened the service, and ended that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) opened: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<u64>,
    /// When the user opens the service by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) will: Option<u64>,
}

/// `authorization_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum PermissionState {
    /// Applied for, but no user has opened the service.
    UnboundUser,
    Available,
    /// The user or the merchant has ended it.
    Unavailable,
}

impl PermissionState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UnboundUser => "UNBINDUSER",
            Self::Available => "AVAILABLE",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}

impl Permission {
    pub(super) fn is_open(&self) -> bool {
        self.state == PermissionState::Available
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str()
    }

    /// Everything that any answer shows of it.
    pub(crate) fn whole(&self, mchid: &str) -> Value {
        let mut all = self.fields.clone();
        all["mchid"] = mchid.into();
        all["apply_permissions_token"] = self.token.as_str().into();
        all["authorization_state"] = self.state.name().into();
        // The answer has only these two values.
        all["use_service_state"] = if self.is_open() { "AVAILABLE" } else { "UNAVAILABLE" }.into();
        if let Some(openid) = &self.openid {
            all["openid"] = openid.as_str().into();
        }
        let times = [("authorization_success_time", self.opened), ("cancel_authorization_time", self.ended)];
        for (name, at) in times {
            if let Some(at) = at {
                all[name] = Timestamp::from_unix(at).to_rfc3339().into();
            }
        }
        all
    }
}
