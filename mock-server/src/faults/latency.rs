//! How long a response is held back.

use std::time::Duration;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};
use wechatpay_texts::{phrase, text};

use crate::faults::{
    RuleError,
    fault_match::chance,
    rule_error::{LONGEST_MILLISECONDS, range, within},
};

/// How long a response is delayed, in milliseconds; at most ten minutes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Latency {
    /// The same each time.
    Fixed(u64),
    /// Evenly distributed between two values.
    Uniform {
        /// The least.
        #[schema(maximum = 600_000)]
        from: u64,
        /// The most.
        #[schema(maximum = 600_000)]
        to: u64,
    },
    /// Normally distributed; never less than 0.
    Normal {
        /// The mean.
        #[schema(maximum = 600_000)]
        mean: u64,
        /// The standard deviation.
        #[schema(maximum = 600_000)]
        deviation: u64,
    },
}

impl Latency {
    pub(super) fn check(self) -> Result<(), RuleError> {
        let numbers = match self {
            Self::Fixed(fixed) => [("latency.fixed", fixed), ("latency.fixed", fixed)],
            Self::Uniform { from, to } if from > to => {
                return Err(range(
                    "latency.uniform",
                    phrase!("from at most as large as to").text(),
                    text!("{from} and {to}"),
                ));
            }
            Self::Uniform { from, to } => [("latency.uniform.from", from), ("latency.uniform.to", to)],
            Self::Normal { mean, deviation } => {
                [("latency.normal.mean", mean), ("latency.normal.deviation", deviation)]
            }
        };
        numbers.into_iter().try_for_each(|(field, number)| within(field, 0..=LONGEST_MILLISECONDS, number))
    }

    /// How long the n-th response is delayed.
    pub(super) fn of_nth(self, seed: u64, nth: u64) -> Duration {
        let mut chance = chance(seed, nth);
        // The first number may have decided whether the rule applies to this request. Using it again would bias the
        // latency.
        chance.next_u64();
        let milliseconds = match self {
            Self::Fixed(fixed) => fixed as f64,
            Self::Uniform { from, to } => chance.random_range(from..=to.max(from)) as f64,
            Self::Normal { mean, deviation } => {
                let normal = Normal::new(mean as f64, deviation as f64);
                normal.map_or(mean as f64, |normal| normal.sample(&mut chance))
            }
        };
        Duration::from_secs_f64(milliseconds.clamp(0.0, LONGEST_MILLISECONDS as f64) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::FaultMatch;

    #[test]
    fn random_selection_does_not_bias_latency() {
        let when = FaultMatch { probability: Some(0.1), ..FaultMatch::default() };
        let late = (1..=10_000)
            .filter(|nth| when.applies_to_nth(*nth))
            .map(|nth| Latency::Uniform { from: 0, to: 1_000 }.of_nth(0, nth).as_secs_f64());
        let late: Vec<_> = late.collect();
        let mean = late.iter().sum::<f64>() / late.len() as f64;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }

    #[test]
    fn latencies_follow_their_distribution() {
        let milliseconds = |latency: Latency| -> Vec<f64> {
            (1..=10_000).map(|nth| latency.of_nth(0, nth).as_secs_f64() * 1000.0).collect()
        };
        let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
        assert!(milliseconds(Latency::Fixed(20)).iter().all(|one| *one == 20.0));

        let uniform = milliseconds(Latency::Uniform { from: 100, to: 300 });
        assert!(uniform.iter().all(|one| (100.0..=300.0).contains(one)));
        assert!((mean(&uniform) - 200.0).abs() < 5.0);

        let normal = milliseconds(Latency::Normal { mean: 1_000, deviation: 100 });
        let deviation =
            mean(&normal.iter().map(|one| (one - mean(&normal)).powi(2)).collect::<Vec<_>>()).sqrt();
        assert!((mean(&normal) - 1_000.0).abs() < 10.0 && (deviation - 100.0).abs() < 5.0, "{deviation}");
    }
}
