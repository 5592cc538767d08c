//! The active fault rules, by merchant, and how often each has applied.

use std::collections::HashMap;

use parking_lot::Mutex;
use wechatpay_protocol::{Mchid, Timestamp};

use super::{
    ActiveFault, Cleared, FaultId, FaultRule, RequestFields, RuleError, RuleState,
    rule_set::{ActiveRule, RuleSet},
    trigger::trigger_number,
};
use crate::api::Warning;

/// Every fault rule. Of the rules that match a request, the first applies whose `nth`, `every` and `probability` select
/// it. Rules for its merchant come before rules for all merchants, and older rules before newer ones.
#[derive(Debug)]
pub(crate) struct Faults {
    sets: Mutex<Sets>,
    /// The maximum number of rules for each merchant, and also for all merchants.
    most: usize,
    /// The most memory of all rules together, in bytes.
    most_bytes: usize,
}

#[derive(Debug, Default)]
struct Sets {
    by_merchant: HashMap<Mchid, RuleSet>,
    for_all: RuleSet,
    added: FaultId,
    /// The memory of all rules, or more: rules may have been removed since it was counted.
    bytes: usize,
}

/// The positions of the rules that a request matched. They count it once it is committed.
#[derive(Default)]
struct Seen {
    own: Vec<usize>,
    for_all: Vec<usize>,
}

impl Faults {
    pub(crate) fn new(most: usize, most_bytes: usize) -> Self {
        Self { sets: Mutex::default(), most, most_bytes }
    }

    /// Adds a rule that has been checked. If there are too many, rules that are used up or have expired are removed
    /// first.
    pub(crate) fn add(&self, rule: FaultRule, now: Timestamp) -> Result<RuleState, RuleError> {
        let mut sets = self.sets.lock();
        let state = RuleState::new(sets.added + 1, rule, now);
        self.insert(&mut sets, state.clone(), now)?;
        sets.added = state.id;
        Ok(state)
    }

    /// Adds a rule that another mock may have added, unless it is known. Returns the IDs of those that are removed for it.
    pub(crate) fn adopt(&self, state: RuleState, now: Timestamp) -> Result<Vec<FaultId>, RuleError> {
        let mut sets = self.sets.lock();
        if sets.rules_mut().any(|rule| rule.state.id == state.id) {
            return Ok(Vec::new());
        }
        self.insert(&mut sets, state, now)
    }

    fn insert(&self, sets: &mut Sets, state: RuleState, now: Timestamp) -> Result<Vec<FaultId>, RuleError> {
        let rule = &state.rule;
        let mchid: Option<Mchid> = rule.when.merchant.as_deref().and_then(|mchid| mchid.parse().ok());
        let set = sets.of_mut(mchid.clone());
        let mut removed = Vec::new();
        if set.rules.len() >= self.most {
            let over = set.rules.extract_if(.., |rule| rule.is_over(now));
            removed.extend(over.map(|rule| rule.state.id));
        }
        if set.rules.len() >= self.most {
            return Err(RuleError::TooMany { most: self.most });
        }
        let size = rule.size();
        if sets.bytes + size > self.most_bytes {
            sets.bytes = sets.rules_mut().map(|rule| rule.state.rule.size()).sum();
        }
        if sets.bytes + size > self.most_bytes {
            return Err(RuleError::TooLarge { most: self.most_bytes });
        }
        let plan = rule.plan();
        sets.of_mut(mchid).rules.push(ActiveRule { state, plan });
        sets.bytes += size;
        Ok(removed)
    }

