//! A probe of a receiver: what it sends, and what the receiver must do.

use std::fmt;

use serde::Deserialize;

use super::sending::Sending;
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

/// What a receiver must do with a callback, always within the time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Must {
    /// Answer 200 or 204.
    Take,
    /// Answer 4xx or 5xx.
    Refuse,
    /// Answer anything but 5xx.
    Handle,
    /// Answer anything.
    Answer,
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

impl fmt::Display for Must {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Take => "answer 200 or 204",
            Self::Refuse => "refuse with 4xx or 5xx",
            Self::Handle => "answer, with anything but 5xx",
            Self::Answer => "answer, with any status",
        })
    }
}

impl Need {
    /// Why a probe that needs this is skipped.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Count => "needs --count-url, which says how often the application acted",
            Self::Order => "needs --order, an order that the application knows",
            Self::Certificate => "the receiver has no platform certificate; --keys says which keys it has",
            Self::PublicKey => "the receiver has no public key; --keys says which keys it has",
            Self::OneKey => "the receiver has both keys; --keys says which keys it has",
        }
    }
}
