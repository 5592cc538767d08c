//! Numbers that say how a sharing or a return ends, for tests that make no call of their own: `MOCK*closed-no-relation*1`
//! in `out_order_no`, `MOCK*failed-time-out-closed*1` in `out_return_no`. Nothing public has such numbers. (own choice)

use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value},
};

use crate::operations::{magic, payment::shared::SharingApi};

/// Why a receiver gets nothing. (documented)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::operations) enum CloseReason {
    AccountAbnormal,
    NoRelation,
    ReceiverHighRisk,
    ReceiverRealNameNotVerified,
    NoAuth,
    ReceiverReceiptLimit,
    PayerAccountAbnormal,
    InvalidRequest,
}

/// Why nothing is returned. (documented)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::operations) enum FailReason {
    AccountAbnormal,
    BalanceNotEnough,
    TimeOutClosed,
    PayerAccountAbnormal,
    InvalidRequest,
}

impl CloseReason {
    /// The reason that an `out_order_no` chooses. The ecommerce API documents fewer: it has `ACCOUNT_ABNORMAL` for others.
    pub(super) fn of(number: &str, api: SharingApi) -> Option<Self> {
        let reason = chosen(magic::name_in(number)?, "closed-")?;
        match (api, reason) {
            (SharingApi::Ordinary, _)
            | (_, Self::AccountAbnormal | Self::NoRelation | Self::ReceiverHighRisk) => Some(reason),
            (SharingApi::Ecommerce, _) => Some(Self::AccountAbnormal),
        }
    }
}

impl FailReason {
    /// The reason that an `out_return_no` chooses. The ecommerce API documents fewer: it has `ACCOUNT_ABNORMAL` for others.
    pub(super) fn of(number: &str, api: SharingApi) -> Option<Self> {
        let reason = chosen(magic::name_in(number)?, "failed-")?;
        match (api, reason) {
            (SharingApi::Ordinary, _) | (_, Self::AccountAbnormal | Self::TimeOutClosed) => Some(reason),
            (SharingApi::Ecommerce, _) => Some(Self::AccountAbnormal),
        }
    }
}

/// The reason after a prefix: `NO_RELATION` of `closed-no-relation`.
fn chosen<'n, R: Deserialize<'n>>(name: &str, prefix: &str) -> Option<R> {
    let reason = name.strip_prefix(prefix)?.to_uppercase().replace('-', "_");
    R::deserialize(IntoDeserializer::<value::Error>::into_deserializer(reason)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_chooses_a_reason_that_its_api_documents() {
        let closed = |number, api| CloseReason::of(number, api);
        assert_eq!(closed("MOCK*closed-no-auth*1", SharingApi::Ordinary), Some(CloseReason::NoAuth));
        assert_eq!(
            closed("MOCK*closed-no-auth*1", SharingApi::Ecommerce),
            Some(CloseReason::AccountAbnormal)
        );
        assert_eq!(closed("MOCK*no-auth*1", SharingApi::Ordinary), None);
        assert_eq!(closed("P1", SharingApi::Ordinary), None);
        let failed = |number, api| FailReason::of(number, api);
        assert_eq!(
            failed("MOCK*failed-time-out-closed*1", SharingApi::Ecommerce),
            Some(FailReason::TimeOutClosed)
        );
        assert_eq!(failed("MOCK*failed-no-auth*1", SharingApi::Ordinary), None);
    }

    #[test]
    fn every_name_has_its_reason_with_stars_and_without() {
        let is_of_sharing = |name: &&str| name.starts_with("closed-") || name.starts_with("failed-");
        let names: Vec<_> = magic::names().filter(is_of_sharing).collect();
        assert_eq!(names.len(), 13, "one for each reason");
        for name in names {
            let bare = format!("MOCK{}1", name.replace('-', ""));
            for number in [format!("MOCK*{name}*1"), bare] {
                let closes = CloseReason::of(&number, SharingApi::Ordinary).is_some();
                let fails = FailReason::of(&number, SharingApi::Ordinary).is_some();
                assert_eq!(
                    (closes, fails),
                    (name.starts_with("closed-"), name.starts_with("failed-")),
                    "{number}"
                );
            }
        }
    }
}
