//! What the mock remembers of one merchant: its members' cards, and the request numbers it has used.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::operations::Member;

/// What is stored for one merchant. Whoever holds it locked sees and changes all of it at once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ledger {
    members: HashMap<MemberId, Member>,
    requests: RequestNumbers,
}

/// A member's card: the card template and the member's code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct MemberId {
    pub(crate) card_id: String,
    pub(crate) code: String,
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

/// Request numbers that are remembered for each merchant; the oldest is forgotten first. (own choice)
const REQUEST_NUMBERS: usize = 100_000;

impl Ledger {
    /// The ledger that every merchant starts with: the documentation's sample card, with the points that its sample
    /// request says it has.
    pub(crate) fn with_sample() -> Self {
        let sample = MemberId { card_id: "pbLatjvWOibDc5-TBnbUk1pD12o0".into(), code: "478515832665".into() };
        let member = Member { bonus_value: 500, ..Member::default() };
        Self { members: HashMap::from([(sample, member)]), requests: RequestNumbers::new(REQUEST_NUMBERS) }
    }

    /// Whether `out_request_no` was used before, and for the same content.
    pub(crate) fn use_of(&self, out_request_no: &str, content: &impl Serialize) -> Use {
        match self.requests.contents.get(out_request_no) {
            None => Use::New,
            Some(known) if *known == fingerprint(content) => Use::Repeated,
            Some(_) => Use::RepeatedDifferently,
        }
    }

    /// Remembers that `out_request_no` was used for this content.
    pub(crate) fn remember(&mut self, out_request_no: &str, content: &impl Serialize) {
        self.requests.remember(out_request_no, fingerprint(content));
    }

    /// The member's card; a new one if it was never seen. (own choice)
    pub(crate) fn member(&self, id: &MemberId) -> Member {
        self.members.get(id).cloned().unwrap_or_default()
    }

    pub(crate) fn store(&mut self, id: MemberId, member: Member) {
        self.members.insert(id, member);
    }
}

/// The last request numbers, each with a fingerprint of what it was used for.
#[derive(Clone, Debug, PartialEq)]
struct RequestNumbers {
    bound: usize,
    contents: HashMap<String, Fingerprint>,
    oldest_first: VecDeque<String>,
}

type Fingerprint = [u8; 32];

impl RequestNumbers {
    fn new(bound: usize) -> Self {
        Self { bound, contents: HashMap::new(), oldest_first: VecDeque::new() }
    }

    fn remember(&mut self, number: &str, fingerprint: Fingerprint) {
        if self.contents.insert(number.into(), fingerprint).is_none() {
            self.oldest_first.push_back(number.into());
        }
        if self.oldest_first.len() > self.bound
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.contents.remove(&oldest);
        }
    }
}

fn fingerprint(content: &impl Serialize) -> Fingerprint {
    // Contents are plain structs of strings and numbers, which always serialize.
    Sha256::digest(serde_json::to_vec(content).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_request_number_is_forgotten_first() {
        let mut ledger = Ledger { requests: RequestNumbers::new(2), ..Ledger::with_sample() };
        for number in ["1", "2", "1", "3"] {
            ledger.remember(number, &"content");
        }
        assert_eq!(ledger.use_of("1", &"content"), Use::New);
        assert_eq!(ledger.use_of("2", &"content"), Use::Repeated);
        assert_eq!(ledger.use_of("3", &"other"), Use::RepeatedDifferently);
    }
}
