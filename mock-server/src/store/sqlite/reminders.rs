//! Documents that change by themselves.

use rusqlite::Connection;
use wechatpay_protocol::{Mchid, Timestamp};

use super::{
    Failed, Result,
    documents::rows,
    int, one, unsigned,
    work::{Work, mchid_of},
};
use crate::store::{Due, IsKnown, Key, Reminder};

/// What is due of known merchants, at most `most`.
pub(super) fn due(
    connection: &Connection,
    now: Timestamp,
    most: usize,
    is_known: IsKnown<'_>,
) -> Result<Due> {
    let mut select = connection
        .prepare_cached("SELECT due, number, mchid, kind, id FROM reminders ORDER BY due, number")?;
    let mut found = select.query([])?;
    let mut due = Due::default();
    while let Some(row) = found.next()? {
        let (mchid, at) = (mchid_of(row, 2)?, Timestamp::from_unix(unsigned(row.get(0)?)));
        if !is_known(&mchid) {
            continue;
        }
        if at > now || due.taken.len() >= most {
            due.next = Some(at);
            break;
        }
        let key = Key { kind: row.get(3)?, id: row.get(4)? };
        due.taken.push(Reminder { mchid, key, place: (at, unsigned(row.get(1)?)) });
    }
    Ok(due)
}

/// The reminders of a merchant.
pub(super) fn of(connection: &Connection, mchid: &Mchid) -> Result<Vec<(Timestamp, Key)>> {
    rows(
        connection,
        "SELECT due, kind, id FROM reminders WHERE mchid = ?1 ORDER BY due, number",
        [mchid.as_str()],
        |row| {
            let at = Timestamp::from_unix(unsigned(row.get(0)?));
            Ok((at, Key { kind: row.get(1)?, id: row.get(2)? }))
        },
    )
}

impl Work<'_> {
    /// Keeps reminders. Beyond the bound, the last due is forgotten.
    pub(super) fn remind(&mut self, mchid: &Mchid, reminders: Vec<(Timestamp, Key)>) -> Result<()> {
        for (at, key) in reminders {
            self.news.reminders = true;
            self.counts.totals.last_reminder += 1;
            self.counts.totals.reminders += 1;
            let mut insert = self.connection.prepare_cached(
                "INSERT INTO reminders (due, number, mchid, kind, id) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let number = int(self.counts.totals.last_reminder);
            insert.execute((int(at.as_unix()), number, mchid.as_str(), &*key.kind, &key.id))?;
            if self.counts.totals.reminders > self.bounds.reminders {
                let last = one(
                    self.connection,
                    "SELECT due, number FROM reminders ORDER BY due DESC, number DESC LIMIT 1",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
                self.forget_reminders(last.as_slice())?;
            }
        }
        Ok(())
    }

    /// Forgets the reminders at these places.
    pub(super) fn forget_reminders(&mut self, places: &[(i64, i64)]) -> Result<()> {
        for place in places {
            let mut delete =
                self.connection.prepare_cached("DELETE FROM reminders WHERE due = ?1 AND number = ?2")?;
            let removed = delete.execute(*place)?;
            self.forgot(removed);
        }
        Ok(())
    }

    /// Forgets the reminders of one merchant, or of all.
    pub(super) fn forget_all_reminders(&mut self, mchid: Option<&Mchid>) -> Result<()> {
        let removed = match mchid {
            Some(mchid) => {
                self.connection.execute("DELETE FROM reminders WHERE mchid = ?1", [mchid.as_str()])
            }
            None => self.connection.execute("DELETE FROM reminders", []),
        };
        self.forgot(removed.map_err(Failed::Sqlite)?);
        Ok(())
    }

    fn forgot(&mut self, count: usize) {
        let left = &mut self.counts.totals.reminders;
        *left = left.saturating_sub(count as u64);
    }
}
