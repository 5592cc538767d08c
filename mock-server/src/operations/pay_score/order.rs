//! A service order as it is stored: what was ordered, and how far it is.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wechatpay_protocol::Timestamp;

/// How long an order waits for its user, in seconds: then it expires. (documented)
pub(super) const EXPIRES_AFTER: u64 = 30 * 24 * 60 * 60;

/// The most details of a collection. (own choice)
pub(super) const MOST_DETAILS: usize = 100;

/// A service order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServiceOrder {
    /// Its ID in the store.
    pub(crate) id: String,
    /// The number of the merchant's.
    pub(super) out_order_no: String,
    /// What was ordered, and what completing and changing it has made of that.
    pub(super) fields: Value,
    /// The fingerprint of the request that created it.
    pub(super) content: String,
    /// The gateway's number.
    pub(super) order_id: String,
    /// What the front end opens the user's page with.
    pub(super) package: String,
    pub(super) created: u64,
    pub(super) state: State,
    /// The user, for the merchant's own appid. A service provider's order can have a `sub_openid` instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) openid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) completion: Option<Completion>,
    /// The number with which the front end asks for it when its user has come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) query_id: Option<String>,
    /// When the user acts by itself: confirms, or pays what is completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) will: Option<u64>,
}

/// What an order costs, and what of that is collected.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Completion {
    /// The fingerprint of the request.
    pub(super) content: String,
    /// In fen.
    pub(super) total: u64,
    pub(super) details: Vec<Detail>,
    /// The number of the payment, if the user or the gateway has paid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) out_trade_no: Option<String>,
}

/// One payment of a collection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Detail {
    pub(super) amount: u64,
    /// `yyyyMMddHHmmss`, as the merchant has said if the user has paid it otherwise.
    pub(super) paid_time: String,
    /// `None` if the user has paid the merchant otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) transaction_id: Option<String>,
    /// What the merchant has said of it, if the user has paid it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) synced: Option<Synced>,
}

/// What the merchant has said of a payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Synced {
    /// The number of the payment within the collection.
    pub(super) seq: u64,
    /// The fingerprint of the request.
    pub(super) content: String,
}

/// How far an order is: `state`, and with `DOING` its `state_description`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// The user has not confirmed it.
    Created,
    /// `DOING`, `USER_CONFIRM`: the service is used.
    Confirmed,
    /// `DOING`, `MCH_COMPLETE`: the money is being collected.
    Completed,
    Done,
    Revoked,
    Expired,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Confirmed | Self::Completed => "DOING",
            Self::Done => "DONE",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
        }
    }

    /// `state_description`. Only `DOING` has one. (documented)
    pub(super) fn description(self) -> Option<&'static str> {
        match self {
            Self::Confirmed => Some("USER_CONFIRM"),
            Self::Completed => Some("MCH_COMPLETE"),
            _ => None,
        }
    }

    /// Whether a user has confirmed it and not finished it.
    pub(super) fn is_doing(self) -> bool {
        matches!(self, Self::Confirmed | Self::Completed)
    }
}

impl Completion {
    /// What was collected.
    pub(super) fn paid(&self) -> u64 {
        self.details.iter().fold(0, |sum, detail| sum.saturating_add(detail.amount))
    }

    /// What is left to be collected.
    pub(super) fn rest(&self) -> u64 {
        self.total.saturating_sub(self.paid())
    }
}

impl ServiceOrder {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str()
    }

    /// What the merchant has said of the payment with this number, if it has.
    pub(super) fn synced(&self, seq: Option<u64>) -> Option<&Synced> {
        let details = self.completion.iter().flat_map(|completion| &completion.details);
        details.filter_map(|detail| detail.synced.as_ref()).find(|synced| Some(synced.seq) == seq)
    }

    /// The user, if that is known.
    pub(super) fn user(&self) -> Option<&str> {
        self.openid.as_deref().or_else(|| self.text("sub_openid")).filter(|openid| !openid.is_empty())
    }

    /// When it expires if its user does not confirm it.
    pub(super) fn expires(&self) -> u64 {
        self.created.saturating_add(EXPIRES_AFTER)
    }

    /// Whether the user is due to act by itself.
    pub(super) fn due(&self, now: Timestamp) -> Option<u64> {
        self.will.filter(|at| *at <= now.as_unix())
    }

    /// The most that it may cost: the risk fund, if the user left a deposit for it. (documented)
    pub(super) fn most(&self) -> Option<u64> {
        let fund = &self.fields["risk_fund"];
        let is_estimate = fund["name"] == "ESTIMATE_ORDER_COST";
        fund["amount"].as_u64().filter(|_| !is_estimate)
    }
}
