//! Faults by request number, for whoever can arrange nothing else: `MOCK*system-error*0001`.
//!
//! `MOCK`, then the name of a fault, then anything, with `*` between them. After the name may stand, each behind a `|`,
//! a number that the fault takes, and `x` with a number: how many uses of this very request number are struck, the first
//! ones. `MOCK*system-error|x1*0001` fails once and succeeds when it is tried again.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{
    Applied, Fault, Latency,
    rule::{LONGEST_MILLISECONDS, Plan},
};

/// What a magic number begins with.
const MAGIC: &str = "MOCK*";

/// What a request number asks for.
#[derive(Clone, Debug)]
pub(super) struct Magic {
    pub(super) plan: Plan,
    /// How many uses of the number are struck.
    pub(super) times: Option<u64>,
}

/// Reads a request number; `None` if it is an ordinary one.
///
/// # Errors
/// What is wrong with a magic number, in words.
pub(super) fn magic(out_request_no: &str) -> Option<Result<Magic, String>> {
    let (spell, _) = out_request_no.strip_prefix(MAGIC)?.split_once('*')?;
    let mut seed = DefaultHasher::new();
    out_request_no.hash(&mut seed);
    Some(read(spell, seed.finish()))
}

fn read(spell: &str, seed: u64) -> Result<Magic, String> {
    let mut parts = spell.split('|');
    let name = parts.next().unwrap_or_default();
    let mut numbers = Vec::new();
    let mut times = None;
    for part in parts {
        let digits = part.strip_prefix('x').unwrap_or(part);
        let number: u64 = digits.parse().map_err(|_| {
            format!(
                "out_request_no: expected a number, or x and a number, behind | in {spell:?}, found {part:?}"
            )
        })?;
        if part.starts_with('x') {
            times = Some(number);
        } else {
            numbers.push(number.min(LONGEST_MILLISECONDS));
        }
    }
    let plan = plan(name, &numbers, seed).map_err(|problem| format!("out_request_no: {problem}"))?;
    Ok(Magic { plan, times })
}

fn plan(name: &str, numbers: &[u64], seed: u64) -> Result<Plan, String> {
    let late = |latency: Latency| {
        latency.check().map_err(|error| error.to_string())?;
        Ok(Plan {
            fault: None,
            error: None,
            latency: Some(latency),
            seed,
            milliseconds: None,
            is_applied: true,
        })
    };
    match (name, numbers) {
        ("latency", &[fixed]) => return late(Latency::Fixed(fixed)),
        ("latency-uniform", &[from, to]) => return late(Latency::Uniform { from, to }),
        ("latency-normal", &[mean, deviation]) => return late(Latency::Normal { mean, deviation }),
        ("latency", _) => return Err("expected latency|MILLISECONDS".into()),
        ("latency-uniform", _) => return Err("expected latency-uniform|FROM|TO, in milliseconds".into()),
        ("latency-normal", _) => return Err("expected latency-normal|MEAN|DEVIATION, in milliseconds".into()),
        _ => {}
    }
    let fault: Fault = name.parse().map_err(|error: super::UnknownFault| error.to_string())?;
    let milliseconds = match (fault, numbers) {
        (_, []) => None,
        (Fault::NoAnswer | Fault::Refuse, &[milliseconds]) => Some(milliseconds),
        _ => return Err(format!("expected no number behind {fault}, found {}", numbers.len())),
    };
    let is_applied = fault.applied() != Applied::No;
    Ok(Plan { fault: Some(fault), error: None, latency: None, seed, milliseconds, is_applied })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_number_is_no_magic() {
        for number in ["100002322019090134234sfdf", "MOCK", "MOCK*", "MOCK*reset", "mock*reset*1"] {
            assert!(magic(number).is_none(), "{number}");
        }
    }

    #[test]
    fn a_magic_number_names_a_fault_and_what_it_takes() {
        let magic = magic("MOCK*no-answer|50|x2*0001").unwrap().unwrap();
        assert_eq!(
            (magic.plan.fault, magic.plan.milliseconds, magic.times),
            (Some(Fault::NoAnswer), Some(50), Some(2))
        );
    }

    #[test]
    fn latencies_can_be_asked_for() {
        let latency = |number| magic(number).unwrap().unwrap().plan.latency.unwrap();
        assert_eq!(latency("MOCK*latency|250*1"), Latency::Fixed(250));
        assert_eq!(latency("MOCK*latency-uniform|100|200*1"), Latency::Uniform { from: 100, to: 200 });
        let normal = Latency::Normal { mean: 100, deviation: 20 };
        assert_eq!(latency("MOCK*latency-normal|100|20*1"), normal);
    }

    #[test]
    fn a_magic_number_that_names_no_fault_is_told_so() {
        let problem = |number| magic(number).unwrap().unwrap_err();
        assert!(problem("MOCK*sytem-error*1").contains("did you mean system-error?"));
        assert!(problem("MOCK*reset|5*1").contains("no number"));
        assert!(problem("MOCK*reset|xyz*1").contains("found \"xyz\""));
        assert!(problem("MOCK*latency*1").contains("latency|MILLISECONDS"));
    }
}
