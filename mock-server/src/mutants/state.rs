//! What is stored, and the operations' own rules: check 12.

use super::{
    Fault::{Changes, Config},
    Mutant, mutant,
};
use crate::{
    operations::RightsChange,
    policies::{Arithmetic, NegativeTotal, Repeat, RepeatMismatch, StaleBefore, UnknownCard},
};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "change-not-made",
        "a change gets 204 and is not made",
        Changes(|c| {
            *c = RightsChange { out_request_no: c.out_request_no.clone(), ..RightsChange::default() };
        }),
    ),
    mutant("total-ignored", "bonus_value is not stored", Changes(|c| c.bonus_value = None)),
    mutant("difference-ignored", "add_bonus_value is not added", Changes(|c| c.add_bonus_value = None)),
    mutant(
        "negative-difference-ignored",
        "points are given and never taken away",
        Changes(|c| c.add_bonus_value = c.add_bonus_value.map(|add| add.max(0))),
    ),
    mutant(
        "difference-without-sign",
        "points that should be taken away are given",
        Changes(|c| c.add_bonus_value = c.add_bonus_value.map(i64::saturating_abs)),
    ),
    mutant(
        "negative-total-lost",
        "a negative total is stored as 0",
        Changes(|c| c.bonus_value = c.bonus_value.map(|total| total.max(0))),
    ),
    mutant(
        "points-of-32-bits",
        "points beyond 32 bits are cut",
        Changes(|c| c.bonus_value = c.bonus_value.map(|total| i64::from(total as i32))),
    ),
    mutant(
        "difference-on-top-of-total",
        "add_bonus_value is added to bonus_value",
        Changes(|c| {
            c.bonus_value =
                c.bonus_value.map(|total| total.saturating_add(c.add_bonus_value.unwrap_or_default()));
        }),
    ),
    mutant(
        "before-taken-for-0",
        "add_bonus_value is added to 0 in place of what is stored",
        Changes(|c| c.before_bonus_value = c.before_bonus_value.or(Some(0))),
    ),
    mutant(
        "repeat-refused",
        "the same request again is refused",
        Config(|c| c.policies.repeat = Repeat::Reject),
    ),
    mutant(
        "numbers-forgotten",
        "the same request again is applied again",
        Config(|c| c.limits.request_numbers = 0),
    ),
    mutant(
        "mismatch-applied",
        "a number that was used for other content is applied",
        Config(|c| c.policies.repeat_mismatch = RepeatMismatch::Apply),
    ),
    mutant(
        "sums-refused",
        "before + add ≠ after is refused",
        Config(|c| c.policies.arithmetic = Arithmetic::Reject),
    ),
    mutant(
        "stale-before-refused",
        "a stale before_bonus_value is refused",
        Config(|c| c.policies.stale_before = StaleBefore::Reject),
    ),
    mutant(
        "negative-total-refused",
        "a negative total is refused",
        Config(|c| c.policies.negative_total = NegativeTotal::Reject),
    ),
    mutant(
        "unknown-card-refused",
        "a card that was never seen is refused",
        Config(|c| c.policies.unknown_card = UnknownCard::Reject),
    ),
];
