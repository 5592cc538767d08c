//! `PATCH …/cards/{card_id}/codes/{code}/rights`: sets a member's card rights.

use serde::Deserialize;

use super::Outcome;
use crate::{
    business::BusinessRefusal,
    gateway::Gateway,
    journal::Warning,
    policies::{Arithmetic, NegativeTotal, Policies, Repeat, RepeatMismatch, StaleBefore},
    rejection::Rejection,
    seed::CardStatus,
    stages::validate::ValidRequest,
    state::{Entry, Fingerprint, Member, MemberId, Use},
};

/// The body of the operation; the contract describes its fields.
#[derive(Clone, Debug, Default, PartialEq, Hash, Deserialize)]
pub(crate) struct RightsChange {
    pub(crate) out_request_no: String,
    pub(crate) before_bonus_value: Option<i64>,
    pub(crate) bonus_value: Option<i64>,
    pub(crate) add_bonus_value: Option<i64>,
    pub(crate) need_inform_bonus: Option<bool>,
    pub(crate) member_price_word: Option<String>,
    pub(crate) fapiao_jump_word: Option<String>,
    pub(crate) guide: Option<Guide>,
}

/// A member's personal contact.
#[derive(Clone, Debug, Default, PartialEq, Hash, Deserialize)]
pub(crate) struct Guide {
    pub(crate) staff_name: Option<String>,
    pub(crate) head_image_url: Option<String>,
    pub(crate) contact_information_name: Option<String>,
    pub(crate) contact_information_value: Option<String>,
    pub(crate) phone_number: Option<String>,
}

/// What the operation sets beside the points.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rights {
    pub(crate) member_price_word: Option<String>,
    pub(crate) fapiao_jump_word: Option<String>,
    pub(crate) guide: Option<Guide>,
}

impl RightsChange {
    fn touches_points(&self) -> bool {
        let Self { before_bonus_value, bonus_value, add_bonus_value, .. } = self;
        before_bonus_value.or(*bonus_value).or(*add_bonus_value).is_some()
    }

    /// The points that the change makes of `stored`, and what in it does not add up.
    ///
    /// `bonus_value` is what holds; without it, `add_bonus_value` is added. Points that would leave 64 bits stay at
    /// the end of the range. (own choice)
    fn points_after(&self, stored: i64) -> (i64, Vec<Warning>) {
        let before = self.before_bonus_value.unwrap_or(stored);
        let sum = before.saturating_add(self.add_bonus_value.unwrap_or(0));
        let without_total = if self.add_bonus_value.is_some() { sum } else { stored };
        let after = self.bonus_value.unwrap_or(without_total);

        let mut warnings = Vec::new();
        if before != stored {
            warnings.push(Warning::StaleBefore { sent: before, stored });
        }
        if self.add_bonus_value.is_some() && sum != after {
            warnings.push(Warning::Arithmetic { sum, sent: after });
        }
        if after < 0 {
            warnings.push(Warning::NegativeTotal { total: after });
        }
        (after, warnings)
    }

    /// What the change does not name stays.
    fn apply_to(self, mut member: Member, bonus_value: i64) -> Member {
        member.bonus_value = bonus_value;
        if self.names_no_rights() {
            return member;
        }
        let before = member.rights.take().map_or_else(Rights::default, |rights| *rights);
        let rights = Rights {
            member_price_word: self.member_price_word.or(before.member_price_word),
            fapiao_jump_word: self.fapiao_jump_word.or(before.fapiao_jump_word),
            guide: self.guide.or(before.guide),
        };
        member.rights = Some(Box::new(rights));
        member
    }

    fn names_no_rights(&self) -> bool {
        self.member_price_word.is_none() && self.fapiao_jump_word.is_none() && self.guide.is_none()
    }
}

pub(super) fn set(gateway: &Gateway, request: &ValidRequest) -> Result<Outcome, Rejection> {
    let change: RightsChange = request.body_as()?;
    let id = MemberId { card_id: request.parameter("card_id"), code: request.parameter("code") };
    let content = Fingerprint::of((id, &change));
    let mut entry = request.merchant().ledger.entry(id, &change.out_request_no);
    set_in(&mut entry, &gateway.policies, change, content)
        .map(Outcome::no_content)
        .map_err(Rejection::Business)
}

