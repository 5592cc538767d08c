//! Numbers that say what happens to what they name, for tests that make no call of their own: `MOCK*pay*0001`.
//!
//! Some numbers have letters and digits only, such as `out_bill_no`. There, and everywhere else, `MOCKpay0001` is the same: the
//! longest name that fits, without its hyphens, counts, unless a lower-case letter follows: `MOCKpayment1` says nothing.

/// The user pays as soon as the order is placed.
pub(super) const PAY: &str = "pay";
/// The user tries to pay as soon as the order is placed, and fails.
pub(super) const PAY_FAIL: &str = "pay-fail";
/// The user of a code is asked for the password.
pub(super) const USER_PAYING: &str = "user-paying";
/// The refund becomes `ABNORMAL`.
pub(super) const REFUND_ABNORMAL: &str = "refund-abnormal";
/// The refund becomes `CLOSED`.
pub(super) const REFUND_CLOSED: &str = "refund-closed";
/// The user confirms as soon as there is something to confirm.
pub(super) const CONFIRM: &str = "confirm";
/// The user declines as soon as there is something to confirm.
pub(super) const DECLINE: &str = "decline";
/// The merchant's balance is too small, whatever it is.
pub(super) const NOT_ENOUGH: &str = "not-enough";
/// The merchant may not transfer from this address.
pub(super) const ADDRESS: &str = "address";
/// Something is wrong with the merchant.
pub(super) const USER_ERROR: &str = "user-error";

/// The user of a service order does not pass the assessment.
pub(super) const ASSESSMENT: &str = "assessment";
/// The user of a service order has overdue orders.
pub(super) const OVERDUE: &str = "overdue";
/// The user of a service order has limited payments.
pub(super) const TEENAGER: &str = "teenager";
/// A deduction is in progress when the service order is completed or changed.
pub(super) const DEDUCTING: &str = "deducting";

/// The names of all such numbers. Those of sharing are each a reason after its prefix.
const NAMES: [&str; 27] = [
    PAY,
    PAY_FAIL,
    USER_PAYING,
    REFUND_ABNORMAL,
    REFUND_CLOSED,
    CONFIRM,
    DECLINE,
    NOT_ENOUGH,
    ADDRESS,
    USER_ERROR,
    ASSESSMENT,
    OVERDUE,
    TEENAGER,
    DEDUCTING,
    "closed-account-abnormal",
    "closed-no-relation",
    "closed-receiver-high-risk",
    "closed-receiver-real-name-not-verified",
    "closed-no-auth",
    "closed-receiver-receipt-limit",
    "closed-payer-account-abnormal",
    "closed-invalid-request",
    "failed-account-abnormal",
    "failed-balance-not-enough",
    "failed-time-out-closed",
    "failed-payer-account-abnormal",
    "failed-invalid-request",
];

/// The beginning of every number with a meaning, where `*` is allowed.
pub(crate) const PREFIX: &str = "MOCK*";

/// The beginning of one with letters and digits only.
const BARE: &str = "MOCK";

/// The name in a number: `pay` of `MOCK*pay*0001` and of `MOCKpay0001`.
pub(crate) fn name_in(number: &str) -> Option<&str> {
    let starred = number.strip_prefix(PREFIX).and_then(|rest| rest.split_once('*'));
    starred.map(|(name, _)| name).or_else(|| bare_in(number, names()))
}

/// The names of all such numbers.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter()
}

/// The name in a number of letters and digits, the longest of these: `not-enough` of `MOCKnotenough0001`.
pub(crate) fn bare_in<'n>(number: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let rest = number.strip_prefix(BARE)?;
    let begins = |name: &str| {
        let mut rest = rest.bytes();
        let mut letters = name.bytes().filter(|letter| !b"-_".contains(letter));
        letters.all(|letter| rest.next() == Some(letter.to_ascii_lowercase()))
            && !rest.next().is_some_and(|next| next.is_ascii_lowercase())
    };
    names.into_iter().filter(|name| begins(name)).max_by_key(|name| name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_what_happens_with_stars_or_without() {
        for (number, expected) in [
            ("MOCK*pay*0001", Some("pay")),
            ("MOCKpay0001", Some("pay")),
            ("MOCKpayfail0001", Some("pay-fail")),
            ("MOCKnotenough0001", Some("not-enough")),
            ("MOCKoverdue0001", Some("overdue")),
            ("MOCKclosednorelation0001", Some("closed-no-relation")),
            ("MOCKfailedtimeoutclosed0001", Some("failed-time-out-closed")),
            ("MOCK*other*1", Some("other")),
            ("MOCKother1", None),
            ("MOCKpay", Some("pay")),
            ("MOCKpayA1", Some("pay")),
            ("MOCKpay-1", Some("pay")),
            ("MOCKpayment1", None),
            ("MOCKpayfailure1", None),
            ("MOCK", None),
            ("MOCKpa", None),
            ("mockpay1", None),
            ("1MOCKpay", None),
        ] {
            assert_eq!(name_in(number), expected, "{number}");
        }
    }

    #[test]
    fn names_in_capitals_are_found_too() {
        let reasons = ["ACCOUNT_FROZEN", "ACCOUNT_NOT_EXIST"];
        assert_eq!(bare_in("MOCKaccountfrozen1", reasons), Some("ACCOUNT_FROZEN"));
        assert_eq!(bare_in("MOCKACCOUNTFROZEN1", reasons), None);
    }
}
