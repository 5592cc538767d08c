//! `PATCH …/cards/{card_id}/codes/{code}/rights`: sets the rights of a member's card.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Member, MemberId, Rights, check_number, has_points, kind, member, member_key};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{Context, seed::CardStatus},
    policies::{Arithmetic, NegativeTotal, Policies, StaleBefore},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::{Documents, Fingerprint},
};

/// The body of the operation; the contract describes its fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct RightsChange {
    out_request_no: String,
    before_bonus_value: Option<i64>,
    bonus_value: Option<i64>,
    add_bonus_value: Option<i64>,
    need_inform_bonus: Option<bool>,
    member_price_word: Option<String>,
    fapiao_jump_word: Option<String>,
    guide: Option<Guide>,
}

/// A member's personal contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::operations) struct Guide {
    staff_name: Option<String>,
    head_image_url: Option<String>,
    contact_information_name: Option<String>,
    contact_information_value: Option<String>,
    phone_number: Option<String>,
}

/// From a body that matches the contract.
impl From<&Value> for RightsChange {
    fn from(body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().map(Into::into);
        let integer = |name: &str| body[name].as_i64();
        Self {
            out_request_no: text("out_request_no").unwrap_or_default(),
            before_bonus_value: integer("before_bonus_value"),
            bonus_value: integer("bonus_value"),
            add_bonus_value: integer("add_bonus_value"),
            need_inform_bonus: body["need_inform_bonus"].as_bool(),
            member_price_word: text("member_price_word"),
            fapiao_jump_word: text("fapiao_jump_word"),
            guide: body.get("guide").map(Guide::from),
        }
    }
}

impl From<&Value> for Guide {
    fn from(guide: &Value) -> Self {
        let text = |name: &str| guide[name].as_str().map(Into::into);
        Self {
            staff_name: text("staff_name"),
            head_image_url: text("head_image_url"),
            contact_information_name: text("contact_information_name"),
            contact_information_value: text("contact_information_value"),
            phone_number: text("phone_number"),
        }
    }
}

impl RightsChange {
    fn touches_points(&self) -> bool {
        let Self { before_bonus_value, bonus_value, add_bonus_value, .. } = self;
        before_bonus_value.or(*bonus_value).or(*add_bonus_value).is_some()
    }

    /// The points after the change of `stored`, and warnings about inconsistent values.
    ///
    /// `bonus_value` takes precedence; without it, `add_bonus_value` is added. Points stay within 64 bits. (own choice)
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

    /// Applies the change. Fields that it does not set keep their values.
    fn apply_to(self, mut member: Member, bonus_value: i64) -> Member {
        member.card.bonus_value = bonus_value;
        let before = member.rights;
        member.rights = Rights {
            member_price_word: self.member_price_word.or(before.member_price_word),
            fapiao_jump_word: self.fapiao_jump_word.or(before.fapiao_jump_word),
            guide: self.guide.or(before.guide),
        };
        member
    }
}

pub(in crate::operations) fn set_rights(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let (id, change) = (MemberId::of(request), RightsChange::from(request.body()));
    documents.ahead(|ahead| {
        id.name_to_change(ahead);
        ahead.number(&change.out_request_no);
    });
    let warnings = set(id, change, context.policies, documents)?;
    Ok(OperationResponse::no_content(warnings))
}

fn set(
    id: MemberId<'_>,
    change: RightsChange,
    policies: &Policies,
    documents: &mut Documents<'_>,
) -> Result<Vec<Warning>, OperationError> {
    let member = member(documents, id, policies.unknown_card)?;
    if member.card.user_card_status != CardStatus::Effective {
        return Err(OperationError::CardNotEffective);
    }
    if change.touches_points() && !has_points(documents, id.card_id) {
        return Err(OperationError::NoPoints);
    }

    let content = Fingerprint::of(&(id.card_id, id.code, &change));
    let Some(mut warnings) = check_number(documents, &change.out_request_no, content, policies)? else {
        return Ok(vec![Warning::Repeated]);
    };

    let (bonus_value, of_points) = change.points_after(member.card.bonus_value);
    of_points.iter().try_for_each(|warning| rejected(warning, policies).map_or(Ok(()), Err))?;
    warnings.extend(of_points);

    documents.use_number(&change.out_request_no, content);
    documents.put(kind::MEMBER, &member_key(id.card_id, id.code), &change.apply_to(member, bonus_value));
    Ok(warnings)
}

