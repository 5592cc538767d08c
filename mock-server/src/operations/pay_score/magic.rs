//! Numbers that say what happens to their service order: `MOCK*confirm*0001`.

use super::super::payment::magic;

/// The user confirms as soon as the order is created.
pub(super) const CONFIRM: &str = "confirm";
/// The user does not pass the assessment.
pub(super) const ASSESSMENT: &str = "assessment";
/// The user has overdue orders.
pub(super) const OVERDUE: &str = "overdue";
/// The user has limited payments.
pub(super) const TEENAGER: &str = "teenager";
/// A deduction is in progress when the order is completed or changed.
pub(super) const DEDUCTING: &str = "deducting";

pub(super) use magic::{PAY, PAY_FAIL, name_in};

/// The names of such numbers, besides those of payments.
pub(crate) const NAMES: [&str; 5] = [CONFIRM, ASSESSMENT, OVERDUE, TEENAGER, DEDUCTING];
