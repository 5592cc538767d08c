//! Callbacks to send, and those that were sent. The file has room for the requests of all of them: what bounds them is their size.

use std::sync::Arc;

use rusqlite::{Connection, Row};
use wechatpay_protocol::{Mchid, Timestamp};
use wechatpay_texts::{Both, text};

use super::{
    Failed, Result,
    documents::rows,
    int, one, unsigned,
    work::{Counts, Work, mchid_of},
};
use crate::store::{Delivery, DeliveryState, IsKnown, Outgoing};

pub(super) fn read(connection: &Connection, number: u64) -> Result<Option<Delivery>> {
    let record =
        one(connection, "SELECT record FROM callbacks WHERE number = ?1", [int(number)], |row| row.get(0))?;
    record.map(|record: String| delivery(number, &record)).transpose()
}

fn delivery(number: u64, record: &str) -> Result<Delivery> {
    Delivery::from_json(record).map_err(|error| {
        Failed::Unreadable(Both::of(|| text!("its callback {number} is not as the mock writes it: {error}")))
    })
}

pub(super) fn list(
    connection: &Connection,
    mchid: Option<&Mchid>,
    after: u64,
    most: usize,
) -> Result<Vec<Arc<Delivery>>> {
    let record = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
    let (after, most) = (int(after), int(most));
    let records = match mchid {
        Some(mchid) => rows(
            connection,
            "SELECT number, record FROM callbacks WHERE number > ?1 AND mchid = ?3 ORDER BY number LIMIT ?2",
            (after, most, mchid.as_str()),
            record,
        ),
        None => rows(
            connection,
            "SELECT number, record FROM callbacks WHERE number > ?1 ORDER BY number LIMIT ?2",
            (after, most),
            record,
        ),
    };
    let records = records?.into_iter();
    records.map(|(number, record)| delivery(unsigned(number), &record).map(Arc::new)).collect()
}

