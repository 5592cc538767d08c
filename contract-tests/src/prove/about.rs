//! What a report says of a probe, whether it tests a client or a receiver; and the probes that a filter selects.

use super::{SelectionError, Severity};
use crate::DataText;

/// What a report says of a probe.
#[derive(Clone, Debug)]
pub struct About {
    /// Its name.
    pub id: String,
    /// The group, such as `signature`.
    pub group: String,
    /// What the probe does.
    pub title: DataText,
    /// The severity if the tested program does not do what it must.
    pub severity: Severity,
    /// What the tested program must do.
    pub must: String,
    /// Why that matters.
    pub why: DataText,
    /// How to fix a program that does something else.
    pub fix: DataText,
}

impl About {
    /// Whether one of the filters is the group or is contained in the id. Without filters, every probe is selected.
    fn is_selected(&self, filters: &[String]) -> bool {
        filters.is_empty() || filters.iter().any(|text| self.id.contains(text) || self.group == *text)
    }
}

/// A probe, and the reason if it is skipped.
pub type PlannedProbe<P> = (&'static P, Option<&'static str>);

/// The probes that the filters select, with the reason for each that is skipped.
pub(super) fn plan<P>(
    probes: &'static [P],
    about: fn(&P) -> &About,
    filters: &[String],
    reason_to_skip: impl Fn(&P) -> Option<&'static str>,
) -> Result<Vec<PlannedProbe<P>>, SelectionError> {
    let selected = probes.iter().filter(|probe| about(probe).is_selected(filters));
    let plan: Vec<_> = selected.map(|probe| (probe, reason_to_skip(probe))).collect();
    if plan.is_empty() { Err(SelectionError { filters: filters.to_vec() }) } else { Ok(plan) }
}
