//! What the mock remembers of one merchant: its members' cards, and the request numbers it has used.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde::Serialize;
use sha2::{Digest, Sha256};
use wechatpay_protocol::Mchid;

use crate::{
    business::BusinessRefusal,
    operations::Rights,
    policies::UnknownCard,
    seed::{Seed, SeedMember, SeedMerchant},
};

/// What is stored for one merchant. Whoever holds it locked sees and changes all of it at once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ledger {
    may_use_member_cards: bool,
    cards: HashMap<String, Card>,
    /// Cards that the seed gives to other merchants.
    foreign_cards: HashSet<String>,
    /// The members that were made on first use, oldest first: card_id and code.
    made: VecDeque<(String, String)>,
    requests: RequestNumbers,
}

/// A card template and its members by code.
#[derive(Clone, Debug, PartialEq)]
struct Card {
    has_points: bool,
    /// Whether it was made on first use, not seeded.
    is_made: bool,
    members: HashMap<String, Member>,
}

/// A member's card, with what the rights operation sets beside the points.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Member {
    pub(crate) card: SeedMember,
    pub(crate) rights: Rights,
}

/// Which member's card: the card template and the member's code.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct MemberId<'a> {
    pub(crate) card_id: &'a str,
    pub(crate) code: &'a str,
}

/// Whether a request number was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    New,
    /// For the same content.
    Repeated,
    /// For other content.
    RepeatedDifferently,
}

/// Members made on first use that are kept for each merchant; the oldest is forgotten first. (own choice)
const MEMBERS_MADE: usize = 100_000;

impl Ledger {
    /// The ledger that a merchant starts with: what the seed gives to it. Without a seed, every merchant has the
    /// documentation's sample card, with the points that its sample request says it has.
    ///
    /// So many request numbers are remembered; the oldest is forgotten first. (own choice)
    pub(crate) fn new(mchid: &Mchid, seed: Option<&Seed>, request_numbers: usize) -> Self {
        let requests = RequestNumbers::new(request_numbers);
        let Some(seed) = seed else { return Self::of(SeedMerchant::sample(), HashSet::new(), requests) };
        let own = seed.merchants.get(mchid.as_str()).cloned().unwrap_or_default();
        let others = seed.merchants.iter().filter(|(other, _)| *other != mchid.as_str());
        let foreign_cards =
            others.flat_map(|(_, other)| &other.cards).map(|card| card.card_id.clone()).collect();
        Self::of(own, foreign_cards, requests)
    }

    /// The ledger of a merchant that has this, and whom the others' cards don't concern.
    pub(crate) fn seeded(own: SeedMerchant, request_numbers: usize) -> Self {
        Self::of(own, HashSet::new(), RequestNumbers::new(request_numbers))
    }

    fn of(own: SeedMerchant, foreign_cards: HashSet<String>, requests: RequestNumbers) -> Self {
        let member = |card: SeedMember| (card.code.clone(), Member { card, rights: Rights::default() });
        let cards = own.cards.into_iter().map(|card| {
            let members = card.members.into_iter().map(member).collect();
            (card.card_id, Card { has_points: card.has_points, is_made: false, members })
        });
        Self {
            may_use_member_cards: own.may_use_member_cards,
            cards: cards.collect(),
            foreign_cards,
            made: VecDeque::new(),
            requests,
        }
    }

    /// The member's card. One that was never seen is there in its first state, if the policy allows it.
    ///
    /// # Errors
    /// Why the merchant may not have it, in the order of this function. (own choice)
    pub(crate) fn member(&self, id: MemberId<'_>, unknown: UnknownCard) -> Result<Member, BusinessRefusal> {
        if !self.may_use_member_cards {
            return Err(BusinessRefusal::NoPermission);
        }
        if self.foreign_cards.contains(id.card_id) {
            return Err(BusinessRefusal::ForeignCard);
        }
        let card = self.cards.get(id.card_id);
        let member = card.and_then(|card| card.members.get(id.code));
        match (card, member, unknown) {
            (_, Some(member), _) => Ok(member.clone()),
            (None, _, UnknownCard::Reject) => Err(BusinessRefusal::UnknownCard),
            (Some(_), None, UnknownCard::Reject) => Err(BusinessRefusal::UnknownCode),
            (_, None, UnknownCard::Create) => Ok(Member::new(id.code)),
        }
    }

    /// Whether the card's members collect points. A card that was never seen does.
    pub(crate) fn has_points(&self, card_id: &str) -> bool {
        self.cards.get(card_id).is_none_or(|card| card.has_points)
    }