/// The numbers of the known merchants' callbacks that are due, at most `most` and of each merchant at most `most_of_one` at once.
pub(super) fn due(
    connection: &Connection,
    counts: &Counts,
    now: Timestamp,
    most: usize,
    most_of_one: usize,
    is_known: IsKnown<'_>,
) -> Result<Vec<i64>> {
    let mut due: Vec<(i64, i64)> = Vec::new();
    for (mchid, queue) in counts.queues.iter().filter(|(mchid, queue)| queue.waiting > 0 && is_known(mchid)) {
        let free = int(most_of_one).saturating_sub(int(queue.sending)).min(int(most));
        if free > 0 {
            due.extend(rows(
                connection,
                "SELECT due, number FROM callbacks WHERE state = 'waiting' AND mchid = ?1 AND due <= ?2 \
                ORDER BY due, number LIMIT ?3",
                (mchid.as_str(), int(now.as_unix()), free),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?);
        }
    }
    due.sort_unstable();
    due.truncate(most);
    Ok(due.into_iter().map(|(_, number)| number).collect())
}

/// When the next one is due after `now`.
pub(super) fn next(
    connection: &Connection,
    counts: &Counts,
    now: Timestamp,
    is_known: IsKnown<'_>,
) -> Result<Option<Timestamp>> {
    let mut next: Option<i64> = None;
    for (mchid, _) in counts.queues.iter().filter(|(mchid, queue)| queue.waiting > 0 && is_known(mchid)) {
        let first = one(
            connection,
            "SELECT due FROM callbacks WHERE state = 'waiting' AND mchid = ?1 AND due > ?2 ORDER BY due LIMIT 1",
            (mchid.as_str(), int(now.as_unix())),
            |row| row.get::<_, i64>(0),
        )?;
        next = first.into_iter().chain(next).min();
    }
    Ok(next.map(|at| Timestamp::from_unix(unsigned(at))))
}

/// A state as the table has it, and when the attempt is due or was begun.
fn columns(state: DeliveryState, begun: Timestamp) -> (&'static str, Option<i64>) {
    match state {
        DeliveryState::Waiting(at) => ("waiting", Some(int(at.as_unix()))),
        DeliveryState::Sending => ("sending", Some(int(begun.as_unix()))),
        DeliveryState::Received => ("received", None),
        DeliveryState::GivenUp => ("given_up", None),
        DeliveryState::Held => ("held", None),
    }
}

/// What the counts need of a callback.
struct Kept {
    mchid: Mchid,
    state: String,
    size: i64,
}

impl Work<'_> {
    /// Keeps a callback. Returns its number.
    pub(super) fn send(&mut self, mchid: &Mchid, outgoing: Outgoing) -> Result<u64> {
        let number = self.next_number();
        self.insert_callback(&Delivery::new(number, mchid, outgoing))?;
        self.make_room_for_callbacks()?;
        Ok(number)
    }

    /// Keeps a callback of this merchant under a new number. An attempt that was in progress begins again.
    pub(super) fn import_callback(&mut self, mchid: &Mchid, mut delivery: Delivery) -> Result<()> {
        (delivery.number, delivery.mchid) = (self.next_number(), mchid.clone());
        if delivery.state == DeliveryState::Sending {
            delivery.state = DeliveryState::Waiting(delivery.created);
        }
        self.insert_callback(&delivery)?;
        self.make_room_for_callbacks()
    }

    fn next_number(&mut self) -> u64 {
        self.counts.totals.last_callback += 1;
        self.counts.totals.last_callback
    }

    fn insert_callback(&mut self, delivery: &Delivery) -> Result<()> {
        let (state, due) = columns(delivery.state, delivery.created);
        let size = int(delivery.size());
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO callbacks (number, mchid, state, due, size, event_type, notify_url, record) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        insert.execute((
            int(delivery.number),
            delivery.mchid.as_str(),
            state,
            due,
            size,
            &delivery.event_type,
            &delivery.notify_url,
            delivery.to_json().as_str(),
        ))?;
        self.count(&delivery.mchid, state, size, true);
        Ok(())
    }

    /// Puts a callback in the place of the one with its number, if there is one.
    fn replace(&mut self, delivery: &Delivery, begun: Timestamp) -> Result<bool> {
        let Some(kept) = self.kept(int(delivery.number))? else { return Ok(false) };
        let (state, due) = columns(delivery.state, begun);
        let size = int(delivery.size());
        let mut update = self.connection.prepare_cached(
            "UPDATE callbacks SET state = ?2, due = ?3, size = ?4, record = ?5 WHERE number = ?1",
        )?;
        update.execute((int(delivery.number), state, due, size, delivery.to_json().as_str()))?;
        self.count(&kept.mchid, &kept.state, kept.size, false);
        self.count(&kept.mchid, state, size, true);
        Ok(true)
    }

    fn kept(&self, number: i64) -> Result<Option<Kept>> {
        let mut select =
            self.connection.prepare_cached("SELECT mchid, state, size FROM callbacks WHERE number = ?1")?;
        let mut rows = select.query([number])?;
        let kept =
            |row: &Row<'_>| Ok(Kept { mchid: mchid_of(row, 0)?, state: row.get(1)?, size: row.get(2)? });
        rows.next()?.map(kept).transpose()
    }

    /// Counts a callback that is new, or no longer counts one.
    fn count(&mut self, mchid: &Mchid, state: &str, size: i64, is_new: bool) {
        let add = |count: &mut u64| *count = if is_new { *count + 1 } else { count.saturating_sub(1) };
        add(&mut self.counts.totals.callbacks);
        self.counts.totals.callback_bytes += if is_new { size } else { -size };
        let queue = self.counts.queues.entry(mchid.clone()).or_default();
        match state {
            "waiting" => add(&mut queue.waiting),
            "sending" => add(&mut queue.sending),
            _ => {}
        }
        if queue.waiting == 0 && queue.sending == 0 {
            self.counts.queues.remove(mchid);
        }
        self.news.outbox = true;
    }

    /// Forgets the oldest callback that nobody waits for, or without one the oldest of all, until there are no more than are kept.
    fn make_room_for_callbacks(&mut self) -> Result<()> {
        let is_full = |work: &Self| {
            let totals = &work.counts.totals;
            totals.callbacks > work.bounds.callbacks || totals.callback_bytes > work.bounds.callback_bytes
        };
        while is_full(self) {
            let first = |statement| one(self.connection, statement, [], |row| row.get::<_, i64>(0));
            let settled = first("SELECT number FROM callbacks WHERE due IS NULL ORDER BY number LIMIT 1")?;
            let oldest = match settled {
                None => first("SELECT number FROM callbacks ORDER BY number LIMIT 1")?,
                settled => settled,
            };
            let Some(oldest) = oldest else { break };
            let Some(kept) = self.kept(oldest)? else { break };
            self.connection.prepare_cached("DELETE FROM callbacks WHERE number = ?1")?.execute([oldest])?;
            self.count(&kept.mchid, &kept.state, kept.size, false);
        }
        Ok(())
    }

    /// Takes those of the callbacks with these numbers that still wait.
    pub(super) fn lease(&mut self, numbers: &[i64], now: Timestamp) -> Result<Vec<Delivery>> {
        // All are read before any is changed: one that can't be read must not undo what others have done.
        let found = numbers.iter().filter_map(|number| read(self.connection, unsigned(*number)).transpose());
        let mut taken = found.collect::<Result<Vec<_>>>()?;
        taken.retain(|delivery| matches!(delivery.state, DeliveryState::Waiting(_)));
        for delivery in &mut taken {
            delivery.state = DeliveryState::Sending;
            self.replace(delivery, now)?;
        }
        // Who takes them knows of them.
        self.news.outbox = false;
        Ok(taken)
    }

    /// Keeps a callback after an attempt, unless it was removed meanwhile. Returns whether it is still there.
    pub(super) fn update(&mut self, delivery: &Delivery) -> Result<bool> {
        self.news.outbox = true;
        self.replace(delivery, delivery.created)
    }

    /// Makes a callback due now, unless it is being sent. Returns how many attempts it has had.
    pub(super) fn send_again(&mut self, number: u64, now: Timestamp) -> Result<Option<usize>> {
        let Some(mut delivery) = read(self.connection, number)? else { return Ok(None) };
        if delivery.state != DeliveryState::Sending {
            delivery.state = DeliveryState::Waiting(now);
            self.replace(&delivery, now)?;
        }
        self.news.outbox = true;
        Ok(Some(delivery.attempts.len()))
    }

    /// What a mock that died was sending is due again.
    pub(super) fn send_interrupted(&mut self) -> Result<()> {
        let interrupted = rows(
            self.connection,
            "SELECT number FROM callbacks WHERE state = 'sending' AND due IS NOT NULL",
            [],
            |row| row.get::<_, i64>(0),
        )?;
        for number in interrupted {
            let Some(mut delivery) = read(self.connection, unsigned(number))? else { continue };
            delivery.state = DeliveryState::Waiting(delivery.created);
            self.replace(&delivery, delivery.created)?;
        }
        Ok(())
    }

    /// Forgets the callbacks of one merchant, or of all.
    pub(super) fn forget_callbacks(&mut self, mchid: Option<&Mchid>) -> Result<()> {
        let Some(mchid) = mchid else {
            self.connection.execute("DELETE FROM callbacks", [])?;
            self.counts.queues.clear();
            (self.counts.totals.callbacks, self.counts.totals.callback_bytes) = (0, 0);
            return Ok(());
        };
        let (count, bytes) = self.connection.query_row(
            "SELECT count(*), coalesce(sum(size), 0) FROM callbacks WHERE mchid = ?1",
            [mchid.as_str()],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )?;
        self.connection.execute("DELETE FROM callbacks WHERE mchid = ?1", [mchid.as_str()])?;
        self.counts.queues.remove(mchid);
        let totals = &mut self.counts.totals;
        totals.callbacks = totals.callbacks.saturating_sub(unsigned(count));
        totals.callback_bytes -= bytes;
        Ok(())
    }
}
