//! A request to share an order as it is stored, with what each receiver gets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

use super::{
    api::time,
    kind,
    magic::CloseReason,
    notice::{Notice, SHARED},
    receiver::ReceiverName,
};
use crate::operations::payment::{ledger::Ledger, shared::SharingApi};

/// The type of receivers that are merchants. Only they can return something, and get callbacks. (documented)
pub(super) const MERCHANT: &str = "MERCHANT_ID";

/// What is written beside what the merchant itself gets. (wild)
pub(super) const REST: &str = "解冻给分账方";

/// A request to share an order, or to release what is left of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::operations) struct Sharing {
    /// Its ID in the store.
    pub(super) id: String,
    pub(in crate::operations) out_order_no: String,
    pub(in crate::operations) order_id: String,
    /// The ID of the order.
    pub(super) order: String,
    pub(in crate::operations) transaction_id: String,
    /// The order's total, in fen.
    pub(in crate::operations) total: u64,
    /// The merchant whose money it is.
    pub(in crate::operations) payee: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::operations) sub_mchid: Option<String>,
    pub(super) api: SharingApi,
    /// The fingerprint of the request.
    pub(super) content: String,
    pub(super) created: u64,
    pub(in crate::operations) shares: Vec<Share>,
    /// When it is done, as long as it is `PROCESSING`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<u64>,
    /// What each merchant has returned of it or is returning, in fen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) returned: BTreeMap<String, u64>,
}

/// What one receiver gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::operations) struct Share {
    /// `MERCHANT_ID`.
    pub(super) r#type: String,
    pub(in crate::operations) account: String,
    pub(in crate::operations) amount: u64,
    pub(in crate::operations) description: String,
    pub(in crate::operations) detail_id: String,
    pub(super) result: ShareResult,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fail_reason: Option<CloseReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) finished: Option<u64>,
    /// Whether it is what was left, for the merchant itself.
    #[serde(default)]
    pub(super) is_rest: bool,
}

/// `result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ShareResult {
    Pending,
    Success,
    Closed,
}

impl Share {
    /// When a receiver got its money, if it has; `None` also for what was left.
    pub(in crate::operations) fn received(&self) -> Option<u64> {
        self.finished.filter(|_| self.result == ShareResult::Success && !self.is_rest)
    }

    fn answer(&self, api: SharingApi, created: u64) -> Value {
        let mut answer = json!({
            "amount": self.amount,
            "description": self.description,
            "detail_id": self.detail_id,
            "finish_time": time(self.finished),
            "result": self.result,
            "type": self.r#type,
        });
        answer[api.account()] = self.account.as_str().into();
        if api == SharingApi::Ordinary {
            answer["create_time"] = time(Some(created)).into();
        }
        if let Some(reason) = self.fail_reason {
            answer["fail_reason"] = json!(reason);
        }
        answer
    }
}

impl Sharing {
    pub(super) fn is_processing(&self) -> bool {
        self.due.is_some()
    }

    /// What a merchant can still return, in fen; `None` if it has got nothing.
    pub(super) fn returnable(&self, mchid: &str) -> Option<u64> {
        let of_merchant = |share: &&Share| share.r#type == MERCHANT && share.account == mchid;
        let received: Vec<_> =
            self.shares.iter().filter(of_merchant).filter(|share| share.received().is_some()).collect();
        let amount = received.iter().map(|share| share.amount).fold(0, u64::saturating_add);
        let returned = self.returned.get(mchid).copied().unwrap_or_default();
        (!received.is_empty()).then(|| amount.saturating_sub(returned))
    }

