//! The events that the probes send, and the members of their resources in the order of real ones. (wild:
//! transactions; documented: the others)

use serde_json::Value;

use super::order::Order;

/// A kind of event with an example of its resource.
pub(super) struct Sample {
    pub(super) event_type: &'static str,
    pub(super) summary: &'static str,
    pub(super) original_type: &'static str,
    /// The resource's members, each with its JSON. `{mchid}`, `{out_trade_no}` and so on stand for the order's values.
    members: &'static [(&'static str, &'static str)],
}

/// The usual event.
pub(super) const TRANSACTION: &str = "TRANSACTION.SUCCESS";

static SAMPLES: [Sample; 5] = [
    Sample {
        event_type: TRANSACTION,
        summary: "支付成功",
        original_type: "transaction",
        members: &[
            ("mchid", r#""{mchid}""#),
            ("appid", r#""wxd678efh567hg6787""#),
            ("out_trade_no", r#""{out_trade_no}""#),
            ("transaction_id", r#""{transaction_id}""#),
            ("trade_type", r#""JSAPI""#),
            ("trade_state", r#""SUCCESS""#),
            ("trade_state_desc", r#""支付成功""#),
            ("bank_type", r#""OTHERS""#),
            ("attach", r#""shop=12""#),
            ("success_time", r#""{time}""#),
            ("payer", r#"{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}"#),
            ("amount", r#"{"total":100,"payer_total":100,"currency":"CNY","payer_currency":"CNY"}"#),
        ],
    },
    refund("REFUND.SUCCESS", "退款成功", SUCCESS),
    refund("REFUND.ABNORMAL", "退款异常", ABNORMAL),
    refund("REFUND.CLOSED", "退款关闭", CLOSED),
    Sample {
        event_type: "MEMBERCARD.ACTIVATE_CARD",
        summary: "会员卡激活事件通知",
        original_type: "membercard",
        members: &[
            ("event_type", r#""MEMBER_CARD_ACTIVATE""#),
            ("card_id", r#""pbLatjvWOibDc5-TBnbUk1pD12o0""#),
            ("code", r#""478515832665""#),
            ("openid", r#""oUpF8uMuAJO_M2pxb1Q9zNjWeS6o""#),
            ("event_time", r#""{time}""#),
            ("activate_scene", r#""NEW_ACTIVATE""#),
        ],
    },
];

const SUCCESS: &[(&str, &str)] = &[
    ("mchid", r#""{mchid}""#),
    ("out_trade_no", r#""{out_trade_no}""#),
    ("transaction_id", r#""{transaction_id}""#),
    ("out_refund_no", r#""{out_refund_no}""#),
    ("refund_id", r#""{refund_id}""#),
    ("refund_status", r#""SUCCESS""#),
    ("success_time", r#""{time}""#),
    ("amount", REFUNDED),
    ("user_received_account", r#""支付用户零钱""#),
];

const ABNORMAL: &[(&str, &str)] = &[
    ("mchid", r#""{mchid}""#),
    ("out_trade_no", r#""{out_trade_no}""#),
    ("transaction_id", r#""{transaction_id}""#),
    ("out_refund_no", r#""{out_refund_no}""#),
    ("refund_id", r#""{refund_id}""#),
    ("refund_status", r#""ABNORMAL""#),
    ("amount", REFUNDED),
    ("user_received_account", r#""招商银行信用卡0403""#),
];

const CLOSED: &[(&str, &str)] = &[
    ("mchid", r#""{mchid}""#),
    ("out_trade_no", r#""{out_trade_no}""#),
    ("transaction_id", r#""{transaction_id}""#),
    ("out_refund_no", r#""{out_refund_no}""#),
    ("refund_id", r#""{refund_id}""#),
    ("refund_status", r#""CLOSED""#),
    ("amount", REFUNDED),
    ("user_received_account", r#""支付用户零钱""#),
];

const REFUNDED: &str = r#"{"total":100,"refund":100,"payer_total":100,"payer_refund":100}"#;

/// A coupon, of which a large transaction has many.
const COUPON: &str = r#"{"coupon_id":"109519","name":"单品惠-6","scope":"SINGLE","type":"CASH","amount":1,"stock_id":"931386","wechatpay_contribute":1,"merchant_contribute":0,"other_contribute":0,"currency":"CNY","goods_detail":[{"goods_id":"M1006","quantity":1,"unit_price":100,"discount_amount":1,"goods_remark":"商品备注信息"}]}"#;

const fn refund(
    event_type: &'static str,
    summary: &'static str,
    members: &'static [(&'static str, &'static str)],
) -> Sample {
    Sample { event_type, summary, original_type: "refund", members }
}

/// The sample of this event.
pub(super) fn sample(event_type: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.event_type == event_type)
}

impl Sample {
    /// The members of the resource for this order, each with its JSON, in order.
    pub(super) fn members(&self, order: &Order, time: &str) -> Vec<(String, String)> {
        let filled = self.members.iter().map(|(name, json)| {
            let json = json
                .replace("{mchid}", &order.mchid)
                .replace("{out_trade_no}", &order.out_trade_no)
                .replace("{transaction_id}", &order.transaction_id)
                .replace("{out_refund_no}", &order.out_refund_no)
                .replace("{refund_id}", &order.refund_id)
                .replace("{time}", time);
            ((*name).to_owned(), json)
        });
        let mut members: Vec<_> = filled.collect();
        for (name, known) in &order.known {
            if let Some((_, json)) = members.iter_mut().find(|(member, _)| member == name) {
                *json = merged(json, known).to_string();
            }
        }
        members
    }
}

/// The list of coupons of a transaction whose resource has at least so many bytes.
pub(super) fn coupons(bytes: usize) -> String {
    format!("[{}]", vec![COUPON; bytes / COUPON.len() + 1].join(","))
}

/// The JSON with the known values in place of its own: members of an object one by one, anything else as a whole.
fn merged(json: &str, known: &Value) -> Value {
    match (serde_json::from_str(json), known) {
        (Ok(Value::Object(mut own)), Value::Object(known)) => {
            own.extend(known.clone());
            own.into()
        }
        _ => known.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_json() {
        let order = Order::new("1900000001", None);
        for sample in &SAMPLES {
            for (name, json) in sample.members(&order, "2026-01-01T00:00:00+08:00") {
                assert!(serde_json::from_str::<Value>(&json).is_ok(), "{} {name}", sample.event_type);
                assert!(!json.contains("_no}") && !json.contains("_id}"), "{json}");
            }
        }
        assert!(serde_json::from_str::<Value>(&coupons(20_000)).is_ok_and(|list| list.is_array()));
    }

    #[test]
    fn a_known_order_replaces_the_values_of_the_sample() {
        let known = r#"{"out_trade_no": "A1", "amount": {"total": 5}}"#.parse().unwrap();
        let order = Order::new("1900000001", Some(&known));
        let members = sample(TRANSACTION).unwrap().members(&order, "");
        let json = |name: &str| members.iter().find(|(member, _)| member == name).unwrap().1.clone();
        assert_eq!(json("out_trade_no"), r#""A1""#);
        let amount: Value = serde_json::from_str(&json("amount")).unwrap();
        assert_eq!((&amount["total"], &amount["currency"]), (&5.into(), &"CNY".into()));
    }
}
