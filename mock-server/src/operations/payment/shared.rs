//! What profit sharing has done with the money of an order, and how much of it can be shared. Its rules are in `operations/sharing/`, above payments.

use serde::{Deserialize, Serialize};

/// By which of the two APIs an order is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::operations) enum SharingApi {
    /// `/v3/profitsharing/`, of direct merchants and service providers.
    Ordinary,
    /// `/v3/ecommerce/profitsharing/`, of ecommerce platforms.
    Ecommerce,
}

/// What profit sharing has done with the money of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::operations) struct Shared {
    /// The API of the first request; no other can share it afterwards. (own choice)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::operations) api: Option<SharingApi>,
    /// What receivers have or are to get, in fen.
    pub(in crate::operations) held: u64,
    /// How many requests have shared it.
    pub(in crate::operations) times: u32,
    /// Whether a request has released what was left.
    pub(in crate::operations) is_finished: bool,
}

impl Shared {
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The largest share of an order that receivers may have, in hundredths of a percent, as the gateway writes it.
///
/// ```
/// use wechatpay_mock::MaxRatio;
///
/// assert_eq!(MaxRatio::default().get(), 3000);
/// assert_eq!(MaxRatio::new(10_001), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxRatio(u16);

impl MaxRatio {
    /// All of an order.
    const ALL: u16 = 10_000;

    /// `None` if it is more than all of an order.
    pub fn new(hundredths: u64) -> Option<Self> {
        u16::try_from(hundredths).ok().filter(|ratio| *ratio <= Self::ALL).map(Self)
    }

    /// In hundredths of a percent.
    pub fn get(self) -> u16 {
        self.0
    }

    /// The largest share of this amount, in fen.
    pub(crate) fn of(self, amount: u64) -> u64 {
        let share = u128::from(amount) * u128::from(self.0) / u128::from(Self::ALL);
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

impl Default for MaxRatio {
    /// 30 %. (documented)
    fn default() -> Self {
        Self(3000)
    }
}
