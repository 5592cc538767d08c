//! An authorization as it is stored, and how it takes effect and ends: a user lets a merchant transfer without confirming each time.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

use super::{answers::time, bill::Will, kind, named};
use crate::operations::{
    payment::ledger::Ledger,
    waiting::{Waiting, WaitingKind, shown},
};

const CONFIRMED: &str = "MCHTRANSFER.AUTHORIZATION.CONFIRMED";
const CLOSED: &str = "MCHTRANSFER.AUTHORIZATION.CLOSED";

/// Why an authorization is closed. (documented)
pub(super) const BY_MERCHANT: &str = "CLOSE_VIA_MCH_API";
pub(super) const BY_USER: &str = "USER_CLOSE";
pub(super) const OVERDUE: &str = "USER_OVERDUE_UNCONFIRMED";

/// An authorization as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Authorization {
    pub(super) out_authorization_no: String,
    /// What was applied for: the request's body.
    pub(super) fields: Value,
    /// The fingerprint of the request; empty if it came with a transfer.
    pub(super) content: String,
    pub(super) state: State,
    /// What a front end opens the confirmation with; nothing if it came with a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) package_info: Option<String>,
    /// The `out_bill_no` of the transfer that it came with, and waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) transfer: Option<String>,
    pub(super) created: u64,
    /// From when on it can't be confirmed any more, if it came alone. 24 hours, as of a transfer. (own choice)
    pub(super) until: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) will: Option<Will>,
    /// The gateway's number and the time, once it was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) confirmed: Option<(String, u64)>,
    /// When it was closed, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) closed: Option<(u64, String)>,
}

/// `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    WaitUserConfirm,
    TakingEffect,
    Closed,
}

impl Authorization {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str()
    }

    /// What the application answers. (documented)
    pub(super) fn applied(&self) -> Value {
        let mut answer = json!({
            "out_authorization_no": self.out_authorization_no,
            "state": self.state,
            "create_time": time(self.created),
        });
        self.add_package(&mut answer);
        answer
    }

    /// The `out_bill_no` of the transfer that it waits for.
    pub(super) fn awaited(&self) -> Option<&str> {
        self.transfer.as_deref().filter(|_| self.state == State::WaitUserConfirm)
    }

    /// It as one that waits for its user, if it does, and not for a transfer.
    pub(super) fn waiting(&self, now: u64) -> Option<Waiting> {
        let waits = self.transfer.is_none() && self.until > now && self.will.is_none_or(|will| will.at > now);
        waits.then(|| Waiting {
            kind: WaitingKind::Authorization,
            out_authorization_no: Some(self.out_authorization_no.clone()),
            description: self.text("user_display_name").unwrap_or_default().into(),
            state: shown(self.state),
            created_at: self.created,
            expires_at: Some(self.until),
            package_info: self.package_info.clone(),
            ..Waiting::default()
        })
    }

    fn add_package(&self, answer: &mut Value) {
        if let Some(package_info) =
            self.package_info.as_deref().filter(|_| self.state == State::WaitUserConfirm)
        {
            answer["package_info"] = package_info.into();
        }
    }

    /// What a query answers. (documented)
    pub(super) fn shown(&self) -> Value {
        let mut answer = self.told();
        answer["create_time"] = time(self.created);
        for name in ["transfer_scene_id", "user_recv_perception"] {
            if let Some(text) = self.text(name) {
                answer[name] = text.into();
            }
        }
        self.add_package(&mut answer);
        answer
    }

    /// The data of its callbacks. (documented)
    fn told(&self) -> Value {
        let mut data = json!({
            "out_authorization_no": self.out_authorization_no,
            "appid": self.text("appid"),
            "openid": self.text("openid"),
            "user_display_name": self.text("user_display_name"),
            "state": self.state,
        });
        if let Some((authorization_id, at)) = &self.confirmed {
            data["authorization_id"] = authorization_id.as_str().into();
            data["authorize_time"] = time(*at);
        }
        if let Some((at, reason)) = &self.closed {
            data["close_info"] = json!({ "close_time": time(*at), "close_reason": reason });
        }
        data
    }
}

/// Keeps it, and makes it go on when it is time.
pub(super) fn keep(ledger: &mut Ledger<'_, '_>, authorization: &Authorization) {
    let number = &authorization.out_authorization_no;
    ledger.documents.put(kind::AUTHORIZATION, number, authorization);
    if authorization.state == State::WaitUserConfirm && authorization.transfer.is_none() {
        let at = authorization.will.map_or(authorization.until, |will| will.at.min(authorization.until));
        ledger.documents.remind(Timestamp::from_unix(at), kind::AUTHORIZATION, number);
    }
}

/// The authorization with this number, as it was kept.
pub(super) fn stored(ledger: &mut Ledger<'_, '_>, number: &str) -> Option<Authorization> {
    ledger.documents.get(kind::AUTHORIZATION, number)
}

/// A transfer has succeeded that the user gave the authorization with: it takes effect, if it still waits for that.
pub(super) fn confirm(ledger: &mut Ledger<'_, '_>, number: &str, at: u64) {
    if let Some(mut authorization) = stored(ledger, number).filter(|one| one.state == State::WaitUserConfirm)
    {
        take_effect(ledger, &mut authorization, at);
    }
}

/// The transfer that it came with has ended without success: it ends, too, if it still waits.
pub(super) fn end_with(ledger: &mut Ledger<'_, '_>, number: &str, out_bill_no: &str, at: u64, reason: &str) {
    let waits = |one: &Authorization| one.awaited() == Some(out_bill_no);
    if let Some(mut authorization) = stored(ledger, number).filter(waits) {
        end(ledger, &mut authorization, at, reason);
    }
}

/// The user has confirmed it.
pub(super) fn take_effect(ledger: &mut Ledger<'_, '_>, authorization: &mut Authorization, at: u64) {
    let id = named::authorization_id(ledger.now(), ledger.context.randomness);
    ledger.documents.put(kind::AUTHORIZATION_ID, &id, &authorization.out_authorization_no);
    authorization.state = State::TakingEffect;
    authorization.confirmed = Some((id, at));
    keep(ledger, authorization);
    tell(ledger, authorization, CONFIRMED, at);
}

/// Closes it.
pub(super) fn end(ledger: &mut Ledger<'_, '_>, authorization: &mut Authorization, at: u64, reason: &str) {
    authorization.state = State::Closed;
    authorization.closed = Some((at, reason.into()));
    keep(ledger, authorization);
    // Of one that was never confirmed, no callback is documented.
    if authorization.confirmed.is_some() {
        tell(ledger, authorization, CLOSED, at);
    }
}

fn tell(ledger: &mut Ledger<'_, '_>, authorization: &Authorization, event: &str, at: u64) {
    let url = authorization.text("authorization_notify_url").filter(|url| !url.is_empty());
    if let Some(url) = url.map(String::from) {
        ledger.send(event, &url, &authorization.told(), at);
    }
}
