//! Payments that pay score collects: they can be refunded by their `transaction_id`, and are in the bills. Their numbers lead to
//! no order. (documented)

use serde_json::{Value, json};

use super::{
    ledger::{Ledger, Payer},
    order::{Order, Prepay, Product},
};

/// A payment of a service order.
pub(in crate::operations) struct Collected<'c> {
    /// The gateway's number of the service order.
    pub(in crate::operations) order_id: &'c str,
    /// What was created: its appids, sub-merchant and description are the payment's.
    pub(in crate::operations) fields: &'c Value,
    pub(in crate::operations) out_order_no: &'c str,
    pub(in crate::operations) out_trade_no: &'c str,
    pub(in crate::operations) openid: &'c str,
    /// In fen.
    pub(in crate::operations) amount: u64,
    pub(in crate::operations) at: u64,
}

/// The number of a payment that the gateway takes by itself, which is its own. (documented)
pub(in crate::operations) fn out_trade_no(order_id: &str) -> String {
    // An edited number may be in other characters than digits.
    let digits = order_id.get(order_id.len().saturating_sub(28)..).unwrap_or(order_id);
    format!("auth{digits}")
}

/// Records a payment, and returns its `transaction_id`.
pub(in crate::operations) fn record(ledger: &mut Ledger<'_, '_>, collected: &Collected<'_>) -> String {
    let Collected { order_id, fields, out_order_no, out_trade_no, openid, amount, at } = *collected;
    // What users pay by themselves is JSAPI with the number of the service order; what the gateway takes is AUTH. (documented)
    let is_users = out_trade_no == out_order_no;
    let mchid = ledger.merchant.mchid.as_str();
    let mut paid = match fields.get("sub_mchid") {
        None => json!({ "appid": fields["appid"], "mchid": mchid }),
        Some(sub_mchid) => json!({ "sp_appid": fields["appid"], "sp_mchid": mchid, "sub_mchid": sub_mchid }),
    };
    if let Some(sub_appid) = fields.get("sub_appid") {
        paid["sub_appid"] = sub_appid.clone();
    }
    paid["attach"] = if is_users {
        fields["attach"].as_str().unwrap_or_default().into()
    } else {
        format!("wxzff|{order_id}|{out_order_no}").into()
    };
    paid["description"] = fields["service_introduction"].clone();
    paid["amount"] = json!({ "total": amount, "currency": "CNY" });
    paid["settle_info"] = json!({ "profit_sharing": fields["profit_sharing"] == true });
    let prepay = Prepay {
        product: if is_users { Product::Jsapi } else { Product::Auth },
        operation: String::new(),
        created: at,
        renewed: at,
        expires: at,
        prepay_id: String::new(),
        code_url: None,
        will: None,
    };
    let mut order = Order::new(Order::collected_id(order_id), out_trade_no, paid.into(), prepay);
    ledger.pay(&mut order, &Payer { openid, at });
    order.payment.map(|payment| payment.transaction_id).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payments_number_ends_with_the_digits_of_its_order_whatever_that_is() {
        assert_eq!(out_trade_no("0000300001201908301055157220022"), "auth0300001201908301055157220022");
        for edited in ["1".to_owned(), "转".repeat(40)] {
            assert_eq!(out_trade_no(&edited), format!("auth{edited}"));
        }
    }
}
