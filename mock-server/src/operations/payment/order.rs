//! An order as it is stored: what was ordered, and how far it is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wechatpay_openapi::Operation;
use wechatpay_protocol::{Mchid, Timestamp};

use super::shared::Shared;

pub(in crate::operations) const MINUTE: u64 = 60;
pub(in crate::operations) const DAY: u64 = 24 * 60 * MINUTE;

/// How long a `prepay_id` can be paid with, in seconds, whatever `time_expire` is. (documented)
pub(super) const PREPAY_LIVES: u64 = 2 * 60 * MINUTE;

/// How long an `h5_url` can be opened, in seconds. (documented)
pub(super) const H5_LIVES: u64 = 5 * MINUTE;

/// After how many days an unpaid order is closed. (documented)
const CLOSES_AFTER: u64 = 7 * DAY;

/// The beginning of the IDs of payments that pay score collects. No `out_trade_no` has a space.
const COLLECTED: &str = "service order ";

/// An order of one payee.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Its ID in the store.
    pub(in crate::operations) id: String,
    pub(in crate::operations) out_trade_no: String,
    /// What was ordered: the request's body, decrypted. `null` if the number was closed before it was ordered.
    pub(super) fields: Arc<Value>,
    pub(super) prepay: Prepay,
    pub(super) state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::operations) payment: Option<Payment>,
    /// What its refunds have taken, without those that were closed.
    #[serde(default)]
    pub(super) refunded: u64,
    /// How many refunds it has.
    #[serde(default)]
    pub(super) refunds: u32,
    /// When it was reversed after it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reversed: Option<u64>,
    /// What profit sharing has done with it.
    #[serde(default, skip_serializing_if = "Shared::is_none")]
    pub(in crate::operations) sharing: Shared,
    /// The ID of the combined order that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) combined: Option<String>,
}

/// What a user pays with, be it for one order or for a combined one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Prepay {
    pub(super) product: Product,
    /// The operation that ordered it; empty if none did.
    pub(super) operation: String,
    /// When it was ordered.
    pub(super) created: u64,
    /// When it was ordered last, from which on its `prepay_id` lives.
    pub(super) renewed: u64,
    /// From when on it can't be paid any more.
    pub(super) expires: u64,
    pub(super) prepay_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code_url: Option<String>,
    /// What the payer does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) will: Option<Will>,
}

/// What the payer does by itself at a time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Will {
    pub(super) at: u64,
    pub(super) pays: bool,
}

/// How an order was paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::operations) struct Payment {
    pub(in crate::operations) transaction_id: String,
    pub(super) openid: String,
    pub(in crate::operations) at: u64,
}

/// How an order is placed and paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Product {
    /// In a page inside WeChat, or in a mini program.
    Jsapi,
    App,
    H5,
    Native,
    CodePay,
    /// Taken by the gateway for pay score, without an order.
    Auth,
}

/// `trade_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum State {
    #[serde(rename = "NOTPAY")]
    NotPay,
    #[serde(rename = "USERPAYING")]
    UserPaying,
    #[serde(rename = "PAYERROR")]
    PayError,
    Success,
    Refund,
    Closed,
    Revoked,
}

impl Product {
    /// The product that an operation orders; `None` if it orders nothing.
    pub(super) fn of(operation: &Operation) -> Option<Self> {
        Some(match operation.id().rsplit_once("transactions_")?.1 {
            "jsapi" | "miniprogram" | "jsapi_with_contract" => Self::Jsapi,
            "app" | "app_with_contract" => Self::App,
            "h5" => Self::H5,
            "native" => Self::Native,
            "codepay" => Self::CodePay,
            _ => return None,
        })
    }

    pub(super) fn trade_type(self) -> &'static str {
        match self {
            Self::Jsapi => "JSAPI",
            Self::App => "APP",
            Self::H5 => "MWEB",
            Self::Native => "NATIVE",
            Self::CodePay => "MICROPAY",
            Self::Auth => "AUTH",
        }
    }

    /// How long its orders can be paid at most, in seconds. (documented)
    fn longest(self) -> u64 {
        if self == Self::Native { 7 * DAY } else { 15 * DAY }
    }

    /// When an order of now can't be paid any more. A time that is too early or too late is moved. (documented)
    pub(super) fn expires(self, time_expire: Option<&str>, now: Timestamp) -> u64 {
        let (now, wanted) = (now.as_unix(), time_expire.and_then(|text| Timestamp::from_rfc3339(text).ok()));
        wanted.map_or(now + 7 * DAY, |wanted| wanted.as_unix().clamp(now + MINUTE, now + self.longest()))
    }
}

