//! The callbacks that tell receivers of money that came or went. Only receivers get them, at the `notify_url` of their
//! configuration. (documented)

use serde_json::{Value, json};

use crate::operations::payment::ledger::Ledger;

/// The event of money that a receiver has got.
pub(super) const SHARED: &str = "PROFITSHARING.SUCCESS";
/// The event of money that a receiver has returned.
pub(super) const RETURNED: &str = "PROFITSHARING.RETURN";

/// What a receiver is told.
pub(super) struct Notice<'n> {
    pub(super) event: &'static str,
    pub(super) sub_mchid: Option<&'n str>,
    pub(super) transaction_id: &'n str,
    /// The gateway's number of the sharing or of the return, and the merchant's.
    pub(super) numbers: (&'n str, &'n str),
    /// The receiver's mchid.
    pub(super) account: &'n str,
    pub(super) amount: u64,
    pub(super) description: &'n str,
    pub(super) at: u64,
}

impl Notice<'_> {
    /// Tells the receiver, if it is a merchant of the mock and has a `notify_url`.
    pub(super) fn send(&self, ledger: &mut Ledger<'_, '_>) {
        let Some(receiver) = ledger.context.merchants.merchant(self.account) else { return };
        if let Some(url) = &receiver.notify_url {
            let data = self.data(ledger.merchant.mchid.as_str());
            ledger.send_to(&receiver.mchid, self.event, url, &data, self.at);
        }
    }

    fn data(&self, mchid: &str) -> Value {
        let (order_id, out_order_no) = self.numbers;
        let mut data = json!({
            "transaction_id": self.transaction_id,
            "order_id": order_id,
            "out_order_no": out_order_no,
            "receiver": {
                "type": "MERCHANT_ID",
                "account": self.account,
                "amount": self.amount,
                "description": self.description,
            },
            "success_time": super::api::time(Some(self.at)),
        });
        match self.sub_mchid {
            None => data["mchid"] = mchid.into(),
            Some(sub_mchid) => {
                data["sp_mchid"] = mchid.into();
                data["sub_mchid"] = sub_mchid.into();
            }
        }
        data
    }
}
