//! Documents that change by themselves: which are due, and which of them this mock has taken.

use std::{collections::HashMap, time::Duration};

use ::redis::Value;
use wechatpay_protocol::{Mchid, Timestamp};

use super::{
    super::{Due, IsKnown, Key, Reminder, StoreResult},
    AT_ONCE, Inner,
    keys::{self, SEPARATOR},
    scripts::SCRIPTS,
    values::{items, number, text, time, unreadable},
};

/// The most reminders that are kept for each merchant, as in memory. (own choice)
pub(super) const REMINDERS: usize = 200_000;

/// How often it is asked for what is due by itself. (own choice)
pub(super) const REMINDED_EVERY: Duration = Duration::from_secs(1);

/// How long a reminder stays with the mock that has taken it. If its document has not changed by then, it is due again. (own choice)
const REMINDED_FOR: Duration = Duration::from_secs(6);

impl Inner {
    pub(super) fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> StoreResult<Due> {
        let mut merchants = self.to_look_at(&self.reminders, now, REMINDED_EVERY)?;
        // As with callbacks.
        merchants.retain(|mchid| {
            let is_known = is_known(mchid);
            if !is_known {
                self.reminders.lock().touch(mchid);
            }
            is_known
        });
        let mut taken = Vec::new();
        let mut left = most;
        let mut rest = merchants.as_slice();
        // Each has one at least, so that no more are taken than wanted.
        while left > 0 && !rest.is_empty() {
            let (mchids, later) = rest.split_at(rest.len().min(AT_ONCE).min(left));
            rest = later;
            let each = left / mchids.len();
            let commands = mchids.iter().map(|mchid| {
                let mut command = SCRIPTS.due.call(mchid);
                command.arg(now.as_unix()).arg(each).arg(REMINDED_FOR.as_millis() as u64);
                (keys::slot_of(mchid), command)
            });
            let answers = self.link.call_each(commands)?;
            for (mchid, answer) in mchids.iter().zip(answers) {
                let Some(answer) = answer else {
                    self.reminders.lock().touch(mchid);
                    continue;
                };
                let answer = items(answer)?;
                let [next, more, found @ ..] = answer.as_slice() else { return Err(unreadable()) };
                let mut waiting = self.reminders.lock();
                waiting.set_next(mchid, time(next));
                if number(more)? > 0 {
                    waiting.touch(mchid);
                }
                for two in found.chunks_exact(2) {
                    let (place, key) = reminded(&two[0], &two[1]).ok_or_else(unreadable)?;
                    left = left.saturating_sub(1);
                    taken.push(Reminder { mchid: mchid.clone(), key, place });
                }
            }
        }
        let mut waiting = self.reminders.lock();
        rest.iter().for_each(|mchid| waiting.touch(mchid));
        Ok(Due { taken, next: waiting.next() })
    }

    pub(super) fn done(&self, done: &[Reminder]) -> StoreResult<()> {
        let mut names: HashMap<&Mchid, Vec<String>> = HashMap::new();
        for Reminder { mchid, key, place: (_, number) } in done {
            let name = format!("{number:016}{SEPARATOR}{}", keys::field(key));
            names.entry(mchid).or_default().push(name);
        }
        let commands = names.iter().flat_map(|(mchid, names)| {
            [keys::reminders(mchid), keys::taken(mchid)]
                .map(|key| (keys::slot_of(mchid), ::redis::cmd("ZREM").arg(key).arg(names).clone()))
        });
        self.link.call_each(commands).map(drop)
    }
}

/// A reminder as it is kept, its number, its kind and its ID: its place, and the document.
pub(super) fn reminded(kept: &Value, at: &Value) -> Option<((Timestamp, u64), Key)> {
    let (number, field) = text(kept)?.split_once(SEPARATOR)?;
    Some(((time(at)?, number.parse().ok()?), keys::key(field)?))
}
