//! Loads the probes from `probes.toml`. A probe inherits the fields that it does not have from its group, or from the file.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{About, GatewayKeys, InjectedFault, Keys, Probe, Requirement, Scenario, Severity};
use crate::DataText;

/// Every probe, in the order in which they run.
pub static PROBES: LazyLock<Vec<Probe>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("probes.toml")).expect("probes.toml is valid");
    let file = &file;
    file.group
        .iter()
        .flat_map(|group| group.probe.iter().map(move |probe| probe.within(group, file)))
        .collect()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    why: DataText,
    fix: DataText,
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    severity: Severity,
    must: Option<Requirement>,
    why: Option<DataText>,
    fix: Option<DataText>,
    probe: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// If missing, the name of the fault, which is then an `always`.
    id: Option<String>,
    title: DataText,
    severity: Option<Severity>,
    keys: Option<Keys>,
    #[serde(default)]
    gateway: GatewayKeys,
    fault: Option<InjectedFault>,
    must: Option<Requirement>,
    why: Option<DataText>,
    fix: Option<DataText>,
}

impl Entry {
    fn within(&self, group: &Group, file: &File) -> Probe {
        let of_fault = match self.fault {
            Some(InjectedFault::Always(fault)) => Some(fault.name().to_owned()),
            _ => None,
        };
        let must = self.must.as_ref().or(group.must.as_ref()).expect("a probe or its group has must").clone();
        Probe {
            about: About {
                id: self.id.clone().or(of_fault).expect("a probe has an id or a fault"),
                group: group.name.clone(),
                title: self.title.clone(),
                severity: self.severity.unwrap_or(group.severity),
                must: must.to_string(),
                why: self.why.as_ref().or(group.why.as_ref()).unwrap_or(&file.why).clone(),
                fix: self.fix.as_ref().or(group.fix.as_ref()).unwrap_or(&file.fix).clone(),
            },
            scenario: Scenario { keys: self.keys, gateway_keys: self.gateway, fault: self.fault },
            must,
        }
    }
}

/// The probe without a fault, which every client must pass before any other.
pub(super) fn honest() -> &'static Probe {
    PROBES.first().expect("the probe without a fault is the first")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use wechatpay_mock::{FAULTS, Fault};

    use super::*;

    fn fault(probe: &Probe) -> Option<Fault> {
        match probe.scenario.fault {
            Some(InjectedFault::Always(fault)) => Some(fault),
            _ => None,
        }
    }

    #[test]
    fn each_probe_has_a_unique_id_which_is_the_name_of_its_fault() {
        let ids: HashSet<_> = PROBES.iter().map(|probe| &probe.about.id).collect();
        assert_eq!(ids.len(), PROBES.len());
        for probe in PROBES.iter() {
            let id = &probe.about.id;
            assert!(fault(probe).is_none_or(|fault| fault.name() == id), "{id}");
        }
    }

    #[test]
    fn the_first_probe_has_no_fault() {
        assert_eq!(honest().about.id, "honest");
        assert!(honest().scenario.fault.is_none() && honest().scenario.keys.is_none());
    }

    #[test]
    fn each_group_has_a_unique_name() {
        let groups: Vec<_> = PROBES.chunk_by(|one, next| one.about.group == next.about.group).collect();
        let names: HashSet<_> = groups.iter().map(|group| &group[0].about.group).collect();
        assert_eq!(names.len(), groups.len());
    }

    #[test]
    fn every_fault_has_a_probe_except_these() {
        let left_out = [
            // Further errors of a status that has a probe.
            Fault::InvalidRequest,
            Fault::UnknownCard,
            Fault::UnknownCode,
            Fault::CardNotEffective,
            Fault::ForeignCard,
            Fault::NoPoints,
            Fault::RuleLimit,
            Fault::RatelimitExceed,
            Fault::RateLimited,
            // A probe has one call, and this one shows at the next.
            Fault::IdleClose,
            // Whether a client looks at Content-Encoding is its own choice: either way is right.
            Fault::FalseGzip,
            // repeat-after-500 has it once.
            Fault::SystemErrorApplied,
        ];
        for one in FAULTS {
            let has_probe = PROBES.iter().any(|probe| fault(probe) == Some(*one));
            assert_ne!(has_probe, left_out.contains(one), "{one}");
        }
    }
}
