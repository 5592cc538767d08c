//! A combined order as it is stored: up to 50 orders that a user pays at once, all or none.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::order::{BANK_TYPE, Order, Prepay};

/// A combined order. Its state is that of its orders.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Combined {
    /// Its ID in the store: `combine_out_trade_no`.
    pub(super) id: String,
    /// What was ordered: the request's body, decrypted.
    pub(super) fields: Arc<Value>,
    pub(super) prepay: Prepay,
    /// The IDs of its orders.
    pub(super) orders: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) transaction_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) openid: Option<String>,
}

impl Combined {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str()
    }

    /// What a query answers, and what its callback tells.
    pub(super) fn answer(&self, orders: &[Order]) -> Value {
        let mut answer = json!({
            "combine_appid": self.fields["combine_appid"],
            "combine_mchid": self.fields["combine_mchid"],
            "combine_out_trade_no": self.id,
            "sub_orders": self.sub_orders(orders),
        });
        let device = &self.fields["scene_info"]["device_id"];
        if device.is_string() {
            answer["scene_info"] = json!({ "device_id": device });
        }
        if let Some(transaction_id) = &self.transaction_id {
            answer["combine_transaction_id"] = transaction_id.as_str().into();
        }
        if let Some(openid) = &self.openid {
            answer["combine_payer_info"] = json!({ "openid": openid });
        }
        answer
    }

    fn sub_orders(&self, orders: &[Order]) -> Value {
        let ordered = self.fields["sub_orders"].as_array().into_iter().flatten();
        ordered.zip(orders).map(|(ordered, order)| self.sub_order(ordered, order)).collect()
    }

    fn sub_order(&self, ordered: &Value, order: &Order) -> Value {
        let mut answer = json!({
            "out_trade_no": order.out_trade_no,
            "trade_state": order.state,
            "amount": { "total_amount": order.total(), "currency": "CNY" },
        });
        for name in ["mchid", "sub_mchid", "sub_appid", "individual_auth_id", "individual_name"] {
            if let Some(value) = ordered.get(name) {
                answer[name] = value.clone();
            }
        }
        if let Some(payment) = &order.payment {
            answer["trade_type"] = self.prepay.product.trade_type().into();
            answer["bank_type"] = BANK_TYPE.into();
            answer["attach"] = order.text("attach").unwrap_or_default().into();
            answer["success_time"] = payment.time().into();
            answer["transaction_id"] = payment.transaction_id.as_str().into();
            answer["amount"]["payer_amount"] = order.total().into();
            answer["amount"]["payer_currency"] = "CNY".into();
        }
        answer
    }
}
