//! The gateway's numbers of transfers, and what leads to a transfer.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use wechatpay_protocol::Timestamp;

use super::kind;
use crate::{
    operations::payment::{
        ledger::Ledger,
        numbers::{dated, decimal, digits_of_time},
    },
    random::Randomness,
};

/// What somebody names a transfer or an authorization by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferName {
    /// The merchant's number of a transfer.
    OutBillNo(String),
    /// The merchant's number of an authorization.
    OutAuthorizationNo(String),
    /// What a front end opens the confirmation of either with.
    PackageInfo(String),
}

/// What a user has before them: the merchant's number of a transfer or of an authorization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TransferTarget {
    Transfer(String),
    Authorization(String),
}

impl TransferTarget {
    pub(crate) fn number(&self) -> &str {
        match self {
            Self::Transfer(number) | Self::Authorization(number) => number,
        }
    }
}

impl TransferName {
    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::OutBillNo(name) | Self::OutAuthorizationNo(name) | Self::PackageInfo(name) => name,
        }
    }

    /// What it is: `out_bill_no`.
    pub fn what(&self) -> &'static str {
        match self {
            Self::OutBillNo(_) => "out_bill_no",
            Self::OutAuthorizationNo(_) => "out_authorization_no",
            Self::PackageInfo(_) => "package",
        }
    }
}

/// What a front end confirms with this `package_info`.
pub(super) fn of_package(ledger: &mut Ledger<'_, '_>, package_info: &str) -> Option<TransferTarget> {
    ledger.documents.get(kind::PACKAGE, package_info)
}

pub(super) fn name_package(ledger: &mut Ledger<'_, '_>, package_info: &str, target: &TransferTarget) {
    ledger.documents.put(kind::PACKAGE, package_info, target);
}

/// A number of 40 digits: `1330000071100999991182020050700019480001` of a transfer, with 103 of a batch, 104 of a transfer in one.
/// (documented)
pub(super) fn bill_no(prefix: &str, now: Timestamp, randomness: &Randomness) -> String {
    dated(prefix, (18, 11), now, randomness)
}

/// `201202504101000123456789012`, of an authorization. (documented)
pub(super) fn authorization_id(now: Timestamp, randomness: &Randomness) -> String {
    format!("201{}{}", &digits_of_time(now)[..8], decimal(randomness.bytes(), 16))
}

/// A `package_info`: `ABBQO+oYAAABAAAAAACq…`. The first bytes are those of published ones, of which no whole one is known. (wild)
pub(super) fn package_info(randomness: &Randomness) -> String {
    const BEGINNING: [u8; 14] = [0, 0x10, 0x50, 0x3b, 0xea, 0x18, 0, 0, 1, 0, 0, 0, 0, 0];
    BASE64_STANDARD.encode([&BEGINNING[..], &randomness.bytes(), &randomness.bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_shape_of_real_ones() {
        let now = Timestamp::from_unix(1_756_951_532);
        for random in [Randomness::fixed([0xff; 16]), Randomness::system()] {
            let number = bill_no("133", now, &random);
            assert_eq!((number.len(), &number[..3], &number[21..29]), (40, "133", "20250904"));
            assert_eq!(authorization_id(now, &random).len(), "201202504101000123456789012".len());
            assert!(package_info(&random).starts_with("ABBQO+oYAAABAAAAAA"));
        }
    }
}