    /// What the request and its queries answer. (wild)
    pub(super) fn answer(&self) -> Value {
        let state = if self.is_processing() { "PROCESSING" } else { "FINISHED" };
        let mut answer = json!({
            "order_id": self.order_id,
            "out_order_no": self.out_order_no,
            "transaction_id": self.transaction_id,
        });
        answer[self.api.state()] = state.into();
        if let Some(sub_mchid) = &self.sub_mchid {
            answer["sub_mchid"] = sub_mchid.as_str().into();
        }
        // The ecommerce API tells what was left in fields of its own.
        let is_shown = |share: &&Share| self.api == SharingApi::Ordinary || !share.is_rest;
        let shown = self.shares.iter().filter(is_shown);
        answer["receivers"] = shown.map(|share| share.answer(self.api, self.created)).collect();
        answer
    }

    /// What a query by the ecommerce API has besides that: what was left.
    pub(super) fn answer_to_query(&self) -> Value {
        let mut answer = self.answer();
        if let (SharingApi::Ecommerce, Some(rest)) =
            (self.api, self.shares.iter().find(|share| share.is_rest))
        {
            answer["finish_amount"] = rest.amount.into();
            answer["finish_description"] = rest.description.as_str().into();
        }
        answer
    }
}

/// The request with this ID, after what was due.
pub(super) fn read(ledger: &mut Ledger<'_, '_>, id: &str) -> Option<Sharing> {
    let sharing: Sharing = ledger.documents.get(kind::SHARING, id)?;
    Some(settled(ledger, sharing))
}

pub(super) fn put(ledger: &mut Ledger<'_, '_>, sharing: &Sharing) {
    ledger.documents.put(kind::SHARING, &sharing.id, sharing);
}

/// Keeps a new request, which its numbers lead to, and which is done when it is time.
pub(super) fn keep(ledger: &mut Ledger<'_, '_>, sharing: &Sharing) {
    put(ledger, sharing);
    ledger.documents.put(kind::NUMBER, &sharing.order_id, &sharing.id);
    if let Some(due) = sharing.due {
        ledger.documents.remind(Timestamp::from_unix(due), kind::SHARING, &sharing.id);
    }
}

/// The request after what was due: every receiver has its money, or gets none.
fn settled(ledger: &mut Ledger<'_, '_>, mut sharing: Sharing) -> Sharing {
    let Some(at) = sharing.due.filter(|at| *at <= ledger.now().as_unix()) else { return sharing };
    sharing.due = None;
    let mut chosen = CloseReason::of(&sharing.out_order_no, sharing.api);
    let mut closed = 0_u64;
    for share in &mut sharing.shares {
        let name = ReceiverName {
            api: sharing.api,
            payee: &sharing.payee,
            r#type: &share.r#type,
            account: &share.account,
        };
        // A number chooses for the first receiver. One that was deleted meanwhile gets nothing.
        let reason = match share.is_rest {
            true => None,
            false => {
                chosen.take().or_else(|| (!name.was_there(ledger, at)).then_some(CloseReason::NoRelation))
            }
        };
        share.result = if reason.is_none() { ShareResult::Success } else { ShareResult::Closed };
        share.fail_reason = reason;
        share.finished = Some(at);
        closed = closed.saturating_add(if reason.is_some() { share.amount } else { 0 });
    }
    if closed > 0
        && let Some(mut order) = ledger.order(&sharing.order)
    {
        // What was not received is the order's again.
        order.sharing.held = order.sharing.held.saturating_sub(closed);
        ledger.put(&order);
    }
    put(ledger, &sharing);
    tell(ledger, &sharing, at);
    sharing
}

fn tell(ledger: &mut Ledger<'_, '_>, sharing: &Sharing, at: u64) {
    let received =
        sharing.shares.iter().filter(|share| share.received().is_some() && share.r#type == MERCHANT);
    for share in received {
        let notice = Notice {
            event: SHARED,
            sub_mchid: sharing.sub_mchid.as_deref(),
            transaction_id: &sharing.transaction_id,
            numbers: (&sharing.order_id, &sharing.out_order_no),
            account: &share.account,
            amount: share.amount,
            description: &share.description,
            at,
        };
        notice.send(ledger);
    }
}
