//! Numbers that say what happens to their order or refund, for tests that make no call of their own: `MOCK*pay*0001`.

/// A kind of such numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MagicNumber {
    /// The field that has it.
    pub field: &'static str,
    /// Its name, between `MOCK*` and `*`.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

pub(super) const PAY: &str = "pay";
pub(super) const PAY_FAIL: &str = "pay-fail";
pub(super) const USER_PAYING: &str = "user-paying";
pub(super) const REFUND_ABNORMAL: &str = "refund-abnormal";
pub(super) const REFUND_CLOSED: &str = "refund-closed";

/// Every kind of such numbers.
pub const MAGIC_NUMBERS: &[MagicNumber] = &[
    number("out_trade_no", PAY, "the user pays as soon as the order is placed"),
    number("out_trade_no", PAY_FAIL, "the user tries to pay as soon as the order is placed, and fails"),
    number("out_trade_no", USER_PAYING, "of a code payment: the user is asked for the password"),
    number("out_refund_no", REFUND_ABNORMAL, "the refund becomes ABNORMAL: the user's card or account is gone"),
    number("out_refund_no", REFUND_CLOSED, "the refund becomes CLOSED"),
];

/// The beginning of every number with a meaning.
pub(crate) const PREFIX: &str = "MOCK*";

const fn number(field: &'static str, name: &'static str, meaning: &'static str) -> MagicNumber {
    MagicNumber { field, name, meaning }
}

impl MagicNumber {
    /// An example: `MOCK*pay*0001`.
    pub fn example(&self) -> String {
        format!("{PREFIX}{}*0001", self.name)
    }
}

/// The name in a number: `pay` of `MOCK*pay*0001`.
pub(crate) fn name_in(number: &str) -> Option<&str> {
    number.strip_prefix(PREFIX)?.split_once('*').map(|(name, _)| name)
}

/// Whether numbers with this name say what happens to their order or refund.
pub(crate) fn is_name(name: &str) -> bool {
    MAGIC_NUMBERS.iter().any(|number| number.name == name)
}
