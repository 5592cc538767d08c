//! The other person: who pays the orders, on a page or by a call, and what happens when their time has come.

mod business_view;
mod front_end;
mod page;
mod service_orders;
mod transfers;

use std::{cmp::Reverse, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::time::sleep;
use wechatpay_protocol::{Mchid, Timestamp, display::quoted};
use wechatpay_texts::{Both, Text, phrase, text};

use crate::{
    gateway::Gateway,
    journal::ChangedBy,
    merchants::Merchant,
    operations::{
        self,
        payment::{Found, Ledger, OrderName, PayerAction, PayerError},
        waiting::{self, Waiting},
    },
    store::{Due, Reminder, STORE_RETRY, StoreResult, UnavailableError},
};

pub(crate) use business_view::OpenedView;
pub(crate) use front_end::{FrontEndError, FrontEndPayment};
pub(crate) use page::is_page_request;
pub use service_orders::ServiceOrderCall;
pub use transfers::Confirmation;
pub(crate) use transfers::RequestTransferError;

/// How many documents become due at once before others get their turn. (own choice)
const AT_ONCE: usize = 64;

/// How many documents of a kind are looked at for those that wait, of all merchants together: the newest. (own choice)
const LOOKED_AT: usize = 2_000;

/// The longest sleep before the clock is read again: a test's clock may move without saying so.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

/// What a payer does with an order.
///
/// ```
/// use wechatpay_mock::{OrderName, PayerAction, Payment};
///
/// let order = || OrderName::OutTradeNo("1217752501201407033233368018".into());
/// assert_eq!(Payment::of(order()).action, PayerAction::Pay);
/// let leaves = Payment { action: PayerAction::Cancel, ..Payment::of(order()) };
/// ```
#[derive(Clone, Debug)]
pub struct Payment {
    /// The order.
    pub order: OrderName,
    /// What the payer does.
    pub action: PayerAction,
    /// The merchant whose order it is, by mchid. Default: the one that has an order of this name.
    pub merchant: Option<String>,
    /// The user. Default: the one that was ordered for, or a new one.
    pub openid: Option<String>,
}

/// Why a payer can't do that.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum PaymentError {
    /// No merchant has this mchid.
    #[text("merchant: expected the mchid of a merchant, found {found}; GET /__mock/merchants lists them")]
    UnknownMerchant {
        /// What was named, quoted.
        found: String,
    },
    /// No order has this name.
    #[text("expected the {what} of an order, found {found}; place the order first, and use its newest code")]
    UnknownOrder {
        /// What the order is named by: `out_trade_no`.
        what: &'static str,
        /// The name, quoted.
        found: String,
    },
    /// No service order or permission of pay score has this name.
    #[text(
        "expected the {what} of a service order or of a permission, found {found}; create or apply for it first"
    )]
    UnknownServiceOrder {
        /// What it is named by: `out_order_no`.
        what: &'static str,
        /// The name, quoted.
        found: String,
    },
    /// No transfer or authorization has this name.
    #[text("expected the {what} of a transfer or of an authorization of one, found {found}; order it first")]
    UnknownTransfer {
        /// What it is named by: `out_bill_no`.
        what: &'static str,
        /// The name, quoted.
        found: String,
    },
    /// Several merchants have an order, a transfer, a service order or a permission of this name.
    #[text(
        "expected an order, a transfer, a service order or a permission of one merchant, found one of each of {mchids}; name the merchant",
        mchids = mchids.join(phrase!(", ").text())
    )]
    SeveralOrders {
        /// The mchids.
        mchids: Vec<String>,
    },
    /// The store can't be reached, or can't keep the change.
    #[text(transparent)]
    Unavailable {
        /// Why.
        reason: String,
    },
    /// The order can't be paid.
    #[text("{reason}; the user sees {shown}")]
    Refused {
        /// What the user sees.
        shown: &'static str,
        /// What was expected and what was found.
        reason: Both,
    },
}

impl Payment {
    /// The order is paid.
    pub fn of(order: OrderName) -> Self {
        Self { order, action: PayerAction::Pay, merchant: None, openid: None }
    }
}

