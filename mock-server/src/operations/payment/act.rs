//! What the payer does with an order.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use wechatpay_texts::{Both, text};

use super::{
    ledger::{Ledger, Payer, Target},
    numbers,
    order::{H5_LIVES, Order, PREPAY_LIVES, Prepay, Product, State},
};

/// What a payer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PayerAction {
    /// Pays.
    #[default]
    Pay,
    /// Leaves without paying.
    Cancel,
    /// Tries to pay, and can't: there is not enough money.
    Fail,
    /// Begins to pay: of a code payment, is asked for the password.
    Start,
    /// Lets the order be closed without paying.
    Close,
}

/// What a payer names an order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderName {
    /// The number of an order or of a combined one.
    OutTradeNo(String),
    /// The `prepay_id` that a front end pays with.
    PrepayId(String),
    /// The text of a code that a user scans.
    CodeUrl(String),
    /// The address of the page on which a browser pays.
    H5Url(String),
}

/// Why a payer can't do that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PayerError {
    /// What the user sees.
    pub(crate) shown: &'static str,
    /// What was expected and found, for the developer.
    pub(crate) reason: Both,
}

/// An order that a payer has before them.
pub(crate) struct Found {
    target: Target,
    prepay: Prepay,
    orders: Vec<Order>,
    /// Whether it was found by its `h5_url`.
    is_by_h5_url: bool,
}

impl OrderName {
    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::OutTradeNo(name) | Self::PrepayId(name) | Self::CodeUrl(name) | Self::H5Url(name) => name,
        }
    }

    /// What it is in the store, besides an order's number.
    fn number(&self) -> &str {
        match self {
            Self::H5Url(url) => {
                let query = url.split_once('?').map_or(url.as_str(), |(_, query)| query);
                let found = query.split('&').find_map(|pair| pair.strip_prefix("prepay_id="));
                found.unwrap_or(url)
            }
            _ => self.as_str(),
        }
    }
}

impl Found {
    pub(super) fn new(target: Target, prepay: Prepay, orders: Vec<Order>) -> Self {
        Self { target, prepay, orders, is_by_h5_url: false }
    }

    pub(super) fn prepay(&self) -> &Prepay {
        &self.prepay
    }

    pub(super) fn is_combined(&self) -> bool {
        matches!(self.target, Target::Combined(_))
    }

    /// Whether none of its orders has been paid or closed.
    pub(super) fn is_open(&self) -> bool {
        self.orders.iter().all(|order| order.state.is_open())
    }

    /// The appids that a front end can pay it with.
    pub(crate) fn appids(&self) -> Vec<&str> {
        self.orders.first().map(Order::appids).unwrap_or_default()
    }

    /// The merchant that is paid, if it is not the one that ordered.
    pub(crate) fn sub_mchid(&self) -> Option<&str> {
        self.orders.first().and_then(Order::sub_mchid)
    }

    /// The merchant's number of what is paid at once: of an order, or of a combined one.
    pub(crate) fn number(&self) -> &str {
        match (&self.target, self.orders.first()) {
            (Target::Order(_), Some(order)) => &order.out_trade_no,
            (Target::Order(id) | Target::Combined(id) | Target::Refund(id), _) => id,
        }
    }

    pub(crate) fn out_trade_nos(&self) -> impl Iterator<Item = &str> {
        self.orders.iter().map(|order| order.out_trade_no.as_str())
    }

    pub(crate) fn prepay_id(&self) -> &str {
        &self.prepay.prepay_id
    }

    pub(crate) fn trade_type(&self) -> &'static str {
        self.prepay.product.trade_type()
    }

    pub(crate) fn state(&self) -> State {
        self.orders.first().map_or(State::Closed, |order| order.state)
    }

    /// The name and the amount of what is paid, in fen.
    pub(crate) fn shown(&self) -> (String, u64) {
        let description = self.orders.first().and_then(|order| order.text("description"));
        let totals = self.orders.iter().map(Order::total);
        (description.unwrap_or_default().into(), totals.fold(0, u64::saturating_add))
    }
}

impl Ledger<'_, '_> {
    /// The order of this name, if the merchant has it.
    pub(crate) fn find(&mut self, name: &OrderName) -> Option<Found> {
        let target = match name {
            OrderName::OutTradeNo(number) => self.numbered(number)?,
            other => self.target(other.number())?,
        };
        let found = self.found(target)?;
        let is_named = match name {
            OrderName::OutTradeNo(_) => true,
            // An older code leads nowhere.
            OrderName::CodeUrl(url) => found.prepay.code_url.as_ref() == Some(url),
            other => found.prepay.prepay_id == other.number(),
        };
        is_named.then_some(Found { is_by_h5_url: matches!(name, OrderName::H5Url(_)), ..found })
    }

    /// The order of this number, also that of a sub-merchant, or the combined order.
    fn numbered(&mut self, number: &str) -> Option<Target> {
        if self.order(number).is_some() {
            return Some(Target::Order(number.into()));
        }
        if self.combined(number).is_some() {
            return Some(Target::Combined(number.into()));
        }
        self.target(&by_number(number))
    }

