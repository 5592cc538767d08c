//! Member cards: templates, the cards of users, and what the operations of the family share.
//!
//! All work on the same documents: what one makes, the others see, change and refuse.

mod callback;
mod phone;
mod rights;
mod template;
mod user_card;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{
        Context, Handler,
        kinds::Kind,
        seed::{CardStatus, SeedMember},
    },
    policies::{Policies, Repeat, RepeatMismatch, UnknownCard},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::{Ahead, Documents, Fingerprint, NumberUse},
};

pub(super) use rights::Guide;

/// The kinds of documents, and their IDs.
pub(super) mod kind {
    /// Whether the merchant may use member cards at all. The only ID is [`super::PERMISSION`].
    pub(crate) const PERMISSION: &str = "member_card_permission";
    /// A card template. The ID is its `card_id`.
    pub(crate) const CARD: &str = "card";
    /// A member's card. The ID is its [`super::member_key`].
    pub(crate) const MEMBER: &str = "member_card";
}

/// What the documents of each kind are.
pub(super) const KINDS: &[Kind] = &[
    Kind::of::<bool>(kind::PERMISSION),
    Kind::of::<Card>(kind::CARD),
    Kind::of::<Member>(kind::MEMBER),
    Kind::of::<String>(phone::KIND),
    Kind::of::<String>(callback::KIND),
];

/// The ID of the only document of the kind [`kind::PERMISSION`].
pub(super) const PERMISSION: &str = "permission";

/// The handler of an operation of the family.
pub(super) fn rules(operation_id: &str) -> Option<Handler> {
    let name = operation_id.split_once("marketing_membercard_open_");
    match name {
        None => match operation_id {
            "set_rights" => Some(rights::set_rights),
            "show_member_card" => Some(show),
            _ => None,
        },
        Some(("post_", "cards")) => Some(template::create),
        Some(("get_", "cards")) => Some(template::list),
        Some(("get_", "cards_by_card_id")) => Some(template::show),
        Some(("patch_", "cards")) => Some(template::change),
        Some(("delete_", "cards")) => Some(template::delete),
        Some(("patch_", "cards_rights")) => Some(template::set_rights),
        Some((_, "cards_qrcode" | "cards_permission_tokens" | "cards_upgrade" | "cards_decrypt_code")) => {
            Some(template::answer)
        }
        Some(("post_", "cards_codes_deposit")) => Some(user_card::deposit),
        Some(("post_", "cards_users_import" | "cards_phone_membercard_import")) => Some(user_card::import),
        Some(("get_", "user_cards")) => Some(user_card::list),
        Some(("patch_", "cards_codes")) => Some(user_card::change),
        Some(("post_", "cards_codes_activate")) => Some(user_card::activate),
        Some(("post_", "cards_codes_unavailable")) => Some(user_card::make_unavailable),
        Some(("post_", "cards_codes_bonus_prepare" | "cards_codes_bonus_commit")) => {
            Some(user_card::show_points)
        }
        Some(("post_", "cards_codes_set_service_module_data")) => Some(user_card::show_service),
        Some(("post_", "phonenumber_member_import")) => Some(phone::import),
        Some(("get_", "phonenumber_member_search")) => Some(phone::search),
        Some(("patch_", "callback")) => Some(callback::set),
        Some(("get_", "callback")) => Some(callback::show),
        Some(_) => None,
    }
}

/// A known card template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Card {
    /// Whether another merchant created it.
    pub(super) is_foreign: bool,
    /// Whether its members collect points.
    pub(super) has_points: bool,
    /// Whether it was deleted, so that its members can't use their cards.
    #[serde(default)]
    pub(super) is_deleted: bool,
    /// What requests have said of it. The rest is as in the contract's examples.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) fields: Value,
}

impl Card {
    /// A template that has no fields of its own.
    pub(super) fn new(is_foreign: bool, has_points: bool) -> Self {
        Self { is_foreign, has_points, is_deleted: false, fields: Value::Null }
    }

