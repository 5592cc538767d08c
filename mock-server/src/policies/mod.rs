//! Behaviour that the documentation leaves open: a named policy for each question, with the mock's default.

mod provenance;

use serde::{Deserialize, Serialize};
use wechatpay_texts::{Phrase, phrase};

pub use provenance::Provenance;

/// Declares each policy once: its values, their meanings, and the default.
macro_rules! policies {
    ($(
        #[doc = $question:literal]
        $name:ident: $type:ident, from $source:literal {
            $( $(#[$default:ident])? $value:ident = $meaning:literal, )+
        }
    )+) => {
        /// The value of each policy.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Policies {
            $( #[doc = $question] pub $name: $type, )+
        }

        $(
            #[doc = $question]
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(rename_all = "lowercase")]
            pub enum $type {
                $( #[doc = $meaning] $(#[$default])? $value, )+
            }
        )+

        /// Every policy, in the order of the documentation.
        pub const POLICIES: &[Policy] = &[
            $(Policy {
                name: stringify!($name),
                question: phrase!($question),
                source: phrase!($source),
                values: &[ $(PolicyValue { variant: stringify!($value), meaning: phrase!($meaning) }),+ ],
            },)+
        ];
    };
}

policies! {
    /// The same out_request_no again, with the same content.
    repeat: Repeat, from "nothing public says how the gateway responds to a repeated number; clients are told to retry with the same parameters" {
        #[default] Accept = "204 again, applied once",
        Reject = "400 INVALID_REQUEST",
    }
    /// The same out_request_no again, with other content.
    repeat_mismatch: RepeatMismatch, from "the message is a sister operation's (documented); nothing says that this operation checks it" {
        #[default] Reject = "400 INVALID_REQUEST",
        Apply = "204, applied, warning in the journal",
    }
    /// before_bonus_value + add_bonus_value is not bonus_value.
    arithmetic: Arithmetic, from "nothing public" {
        #[default] Warn = "204, bonus_value takes precedence, warning in the journal",
        Reject = "400 INVALID_REQUEST",
    }
    /// before_bonus_value differs from the stored points.
    stale_before: StaleBefore, from "nothing public" {
        #[default] Warn = "204, warning in the journal",
        Reject = "400 INVALID_REQUEST",
    }
    /// The points become negative.
    negative_total: NegativeTotal, from "nothing public" {
        #[default] Warn = "204, warning in the journal",
        Reject = "400 INVALID_REQUEST",
    }
    /// The body has an undocumented field.
    unknown_field: UnknownField, from "the error was seen on pay and transfer operations (wild); of most bodies, nothing public lists every field" {
        #[default] Auto = "reject where all fields of the body are known (x-complete in the contract), else warn",
        Reject = "400 PARAM_ERROR",
        Warn = "ignored, warning in the journal",
    }
    /// The card or the code is unknown.
    unknown_card: UnknownCard, from "the error messages are a sister operation's (documented)" {
        #[default] Create = "created on first use, so that any sample works",
        Reject = "400 INVALID_REQUEST",
    }
    /// Which error responses are signed.
    signed_refusals: SignedRefusals, from "the signature of a published 403 verifies, and three more 4xx were published with all headers (wild); unsigned ones exist too" {
        #[default] Business = "those to requests with a valid signature",
        None = "none is signed",
    }
    /// The message to a signature that does not match.
    mismatch_message: MismatchMessage, from "all three were published: the second for transfers in 2025 and 2026, the third for payments in 2024 (wild)" {
        #[default] Wrong = "错误的签名，验签失败",
        Information = "签名信息错误，验签失败",
        Check = "签名错误，请检查后再试",
    }
    /// Which key signs the callbacks of a merchant that trusts both kinds.
    callback_key: CallbackKey, from "a merchant's callbacks are signed with the key that it is on at the time, and during a change-over with one or the other (documented)" {
        #[default] Certificate = "the platform certificate's",
        Pair = "the public key's pair",
        Turns = "alternating, as during a change-over",
    }
    /// The message to an out_trade_no that was used before for another order.
    repeat_order_text: RepeatOrderText, from "all three were published: the second until 2024, the first in 2026 (wild)" {
        #[default] Parameters = "请求重入时，参数与首次请求时不一致",
        Number = "201 商户订单号重复",
        Data = "重入请求数据和已存在的业务单据数据不一致",
    }
    /// The message to the out_trade_no of a closed order.
    closed_order_text: ClosedOrderText, from "both are documented, the second more recently" {
        #[default] Closed = "订单已关闭",
        Void = "该订单已失效",
    }
    /// The code of the response to the out_trade_no of a paid order.
    paid_order_code: PaidOrderCode, from "the message is documented; shops look for each of these codes" {
        #[default] Paid = "ORDER_PAID",
        Old = "ORDERPAID",
        Invalid = "INVALID_REQUEST",
    }
    /// The response to an appid that is not one of the merchant's.
    appid_mismatch: AppidMismatch, from "the first was published (wild), the second is documented" {
        #[default] Param = "400 PARAM_ERROR",
        Code = "400 APPID_MCHID_NOT_MATCH",
    }
    /// More is shared of an order than the ratio limit allows.
    sharing_ratio: SharingRatio, from "the first was published in 2025 (wild), the second is on older pages (documented)" {
        #[default] Invalid = "400 INVALID_REQUEST",
        Limit = "403 RULE_LIMIT",
    }
    /// A refund takes money that was already shared with receivers.
    shared_refund: SharedRefund, from "pages tell merchants to have it returned first; which response they get otherwise is not public" {
        #[default] Refuse = "403 NOT_ENOUGH until it is returned",
        Allow = "accepted: the merchant pays it",
    }
    /// A transfer of more than the merchant's balance.
    short_balance: ShortBalance, from "both are documented: a state that lasts while the balance is short, and the code" {
        #[default] Wait = "200, it stays PROCESSING until there is enough",
        Refuse = "403 NOT_ENOUGH",
    }
    /// Whether merchants may use the older batches of transfers.
    old_transfers: OldTransfers, from "merchants that began after 2025 may not (wild and documented), older ones may" {
        #[default] Accept = "200",
        Refuse = "403 NO_AUTH",
    }
    /// Whether the gateway's own host names speak HTTP/2. Other names of the mock always do.
    gateway_http2: GatewayHttp2, from "the official Java SDK offers HTTP/2 but does not find lower-case headers, and it works with the real gateway (SDK)" {
        #[default] Refuse = "HTTP/1.1 only",
        Offer = "HTTP/2 and HTTP/1.1",
    }
}

/// The description of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name in the configuration.
    pub name: &'static str,
    /// The question that it decides.
    pub question: Phrase,
    /// The public knowledge about it.
    pub source: Phrase,
    /// Its values; the first is the default.
    pub values: &'static [PolicyValue],
}

/// The description of a policy's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyValue {
    variant: &'static str,
    /// The mock's behaviour with this value.
    pub meaning: Phrase,
}

impl Policy {
    /// The provenance of each policy's default.
    pub const PROVENANCE: Provenance = Provenance::OwnChoice;
}

impl PolicyValue {
    /// The value's name in the configuration.
    pub fn name(&self) -> String {
        self.variant.to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_first_value_of_each_policy_is_its_default() {
        let defaults = serde_json::to_value(Policies::default()).unwrap();
        for policy in POLICIES {
            assert_eq!(defaults[policy.name], Value::String(policy.values[0].name()), "{}", policy.name);
        }
        assert_eq!(defaults.as_object().unwrap().len(), POLICIES.len());
    }

    #[test]
    fn every_value_that_is_listed_can_be_set() {
        for policy in POLICIES {
            for value in policy.values {
                let policies: Policies =
                    serde_json::from_value(json!({ policy.name: value.name() })).unwrap();
                assert_eq!(serde_json::to_value(policies).unwrap()[policy.name], Value::String(value.name()));
            }
        }
    }
}