impl State {
    /// `trade_state_desc`. Those of `REVOKED` and `USERPAYING` are own choices; `CLOSED`, `REFUND` and `PAYERROR` are of
    /// APIv2. (wild)
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::NotPay => "订单未支付",
            Self::UserPaying => "用户支付中",
            Self::PayError => "支付失败，请撤销订单",
            Self::Success => "支付成功",
            Self::Refund => "订单发生过退款，退款详情请查询退款单",
            Self::Closed => "订单已关闭",
            Self::Revoked => "订单已撤销",
        }
    }

    /// Whether a user can still pay.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::NotPay | Self::UserPaying)
    }
}

impl Prepay {
    /// Whether it is time for an unpaid order to be closed: after seven days, and not before its `time_expire`. (own choice)
    pub(super) fn is_closed_by(&self, now: Timestamp) -> bool {
        self.expires.max(self.created + CLOSES_AFTER) <= now.as_unix()
    }

    /// Until when a user can pay an order in this state that is open. `None` if it is too late, or the payer has paid by itself.
    pub(super) fn waits_until(&self, state: State, now: Timestamp) -> Option<u64> {
        // Who has begun to pay can finish it.
        let lives = if state == State::NotPay { self.renewed.saturating_add(PREPAY_LIVES) } else { u64::MAX };
        let until = self.expires.min(lives);
        let is_paid = self.due(now).is_some_and(|will| will.pays);
        (until > now.as_unix() && !is_paid).then_some(until)
    }

    /// What the payer does by itself and is due.
    pub(super) fn due(&self, now: Timestamp) -> Option<Will> {
        self.will.filter(|will| will.at <= now.as_unix())
    }
}

impl Order {
    /// The ID in the store of a merchant's order: its number, after the payee if that is another merchant.
    pub(in crate::operations) fn id(merchant: &Mchid, payee: &str, out_trade_no: &str) -> String {
        if payee.is_empty() || payee == merchant.as_str() {
            out_trade_no.into()
        } else {
            format!("{payee}/{out_trade_no}")
        }
    }

    /// An order that nobody has paid.
    pub(super) fn new(id: String, out_trade_no: &str, fields: Arc<Value>, prepay: Prepay) -> Self {
        Self {
            id,
            out_trade_no: out_trade_no.into(),
            fields,
            prepay,
            state: State::NotPay,
            payment: None,
            refunded: 0,
            refunds: 0,
            reversed: None,
            sharing: Shared::default(),
            combined: None,
        }
    }

    /// The ID in the store of a payment that pay score collects: no number leads to it.
    pub(super) fn collected_id(order_id: &str) -> String {
        format!("{COLLECTED}{order_id}")
    }

    /// Whether pay score has collected it, so that nobody ordered it.
    pub(super) fn is_collected(&self) -> bool {
        self.id.starts_with(COLLECTED)
    }

    /// Whether anybody ordered it. A number can be closed before that.
    pub(super) fn was_placed(&self) -> bool {
        !self.fields.is_null()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str()
    }

    pub(in crate::operations) fn total(&self) -> u64 {
        self.fields["amount"]["total"].as_u64().unwrap_or_default()
    }

    /// Whether it was placed so that it can be shared.
    pub(in crate::operations) fn is_for_sharing(&self) -> bool {
        self.fields["settle_info"]["profit_sharing"] == true
    }

    /// What neither refunds nor receivers have, in fen.
    pub(in crate::operations) fn unshared(&self) -> u64 {
        if self.payment.is_none() || self.state == State::Revoked {
            return 0;
        }
        self.total().saturating_sub(self.refunded).saturating_sub(self.sharing.held)
    }

    /// The sub-merchant that is paid, of a service provider's order.
    pub(in crate::operations) fn sub_mchid(&self) -> Option<&str> {
        self.text("sub_mchid")
    }

    /// The appids that a front end can pay it with: those whose openid was ordered with, or all if none was. (documented)
    pub(super) fn appids(&self) -> Vec<&str> {
        let names = [("sub_appid", "sub_openid"), ("appid", "openid"), ("sp_appid", "sp_openid")].into_iter();
        let is_free = self.openids().next().is_none();
        let names = names.filter(|(_, openid)| is_free || self.fields["payer"][*openid].is_string());
        names.filter_map(|(appid, _)| self.text(appid)).collect()
    }

