//! Loads the probes from `probes.toml`. A probe inherits from its group what it does not have.

use std::sync::LazyLock;

use serde::Deserialize;
use wechatpay_texts::{phrase, text};

use super::{Must, Need, ReceiverProbe, sending::Sending};
use crate::{
    DataText,
    prove::{About, Severity},
};

/// Every probe, in the order in which they run.
pub static PROBES: LazyLock<Vec<ReceiverProbe>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("probes.toml")).expect("probes.toml is valid");
    let groups = file.group.into_iter();
    groups
        .flat_map(|group| group.probe.iter().map(|probe| probe.within(&group)).collect::<Vec<_>>())
        .collect()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    severity: Severity,
    must: Must,
    #[serde(default)]
    needs: Vec<Need>,
    acts: Option<u64>,
    why: Option<DataText>,
    fix: Option<DataText>,
    probe: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    title: DataText,
    severity: Option<Severity>,
    must: Option<Must>,
    #[serde(default)]
    needs: Vec<Need>,
    acts: Option<u64>,
    why: Option<DataText>,
    fix: Option<DataText>,
    #[serde(default = "ordinary")]
    send: Vec<Sending>,
}

fn ordinary() -> Vec<Sending> {
    vec![Sending::default()]
}

impl Entry {
    fn within(&self, group: &Group) -> ReceiverProbe {
        let must = self.must.unwrap_or(group.must);
        let acts = self.acts.or(group.acts);
        let sendings: Vec<_> =
            self.send.iter().map(|send| (send.must.unwrap_or(must), send.clone())).collect();
        ReceiverProbe {
            about: About {
                id: self.id.clone(),
                group: group.name.clone(),
                title: self.title.clone(),
                severity: self.severity.unwrap_or(group.severity),
                must: requirement(&sendings, acts),
                why: self.why.as_ref().or(group.why.as_ref()).expect("a probe or its group has why").clone(),
                fix: self.fix.as_ref().or(group.fix.as_ref()).expect("a probe or its group has fix").clone(),
            },
            needs: [&*group.needs, &*self.needs].concat(),
            acts,
            sendings,
        }
    }
}

/// `refuse with 4xx or 5xx, then answer 200 or 204`
fn requirement(sendings: &[(Must, Sending)], acts: Option<u64>) -> String {
    let mut parts: Vec<_> = sendings.iter().map(|(must, _)| must.to_string()).collect();
    parts.dedup();
    let must = parts.join(phrase!(", then ").text());
    match acts {
        None => must,
        Some(0) => text!("{must}, and not act"),
        Some(1) => text!("{must}, and act once"),
        Some(times) => text!("{must}, and act {times} times"),
    }
}

/// The probe without any difference, which tells what the others mean.
pub(super) fn ordinary_probe() -> &'static ReceiverProbe {
    PROBES.first().expect("the ordinary probe is the first")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::prove::receiver::sample;

    #[test]
    fn each_probe_has_a_unique_id_and_each_group_a_unique_name() {
        let ids: HashSet<_> = PROBES.iter().map(|probe| &probe.about.id).collect();
        assert_eq!(ids.len(), PROBES.len());
        let groups: Vec<_> = PROBES.chunk_by(|one, next| one.about.group == next.about.group).collect();
        let names: HashSet<_> = groups.iter().map(|group| &group[0].about.group).collect();
        assert_eq!(names.len(), groups.len());
    }

    #[test]
    fn the_first_probe_is_ordinary() {
        let probe = ordinary_probe();
        assert_eq!((probe.about.id.as_str(), probe.sendings.len()), ("ordinary", 1));
        assert!(probe.needs.is_empty() && probe.sendings[0].0 == Must::Take);
    }

    #[test]
    fn every_event_has_a_sample_and_every_added_member_is_json() {
        for (_, sending) in PROBES.iter().flat_map(|probe| &probe.sendings) {
            assert!(sample::sample(&sending.event).is_some(), "{}", sending.event);
            for json in sending.set.values() {
                assert!(serde_json::from_str::<serde_json::Value>(json).is_ok(), "{json}");
            }
            assert!((1..=20).contains(&sending.times));
        }
    }

    #[test]
    fn a_body_is_sent_again_only_after_it_was_sent() {
        assert!(PROBES.iter().all(|probe| !probe.sendings[0].1.again));
    }
}