    /// Commits a request with the fault that applies to it: the one that a number in it triggers, or that of the first
    /// rule that applies. If the commit fails, the request has not counted, and nothing else counted meanwhile.
    ///
    /// A malformed trigger number gives a warning.
    ///
    /// # Errors
    /// That of the commit.
    pub(crate) fn commit_with_fault<E>(
        &self,
        request: &RequestFields<'_>,
        now: Timestamp,
        warnings: &mut Vec<Warning>,
        commit: impl FnOnce(Option<&ActiveFault>) -> Result<(), E>,
    ) -> Result<Option<(ActiveFault, Cleared)>, E> {
        let mut sets = self.sets.lock();
        let (own, for_all) = sets.of_and_for_all(request.mchid);
        let mut used = Vec::new();
        let by_number =
            request.merchant_numbers().find_map(|(name, number)| match trigger_number(name, number)? {
                Ok(trigger) if trigger.plan.affects(request.is_signed) => {
                    let uses = own.uses.peek(number).map_or(1, |uses| uses + 1);
                    used.push((number, uses));
                    trigger.fault(uses)
                }
                Ok(_) => None,
                Err(problem) => {
                    warnings.push(Warning::MalformedTriggerNumber { problem });
                    None
                }
            });

        let mut seen = Seen::default();
        let fault = by_number
            .or_else(|| own.choose(now, &mut seen.own, |rule| rule.matches(request)))
            .or_else(|| for_all.choose(now, &mut seen.for_all, |rule| rule.matches(request)));
        if used.is_empty() && seen.own.is_empty() && seen.for_all.is_empty() {
            // Nothing to count, so that other commits need not wait for this one.
            drop(sets);
            return commit(None).map(|()| None);
        }
        commit(fault.as_ref())?;

        for (number, uses) in used {
            own.count_use(number, uses);
        }
        own.count(&seen.own, fault.as_ref());
        for_all.count(&seen.for_all, fault.as_ref());
        Ok(fault.map(|fault| (fault, Cleared(own.cleared.subscribe()))))
    }

    /// The fault that applies to an attempt to deliver a callback: that of the first rule that applies.
    pub(crate) fn of_callback(&self, mchid: &Mchid, event_type: &str, now: Timestamp) -> Option<ActiveFault> {
        let mut sets = self.sets.lock();
        let (own, for_all) = sets.of_and_for_all(mchid);
        let mut seen = Seen::default();
        let is_match = |rule: &ActiveRule| rule.matches_callback(event_type);
        let fault = own
            .choose(now, &mut seen.own, is_match)
            .or_else(|| for_all.choose(now, &mut seen.for_all, is_match));
        own.count(&seen.own, fault.as_ref());
        for_all.count(&seen.for_all, fault.as_ref());
        fault
    }

    /// Every rule, oldest first.
    pub(crate) fn list(&self) -> Vec<RuleState> {
        let mut sets = self.sets.lock();
        let mut rules: Vec<_> = sets.rules_mut().map(|rule| rule.state.clone()).collect();
        rules.sort_by_key(|rule| rule.id);
        rules
    }

    /// Removes the rule with this ID. Returns whether there was one.
    pub(crate) fn remove(&self, id: FaultId) -> bool {
        let mut sets = self.sets.lock();
        sets.all_mut().any(|set| {
            let before = set.rules.len();
            set.rules.retain(|rule| rule.state.id != id);
            set.rules.len() < before
        })
    }

    /// Removes every rule, or those of one merchant, and ends the waits that faults caused. Returns how many rules
    /// there were.
    pub(crate) fn clear(&self, mchid: Option<&Mchid>) -> usize {
        let mut sets = self.sets.lock();
        match mchid {
            Some(mchid) => sets.by_merchant.get_mut(mchid).map_or(0, RuleSet::clear),
            None => sets.all_mut().map(RuleSet::clear).sum(),
        }
    }

    /// Removes every rule, or those of one merchant, and the counts of their trigger numbers.
    pub(crate) fn reset(&self, mchid: Option<&Mchid>) {
        let mut sets = self.sets.lock();
        match mchid {
            // Dropping the senders wakes everything that waits for these sets to be cleared.
            Some(mchid) => drop(sets.by_merchant.remove(mchid)),
            None => {
                sets.by_merchant.clear();
                sets.for_all = RuleSet::default();
            }
        }
    }
}

impl Sets {
    fn of_mut(&mut self, mchid: Option<Mchid>) -> &mut RuleSet {
        match mchid {
            None => &mut self.for_all,
            Some(mchid) => self.by_merchant.entry(mchid).or_default(),
        }
    }

