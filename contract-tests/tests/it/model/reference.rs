//! The model: the rights operation in its shortest form.

use std::collections::HashMap;

use wechatpay_client::RightsChange;
use wechatpay_mock::{
    OperationError, Warning,
    policies::{Arithmetic, NegativeTotal, Policies, Repeat, RepeatMismatch, StaleBefore, UnknownCard},
};

/// The calling merchants. Each has its own cards and request numbers.
pub(super) const MERCHANTS: [&str; 2] = ["1900000001", "1900000002"];

/// A member's card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    pub(super) card_id: &'static str,
    pub(super) code: &'static str,
}

/// The sample of the documentation, which exists from the start; another member of that card; and another card.
pub(super) const MEMBERS: [Member; 3] = [
    Member { card_id: RightsChange::SAMPLE_CARD_ID, code: RightsChange::SAMPLE_CODE },
    Member { card_id: RightsChange::SAMPLE_CARD_ID, code: "2" },
    Member { card_id: "another-card", code: "1" },
];

/// A change by a merchant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) merchant: usize,
    pub(super) member: Member,
    pub(super) rights: RightsChange,
}

/// The operation's rule that a refusal names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Refused(pub(super) OperationError);

/// The outcome of a change: accepted with these warnings, or refused.
pub(super) type Outcome = Result<Vec<Warning>, Refused>;

/// The state.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) policies: Policies,
    merchants: [Ledger; MERCHANTS.len()],
}

#[derive(Clone, Debug)]
struct Ledger {
    points: HashMap<Member, i64>,
    /// The last change under each request number.
    used: HashMap<String, Change>,
}

impl Ledger {
    fn new() -> Self {
        Self { points: HashMap::from([(MEMBERS[0], 500)]), used: HashMap::new() }
    }
}

impl Model {
    pub(super) fn new(policies: Policies) -> Self {
        Self { policies, merchants: [Ledger::new(), Ledger::new()] }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.policies.clone());
    }

    pub(super) fn reset_merchant(&mut self, merchant: usize) {
        self.merchants[merchant] = Ledger::new();
    }

    /// Accepted changes that are still remembered.
    pub(super) fn accepted(&self) -> Vec<Change> {
        self.merchants.iter().flat_map(|ledger| ledger.used.values().cloned()).collect()
    }

    /// The points on a member's card. A card that was never used has none, if the policy creates it.
    pub(super) fn points(&self, merchant: usize, member: Member) -> Result<i64, Refused> {
        let is_known_card = member.card_id == RightsChange::SAMPLE_CARD_ID;
        match (self.merchants[merchant].points.get(&member), self.policies.unknown_card) {
            (Some(points), _) => Ok(*points),
            (None, UnknownCard::Create) => Ok(0),
            (None, UnknownCard::Reject) if is_known_card => Err(Refused(OperationError::UnknownCode)),
            (None, UnknownCard::Reject) => Err(Refused(OperationError::UnknownCard)),
        }
    }

    /// Applies a change, or leaves the state unchanged.
    pub(super) fn set(&mut self, change: &Change) -> Outcome {
        let stored = self.points(change.merchant, change.member)?;
        let mut warnings = Vec::new();
        match self.merchants[change.merchant].used.get(&change.rights.out_request_no) {
            None => {}
            Some(same) if same == change => {
                return match self.policies.repeat {
                    Repeat::Accept => Ok(vec![Warning::Repeated]),
                    Repeat::Reject => Err(Refused(OperationError::Repeated)),
                };
            }
            Some(_) => match self.policies.repeat_mismatch {
                RepeatMismatch::Apply => warnings.push(Warning::RepeatedDifferently),
                RepeatMismatch::Reject => return Err(Refused(OperationError::RepeatedDifferently)),
            },
        }
        let (after, sum_warnings) = self.sum(&change.rights, stored)?;
        warnings.extend(sum_warnings);
        let ledger = &mut self.merchants[change.merchant];
        ledger.points.insert(change.member, after);
        ledger.used.insert(change.rights.out_request_no.clone(), change.clone());
        Ok(warnings)
    }

    /// The points after a change, limited to 64 bits, and warnings about its sums.
    fn sum(&self, rights: &RightsChange, stored: i64) -> Result<(i64, Vec<Warning>), Refused> {
        let before = rights.before_bonus_value.unwrap_or(stored);
        let added = rights.add_bonus_value.map(|add| {
            let sum = i128::from(before) + i128::from(add);
            i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
        });
        let after = rights.bonus_value.or(added).unwrap_or(stored);
        let (policies, mut warnings) = (&self.policies, Vec::new());
        let mut odd = |warning, is_refused, refusal| {
            warnings.push(warning);
            if is_refused { Err(Refused(refusal)) } else { Ok(()) }
        };
        if before != stored {
            let is_refused = policies.stale_before == StaleBefore::Reject;
            odd(Warning::StaleBefore { sent: before, stored }, is_refused, OperationError::StaleBefore)?;
        }
        if let Some(sum) = added.filter(|sum| *sum != after) {
            let is_refused = policies.arithmetic == Arithmetic::Reject;
            odd(Warning::Arithmetic { sum, sent: after }, is_refused, OperationError::Arithmetic)?;
        }
        if after < 0 {
            let is_refused = policies.negative_total == NegativeTotal::Reject;
            odd(Warning::NegativeTotal { total: after }, is_refused, OperationError::NegativeTotal)?;
        }
        Ok((after, warnings))
    }
}
