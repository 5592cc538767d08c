//! What the mock remembers of one merchant: its members' cards, and the request numbers it has used.

mod fingerprint;
mod shards;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, MutexGuard},
};

use wechatpay_protocol::Mchid;

use self::shards::Shards;
use crate::{
    business::BusinessRefusal,
    latest::Latest,
    operations::Rights,
    own_hash::ByOwnHash,
    policies::UnknownCard,
    seed::{CardStatus, Seed, SeedMember, SeedMerchant},
};

pub(crate) use fingerprint::Fingerprint;

/// What is stored for one merchant. Members and request numbers are in parts, each behind a lock of its own, so that
/// requests about different members seldom wait for one another.
#[derive(Debug)]
pub(crate) struct Ledger {
    may_use_member_cards: bool,
    /// The cards of the seed: whether their members collect points. A card that was never seen does.
    cards: HashMap<String, bool>,
    /// Cards that the seed gives to other merchants.
    foreign_cards: HashSet<String>,
    members: Shards<Members>,
    requests: Shards<RequestNumbers>,
}

/// Members' cards by the fingerprint of their [`MemberId`].
#[derive(Debug)]
struct Members {
    seeded: HashMap<Fingerprint, Member, ByOwnHash>,
    /// Those that were made on first use.
    made: Latest<Fingerprint, Member>,
}

/// The last request numbers, each with what it was used for; of both, the fingerprints.
type RequestNumbers = Latest<Fingerprint, Fingerprint>;

/// A member's card, with what the rights operation sets beside the points.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Member {
    /// As it was at first; nothing is known of one that was made on first use.
    seeded: Option<Arc<SeedMember>>,
    pub(crate) bonus_value: i64,
    pub(crate) rights: Option<Box<Rights>>,
}

/// Which member's card: the card template and the member's code.
#[derive(Clone, Copy, Debug, Hash)]
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

/// How much is remembered of a merchant, about; the oldest is forgotten first, or one of the oldest: see [`Shards`].
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Members made on first use.
    members: usize,
    request_numbers: usize,
}

/// Members made on first use that are kept for each merchant. (own choice)
const MEMBERS_MADE: usize = 100_000;

/// A member's card and a request number, locked: whoever has it sees and changes both at once.
pub(crate) struct Entry<'a> {
    ledger: &'a Ledger,
    id: MemberId<'a>,
    at: Fingerprint,
    number: Fingerprint,
    requests: MutexGuard<'a, RequestNumbers>,
    members: MutexGuard<'a, Members>,
}

impl Ledger {
    /// The ledger that a merchant starts with: what the seed gives to it. Without a seed, every merchant has the
    /// documentation's sample card, with the points that its sample request says it has.
    ///
    /// About so many request numbers are remembered; the oldest is forgotten first, or one of the oldest. (own choice)
    pub(crate) fn new(mchid: &Mchid, seed: Option<&Seed>, request_numbers: usize) -> Self {
        let bounds = Bounds { members: MEMBERS_MADE, request_numbers };
        let Some(seed) = seed else { return Self::of(SeedMerchant::sample(), HashSet::new(), bounds) };
        let own = seed.merchants.get(mchid.as_str()).cloned().unwrap_or_default();
        let others = seed.merchants.iter().filter(|(other, _)| *other != mchid.as_str());
        let foreign_cards =
            others.flat_map(|(_, other)| &other.cards).map(|card| card.card_id.clone()).collect();
        Self::of(own, foreign_cards, bounds)
    }

    /// The ledger of a merchant that has this, and whom the others' cards don't concern.
    pub(crate) fn seeded(own: SeedMerchant, request_numbers: usize) -> Self {
        Self::of(own, HashSet::new(), Bounds { members: MEMBERS_MADE, request_numbers })
    }

    fn of(first: SeedMerchant, foreign_cards: HashSet<String>, bounds: Bounds) -> Self {
        let ledger = Self {
            may_use_member_cards: first.may_use_member_cards,
            cards: first.cards.iter().map(|card| (card.card_id.clone(), card.has_points)).collect(),
            foreign_cards,
            members: Shards::new(bounds.members, Members::new),
            requests: Shards::new(bounds.request_numbers, Latest::new),
        };
        ledger.seed(first);
        ledger
    }