    fn found(&mut self, target: Target) -> Option<Found> {
        match &target {
            Target::Order(id) => {
                let order = self.order(id).filter(Order::was_placed)?;
                if let Some(combined) = order.combined {
                    // All of its orders are paid at once, or none. (documented)
                    return self.found(Target::Combined(combined));
                }
                Some(Found::new(target, order.prepay.clone(), vec![order]))
            }
            Target::Combined(id) => {
                let combined = self.combined(id)?;
                let orders = self.orders_of(&combined);
                // They may have been removed or forgotten.
                orders.first()?;
                Some(Found::new(target, combined.prepay, orders))
            }
            Target::Refund(_) => None,
        }
    }

    /// Does what the payer does.
    ///
    /// # Errors
    /// If the order can't be paid any more, or not by this user, or not in this way.
    pub(crate) fn act(
        &mut self,
        found: &Found,
        action: PayerAction,
        openid: Option<&str>,
    ) -> Result<(), PayerError> {
        self.check(found, action, openid)?;
        match (&found.target, action) {
            (_, PayerAction::Cancel) => {}
            (Target::Order(_), PayerAction::Pay) => {
                let mut order = found.orders[0].clone();
                let made = numbers::openid(self.context.randomness);
                let openid = order.user(openid, &made).to_owned();
                let at = self.now().as_unix();
                self.pay(&mut order, &Payer { openid: &openid, at });
            }
            (Target::Combined(id), PayerAction::Pay) => {
                let Some(mut combined) = self.combined(id) else { return Ok(()) };
                let made = numbers::openid(self.context.randomness);
                let ordered = combined.fields["combine_payer_info"]["openid"].as_str();
                let openid = openid.or(ordered).unwrap_or(&made).to_owned();
                let at = self.now().as_unix();
                self.pay_combined(&mut combined, &Payer { openid: &openid, at });
            }
            (_, PayerAction::Close) => self.close_all(found.orders.clone()),
            (_, PayerAction::Fail | PayerAction::Start) if found.prepay.product == Product::CodePay => {
                let mut order = found.orders[0].clone();
                order.state = if action == PayerAction::Fail { State::PayError } else { State::UserPaying };
                self.put(&order);
            }
            // A failed attempt leaves the order unpaid. (documented)
            (_, PayerAction::Fail | PayerAction::Start) | (Target::Refund(_), PayerAction::Pay) => {}
        }
        Ok(())
    }

    /// Whether the page of an `h5_url` can still be used to pay.
    ///
    /// # Errors
    /// If the order can't be paid any more, or the page is too old.
    pub(crate) fn check_page(&self, found: &Found) -> Result<(), PayerError> {
        self.check(found, PayerAction::Pay, None)
    }

    /// What a payment answers: the order as a query shows it.
    pub(crate) fn shown(&mut self, found: &Found) -> Value {
        match self.found(found.target.clone()) {
            Some(Found { target: Target::Combined(id), orders, .. }) => {
                let state = orders.first().map_or(State::Closed, |order| order.state);
                let mut shown = self.combined(&id).map_or(Value::Null, |combined| combined.answer(&orders));
                shown["trade_state"] = json!(state);
                shown
            }
            Some(Found { orders, .. }) => orders.first().map_or(Value::Null, Order::answer),
            None => Value::Null,
        }
    }

    fn check(&self, found: &Found, action: PayerAction, openid: Option<&str>) -> Result<(), PayerError> {
        let now = self.now().as_unix();
        let refused =
            |shown, reason: &dyn Fn() -> String| Err(PayerError { shown, reason: Both::of(reason) });
        let state = found.state();
        if let Some(other) = found.orders.iter().find(|order| !order.state.is_open()) {
            let shown = match other.state {
                State::Success | State::Refund => "该订单已支付",
                other => other.description(),
            };
            let state = json!(other.state);
            return refused(shown, &|| {
                text!(
                    "expected an order that can still be paid, found one in state {state}; place another order \
                         with a new number"
                )
            });
        }
        let product = found.prepay.product;
        if found.is_by_h5_url && product != Product::H5 {
            let found = product.trade_type();
            return refused("支付场景非法", &|| {
                text!("expected an h5_url, that of an H5 order, found one of {found}")
            });
        }
        if action != PayerAction::Pay {
            return Ok(());
        }
        if found.prepay.expires <= now {
            let late = now - found.prepay.expires;
            return refused(
                "订单已超过商户设置的最晚支付成功时间，请重新发起支付",
                &|| {
                    text!(
                        "expected a payment before time_expire, found one {late} s after it; place another order with a new number"
                    )
                },
            );
        }
        let (lives, what) =
            if found.is_by_h5_url { (H5_LIVES, "h5_url") } else { (PREPAY_LIVES, "prepay_id") };
        if state == State::NotPay && found.prepay.renewed + lives <= now {
            let age = now - found.prepay.renewed;
            return refused("支付请求已失效，请重新发起支付", &|| {
                text!("expected a {what} of at most {lives} s, found one of {age} s; order again")
            });
        }
        let mut ordered = found.orders[0].openids();
        match (ordered.next(), openid) {
            (Some(first), Some(openid)) if first != openid && ordered.all(|other| other != openid) => {
                refused("下单账号与支付账号不一致，请核实后再支付", &|| {
                    text!("expected the user {first}, for whom the order was placed, found {openid}")
                })
            }
            _ => Ok(()),
        }
    }
}

/// The name under which the last order of any sub-merchant with this number is found.
pub(super) fn by_number(out_trade_no: &str) -> String {
    format!("out_trade_no={out_trade_no}")
}