    fn of_and_for_all(&mut self, mchid: &Mchid) -> (&mut RuleSet, &mut RuleSet) {
        if !self.by_merchant.contains_key(mchid) {
            self.by_merchant.insert(mchid.clone(), RuleSet::default());
        }
        (self.by_merchant.get_mut(mchid).expect("it was inserted"), &mut self.for_all)
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut RuleSet> {
        self.by_merchant.values_mut().chain([&mut self.for_all])
    }

    fn rules_mut(&mut self) -> impl Iterator<Item = &mut ActiveRule> {
        self.all_mut().flat_map(|set| &mut set.rules)
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, sync::Barrier, thread};

    use serde_json::{Value, json};
    use wechatpay_openapi::{Contract, Operation};

    use super::*;
    use crate::faults::Fault;

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

    fn mchid() -> Mchid {
        "1900000001".parse().unwrap()
    }

    fn operation(id: &str) -> &'static Operation {
        Contract::current().operation(id).unwrap()
    }

    fn faults(rule: FaultRule) -> Faults {
        let faults = Faults::new(1, usize::MAX);
        faults.add(rule, NOW).unwrap();
        faults
    }

    fn fault_with(faults: &Faults, code: &str, is_signed: bool, now: Timestamp) -> Option<ActiveFault> {
        committed(faults, "n", code, is_signed, now, Ok(())).unwrap()
    }

    /// The fault of a request whose commit ends like this.
    fn committed(
        faults: &Faults,
        number: &str,
        code: &str,
        is_signed: bool,
        now: Timestamp,
        commit: Result<(), ()>,
    ) -> Result<Option<ActiveFault>, ()> {
        let (mchid, parameters) = (mchid(), [("card_id", "c".to_owned()), ("code", code.to_owned())]);
        let body = json!({ "out_request_no": number });
        let request = RequestFields {
            mchid: &mchid,
            operation: operation("set_rights"),
            parameters: &parameters,
            body: &body,
            is_signed,
        };
        let fault = faults.commit_with_fault(&request, now, &mut Vec::new(), |_| commit)?;
        Ok(fault.map(|(fault, _)| fault))
    }

    fn fault_of(faults: &Faults) -> Option<ActiveFault> {
        fault_with(faults, "1", true, NOW)
    }

    /// A request whose commit fails.
    fn conflict(faults: &Faults, number: &str) {
        committed(faults, number, "1", true, NOW, Err(())).unwrap_err();
    }

    #[test]
    fn a_rule_applies_as_often_as_it_says_and_is_then_used_up() {
        let faults = faults(FaultRule { times: Some(2), ..FaultRule::of(Fault::Reset) });
        let struck = (0..5).filter(|_| fault_of(&faults).is_some()).count();
        assert_eq!((struck, faults.list()[0].struck), (2, 2));
        faults.add(FaultRule::of(Fault::Reset), NOW).unwrap();
        assert_eq!(faults.list().len(), 1, "the used-up rule has made room");
    }

