//! The rules for one merchant, and how often each of them applied.

use lru::LruCache;
use tokio::sync::watch;
use wechatpay_protocol::Timestamp;

use super::{ActiveFault, FaultSource, On, RequestFields, RuleState, rule::Plan};

/// How many trigger numbers are counted for each merchant; the least recently used is evicted first. (own choice)
const TRIGGER_NUMBERS: usize = 10_000;

/// The rules for one merchant, or those for all merchants.
#[derive(Debug)]
pub(super) struct RuleSet {
    pub(super) rules: Vec<ActiveRule>,
    /// How often each trigger number was used.
    pub(super) uses: LruCache<String, u64>,
    /// Changes whenever all rules are removed.
    pub(super) cleared: watch::Sender<()>,
}

#[derive(Debug)]
pub(super) struct ActiveRule {
    pub(super) state: RuleState,
    pub(super) plan: Plan,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self { rules: Vec::new(), uses: LruCache::unbounded(), cleared: watch::Sender::new(()) }
    }
}

impl RuleSet {
    /// The fault of the first rule that applies. Adds the positions of the rules that match until then to `seen`.
    pub(super) fn choose(
        &self,
        now: Timestamp,
        seen: &mut Vec<usize>,
        is_match: impl Fn(&ActiveRule) -> bool,
    ) -> Option<ActiveFault> {
        self.rules.iter().enumerate().find_map(|(position, rule)| {
            (!rule.is_over(now) && is_match(rule)).then(|| {
                seen.push(position);
                rule.fault(rule.state.seen + 1)
            })?
        })
    }

    /// Counts a request that these rules matched, and the fault that applied to it.
    pub(super) fn count(&mut self, seen: &[usize], fault: Option<&ActiveFault>) {
        for position in seen {
            let state = &mut self.rules[*position].state;
            state.seen += 1;
            state.struck += u64::from(fault.is_some_and(|fault| fault.by == FaultSource::Rule(state.id)));
        }
    }

    pub(super) fn count_use(&mut self, number: &str, uses: u64) {
        self.uses.put(number.to_owned(), uses);
        if self.uses.len() > TRIGGER_NUMBERS {
            self.uses.pop_lru();
        }
    }

    pub(super) fn clear(&mut self) -> usize {
        self.cleared.send_replace(());
        std::mem::take(&mut self.rules).len()
    }
}

impl ActiveRule {
    pub(super) fn matches(&self, request: &RequestFields<'_>) -> bool {
        let rule = &self.state.rule;
        rule.on == On::Request && self.plan.affects(request.is_signed) && rule.when.matches(request)
    }

    pub(super) fn matches_callback(&self, event_type: &str) -> bool {
        let rule = &self.state.rule;
        rule.on == On::Callback && rule.when.matches_callback(event_type)
    }

    /// The fault for the n-th of the matching requests, if the rule applies to it.
    fn fault(&self, nth: u64) -> Option<ActiveFault> {
        let applies = self.state.rule.when.applies_to_nth(nth);
        applies.then(|| ActiveFault::new(FaultSource::Rule(self.state.id), self.plan.clone(), nth))
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.state.ends_at.is_some_and(|end| now.as_unix() >= end)
            || self.state.rule.times.is_some_and(|times| self.state.struck >= times)
    }
}
