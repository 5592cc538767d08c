//! The initial state of a mock: a JSON file of cards and members, by merchant.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use wechatpay_texts::text;

use crate::{api::non_null::non_null, limits::memory_of};

/// The content of a seed file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// The merchants with an initial state, by mchid.
    pub merchants: HashMap<String, SeedMerchant>,
}

/// The initial state of one merchant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SeedMerchant {
    /// Whether the merchant may use the member-card operations at all.
    pub may_use_member_cards: bool,
    /// The card templates that the merchant created.
    pub cards: Vec<SeedCard>,
}

/// A card template and its members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedCard {
    /// The ID of the card template.
    pub card_id: String,
    /// Whether its members collect points.
    #[serde(default = "yes")]
    pub has_points: bool,
    /// The members that hold such a card.
    #[serde(default)]
    pub members: Vec<SeedMember>,
}

/// A member's card, with the fields of the response to `GET …/codes/{code}`. (documented)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract describes the fields")]
pub struct SeedMember {
    pub code: String,
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub membership_number: Option<String>,
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub head_image_url: Option<String>,
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub background_picture_url: Option<String>,
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub balance: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_information: Option<serde_json::Value>,
    pub bonus_value: i64,
    pub user_card_status: CardStatus,
}

/// Whether a member's card can be used. (documented)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the documentation's")]
pub enum CardStatus {
    NotActivate,
    #[default]
    Effective,
    Expire,
    Unavailable,
    Delete,
}

/// About how much memory the documents of a card or a member take, in bytes, apart from their texts.
const DOCUMENT: usize = 2048;

impl SeedMerchant {
    /// About how much memory its documents take, in bytes.
    pub(crate) fn size(&self) -> usize {
        let of_member = |member: &SeedMember| {
            let texts = [
                &member.openid,
                &member.membership_number,
                &member.level,
                &member.nickname,
                &member.head_image_url,
                &member.background_picture_url,
            ];
            let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
            let information = member.user_information.as_ref().map_or(0, memory_of);
            // The code is also in the keys.
            DOCUMENT + 4 * member.code.len() + texts + information
        };
        let of_card = |card: &SeedCard| {
            let members = card.members.iter().map(|member| 2 * card.card_id.len() + of_member(member));
            DOCUMENT + 4 * card.card_id.len() + members.sum::<usize>()
        };
        self.cards.iter().map(of_card).sum()
    }

    /// The documentation's sample card, with the points before its sample request.
    pub(crate) fn sample() -> Self {
        let member = SeedMember { code: "478515832665".into(), bonus_value: 500, ..SeedMember::default() };
        let card_id = "pbLatjvWOibDc5-TBnbUk1pD12o0".into();
        Self { cards: vec![SeedCard { card_id, has_points: true, members: vec![member] }], ..Self::default() }
    }
}

impl Default for SeedMerchant {
    fn default() -> Self {
        Self { may_use_member_cards: true, cards: Vec::new() }
    }
}

/// The first card or member of these merchants that can't be, as its place and what is wrong: each card has one merchant, and
/// each code is unique within its card.
pub(crate) fn wrong_card<'a>(
    merchants: impl Iterator<Item = (&'a str, &'a [SeedCard])>,
) -> Option<(String, String)> {
    let mut card_ids = HashSet::new();
    for (mchid, cards) in merchants {
        for (at, SeedCard { card_id, members, .. }) in cards.iter().enumerate() {
            let place = format!("merchants.{mchid}.cards[{at}]");
            if !card_ids.insert(card_id) {
                let problem = text!("expected the card_id {card_id:?} once, found it again");
                return Some((format!("{place}.card_id"), problem));
            }
            let mut codes = HashSet::new();
            for (at, SeedMember { code, .. }) in members.iter().enumerate() {
                let problem = if code.is_empty() {
                    text!("expected a code for each member of the card {card_id:?}, found none")
                } else if !codes.insert(code) {
                    text!("expected the code {code:?} once in the card {card_id:?}, found it again")
                } else {
                    continue;
                };
                return Some((format!("{place}.members[{at}].code"), problem));
            }
        }
    }
    None
}

fn yes() -> bool {
    true
}