    #[test]
    fn a_rule_for_one_request_applies_to_exactly_one_of_many_concurrent_ones() {
        const AT_ONCE: usize = 8;
        let faults = faults(FaultRule { times: Some(1), ..FaultRule::of(Fault::Reset) });
        let start = Barrier::new(AT_ONCE);
        let struck: usize = thread::scope(|scope| {
            let count = || {
                start.wait();
                usize::from(fault_of(&faults).is_some())
            };
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(struck, 1);
    }

    #[test]
    fn a_rule_ends_when_its_time_is_up() {
        let faults = faults(FaultRule { ttl: Some(10), ..FaultRule::of(Fault::Reset) });
        let later = |seconds| Timestamp::from_unix(NOW.as_unix() + seconds);
        assert!(fault_with(&faults, "1", true, later(9)).is_some());
        assert!(fault_with(&faults, "1", true, later(10)).is_none());
    }

    #[test]
    fn a_rule_applies_only_to_requests_that_match() {
        let mut rule = FaultRule::of(Fault::Reset);
        rule.when.code = Some("2".into());
        let faults = faults(rule);
        assert!(fault_of(&faults).is_none());
        assert!(fault_with(&faults, "2", true, NOW).is_some());
    }

    #[test]
    fn a_signature_fault_neither_counts_nor_applies_to_an_unsigned_response() {
        let mut rule = FaultRule::of(Fault::WrongKey);
        rule.when.nth = Some(1);
        let faults = faults(rule);
        assert!(fault_with(&faults, "1", false, NOW).is_none());
        assert_eq!(faults.list()[0].seen, 0);
        assert!(fault_of(&faults).is_some());
    }

    #[test]
    fn a_failed_commit_counts_for_no_rule() {
        let mut second = FaultRule { times: Some(1), ..FaultRule::of(Fault::Reset) };
        second.when.nth = Some(2);
        let faults = Faults::new(2, usize::MAX);
        faults.add(second, NOW).unwrap();
        faults.add(FaultRule { times: Some(1), ..FaultRule::of(Fault::SystemError) }, NOW).unwrap();
        conflict(&faults, "n");
        let counts: Vec<_> = faults.list().iter().map(|rule| (rule.seen, rule.struck)).collect();
        assert_eq!(counts, [(0, 0), (0, 0)]);
        assert_eq!(fault_of(&faults).unwrap().fault, Some(Fault::SystemError));
        conflict(&faults, "n");
        assert_eq!(
            fault_of(&faults).unwrap().fault,
            Some(Fault::Reset),
            "this is the second request that counts"
        );
    }

    #[test]
    fn a_failed_commit_is_no_use_of_a_trigger_number() {
        let (faults, number) = (Faults::new(1, usize::MAX), "MOCK*reset|x1*1");
        let fault = || committed(&faults, number, "1", true, NOW, Ok(())).unwrap();
        conflict(&faults, number);
        assert!(fault().is_some());
        assert!(fault().is_none());
    }

    #[test]
    fn of_several_trigger_numbers_the_first_applies_that_is_not_used_up() {
        let (faults, mchid) = (Faults::new(1, usize::MAX), mchid());
        let parameters = [("out_trade_no", "MOCK*reset|x1*1".to_owned())];
        let body = json!({ "out_refund_no": "MOCK*system-error|x1*1", "nested": { "out_bill_no": "MOCK*refuse*1" } });
        let (operation, is_signed) = (operation("set_rights"), true);
        let request =
            RequestFields { mchid: &mchid, operation, parameters: &parameters, body: &body, is_signed };
        let fault = || {
            let commit = |_: Option<&ActiveFault>| Ok::<_, Infallible>(());
            let Ok(fault) = faults.commit_with_fault(&request, NOW, &mut Vec::new(), commit);
            fault.and_then(|(fault, _)| fault.fault)
        };
        assert_eq!([fault(), fault(), fault()], [Some(Fault::Reset), Some(Fault::SystemError), None]);
    }

    #[tokio::test]
    async fn clearing_rules_ends_waits_that_start_afterwards() {
        let faults = faults(FaultRule::of(Fault::NoAnswer));
        let (mchid, body) = (mchid(), Value::Null);
        let operation = operation("echo");
        let request =
            RequestFields { mchid: &mchid, operation, parameters: &[], body: &body, is_signed: true };
        let clear = |faults: &Faults| {
            faults.clear(None);
        };
        for clear in [clear, |faults: &Faults| faults.reset(None)] {
            let commit = |_: Option<&ActiveFault>| Ok::<_, Infallible>(());
            let Ok(fault) = faults.commit_with_fault(&request, NOW, &mut Vec::new(), commit);
            let (_, cleared) = fault.unwrap();
            clear(&faults);
            cleared.wait().await;
            faults.add(FaultRule::of(Fault::NoAnswer), NOW).unwrap();
        }
    }

    #[test]
    fn there_are_no_more_rules_than_allowed() {
        let faults = faults(FaultRule::of(Fault::Reset));
        assert_eq!(faults.add(FaultRule::of(Fault::Reset), NOW), Err(RuleError::TooMany { most: 1 }));
    }

    #[test]
    fn the_memory_of_all_rules_is_limited_and_removed_rules_do_not_count() {
        let faults = Faults::new(1000, 100_000);
        let large = || {
            let mut rule = FaultRule::of(Fault::Reset);
            rule.when.body = Some(json!(vec![1; 1000]));
            faults.add(rule, NOW)
        };
        let kept: Vec<_> = (0..10).map_while(|_| large().ok()).collect();
        assert!((1..10).contains(&kept.len()), "{}", kept.len());
        assert_eq!(large(), Err(RuleError::TooLarge { most: 100_000 }));
        assert!(faults.remove(kept[0].id));
        assert!(large().is_ok());
    }
}
