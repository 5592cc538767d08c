//! What a report says of a probe, whether it tests a client or a receiver; and the probes that a filter selects.

use std::fmt;

use serde::{Deserialize, Serialize};
use wechatpay_texts::{Text, phrase};

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

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A minor flaw.
    Low,
    /// Problems under bad conditions, or a missing safeguard.
    Medium,
    /// Wrong accounts, or an outage.
    High,
    /// An attacker on the network can fake the success of a call, or a call is applied twice.
    Critical,
}

impl About {
    /// Whether one of the filters is the group or is contained in the id. Without filters, every probe is selected.
    fn is_selected(&self, filters: &[String]) -> bool {
        filters.is_empty() || filters.iter().any(|text| self.id.contains(text) || self.group == *text)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Low => phrase!("low"),
            Self::Medium => phrase!("medium"),
            Self::High => phrase!("high"),
            Self::Critical => phrase!("critical"),
        };
        word.fmt(f)
    }
}

/// A probe, and the reason if it is skipped.
pub type PlannedProbe<P> = (&'static P, Option<&'static str>);

/// No probe matches the filters.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("no probe has {filters} in its id or group; --list shows all", filters = filters.join(phrase!(" or ").text()))]
pub struct SelectionError {
    filters: Vec<String>,
}

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