    /// Everything is as it was at first, for whoever sees any of it.
    pub(crate) fn reset(&self) {
        // In the order in which requests lock them.
        let (requests, members) = (self.requests.all(), self.members.all());
        requests.into_iter().for_each(|mut part| *part = Latest::new(part.bound()));
        members.into_iter().for_each(|mut part| part.reset());
    }

    fn seed(&self, first: SeedMerchant) {
        for card in first.cards {
            for member in card.members {
                let at = Fingerprint::of(MemberId { card_id: &card.card_id, code: &member.code });
                let member =
                    Member { bonus_value: member.bonus_value, seeded: Some(Arc::new(member)), rights: None };
                self.members.of(at).seeded.insert(at, member);
            }
        }
    }

    /// The member's card. One that was never seen is there in its first state, if the policy allows it.
    ///
    /// # Errors
    /// Why the merchant may not have it, in the order of this function. (own choice)
    pub(crate) fn member(&self, id: MemberId<'_>, unknown: UnknownCard) -> Result<Member, BusinessRefusal> {
        let at = Fingerprint::of(id);
        self.member_in(&self.members.of(at), at, id, unknown)
    }

    /// The member's card and the request number, locked for as long as the entry lives.
    pub(crate) fn entry<'a>(&'a self, id: MemberId<'a>, out_request_no: &str) -> Entry<'a> {
        let (at, number) = (Fingerprint::of(id), Fingerprint::of(out_request_no));
        // Always in this order, so that nobody waits in a circle.
        let requests = self.requests.of(number);
        let members = self.members.of(at);
        Entry { ledger: self, id, at, number, requests, members }
    }

    fn member_in(
        &self,
        members: &Members,
        at: Fingerprint,
        id: MemberId<'_>,
        unknown: UnknownCard,
    ) -> Result<Member, BusinessRefusal> {
        if !self.may_use_member_cards {
            return Err(BusinessRefusal::NoPermission);
        }
        if self.foreign_cards.contains(id.card_id) {
            return Err(BusinessRefusal::ForeignCard);
        }
        match (members.get(&at), unknown) {
            (Some(member), _) => Ok(member.clone()),
            (None, UnknownCard::Create) => Ok(Member::default()),
            (None, UnknownCard::Reject) if self.cards.contains_key(id.card_id) => {
                Err(BusinessRefusal::UnknownCode)
            }
            (None, UnknownCard::Reject) => Err(BusinessRefusal::UnknownCard),
        }
    }
}

impl Entry<'_> {
    /// The member's card, as [`Ledger::member`] gives it.
    pub(crate) fn member(&self, unknown: UnknownCard) -> Result<Member, BusinessRefusal> {
        self.ledger.member_in(&self.members, self.at, self.id, unknown)
    }

    /// Whether the card's members collect points. A card that was never seen does.
    pub(crate) fn has_points(&self) -> bool {
        self.ledger.cards.get(self.id.card_id).copied().unwrap_or(true)
    }

    /// Whether the request number was used before, and for the same content.
    pub(crate) fn use_for(&self, content: Fingerprint) -> Use {
        match self.requests.get(&self.number) {
            None => Use::New,
            Some(known) if *known == content => Use::Repeated,
            Some(_) => Use::RepeatedDifferently,
        }
    }

    /// Keeps the member's card, and remembers that the request number was used for this content.
    pub(crate) fn store(&mut self, member: Member, content: Fingerprint) {
        self.requests.insert(self.number, content);
        match self.members.seeded.get_mut(&self.at) {
            Some(seeded) => *seeded = member,
            None => drop(self.members.made.insert(self.at, member)),
        }
    }
}

impl Members {
    fn new(bound: usize) -> Self {
        Self { seeded: HashMap::default(), made: Latest::new(bound) }
    }

    /// The seeded ones are as they were at first, the others are gone.
    fn reset(&mut self) {
        for member in self.seeded.values_mut() {
            member.bonus_value = member.seeded.as_ref().map_or(0, |seeded| seeded.bonus_value);
            member.rights = None;
        }
        self.made = Latest::new(self.made.bound());
    }

