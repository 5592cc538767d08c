//! Numbers that say what happens to their service order, besides those of all operations: `MOCK*overdue-orders*0001`.

/// The user does not pass the assessment.
pub(super) const ASSESSMENT: &str = "assessment";
/// The user has overdue orders.
pub(super) const OVERDUE: &str = "overdue";
/// The user has limited payments.
pub(super) const TEENAGER: &str = "teenager";
/// A deduction is in progress when the order is completed or changed.
pub(super) const DEDUCTING: &str = "deducting";

pub(super) use crate::operations::magic::{CONFIRM, PAY, PAY_FAIL, name_in};

/// The names of such numbers, besides those of all operations.
pub(crate) const NAMES: [&str; 4] = [ASSESSMENT, OVERDUE, TEENAGER, DEDUCTING];
