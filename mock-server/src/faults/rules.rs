//! The rules that hold, and how often each has struck.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, futures::Notified};
use wechatpay_protocol::Timestamp;

use super::{
    FaultRule, RuleError,
    rule::Plan,
    strike::{Strike, StruckBy},
};

/// Names a rule: counts the rules of a mock from 1.
pub type FaultId = u64;

/// A rule, and what has become of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleState {
    /// Its name.
    pub id: FaultId,
    /// The rule.
    #[serde(flatten)]
    pub rule: FaultRule,
    /// How many requests had what it names.
    pub seen: u64,
    /// How many of them it struck.
    pub struck: u64,
    /// When it ends, in Unix seconds, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<u64>,
}

/// What rules look at in a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) operation: &'a str,
    pub(crate) card_id: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) out_request_no: Option<&'a str>,
}

/// Rules, oldest first. The first that strikes a request decides.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    entries: RwLock<Vec<Arc<Entry>>>,
    /// Told whenever all of them are removed.
    cleared: Notify,
}

#[derive(Debug)]
struct Entry {
    id: FaultId,
    rule: FaultRule,
    plan: Plan,
    ends_at: Option<Timestamp>,
    seen: AtomicU64,
    struck: AtomicU64,
}

impl Rules {
    /// Takes a rule in, which has been checked. Where there are `most` already, those that are spent or have ended make room.
    pub(crate) fn add(
        &self,
        id: FaultId,
        rule: FaultRule,
        now: Timestamp,
        most: usize,
    ) -> Result<RuleState, RuleError> {
        let ends_at = rule.ttl.map(|ttl| Timestamp::from_unix(now.as_unix().saturating_add(ttl)));
        let plan = rule.plan();
        let entry = Entry { id, rule, plan, ends_at, seen: AtomicU64::new(0), struck: AtomicU64::new(0) };
        let state = entry.state();
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= most {
            entries.retain(|entry| !entry.is_over(now));
        }
        if entries.len() >= most {
            return Err(RuleError::TooMany { most });
        }
        entries.push(Arc::new(entry));
        Ok(state)
    }

    /// The first rule that strikes this request strikes it. Each rule up to that one counts it.
    pub(crate) fn strike(&self, facts: &Facts<'_>, now: Timestamp) -> Option<Strike> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.iter().find_map(|entry| entry.strike(facts, now))
    }

    /// The rule with that name, if it is one of these, has struck once less often.
    pub(crate) fn take_back(&self, id: FaultId) {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.iter().find(|entry| entry.id == id) {
            entry.struck.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Every rule, oldest first.
    pub(crate) fn list(&self) -> Vec<RuleState> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(|entry| entry.state()).collect()
    }

    /// Removes the rule with that name. Whether there was one.
    pub(crate) fn remove(&self, id: FaultId) -> bool {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let before = entries.len();
        entries.retain(|entry| entry.id != id);
        entries.len() < before
    }

    /// Removes every rule, and ends what is still waiting for a fault to be over. Says how many rules there were.
    pub(crate) fn clear(&self) -> usize {
        let cleared =
            std::mem::take(&mut *self.entries.write().unwrap_or_else(PoisonError::into_inner)).len();
        self.cleared.notify_waiters();
        cleared
    }

    /// Waits until every rule is removed, from the time on when this was called.
    pub(crate) fn cleared(&self) -> Notified<'_> {
        self.cleared.notified()
    }
}

impl Entry {
    fn strike(&self, facts: &Facts<'_>, now: Timestamp) -> Option<Strike> {
        if self.is_over(now) || !self.names(facts) {
            return None;
        }
        let nth = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.rule.when.strikes_nth(nth) || !self.counts() {
            return None;
        }
        Some(Strike::new(StruckBy::Rule(self.id), self.plan.clone(), nth))
    }

    /// Whether the request has everything that the rule names. Its merchant is seen to by where the rule is kept.
    fn names(&self, facts: &Facts<'_>) -> bool {
        let when = &self.rule.when;
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        is(&when.operation, Some(facts.operation))
            && is(&when.card_id, facts.card_id)
            && is(&when.code, facts.code)
            && is(&when.out_request_no, facts.out_request_no)
    }

    /// Counts a strike, if there is one left.
    fn counts(&self) -> bool {
        let most = self.rule.times.unwrap_or(u64::MAX);
        let one_more = |struck| (struck < most).then_some(struck + 1);
        self.struck.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| now >= end)
            || self.rule.times.is_some_and(|times| self.struck.load(Ordering::Relaxed) >= times)
    }

    fn state(&self) -> RuleState {
        RuleState {
            id: self.id,
            rule: self.rule.clone(),
            seen: self.seen.load(Ordering::Relaxed),
            struck: self.struck.load(Ordering::Relaxed),
            ends_at: self.ends_at.map(Timestamp::as_unix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);
    const FACTS: Facts<'_> =
        Facts { operation: "set_rights", card_id: Some("c"), code: Some("1"), out_request_no: Some("n") };

    fn rules(rule: FaultRule) -> Rules {
        let rules = Rules::default();
        rules.add(1, rule, NOW, 1).unwrap();
        rules
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_says_and_is_spent() {
        let rules = rules(FaultRule { times: Some(2), ..FaultRule::of(Fault::Reset) });
        let struck = (0..5).filter(|_| rules.strike(&FACTS, NOW).is_some()).count();
        assert_eq!((struck, rules.list()[0].struck), (2, 2));
        rules.add(2, FaultRule::of(Fault::Reset), NOW, 1).unwrap();
        assert_eq!(rules.list().len(), 1, "the one that is spent has made room");
    }

    #[test]
    fn of_two_requests_at_once_one_gets_the_only_strike() {
        let rules = rules(FaultRule { times: Some(1), ..FaultRule::of(Fault::Reset) });
        let entries = rules.entries.read().unwrap();
        // Both have seen that the rule is not spent.
        assert_eq!([entries[0].counts(), entries[0].counts()], [true, false]);
    }

    #[test]
    fn a_rule_ends_when_its_time_is_up() {
        let rules = rules(FaultRule { ttl: Some(10), ..FaultRule::of(Fault::Reset) });
        let later = |seconds| Timestamp::from_unix(NOW.as_unix() + seconds);
        assert!(rules.strike(&FACTS, later(9)).is_some());
        assert!(rules.strike(&FACTS, later(10)).is_none());
    }

    #[test]
    fn a_rule_strikes_only_what_it_names() {
        let mut rule = FaultRule::of(Fault::Reset);
        rule.when.code = Some("2".into());
        let rules = rules(rule);
        assert!(rules.strike(&FACTS, NOW).is_none());
        assert!(rules.strike(&Facts { code: Some("2"), ..FACTS }, NOW).is_some());
        assert!(rules.strike(&Facts { code: None, ..FACTS }, NOW).is_none());
    }

    #[test]
    fn there_are_no_more_rules_than_allowed() {
        let rules = rules(FaultRule::of(Fault::Reset));
        let refused = rules.add(2, FaultRule::of(Fault::Reset), NOW, 1);
        assert_eq!(refused, Err(RuleError::TooMany { most: 1 }));
    }
}