    /// Keeps the member's card, and remembers that `out_request_no` was used for this content. A card that was never
    /// seen is made; of those, the oldest are forgotten first.
    pub(crate) fn store(
        &mut self,
        id: MemberId<'_>,
        member: Member,
        out_request_no: &str,
        content: Fingerprint,
    ) {
        self.requests.remember(out_request_no, content);
        let new_card = || Card { has_points: true, is_made: true, members: HashMap::new() };
        let card = self.cards.entry(id.card_id.into()).or_insert_with(new_card);
        if card.members.insert(id.code.into(), member).is_none() {
            self.made.push_back((id.card_id.into(), id.code.into()));
        }
        if self.made.len() > MEMBERS_MADE {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((card_id, code)) = self.made.pop_front() else { return };
        let Some(card) = self.cards.get_mut(&card_id) else { return };
        card.members.remove(&code);
        if card.is_made && card.members.is_empty() {
            self.cards.remove(&card_id);
        }
    }

    /// Whether `out_request_no` was used before, and for the same content.
    pub(crate) fn use_of(&self, out_request_no: &str, content: Fingerprint) -> Use {
        match self.requests.contents.get(&Fingerprint::of(&out_request_no)) {
            None => Use::New,
            Some(known) if *known == content => Use::Repeated,
            Some(_) => Use::RepeatedDifferently,
        }
    }
}

/// Sixteen bytes of a hash, which stand for something longer: enough to tell it from everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fingerprint([u8; 16]);

impl Fingerprint {
    pub(crate) fn of(content: &impl Serialize) -> Self {
        // Contents are plain structs of strings and numbers, which always serialize.
        let hash: [u8; 32] = Sha256::digest(serde_json::to_vec(content).unwrap_or_default()).into();
        let mut first = [0; 16];
        first.copy_from_slice(&hash[..16]);
        Self(first)
    }
}

impl Member {
    fn new(code: &str) -> Self {
        Self { card: SeedMember { code: code.into(), ..SeedMember::default() }, rights: Rights::default() }
    }
}

/// The last request numbers, each with what it was used for; of both, the fingerprints.
#[derive(Clone, Debug, PartialEq)]
struct RequestNumbers {
    bound: usize,
    // A hash map would double its room for good once entries have come and gone often enough.
    contents: BTreeMap<Fingerprint, Fingerprint>,
    oldest_first: VecDeque<Fingerprint>,
}

impl RequestNumbers {
    fn new(bound: usize) -> Self {
        Self { bound, contents: BTreeMap::new(), oldest_first: VecDeque::new() }
    }

    fn remember(&mut self, number: &str, content: Fingerprint) {
        let number = Fingerprint::of(&number);
        if self.contents.insert(number, content).is_none() {
            self.oldest_first.push_back(number);
        }
        if self.oldest_first.len() > self.bound
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.contents.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mchid() -> Mchid {
        "1900000001".parse().unwrap()
    }

    #[test]
    fn the_oldest_request_number_is_forgotten_first() {
        let mut ledger = Ledger::new(&mchid(), None, 2);
        for number in ["1", "2", "1", "3"] {
            ledger.requests.remember(number, Fingerprint::of(&"content"));
        }
        assert_eq!(ledger.use_of("1", Fingerprint::of(&"content")), Use::New);
        assert_eq!(ledger.use_of("2", Fingerprint::of(&"content")), Use::Repeated);
        assert_eq!(ledger.use_of("3", Fingerprint::of(&"other")), Use::RepeatedDifferently);
    }

    #[test]
    fn of_the_members_made_on_first_use_the_oldest_is_forgotten_and_seeded_ones_stay() {
        let mut ledger = Ledger::new(&mchid(), None, 1);
        let seeded = MemberId { card_id: "pbLatjvWOibDc5-TBnbUk1pD12o0", code: "478515832665" };
        let sample = ledger.member(seeded, UnknownCard::Reject).unwrap();
        ledger.store(seeded, sample, "0", Fingerprint::of(&0));
        for card_id in (0..=MEMBERS_MADE).map(|number| number.to_string()) {
            let id = MemberId { card_id: &card_id, code: "1" };
            ledger.store(id, Member::new("1"), "0", Fingerprint::of(&0));
        }
        let is_known = |card_id, code| ledger.member(MemberId { card_id, code }, UnknownCard::Reject).is_ok();
        assert!(is_known(seeded.card_id, seeded.code) && is_known("1", "1") && !is_known("0", "1"));
        assert_eq!(ledger.cards.len(), 1 + MEMBERS_MADE);
    }

    #[test]
    fn each_reason_not_to_have_a_card_is_named() {
        let seed: Seed = serde_json::from_str(
            r#"{ "merchants": {
                "1900000001": { "cards": [{ "card_id": "own", "members": [{ "code": "1" }] }] },
                "1900000002": { "may_use_member_cards": false, "cards": [{ "card_id": "foreign" }] } } }"#,
        )
        .unwrap();
        let ledger = Ledger::new(&mchid(), Some(&seed), 1);
        let refusal = |card_id, code| ledger.member(MemberId { card_id, code }, UnknownCard::Reject).err();
        assert_eq!(refusal("own", "1"), None);
        assert_eq!(refusal("own", "2"), Some(BusinessRefusal::UnknownCode));
        assert_eq!(refusal("none", "1"), Some(BusinessRefusal::UnknownCard));
        assert_eq!(refusal("foreign", "1"), Some(BusinessRefusal::ForeignCard));

        let other = Ledger::new(&"1900000002".parse().unwrap(), Some(&seed), 1);
        let refusal = other.member(MemberId { card_id: "foreign", code: "1" }, UnknownCard::Create).err();
        assert_eq!(refusal, Some(BusinessRefusal::NoPermission));
    }
}
