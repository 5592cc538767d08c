//! A transfer as it is stored: what was ordered, and how far it is.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A transfer to a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(super) out_bill_no: String,
    pub(super) transfer_bill_no: String,
    /// What was ordered: the request's body, with its encrypted texts decrypted.
    pub(super) fields: Value,
    /// The fingerprint of the request.
    pub(super) content: String,
    /// The user. That of the authorization if there is one.
    pub(super) openid: String,
    pub(super) state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fail_reason: Option<String>,
    /// Whether the user confirms it, and has not authorised it before.
    pub(super) is_confirmed_by_user: bool,
    /// What a front end opens the confirmation with; nothing if the user has authorised it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) package_info: Option<String>,
    pub(super) created: u64,
    /// When it got its state.
    pub(super) updated: u64,
    /// From when on it can't be confirmed any more.
    #[serde(default)]
    pub(super) until: u64,
    /// What the user does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) will: Option<Will>,
    /// When it ends, once it was confirmed or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<u64>,
    /// The `fail_reason` that it ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) will_fail_with: Option<String>,
    /// When its money left the merchant's balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) taken: Option<u64>,
    /// When it came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) returned: Option<u64>,
    /// The `out_authorization_no` of the authorization that the user gives with the confirmation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorization: Option<String>,
}

/// What the user does by itself at a time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Will {
    pub(super) at: u64,
    pub(super) confirms: bool,
}

/// `state`, as the gateway spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum State {
    /// Its money is not there yet.
    Processing,
    WaitUserConfirm,
    #[serde(rename = "TRANSFERING")]
    Transferring,
    Success,
    Fail,
    #[serde(rename = "CANCELING")]
    Cancelling,
    Cancelled,
}

/// Money that a transfer has moved.
pub(in crate::operations) struct Moved {
    pub(in crate::operations) at: u64,
    /// Whether it came back.
    pub(in crate::operations) is_back: bool,
    /// In fen.
    pub(in crate::operations) amount: u64,
    /// The gateway's number.
    pub(in crate::operations) bill_no: String,
    /// The merchant's number.
    pub(in crate::operations) out_bill_no: String,
}

impl Transfer {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str()
    }

    pub(super) fn amount(&self) -> u64 {
        self.fields["transfer_amount"].as_u64().unwrap_or_default()
    }

    /// When something happens to it by itself, if no money is missing.
    pub(super) fn next(&self) -> Option<u64> {
        match self.state {
            State::WaitUserConfirm => Some(self.will.map_or(self.until, |will| will.at.min(self.until))),
            State::Transferring | State::Cancelling => self.due,
            State::Processing | State::Success | State::Fail | State::Cancelled => None,
        }
    }

    pub(super) fn becomes(&mut self, state: State, at: u64) {
        self.state = state;
        self.updated = at;
    }
}
