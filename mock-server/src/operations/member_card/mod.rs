//! Member cards: their documents, and the operation that shows one.

mod rights;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{Context, seed::SeedMember},
    policies::UnknownCard,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

pub(super) use rights::{Guide, set_rights};

/// The kinds of documents, and their IDs.
pub(super) mod kind {
    /// Whether the merchant may use member cards at all. The only ID is [`super::PERMISSION`].
    pub(crate) const PERMISSION: &str = "member_card_permission";
    /// A card template. The ID is its `card_id`.
    pub(crate) const CARD: &str = "card";
    /// A member's card. The ID is its [`super::member_key`].
    pub(crate) const MEMBER: &str = "member_card";
}

/// The ID of the only document of the kind [`kind::PERMISSION`].
pub(super) const PERMISSION: &str = "permission";

/// A known card template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Card {
    /// Whether another merchant created it.
    pub(super) is_foreign: bool,
    /// Whether its members collect points.
    pub(super) has_points: bool,
}

/// A member's card, with the rights that the rights operation sets in addition to the points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) card: SeedMember,
    #[serde(default, skip_serializing_if = "Rights::is_empty")]
    pub(super) rights: Rights,
}

/// The rights that the rights operation sets in addition to the points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rights {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) member_price_word: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fapiao_jump_word: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) guide: Option<Guide>,
}

impl Rights {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Identifies a member's card: the card template and the member's code.
#[derive(Clone, Copy, Debug)]
struct MemberId<'a> {
    card_id: &'a str,
    code: &'a str,
}

impl<'a> MemberId<'a> {
    fn of(request: &'a ValidRequest) -> Self {
        Self { card_id: request.parameter("card_id"), code: request.parameter("code") }
    }
}

/// The ID of a member's card: `["CARD_ID","CODE"]`, because both may contain any character.
pub(super) fn member_key(card_id: &str, code: &str) -> String {
    json!([card_id, code]).to_string()
}

/// `GET …/cards/{card_id}/codes/{code}`: shows the member's card as it is stored.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let id = MemberId::of(request);
    let member = member(documents, id, context.policies.unknown_card).map_err(ApiError::Operation)?;
    let mut body = json!(member.card);
    body["card_id"] = id.card_id.into();
    Ok(OperationResponse::ok(body))
}

/// The member's card. An unknown card is created with 0 points if the policy allows it.
///
/// # Errors
/// The reason why the merchant may not use it. The order of the checks is an own choice.
fn member(
    documents: &mut Documents<'_>,
    id: MemberId<'_>,
    unknown: UnknownCard,
) -> Result<Member, OperationError> {
    if documents.get(kind::PERMISSION, PERMISSION) == Some(false) {
        return Err(OperationError::NoPermission);
    }
    let card: Option<Card> = documents.get(kind::CARD, id.card_id);
    if card.is_some_and(|card| card.is_foreign) {
        return Err(OperationError::ForeignCard);
    }
    match (documents.get(kind::MEMBER, &member_key(id.card_id, id.code)), unknown) {
        (Some(member), _) => Ok(member),
        (None, UnknownCard::Create) => {
            let card = SeedMember { code: id.code.into(), ..SeedMember::default() };
            Ok(Member { card, ..Member::default() })
        }
        (None, UnknownCard::Reject) if card.is_some() => Err(OperationError::UnknownCode),
        (None, UnknownCard::Reject) => Err(OperationError::UnknownCard),
    }
}

/// Whether the card's members collect points. The members of an unknown card do.
fn has_points(documents: &mut Documents<'_>, card_id: &str) -> bool {
    documents.get(kind::CARD, card_id).is_none_or(|card: Card| card.has_points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        operations::{initial, seed::Seed},
        store::Store,
    };

    #[test]
    fn each_reason_to_refuse_a_card_has_its_error() {
        let seed: Seed = serde_json::from_str(
            r#"{ "merchants": {
                "1900000001": { "cards": [{ "card_id": "own", "members": [{ "code": "1" }] }] },
                "1900000002": { "may_use_member_cards": false, "cards": [{ "card_id": "foreign" }] } } }"#,
        )
        .unwrap();
        let store = Store::memory(1, usize::MAX);
        let error = |mchid: &str, card_id, code, unknown| {
            let mchid = mchid.parse().unwrap();
            store.seed(&mchid, initial::documents(&mchid, Some(&seed)));
            member(&mut store.documents(&mchid), MemberId { card_id, code }, unknown).err()
        };
        let own = |card_id, code| error("1900000001", card_id, code, UnknownCard::Reject);
        assert_eq!(own("own", "1"), None);
        assert_eq!(own("own", "2"), Some(OperationError::UnknownCode));
        assert_eq!(own("none", "1"), Some(OperationError::UnknownCard));
        assert_eq!(own("foreign", "1"), Some(OperationError::ForeignCard));
        let other = error("1900000002", "foreign", "1", UnknownCard::Create);
        assert_eq!(other, Some(OperationError::NoPermission));
    }
}
