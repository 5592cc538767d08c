//! The initial documents of a merchant, from the seed.

use wechatpay_protocol::Mchid;

use super::{
    member_card::{Card, Member, PERMISSION, kind, member_key},
    seed::{Seed, SeedCard, SeedMerchant},
};
use crate::store::{JsonText, Key};

/// The merchant's initial documents. Without a seed, every merchant has the documentation's sample card.
///
/// They include the cards of the other merchants in the seed, marked as foreign.
pub(crate) fn documents(mchid: &Mchid, seed: Option<&Seed>) -> Vec<(Key, JsonText)> {
    let Some(seed) = seed else { return SeedMerchant::sample().documents() };
    let own = seed.merchants.get(mchid.as_str()).cloned().unwrap_or_default();
    let others = seed.merchants.iter().filter(|(other, _)| *other != mchid.as_str());
    let foreign = others.flat_map(|(_, other)| &other.cards).map(foreign);
    foreign.chain(own.documents()).collect()
}

/// A card of one merchant as a document of another.
pub(crate) fn foreign(card: &SeedCard) -> (Key, JsonText) {
    (Key::new(kind::CARD, &card.card_id), JsonText::of(&Card::new(true, card.has_points)))
}

impl SeedMerchant {
    /// The documents of a merchant with this seed.
    pub(crate) fn documents(self) -> Vec<(Key, JsonText)> {
        let permission = Key::new(kind::PERMISSION, PERMISSION);
        let mut documents = vec![(permission, JsonText::of(&self.may_use_member_cards))];
        for SeedCard { card_id, has_points, members } in self.cards {
            for card in members {
                let key = Key::new(kind::MEMBER, &member_key(&card_id, &card.code));
                documents.push((key, JsonText::of(&Member { card, ..Member::default() })));
            }
            documents.push((Key::new(kind::CARD, &card_id), JsonText::of(&Card::new(false, has_points))));
        }
        documents
    }
}