    fn get(&self, at: &Fingerprint) -> Option<&Member> {
        self.seeded.get(at).or_else(|| self.made.get(at))
    }
}

impl Member {
    /// Whether the card can be used.
    pub(crate) fn status(&self) -> CardStatus {
        self.seeded.as_ref().map_or_else(CardStatus::default, |seeded| seeded.user_card_status)
    }

    /// The card of the member with that code, as it is answered.
    pub(crate) fn card(&self, code: &str) -> SeedMember {
        let seeded = self.seeded.as_deref().cloned();
        let seeded = seeded.unwrap_or_else(|| SeedMember { code: code.into(), ..SeedMember::default() });
        SeedMember { bonus_value: self.bonus_value, ..seeded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: MemberId<'_> = MemberId { card_id: "pbLatjvWOibDc5-TBnbUk1pD12o0", code: "478515832665" };

    fn mchid() -> Mchid {
        "1900000001".parse().unwrap()
    }

    fn content(of: &str) -> Fingerprint {
        Fingerprint::of(of)
    }

    fn store(ledger: &Ledger, id: MemberId<'_>, out_request_no: &str) {
        let mut entry = ledger.entry(id, out_request_no);
        let member = entry.member(UnknownCard::Create).unwrap();
        entry.store(Member { bonus_value: 7, ..member }, content("content"));
    }

    #[test]
    fn the_oldest_request_number_is_forgotten_first() {
        let ledger = Ledger::new(&mchid(), None, 2);
        for number in ["1", "2", "1", "3"] {
            store(&ledger, SAMPLE, number);
        }
        assert_eq!(ledger.entry(SAMPLE, "1").use_for(content("content")), Use::New);
        assert_eq!(ledger.entry(SAMPLE, "2").use_for(content("content")), Use::Repeated);
        assert_eq!(ledger.entry(SAMPLE, "3").use_for(content("other")), Use::RepeatedDifferently);
    }

    #[test]
    fn of_the_members_made_on_first_use_the_oldest_is_forgotten_and_seeded_ones_stay() {
        let bounds = Bounds { members: 2, request_numbers: 1 };
        let ledger = Ledger::of(SeedMerchant::sample(), HashSet::new(), bounds);
        let made = |code| MemberId { code, ..SAMPLE };
        for id in [SAMPLE, made("1"), made("2"), made("3")] {
            store(&ledger, id, "0");
        }
        let points = |id| ledger.member(id, UnknownCard::Create).unwrap().bonus_value;
        assert_eq!([SAMPLE, made("1"), made("2"), made("3")].map(points), [7, 0, 7, 7]);
    }

    #[test]
    fn with_many_parts_everything_is_there_and_a_reset_forgets_it() {
        let ledger = Ledger::new(&mchid(), None, 100_000);
        let codes: Vec<_> = (0..1_000).map(|code| code.to_string()).collect();
        let points = |code: &String| {
            let id = MemberId { code, ..SAMPLE };
            ledger.member(id, UnknownCard::Create).unwrap().bonus_value
        };
        codes.iter().for_each(|code| store(&ledger, MemberId { code, ..SAMPLE }, code));
        assert_eq!(codes.iter().map(points).sum::<i64>(), 7_000);
        assert_eq!(ledger.entry(SAMPLE, "999").use_for(content("content")), Use::Repeated);
        ledger.reset();
        assert_eq!(codes.iter().map(points).sum::<i64>(), 0);
        assert_eq!(ledger.entry(SAMPLE, "999").use_for(content("content")), Use::New);
        assert_eq!(ledger.member(SAMPLE, UnknownCard::Reject).unwrap().bonus_value, 500);
    }

    #[test]
    fn no_request_sees_a_seeded_member_missing_while_everything_is_reset() {
        let ledger = Ledger::new(&mchid(), None, 100_000);
        let is_there = || ledger.member(SAMPLE, UnknownCard::Reject).is_ok();
        std::thread::scope(|scope| {
            let resetting = scope.spawn(|| (0..2_000).for_each(|_| ledger.reset()));
            while !resetting.is_finished() {
                assert!(is_there());
            }
        });
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
