//! Numbers that say what happens to their order or refund, for tests that make no call of their own: `MOCK*pay*0001`.

/// The user pays as soon as the order is placed.
pub(in crate::operations) const PAY: &str = "pay";
/// The user tries to pay as soon as the order is placed, and fails.
pub(in crate::operations) const PAY_FAIL: &str = "pay-fail";
/// The user of a code is asked for the password.
pub(super) const USER_PAYING: &str = "user-paying";
/// The refund becomes `ABNORMAL`.
pub(super) const REFUND_ABNORMAL: &str = "refund-abnormal";
/// The refund becomes `CLOSED`.
pub(super) const REFUND_CLOSED: &str = "refund-closed";

/// The names of such numbers.
pub(crate) const NAMES: [&str; 5] = [PAY, PAY_FAIL, USER_PAYING, REFUND_ABNORMAL, REFUND_CLOSED];

/// The beginning of every number with a meaning.
pub(crate) const PREFIX: &str = "MOCK*";

/// The name in a number: `pay` of `MOCK*pay*0001`.
pub(crate) fn name_in(number: &str) -> Option<&str> {
    number.strip_prefix(PREFIX)?.split_once('*').map(|(name, _)| name)
}