impl PaymentError {
    fn unknown(order: &OrderName) -> Self {
        let what = match order {
            OrderName::OutTradeNo(_) => "out_trade_no",
            OrderName::PrepayId(_) => "prepay_id",
            OrderName::CodeUrl(_) => "code_url",
            OrderName::H5Url(_) => "h5_url",
        };
        Self::UnknownOrder { what, found: quoted(order.as_str()) }
    }
}

impl From<PayerError> for PaymentError {
    fn from(PayerError { shown, reason }: PayerError) -> Self {
        Self::Refused { shown, reason }
    }
}

impl From<UnavailableError> for PaymentError {
    fn from(error: UnavailableError) -> Self {
        Self::Unavailable { reason: error.to_string() }
    }
}

/// What a client says to the front end that asked it to let its user pay or confirm.
pub(crate) struct Said<E> {
    /// The merchant that the front end asks for, if it is known.
    pub(crate) merchant: Option<Mchid>,
    /// That merchant's number of what the front end asks for, if there is such an order.
    pub(crate) order: Option<String>,
    /// What the user has then, or why the user does nothing.
    pub(crate) outcome: Result<Value, E>,
}

/// What has become of the documents that were due.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// How many of them are no longer due.
    pub(crate) happened: usize,
    next: Option<Timestamp>,
    /// Why the rest is still due, if anything is.
    pub(crate) failed: Option<UnavailableError>,
}

/// Pays orders, and lets happen what is due.
pub(crate) struct Payer {
    gateway: Arc<Gateway>,
}

