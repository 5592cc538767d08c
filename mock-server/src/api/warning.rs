//! Warnings about requests. A warning does not refuse a request.

use std::fmt;

use wechatpay_texts::{phrase, text};

/// A problem that the sender of a request should know of, but that is no reason to refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The request number was used before for the same content: the request is not applied again.
    Repeated,
    /// `before_bonus_value` differs from the stored points.
    StaleBefore {
        /// The value in the request.
        sent: i64,
        /// The stored points.
        stored: i64,
    },
    /// `before_bonus_value + add_bonus_value` is not `bonus_value`.
    Arithmetic {
        /// Their sum.
        sum: i64,
        /// `bonus_value` in the request.
        sent: i64,
    },
    /// The request number was used before for other content: the request is applied anyway.
    RepeatedDifferently,
    /// The body has undocumented fields, which are ignored.
    UnknownFields {
        /// Their JSON pointers: `/body/payer/openid`.
        pointers: Vec<String>,
    },
    /// A value is outside an enum of which sources disagree.
    UncertainValue {
        /// Its place: `/body/account_type`.
        source: String,
        /// The value.
        found: String,
        /// The values that are known.
        known: Vec<String>,
    },
    /// The request would be followed by a callback, but nothing says where to send it.
    NoNotifyUrl {
        /// The event.
        event_type: String,
    },
    /// The merchant has used this nonce before. (own choice: nothing public says whether the gateway rejects it)
    NonceUsedBefore {
        /// The nonce in `Authorization`.
        nonce_str: String,
    },
    /// The request does not select the gateway key that signs the response, and the merchant trusts the public key.
    NoWechatpaySerial,
    /// The request number begins like a trigger number, but is malformed.
    MalformedTriggerNumber {
        /// The problem with the number.
        problem: String,
    },
    /// The points are negative.
    NegativeTotal {
        /// The points after the request.
        total: i64,
    },
}

impl Warning {
    /// Its name: `nonce-used-before`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::StaleBefore { .. } => "stale-before",
            Self::Arithmetic { .. } => "arithmetic",
            Self::RepeatedDifferently => "repeated-differently",
            Self::UnknownFields { .. } => "unknown-fields",
            Self::UncertainValue { .. } => "uncertain-value",
            Self::NoNotifyUrl { .. } => "no-notify-url",
            Self::NonceUsedBefore { .. } => "nonce-used-before",
            Self::NoWechatpaySerial => "no-wechatpay-serial",
            Self::MalformedTriggerNumber { .. } => "unknown-magic",
            Self::NegativeTotal { .. } => "negative-total",
        }
    }

    /// Whether it is a habit of the client rather than a problem of this request.
    pub(crate) fn is_habit(&self) -> bool {
        match self {
            Self::NoWechatpaySerial | Self::NoNotifyUrl { .. } => true,
            Self::Repeated
            | Self::StaleBefore { .. }
            | Self::Arithmetic { .. }
            | Self::RepeatedDifferently
            | Self::UnknownFields { .. }
            | Self::UncertainValue { .. }
            | Self::NonceUsedBefore { .. }
            | Self::MalformedTriggerNumber { .. }
            | Self::NegativeTotal { .. } => false,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Warning {
    fn text(&self) -> String {
        match self {
            Self::Repeated => {
                text!("this out_request_no was used before for the same content: not applied again")
            }
            Self::StaleBefore { sent, stored } => {
                text!("before_bonus_value is {sent}, but {stored} points are stored")
            }
            Self::Arithmetic { sum, sent } => {
                text!("before_bonus_value + add_bonus_value is {sum}, but bonus_value is {sent}")
            }
            Self::RepeatedDifferently => {
                text!("this out_request_no was used before for other content: applied anyway")
            }
            Self::UnknownFields { pointers } => text!(
                "undocumented fields were ignored: {pointers}",
                pointers = pointers.join(phrase!(", ").text())
            ),
            Self::UncertainValue { source, found, known } => text!(
                "{source} is {found}; sources disagree on its values, known are {known}",
                known = known.join(phrase!(", ").text())
            ),
            Self::NoNotifyUrl { event_type } => {
                text!("no callback {event_type}: neither the request nor the merchant has a notify_url")
            }
            Self::NonceUsedBefore { nonce_str } => text!("the nonce {nonce_str} was used before"),
            Self::NoWechatpaySerial => {
                text!("no Wechatpay-Serial: set it to choose which gateway key signs the response")
            }
            Self::MalformedTriggerNumber { problem } => problem.clone(),
            Self::NegativeTotal { total } => text!("the points are negative: {total}"),
        }
    }
}
