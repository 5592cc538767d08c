//! A probe of a receiver: what it sends, and what the receiver must do.

use serde::Deserialize;
use wechatpay_texts::phrase;

use super::sending::{Must, Sending};
use crate::prove::About;

/// One check of a receiver.
#[derive(Clone, Debug)]
pub struct ReceiverProbe {
    /// What a report says of it.
    pub about: About,
    /// What must be known for it.
    pub needs: Vec<Need>,
    /// How often the receiver must act on it; judged only if it says how often it did.
    pub acts: Option<u64>,
    /// What it sends, in order, each with what the receiver must do.
    pub(super) sendings: Vec<(Must, Sending)>,
}

/// What must be known for a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// How often the receiver acted.
    Count,
    /// An order that the receiver knows.
    Order,
    /// That the receiver has the platform certificate.
    Certificate,
    /// That the receiver has the public key.
    PublicKey,
    /// That the receiver has only one of the two.
    OneKey,
}

impl Need {
    /// Why a probe that needs this is skipped.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Count => phrase!("needs --count-url, which says how often the application acted").text(),
            Self::Order => phrase!("needs --order, an order that the application knows").text(),
            Self::Certificate => {
                phrase!("the receiver has no platform certificate; --keys says which keys it has").text()
            }
            Self::PublicKey => {
                phrase!("the receiver has no public key; --keys says which keys it has").text()
            }
            Self::OneKey => phrase!("the receiver has both keys; --keys says which keys it has").text(),
        }
    }
}
