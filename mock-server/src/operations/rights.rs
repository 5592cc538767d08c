//! `PATCH …/cards/{card_id}/codes/{code}/rights`: sets a member's card rights.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::{
    journal::Warning,
    rejection::Rejection,
    stages::validate::ValidRequest,
    state::{MemberId, Use},
};

/// The body of the operation; the contract describes its fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Guide {
    pub(crate) staff_name: Option<String>,
    pub(crate) head_image_url: Option<String>,
    pub(crate) contact_information_name: Option<String>,
    pub(crate) contact_information_value: Option<String>,
    pub(crate) phone_number: Option<String>,
}

/// What is stored of a member's card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// Points.
    pub(crate) bonus_value: i64,
    /// Wording of the member price.
    pub(crate) member_price_word: Option<String>,
    /// Wording of the invoice link.
    pub(crate) fapiao_jump_word: Option<String>,
    /// Personal contact.
    pub(crate) guide: Option<Guide>,
}

impl Member {
    /// What the change makes of the card, and what in it does not add up.
    ///
    /// `bonus_value` is what holds; without it, `add_bonus_value` is added. Points that would leave 64 bits stay at
    /// the end of the range. (own choice)
    fn changed_by(&self, change: &RightsChange) -> (Self, Vec<Warning>) {
        let before = change.before_bonus_value.unwrap_or(self.bonus_value);
        let sum = before.saturating_add(change.add_bonus_value.unwrap_or(0));
        let without_total = if change.add_bonus_value.is_some() { sum } else { self.bonus_value };
        let bonus_value = change.bonus_value.unwrap_or(without_total);

        let mut warnings = Vec::new();
        if before != self.bonus_value {
            warnings.push(Warning::StaleBefore { sent: before, stored: self.bonus_value });
        }
        if change.add_bonus_value.is_some() && sum != bonus_value {
            warnings.push(Warning::Arithmetic { sum, sent: bonus_value });
        }
        if bonus_value < 0 {
            warnings.push(Warning::NegativeTotal { total: bonus_value });
        }
        let changed = Self {
            bonus_value,
            member_price_word: change.member_price_word.clone().or_else(|| self.member_price_word.clone()),
            fapiao_jump_word: change.fapiao_jump_word.clone().or_else(|| self.fapiao_jump_word.clone()),
            guide: change.guide.clone().or_else(|| self.guide.clone()),
        };
        (changed, warnings)
    }
}

pub(super) fn set(request: &ValidRequest) -> Result<Outcome, Rejection> {
    let change: RightsChange = request.body_as()?;
    let id =
        MemberId { card_id: request.parameter("card_id").into(), code: request.parameter("code").into() };
    let content = (&id, &change);

    let mut ledger = request.merchant().ledger();
    match ledger.use_of(&change.out_request_no, &content) {
        Use::New => {}
        Use::Repeated => return Ok(Outcome::no_content(vec![Warning::Repeated])),
        Use::RepeatedDifferently => return Err(Rejection::RepeatedDifferently),
    }
    let (changed, warnings) = ledger.member(&id).changed_by(&change);
    ledger.remember(&change.out_request_no, &content);
    ledger.store(id, changed);
    Ok(Outcome::no_content(warnings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(bonus_value: i64) -> Member {
        Member { bonus_value, ..Member::default() }
    }

    fn change(before: Option<i64>, after: Option<i64>, add: Option<i64>) -> RightsChange {
        RightsChange {
            before_bonus_value: before,
            bonus_value: after,
            add_bonus_value: add,
            ..RightsChange::default()
        }
    }

    #[test]
    fn the_total_holds_and_the_difference_counts_without_it() {
        assert_eq!(member(500).changed_by(&change(Some(500), Some(600), Some(100))), (member(600), vec![]));
        assert_eq!(member(500).changed_by(&change(None, None, Some(-100))), (member(400), vec![]));
        assert_eq!(member(500).changed_by(&change(None, None, None)), (member(500), vec![]));
    }

    #[test]
    fn what_does_not_add_up_is_applied_with_a_warning() {
        let (after, warnings) = member(0).changed_by(&change(Some(500), Some(-1), Some(100)));
        assert_eq!(after, member(-1));
        assert_eq!(
            warnings,
            [
                Warning::StaleBefore { sent: 500, stored: 0 },
                Warning::Arithmetic { sum: 600, sent: -1 },
                Warning::NegativeTotal { total: -1 },
            ]
        );
    }

    #[test]
    fn points_stay_within_64_bits() {
        assert_eq!(member(i64::MAX).changed_by(&change(None, None, Some(1))).0, member(i64::MAX));
    }

    #[test]
    fn what_a_change_does_not_name_stays() {
        let wording = Member { member_price_word: Some("八折".into()), ..member(1) };
        assert_eq!(
            wording.changed_by(&change(None, Some(2), None)).0.member_price_word.as_deref(),
            Some("八折")
        );
    }
}