    /// The points of a new member.
    fn initial_points(&self) -> i64 {
        let initial = self.fields["bonus"]["init_bonus"].as_i64();
        initial.filter(|_| self.has_points).unwrap_or_default()
    }
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

impl Member {
    /// A new member of a template.
    fn new(card: &Card, code: &str, user_card_status: CardStatus) -> Self {
        let bonus_value = card.initial_points();
        let card = SeedMember { code: code.into(), bonus_value, user_card_status, ..SeedMember::default() };
        Self { card, rights: Rights::default() }
    }
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

    /// What [`member`] reads.
    fn name(self, ahead: &mut Ahead) {
        ahead.document(kind::PERMISSION, PERMISSION).document(kind::CARD, self.card_id);
        ahead.document(kind::MEMBER, &member_key(self.card_id, self.code));
    }

    /// The same for a request that changes the member.
    fn name_to_change(self, ahead: &mut Ahead) {
        ahead.document(kind::PERMISSION, PERMISSION).document(kind::CARD, self.card_id);
        ahead.change_of(kind::MEMBER, &member_key(self.card_id, self.code));
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
    documents.ahead(|ahead| id.name(ahead));
    let member = member(documents, id, context.policies.unknown_card)?;
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
    let card = known_card(documents, id.card_id)?;
    match (documents.get(kind::MEMBER, &member_key(id.card_id, id.code)), unknown) {
        (Some(member), _) => Ok(member),
        (None, UnknownCard::Create) => {
            let card = card.unwrap_or_else(|| Card::new(false, true));
            Ok(Member::new(&card, id.code, CardStatus::default()))
        }
        (None, UnknownCard::Reject) if card.is_some() => Err(OperationError::UnknownCode),
        (None, UnknownCard::Reject) => Err(OperationError::UnknownCard),
    }
}

/// The card template. An unknown one has points if the policy allows it.
///
/// # Errors
/// The reason why the merchant may not use it. The order of the checks is an own choice.
fn card(documents: &mut Documents<'_>, card_id: &str, unknown: UnknownCard) -> Result<Card, OperationError> {
    match (known_card(documents, card_id)?, unknown) {
        (Some(card), _) => Ok(card),
        (None, UnknownCard::Create) => Ok(Card::new(false, true)),
        (None, UnknownCard::Reject) => Err(OperationError::UnknownCard),
    }
}

/// The card template, if it is known.
fn known_card(documents: &mut Documents<'_>, card_id: &str) -> Result<Option<Card>, OperationError> {
    check_permission(documents)?;
    let card: Option<Card> = documents.get(kind::CARD, card_id);
    match &card {
        Some(card) if card.is_foreign => Err(OperationError::ForeignCard),
        Some(card) if card.is_deleted => Err(OperationError::UnknownCard),
        _ => Ok(card),
    }
}

fn check_permission(documents: &mut Documents<'_>) -> Result<(), OperationError> {
    match documents.get(kind::PERMISSION, PERMISSION) {
        Some(false) => Err(OperationError::NoPermission),
        _ => Ok(()),
    }
}

/// Whether to apply a request with this number: `None` if it was applied before.
///
/// # Errors
/// If the number was used before and the policies refuse that.
fn check_number(
    documents: &Documents<'_>,
    number: &str,
    content: Fingerprint,
    policies: &Policies,
) -> Result<Option<Vec<Warning>>, OperationError> {
    match (documents.number_use(number, content), policies.repeat, policies.repeat_mismatch) {
        (NumberUse::New, ..) => Ok(Some(Vec::new())),
        (NumberUse::Repeated, Repeat::Accept, _) => Ok(None),
        (NumberUse::Repeated, Repeat::Reject, _) => Err(OperationError::Repeated),
        (NumberUse::RepeatedDifferently, _, RepeatMismatch::Apply) => {
            Ok(Some(vec![Warning::RepeatedDifferently]))
        }
        (NumberUse::RepeatedDifferently, _, RepeatMismatch::Reject) => {
            Err(OperationError::RepeatedDifferently)
        }
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
        let store = Store::memory(&crate::limits::Limits::default());
        let error = |mchid: &str, card_id, code, unknown| {
            let mchid = mchid.parse().unwrap();
            store.seed(&mchid, initial::documents(&mchid, Some(&seed))).unwrap();
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