/// Makes the change, or leaves the entry as it was.
fn set_in(
    entry: &mut Entry<'_>,
    policies: &Policies,
    change: RightsChange,
    content: Fingerprint,
) -> Result<Vec<Warning>, BusinessRefusal> {
    let member = entry.member(policies.unknown_card)?;
    if member.status() != CardStatus::Effective {
        return Err(BusinessRefusal::CardNotEffective);
    }
    if change.touches_points() && !entry.has_points() {
        return Err(BusinessRefusal::NoPoints);
    }

    let mut warnings = Vec::new();
    match (entry.use_for(content), policies.repeat, policies.repeat_mismatch) {
        (Use::New, ..) => {}
        (Use::Repeated, Repeat::Accept, _) => return Ok(vec![Warning::Repeated]),
        (Use::Repeated, Repeat::Reject, _) => return Err(BusinessRefusal::Repeated),
        (Use::RepeatedDifferently, _, RepeatMismatch::Apply) => warnings.push(Warning::RepeatedDifferently),
        (Use::RepeatedDifferently, _, RepeatMismatch::Reject) => {
            return Err(BusinessRefusal::RepeatedDifferently);
        }
    }

    let (bonus_value, oddities) = change.points_after(member.bonus_value);
    oddities.iter().try_for_each(|oddity| refused(oddity, policies).map_or(Ok(()), Err))?;
    warnings.extend(oddities);

    entry.store(change.apply_to(member, bonus_value), content);
    Ok(warnings)
}

/// The refusal that the policies make of what does not add up.
fn refused(oddity: &Warning, policies: &Policies) -> Option<BusinessRefusal> {
    let (rejects, refusal) = match oddity {
        Warning::StaleBefore { .. } => {
            (policies.stale_before == StaleBefore::Reject, BusinessRefusal::StaleBefore)
        }
        Warning::Arithmetic { .. } => {
            (policies.arithmetic == Arithmetic::Reject, BusinessRefusal::Arithmetic)
        }
        Warning::NegativeTotal { .. } => {
            (policies.negative_total == NegativeTotal::Reject, BusinessRefusal::NegativeTotal)
        }
        _ => return None,
    };
    rejects.then_some(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Ledger;

    fn change(before: Option<i64>, after: Option<i64>, add: Option<i64>) -> RightsChange {
        RightsChange {
            out_request_no: "1".into(),
            before_bonus_value: before,
            bonus_value: after,
            add_bonus_value: add,
            ..RightsChange::default()
        }
    }

    #[test]
    fn the_total_holds_and_the_difference_counts_without_it() {
        assert_eq!(change(Some(500), Some(600), Some(100)).points_after(500), (600, vec![]));
        assert_eq!(change(None, None, Some(-100)).points_after(500), (400, vec![]));
        assert_eq!(change(None, None, None).points_after(500), (500, vec![]));
    }

    #[test]
    fn what_does_not_add_up_is_named() {
        let expected = vec![
            Warning::StaleBefore { sent: 500, stored: 0 },
            Warning::Arithmetic { sum: 600, sent: -1 },
            Warning::NegativeTotal { total: -1 },
        ];
        assert_eq!(change(Some(500), Some(-1), Some(100)).points_after(0), (-1, expected));
    }

    #[test]
    fn points_stay_within_64_bits() {
        assert_eq!(change(None, None, Some(1)).points_after(i64::MAX).0, i64::MAX);
    }

    #[test]
    fn what_a_change_does_not_name_stays() {
        let wording = Rights { member_price_word: Some("八折".into()), ..Rights::default() };
        let mut member = Member::default();
        member.rights = Some(Box::new(wording.clone()));
        for guide in [None, Some(Guide::default())] {
            let change = RightsChange { guide: guide.clone(), ..change(None, Some(2), None) };
            let after = change.apply_to(member.clone(), 2);
            let rights = Rights { guide, ..wording.clone() };
            assert_eq!((after.bonus_value, after.rights.as_deref()), (2, Some(&rights)));
        }
    }

    #[test]
    fn a_refused_change_leaves_the_ledger_as_it_was() {
        let mchid = "1900000001".parse().unwrap();
        let ledger = Ledger::new(&mchid, None, 100);
        let id = MemberId { card_id: "pbLatjvWOibDc5-TBnbUk1pD12o0", code: "478515832665" };
        let cases = [
            (
                Policies { stale_before: StaleBefore::Reject, ..Policies::default() },
                change(Some(1), None, None),
            ),
            (
                Policies { arithmetic: Arithmetic::Reject, ..Policies::default() },
                change(None, Some(1), Some(1)),
            ),
            (
                Policies { negative_total: NegativeTotal::Reject, ..Policies::default() },
                change(None, Some(-1), None),
            ),
        ];
        for (policies, change) in cases {
            let mut entry = ledger.entry(id, &change.out_request_no);
            let (before, content) = (entry.member(policies.unknown_card), Fingerprint::of(&change));
            assert!(set_in(&mut entry, &policies, change, content).is_err());
            assert_eq!((entry.member(policies.unknown_card), entry.use_for(content)), (before, Use::New));
        }
    }
}