    /// The user that was ordered for, under each of its names.
    pub(super) fn openids(&self) -> impl Iterator<Item = &str> {
        let payer = &self.fields["payer"];
        ["openid", "sp_openid", "sub_openid"].into_iter().filter_map(|name| payer[name].as_str())
    }

    /// The openid of the user who pays, for the merchant's own appid: the one that was ordered for, or else the one that is
    /// named, or else a new one.
    pub(super) fn user<'o>(&'o self, named: Option<&'o str>, made: &'o str) -> &'o str {
        let payer = &self.fields["payer"];
        let ordered = ["openid", "sp_openid"].iter().find_map(|name| payer[*name].as_str());
        let named = named.filter(|named| payer["sub_openid"].as_str() != Some(named));
        ordered.or(named).unwrap_or(made)
    }

    /// What a query answers: in each state, only the fields that the gateway has in it. (wild)
    pub(super) fn answer(&self) -> Value {
        let mut answer = self.parties();
        answer["out_trade_no"] = self.out_trade_no.as_str().into();
        answer["trade_state"] = json!(self.state);
        answer["trade_state_desc"] = self.state.description().into();
        answer["promotion_detail"] = json!([]);
        let total = self.total();
        let Some(payment) = &self.payment else {
            let device = self.fields["scene_info"]["device_id"].as_str().unwrap_or_default();
            answer["amount"] = json!({ "payer_currency": "CNY", "total": total });
            answer["scene_info"] = json!({ "device_id": device });
            return answer;
        };
        answer["transaction_id"] = payment.transaction_id.as_str().into();
        answer["trade_type"] = self.prepay.product.trade_type().into();
        answer["bank_type"] = BANK_TYPE.into();
        answer["attach"] = self.text("attach").unwrap_or_default().into();
        answer["success_time"] = payment.time().into();
        answer["payer"] = self.payer(payment);
        answer["amount"] =
            json!({ "currency": "CNY", "payer_currency": "CNY", "payer_total": total, "total": total });
        answer
    }

    /// The data of the callback that tells of its payment: the fields of a query that the gateway has there. (wild)
    pub(super) fn callback(&self) -> Value {
        let mut data = self.answer();
        if let Value::Object(fields) = &mut data {
            fields.remove("promotion_detail");
        }
        data
    }

    /// `appid` and `mchid`, or what a service provider has in their place.
    fn parties(&self) -> Value {
        let names = ["appid", "mchid", "sp_appid", "sp_mchid", "sub_appid", "sub_mchid"];
        names.iter().filter_map(|name| Some((*name, self.fields.get(name)?.clone()))).collect()
    }

    fn payer(&self, payment: &Payment) -> Value {
        if self.sub_mchid().is_none() {
            return json!({ "openid": payment.openid });
        }
        let mut payer = json!({ "sp_openid": payment.openid });
        if self.text("sub_appid").is_some() {
            let ordered = self.fields["payer"]["sub_openid"].as_str();
            payer["sub_openid"] = ordered.unwrap_or(&payment.openid).into();
        }
        payer
    }
}

/// What users pay from. (wild)
pub(super) const BANK_TYPE: &str = "OTHERS";

impl Payment {
    pub(super) fn time(&self) -> String {
        Timestamp::from_unix(self.at).to_rfc3339()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_can_be_paid_for_a_minute_at_least_and_for_its_products_longest_time_at_most() {
        let now = Timestamp::from_unix(1_756_951_532);
        let expires = |product: Product, time: Option<u64>| {
            let time = time.map(|after| Timestamp::from_unix(now.as_unix() + after).to_rfc3339());
            product.expires(time.as_deref(), now) - now.as_unix()
        };
        assert_eq!(expires(Product::Jsapi, None), 7 * DAY);
        assert_eq!(expires(Product::Jsapi, Some(0)), MINUTE);
        assert_eq!(expires(Product::Jsapi, Some(600)), 600);
        assert_eq!(expires(Product::H5, Some(99 * DAY)), 15 * DAY);
        assert_eq!(expires(Product::Native, Some(99 * DAY)), 7 * DAY);
    }
}