impl Payer {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }

    /// Lets happen what is due, until the mock shuts down.
    pub(crate) async fn wait(self: Arc<Self>) {
        let gateway = &self.gateway;
        let mut clock = gateway.clock.changes();
        let mut has_failed = false;
        while !gateway.gate.is_shutting_down() {
            let Turn { happened, next, failed } = self.turn().await;
            match &failed {
                Some(error) if !has_failed => {
                    tracing::warn!("{}", text!("due events can't be processed yet: {error}"));
                }
                None if has_failed => tracing::info!("{}", text!("due events are processed again")),
                _ => {}
            }
            has_failed = failed.is_some();
            if happened > 0 {
                tokio::task::yield_now().await;
                continue;
            }
            let until_next = if has_failed { Some(STORE_RETRY) } else { next.map(|next| self.until(next)) };
            tokio::select! {
                () = gateway.store.reminded() => {}
                () = clock.next() => {}
                () = gateway.gate.shutdown() => {}
                () = sleep(until_next.unwrap_or_default()), if until_next.is_some() => {}
            }
        }
    }

    /// Lets happen what is due now, as far as the store can keep it: the rest is due again.
    pub(crate) async fn turn(&self) -> Turn {
        let Gateway { store, merchants, clock, .. } = &*self.gateway;
        let losses = store.losses();
        let is_known = |mchid: &Mchid| merchants.merchant(mchid.as_str()).is_some();
        let Due { taken: mut done, next } = match store.due(clock.now(), AT_ONCE, &is_known) {
            Ok(due) => due,
            Err(error) => return Turn { failed: Some(error), ..Turn::default() },
        };
        let mut failed = None;
        done.retain(|reminder| {
            let changed = self.become_due(reminder).map_err(|error| failed.get_or_insert(error));
            changed.is_ok()
        });
        if done.is_empty() {
            return Turn { happened: 0, next, failed };
        }
        // Until a change outlasts a crash, it may be lost, and must be due again.
        match store.lasting_since(losses).await.and_then(|()| store.done(&done)) {
            Ok(()) => Turn { happened: done.len(), next, failed },
            Err(error) => Turn { happened: 0, next, failed: Some(error) },
        }
    }

    /// Nothing happens of a merchant that was just removed.
    fn become_due(&self, Reminder { mchid, key, .. }: &Reminder) -> StoreResult<()> {
        let Some(merchant) = self.gateway.merchants.merchant(mchid.as_str()) else { return Ok(()) };
        self.gateway.change(ChangedBy::Time, &merchant, |context, documents| {
            operations::become_due(context, &merchant, documents, key);
        })
    }

    /// The real time until the mock's clock shows this, as long as nobody moves it.
    fn until(&self, next: Timestamp) -> Duration {
        let left = Duration::from_secs(next.as_unix()).saturating_sub(self.gateway.clock.moment());
        left.clamp(Duration::from_millis(1), LONGEST_SLEEP)
    }

    /// Does what the payer does. Returns the order as a query shows it, with its merchant.
    pub(crate) fn act(&self, payment: &Payment) -> Result<Value, PaymentError> {
        let Payment { order, action, openid, .. } = payment;
        let merchant = self.merchant_of(payment)?;
        self.gateway.change(ChangedBy::Payer, &merchant, |context, documents| {
            let mut ledger = Ledger::new(context, &merchant, documents);
            let found = ledger.find(order).ok_or_else(|| PaymentError::unknown(order))?;
            ledger.act(&found, *action, openid.as_deref())?;
            let mut shown = ledger.shown(&found);
            shown["merchant"] = merchant.mchid.as_str().into();
            Ok(shown)
        })?
    }

    /// The name and the amount of an order that can be paid on a page, in fen.
    fn on_page(&self, payment: &Payment) -> Result<(String, u64), PaymentError> {
        let merchant = self.merchant_of(payment)?;
        self.gateway.change(ChangedBy::Time, &merchant, |context, documents| {
            let mut ledger = Ledger::new(context, &merchant, documents);
            let found = ledger.find(&payment.order).ok_or_else(|| PaymentError::unknown(&payment.order))?;
            ledger.check_page(&found)?;
            Ok(found.shown())
        })?
    }

    /// What waits for its user, of one merchant or of all: the newest first, at most 100. `None` if `is_stopped` says so meanwhile.
    pub(crate) fn waiting(
        &self,
        mchid: Option<&Mchid>,
        is_stopped: impl Fn() -> bool,
    ) -> Option<StoreResult<Vec<Waiting>>> {
        let merchants = &self.gateway.merchants;
        let merchants = match mchid {
            Some(mchid) => merchants.merchant(mchid.as_str()).into_iter().collect(),
            None => merchants.merchants(),
        };
        let looked_at = LOOKED_AT.div_ceil(merchants.len().max(1));
        let mut all = Vec::new();
        for merchant in &merchants {
            if is_stopped() {
                return None;
            }
            let waiting = self.gateway.look(merchant, |context, documents| {
                waiting::waiting(context, merchant, documents, looked_at)
            });
            match waiting {
                Ok(waiting) => all.extend(waiting),
                Err(error) => return Some(Err(error)),
            }
        }
        all.sort_by_key(|one| Reverse(one.created_at));
        all.truncate(waiting::MOST);
        Some(Ok(all))
    }

    /// The merchant that has the order.
    fn merchant_of(&self, payment: &Payment) -> Result<Arc<Merchant>, PaymentError> {
        let has_it = |merchant: &Arc<Merchant>| Ok(self.found(merchant, &payment.order)?.is_some());
        let unknown = || PaymentError::unknown(&payment.order);
        self.only_merchant(payment.merchant.as_deref(), has_it, unknown)
    }

    /// The merchant that is named, or else the only one that has it.
    fn only_merchant(
        &self,
        mchid: Option<&str>,
        has_it: impl Fn(&Arc<Merchant>) -> StoreResult<bool>,
        unknown: impl Fn() -> PaymentError,
    ) -> Result<Arc<Merchant>, PaymentError> {
        let merchants = &self.gateway.merchants;
        if let Some(mchid) = mchid {
            let unknown = || PaymentError::UnknownMerchant { found: quoted(mchid) };
            return merchants.merchant(mchid).ok_or_else(unknown);
        }
        let mut having_it = Vec::new();
        for merchant in merchants.merchants() {
            if has_it(&merchant)? {
                having_it.push(merchant);
            }
        }
        match having_it.as_slice() {
            [] => Err(unknown()),
            [merchant] => Ok(Arc::clone(merchant)),
            several => {
                let mchids = several.iter().map(|merchant| merchant.mchid.to_string()).collect();
                Err(PaymentError::SeveralOrders { mchids })
            }
        }
    }

    /// The merchant's order of this name.
    fn found(&self, merchant: &Arc<Merchant>, order: &OrderName) -> StoreResult<Option<Found>> {
        // Who looks changes only what is due.
        self.gateway.change(ChangedBy::Time, merchant, |context, documents| {
            Ledger::new(context, merchant, documents).find(order)
        })
    }
}