/// The error that the policies turn this warning into, if any.
fn rejected(warning: &Warning, policies: &Policies) -> Option<OperationError> {
    let (rejects, error) = match warning {
        Warning::StaleBefore { .. } => {
            (policies.stale_before == StaleBefore::Reject, OperationError::StaleBefore)
        }
        Warning::Arithmetic { .. } => (policies.arithmetic == Arithmetic::Reject, OperationError::Arithmetic),
        Warning::NegativeTotal { .. } => {
            (policies.negative_total == NegativeTotal::Reject, OperationError::NegativeTotal)
        }
        _ => return None,
    };
    rejects.then_some(error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wechatpay_openapi::Contract;

    use super::*;
    use crate::{
        operations::initial,
        store::{NumberUse, Store},
    };

    fn change(before: Option<i64>, after: Option<i64>, add: Option<i64>) -> RightsChange {
        RightsChange {
            out_request_no: "1".into(),
            before_bonus_value: before,
            bonus_value: after,
            add_bonus_value: add,
            ..RightsChange::default()
        }
    }

    /// A value that matches the schema and has every field.
    fn full(schema: &Value) -> Value {
        match schema["type"].as_str() {
            Some("object") => {
                let fields = schema["properties"].as_object().unwrap();
                fields.iter().map(|(name, field)| (name.clone(), full(field))).collect()
            }
            Some("integer") => 1.into(),
            Some("boolean") => true.into(),
            _ => "1".into(),
        }
    }

    #[test]
    fn every_field_of_the_contract_is_read() {
        let schema = Contract::current().operation("set_rights").unwrap().body().unwrap();
        let body = full(schema.as_value());
        assert_eq!(schema.check(&body), Ok(()));
        assert_eq!(json!(RightsChange::from(&body)), body);
    }

    #[test]
    fn the_total_takes_precedence_over_the_difference() {
        assert_eq!(change(Some(500), Some(600), Some(100)).points_after(500), (600, vec![]));
        assert_eq!(change(None, None, Some(-100)).points_after(500), (400, vec![]));
        assert_eq!(change(None, None, None).points_after(500), (500, vec![]));
    }

    #[test]
    fn inconsistent_values_are_warned_about() {
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
    fn fields_that_a_change_does_not_set_keep_their_values() {
        let rights = Rights { member_price_word: Some("八折".into()), ..Rights::default() };
        let member = Member { rights: rights.clone(), ..Member::default() };
        for guide in [None, Some(Guide::default())] {
            let change = RightsChange { guide: guide.clone(), ..change(None, Some(2), None) };
            let after = change.apply_to(member.clone(), 2);
            assert_eq!((after.card.bonus_value, after.rights), (2, Rights { guide, ..rights.clone() }));
        }
    }

    #[test]
    fn a_rejected_change_leaves_nothing_to_commit() {
        let mchid = "1900000001".parse().unwrap();
        let store = Store::memory(&crate::limits::Limits::default());
        store.seed(&mchid, initial::documents(&mchid, None)).unwrap();
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
            let mut documents = store.documents(&mchid);
            let before = member(&mut documents, id, policies.unknown_card);
            assert!(set(id, change.clone(), &policies, &mut documents).is_err());
            store.commit(documents).unwrap();
            let mut documents = store.documents(&mchid);
            assert_eq!(member(&mut documents, id, policies.unknown_card), before);
            let content = Fingerprint::of(&(id.card_id, id.code, &change));
            assert_eq!(documents.number_use(&change.out_request_no, content), NumberUse::New);
        }
    }
}
