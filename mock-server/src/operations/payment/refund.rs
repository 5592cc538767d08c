//! A refund as it is stored: accepted as `PROCESSING`, and settled by itself.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

/// Where refunds go. (wild)
const ACCOUNT: &str = "支付用户零钱";

/// A refund as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refund {
    /// Its ID in the store.
    pub(super) id: String,
    pub(super) out_refund_no: String,
    pub(super) refund_id: String,
    /// The ID of its order.
    pub(super) order: String,
    pub(super) out_trade_no: String,
    pub(super) transaction_id: String,
    pub(super) mchid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sub_mchid: Option<String>,
    /// What is refunded, and the order's total, in fen.
    pub(super) amount: u64,
    pub(super) total: u64,
    /// The fingerprint of the request.
    pub(super) content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) notify_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) funds_account: Option<String>,
    pub(super) created: u64,
    pub(super) status: RefundStatus,
    /// When it is settled, and how, as long as it is `PROCESSING`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<(u64, RefundStatus)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) success_time: Option<u64>,
    /// What has become of it, and when.
    #[serde(default)]
    pub(super) history: Vec<(u64, RefundStatus)>,
}

/// `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RefundStatus {
    Processing,
    Success,
    Abnormal,
    Closed,
}

impl RefundStatus {
    /// The event that tells of it.
    pub(super) fn event(self) -> Option<&'static str> {
        match self {
            Self::Processing => None,
            Self::Success => Some("REFUND.SUCCESS"),
            Self::Abnormal => Some("REFUND.ABNORMAL"),
            Self::Closed => Some("REFUND.CLOSED"),
        }
    }
}

impl Refund {
    /// What it was before a time.
    pub(super) fn status_before(&self, time: u64) -> RefundStatus {
        let before = self.history.iter().take_while(|(at, _)| *at < time);
        before.last().map_or(RefundStatus::Processing, |(_, status)| *status)
    }

    /// When it was closed, if it was.
    pub(super) fn closed(&self) -> Option<u64> {
        self.history.iter().find(|(_, status)| *status == RefundStatus::Closed).map(|(at, _)| *at)
    }

    pub(super) fn becomes(&mut self, status: RefundStatus, at: u64) {
        self.status = status;
        self.success_time = (status == RefundStatus::Success).then_some(at);
        self.history.push((at, status));
    }

    /// What the refund and its queries answer. (wild)
    pub(super) fn answer(&self) -> Value {
        let (refund, total) = (self.amount, self.total);
        let mut answer = json!({
            "amount": {
                "currency": "CNY",
                "discount_refund": 0,
                "from": [],
                "payer_refund": refund,
                "payer_total": total,
                "refund": refund,
                "refund_fee": 0,
                "settlement_refund": refund,
                "settlement_total": total,
                "total": total,
            },
            "channel": "ORIGINAL",
            "create_time": time(self.created),
            "funds_account": self.funds_account.as_deref().unwrap_or("AVAILABLE"),
            "out_refund_no": self.out_refund_no,
            "out_trade_no": self.out_trade_no,
            "promotion_detail": [],
            "refund_id": self.refund_id,
            "status": self.status,
            "transaction_id": self.transaction_id,
            "user_received_account": ACCOUNT,
        });
        if let Some(at) = self.success_time {
            answer["success_time"] = time(at).into();
        }
        answer
    }

    /// The data of its callback. (wild)
    pub(super) fn callback(&self) -> Value {
        let mut data = json!({
            "out_trade_no": self.out_trade_no,
            "transaction_id": self.transaction_id,
            "out_refund_no": self.out_refund_no,
            "refund_id": self.refund_id,
            "refund_status": self.status,
            "amount": {
                "total": self.total,
                "refund": self.amount,
                "payer_total": self.total,
                "payer_refund": self.amount,
            },
            "user_received_account": ACCOUNT,
        });
        match &self.sub_mchid {
            None => data["mchid"] = self.mchid.as_str().into(),
            Some(sub_mchid) => {
                data["sp_mchid"] = self.mchid.as_str().into();
                data["sub_mchid"] = sub_mchid.as_str().into();
            }
        }
        if let Some(at) = self.success_time {
            data["success_time"] = time(at).into();
        }
        data
    }
}

fn time(unix: u64) -> String {
    Timestamp::from_unix(unix).to_rfc3339()
}
