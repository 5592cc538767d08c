//! What a request is warned about, although nothing refuses it.

use std::fmt;

/// Something about a request that its sender should know, but that is no reason to refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The request number was used before for the same content: nothing was applied again.
    Repeated,
    /// `before_bonus_value` is not what is stored.
    StaleBefore {
        /// What the request says.
        sent: i64,
        /// What is stored.
        stored: i64,
    },
    /// `before_bonus_value + add_bonus_value` is not `bonus_value`.
    Arithmetic {
        /// What they add up to.
        sum: i64,
        /// What the request says they add up to.
        sent: i64,
    },
    /// The request number was used before for other content, and is applied all the same.
    RepeatedDifferently,
    /// The body has fields that the documentation does not.
    UnknownFields {
        /// Where they are: `/body/payer/openid`.
        pointers: Vec<String>,
    },
    /// The request asks for a notification, which is not sent.
    NoNotification,
    /// The merchant has used this nonce before. (own choice: nothing public says whether the gateway rejects it)
    NonceUsedBefore {
        /// The nonce.
        nonce_str: String,
    },
    /// The request does not say which gateway key signs the response, and the merchant has a public key.
    NoWechatpaySerial,
    /// The request number looks like one that triggers a fault, but names none.
    UnknownMagic {
        /// What is wrong with it.
        problem: String,
    },
    /// The points are negative.
    NegativeTotal {
        /// The points.
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
            Self::NoNotification => "no-notification",
            Self::NonceUsedBefore { .. } => "nonce-used-before",
            Self::NoWechatpaySerial => "no-wechatpay-serial",
            Self::UnknownMagic { .. } => "unknown-magic",
            Self::NegativeTotal { .. } => "negative-total",
        }
    }

    /// Whether it is a habit of the client rather than something about this request.
    pub(crate) fn is_habit(&self) -> bool {
        match self {
            Self::NoWechatpaySerial => true,
            Self::Repeated
            | Self::StaleBefore { .. }
            | Self::Arithmetic { .. }
            | Self::RepeatedDifferently
            | Self::UnknownFields { .. }
            | Self::NoNotification
            | Self::NonceUsedBefore { .. }
            | Self::UnknownMagic { .. }
            | Self::NegativeTotal { .. } => false,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated => {
                f.write_str("this out_request_no was used before for the same content: not applied again")
            }
            Self::StaleBefore { sent, stored } => {
                write!(f, "before_bonus_value says {sent}, stored are {stored} points")
            }
            Self::Arithmetic { sum, sent } => {
                write!(f, "before_bonus_value + add_bonus_value is {sum}, bonus_value says {sent}")
            }
            Self::RepeatedDifferently => {
                f.write_str("this out_request_no was used before for other content: applied all the same")
            }
            Self::UnknownFields { pointers } => {
                write!(f, "fields that the documentation does not have were ignored: {}", pointers.join(", "))
            }
            Self::NoNotification => {
                f.write_str("notify_url is given, but the mock sends no notifications yet")
            }
            Self::NonceUsedBefore { nonce_str } => write!(f, "the nonce {nonce_str} was used before"),
            Self::NoWechatpaySerial => {
                f.write_str("no Wechatpay-Serial: set it to choose which gateway key signs the response")
            }
            Self::UnknownMagic { problem } => f.write_str(problem),
            Self::NegativeTotal { total } => write!(f, "the points are negative: {total}"),
        }
    }
}
