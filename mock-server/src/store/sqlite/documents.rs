//! Documents and request numbers.

use std::sync::Arc;

use rusqlite::{Connection, Params, Row};
use wechatpay_protocol::Mchid;

use super::{
    Failed, Result,
    cache::{Cache, Kept},
    int, one, step, unsigned,
    work::{Account, Counts, Work},
};
use crate::store::{
    Document, Fingerprint, JsonText, Key, Listed, MerchantState,
    documents::Changes,
    space::{ENTRY, size_of_document},
};

pub(super) fn read(
    connection: &Connection,
    cache: &mut Cache,
    mchid: &Mchid,
    key: &Key,
) -> Result<Option<Kept>> {
    if let Some(known) = cache.document(mchid, key) {
        return Ok(known.clone());
    }
    let found = one(
        connection,
        "SELECT rowid, seeded, version, value FROM documents WHERE mchid = ?1 AND kind = ?2 AND id = ?3",
        (mchid.as_str(), &*key.kind, &key.id),
        |row| Ok(Kept { row: row.get(0)?, is_seeded: row.get(1)?, document: document(row, 2)? }),
    )?;
    cache.keep_document(mchid, key, found.clone());
    Ok(found)
}

fn version_of(connection: &Connection, cache: &mut Cache, mchid: &Mchid, key: &Key) -> Result<u64> {
    match cache.document(mchid, key) {
        Some(known) => Ok(Kept::version(known.as_ref())),
        None => Ok(Kept::version(read(connection, cache, mchid, key)?.as_ref())),
    }
}

/// The document whose version and value begin in this column.
fn document(row: &Row<'_>, column: usize) -> rusqlite::Result<Document> {
    Ok(Document { version: unsigned(row.get(column)?), value: text(row, column + 1)? })
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<JsonText> {
    Ok(JsonText::known(row.get_ref(column)?.as_str()?))
}

pub(super) fn list(
    connection: &Connection,
    mchid: &Mchid,
    kind: &str,
    after: u64,
    most: usize,
) -> Result<Vec<Listed>> {
    let statement = "SELECT place, id, version, value FROM documents \
        WHERE mchid = ?1 AND kind = ?2 AND place > ?3 ORDER BY place LIMIT ?4";
    rows(connection, statement, (mchid.as_str(), kind, int(after), int(most)), listed)
}

pub(super) fn list_newest(
    connection: &Connection,
    mchid: &Mchid,
    kind: &str,
    before: u64,
    most: usize,
) -> Result<Vec<Listed>> {
    let statement = "SELECT place, id, version, value FROM documents \
        WHERE mchid = ?1 AND kind = ?2 AND place < ?3 ORDER BY place DESC LIMIT ?4";
    rows(connection, statement, (mchid.as_str(), kind, int(before), int(most)), listed)
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed { place: unsigned(row.get(0)?), id: row.get(1)?, document: document(row, 2)? })
}

pub(super) fn kinds(connection: &Connection, mchid: &Mchid) -> Result<Vec<(Arc<str>, usize)>> {
    let statement = "SELECT kind, count(*) FROM documents WHERE mchid = ?1 GROUP BY kind";
    rows(connection, statement, [mchid.as_str()], |row| {
        Ok((row.get(0)?, usize::try_from(row.get::<_, i64>(1)?).unwrap_or_default()))
    })
}

/// All documents, in the order in which they were created.
pub(super) fn all(connection: &Connection, mchid: &Mchid) -> Result<Vec<(Key, JsonText)>> {
    let statement = "SELECT kind, id, value FROM documents WHERE mchid = ?1 ORDER BY place";
    rows(connection, statement, [mchid.as_str()], keyed)
}

/// The initial documents.
pub(super) fn seed(connection: &Connection, mchid: &Mchid) -> Result<Vec<(Key, JsonText)>> {
    let statement = "SELECT kind, id, value FROM seeds WHERE mchid = ?1 ORDER BY place";
    rows(connection, statement, [mchid.as_str()], keyed)
}

fn keyed(row: &Row<'_>) -> rusqlite::Result<(Key, JsonText)> {
    Ok((Key { kind: row.get(0)?, id: row.get(1)? }, text(row, 2)?))
}

pub(super) fn number(
    connection: &Connection,
    cache: &mut Cache,
    mchid: &Mchid,
    number: Fingerprint,
) -> Result<Option<Fingerprint>> {
    if let Some(known) = cache.number(mchid, number) {
        return Ok(known);
    }
    let found = one(
        connection,
        "SELECT content FROM numbers WHERE mchid = ?1 AND number = ?2",
        (mchid.as_str(), number.0),
        |row| row.get(0).map(Fingerprint),
    )?;
    cache.keep_number(mchid, number, found);
    Ok(found)
}

/// All request numbers, the oldest first.
pub(super) fn numbers(connection: &Connection, mchid: &Mchid) -> Result<Vec<(Fingerprint, Fingerprint)>> {
    let statement = "SELECT number, content FROM numbers WHERE mchid = ?1 ORDER BY place";
    rows(connection, statement, [mchid.as_str()], |row| {
        Ok((Fingerprint(row.get(0)?), Fingerprint(row.get(1)?)))
    })
}

pub(super) fn rows<T>(
    connection: &Connection,
    statement: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let mut select = connection.prepare_cached(statement)?;
    let found = select.query_map(values, read)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// Checks what a request has read that changes nothing. Returns the version of the last change.
pub(super) fn verify(
    connection: &Connection,
    cache: &mut Cache,
    counts: &Counts,
    mchid: &Mchid,
    changes: &Changes,
) -> Result<u64> {
    for (key, version) in &changes.read {
        if version_of(connection, cache, mchid, key)? != *version {
            return Err(Failed::Conflict);
        }
    }
    Ok(counts.version(mchid))
}

/// About how much a document takes with its key.
fn size(key: &Key, value: i64) -> i64 {
    int(size_of_document([key.kind.len(), key.id.len()], 0)) + value
}

impl Work<'_> {
    /// Keeps a request's changes. Returns their version.
    pub(super) fn commit(&mut self, mchid: &Mchid, changes: Changes) -> Result<u64> {
        // All are compared before any is changed, and before anything is counted.
        for (key, version) in &changes.read {
            if version_of(self.connection, self.cache, mchid, key)? != *version {
                return Err(Failed::Conflict);
            }
        }
        for (key, value) in changes.changed {
            match value {
                Some(value) => self.put(mchid, &key, value)?,
                None => self.remove_document(mchid, &key)?,
            }
            step("after a document");
        }
        for (number, content) in changes.numbers {
            self.use_number(mchid, number, content)?;
            step("after a number");
        }
        for (receiver, outgoing) in changes.outgoing {
            self.send(&receiver, outgoing)?;
            step("after a callback");
        }
        self.remind(mchid, changes.reminders)?;
        step("after the reminders");
        self.make_room()?;
        Ok(self.counts.version(mchid))
    }

    fn put(&mut self, mchid: &Mchid, key: &Key, value: JsonText) -> Result<()> {
        let len = int(value.len());
        if let Some(known) = read(self.connection, self.cache, mchid, key)? {
            let version = self.account(mchid, |account| {
                account.bytes += len - int(known.document.value.len());
                account.next_version()
            });
            return self.replace_document(mchid, key, Document { version, value }, &known);
        }
        let (version, created) = self.account(mchid, |account| {
            account.bytes += size(key, len);
            account.created += 1;
            (account.next_version(), account.created)
        });
        self.insert(mchid, key, Document { version, value }, false)?;
        if created > self.bounds.created {
            self.evict_document(mchid)?;
        }
        Ok(())
    }

    fn replace_document(&mut self, mchid: &Mchid, key: &Key, document: Document, known: &Kept) -> Result<()> {
        let mut update = self
            .connection
            .prepare_cached("UPDATE documents SET version = ?1, value = ?2 WHERE rowid = ?3")?;
        update.execute((int(document.version), document.value.as_str(), known.row))?;
        self.cache.keep_document(mchid, key, Some(Kept { document, ..*known }));
        Ok(())
    }

    fn insert(&mut self, mchid: &Mchid, key: &Key, document: Document, is_seeded: bool) -> Result<()> {
        let (version, value) = (int(document.version), document.value.as_str());
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO documents (mchid, kind, id, place, version, seeded, value) \
            VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)",
        )?;
        let row = insert.insert((mchid.as_str(), &*key.kind, &key.id, version, is_seeded, value))?;
        self.cache.keep_document(mchid, key, Some(Kept { row, is_seeded, document }));
        Ok(())
    }

    /// Removes a document, also one of the seed, which a reset restores.
    fn remove_document(&mut self, mchid: &Mchid, key: &Key) -> Result<()> {
        let known = read(self.connection, self.cache, mchid, key)?;
        self.account(mchid, Account::next_version);
        let Some(Kept { row, is_seeded, document }) = known else { return Ok(()) };
        let len = int(document.value.len());
        self.cache.keep_document(mchid, key, None);
        self.connection.prepare_cached("DELETE FROM documents WHERE rowid = ?1")?.execute([row])?;
        self.account(mchid, |account| {
            account.created = account.created.saturating_sub(u64::from(!is_seeded));
            account.bytes -= if is_seeded { len } else { size(key, len) };
        });
        Ok(())
    }

    /// Evicts from the merchant with the most until all of them take no more than allowed, so that a busy merchant does not evict
    /// a quiet merchant's documents.
    fn make_room(&mut self) -> Result<()> {
        while let Some(mchid) = self.too_large() {
            if !self.evict_document(&mchid)? && !self.evict_number(&mchid)? {
                break;
            }
        }
        Ok(())
    }

    /// Evicts the document that was changed longest ago. Returns whether there was one.
    fn evict_document(&mut self, mchid: &Mchid) -> Result<bool> {
        let oldest = one(
            self.connection,
            "SELECT rowid, octet_length(value), kind, id FROM documents \
            WHERE mchid = ?1 AND seeded = 0 ORDER BY version LIMIT 1",
            [mchid.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, Key { kind: row.get(2)?, id: row.get(3)? })),
        )?;
        let Some((row, len, key)) = oldest else { return Ok(false) };
        let (row, len): (i64, i64) = (row, len);
        self.cache.keep_document(mchid, &key, None);
        self.connection.prepare_cached("DELETE FROM documents WHERE rowid = ?1")?.execute([row])?;
        self.account(mchid, |account| {
            account.created = account.created.saturating_sub(1);
            account.bytes -= size(&key, len);
        });
        Ok(true)
    }

    fn evict_number(&mut self, mchid: &Mchid) -> Result<bool> {
        let evicted = self.account(mchid, |account| {
            let [first, last] = &mut account.numbers;
            let oldest = (*first < *last).then_some(*first);
            if oldest.is_some() {
                *first += 1;
                account.bytes -= int(ENTRY);
            }
            oldest
        });
        let Some(oldest) = evicted else { return Ok(false) };
        let number = one(
            self.connection,
            "DELETE FROM numbers WHERE mchid = ?1 AND place = ?2 RETURNING number",
            (mchid.as_str(), int(oldest)),
            |row| row.get(0).map(Fingerprint),
        )?;
        if let Some(number) = number {
            self.cache.keep_number(mchid, number, None);
        }
        Ok(true)
    }

    /// The number that was first used longest ago is evicted first, even if it was used again.
    fn use_number(&mut self, mchid: &Mchid, number: Fingerprint, content: Fingerprint) -> Result<()> {
        if let Some(known) = self::number(self.connection, self.cache, mchid, number)? {
            if known != content {
                self.cache.keep_number(mchid, number, Some(content));
                let mut update = self
                    .connection
                    .prepare_cached("UPDATE numbers SET content = ?1 WHERE mchid = ?2 AND number = ?3")?;
                update.execute((content.0, mchid.as_str(), number.0))?;
            }
            return Ok(());
        }
        let [first, last] = self.account(mchid, |account| {
            account.numbers[1] += 1;
            account.bytes += int(ENTRY);
            account.numbers
        });
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO numbers (mchid, place, number, content) VALUES (?1, ?2, ?3, ?4)")?;
        insert.execute((mchid.as_str(), int(last - 1), number.0, content.0))?;
        self.cache.keep_number(mchid, number, Some(content));
        if last - first > self.bounds.numbers {
            self.evict_number(mchid)?;
        }
        Ok(())
    }

    /// Sets the initial documents. A merchant that is not known yet begins with them.
    pub(super) fn seed(&mut self, mchid: &Mchid, documents: &[(Key, JsonText)]) -> Result<()> {
        self.forget("DELETE FROM seeds WHERE mchid = ?1", mchid)?;
        for (place, (key, value)) in documents.iter().enumerate() {
            let mut insert = self.connection.prepare_cached(
                "INSERT INTO seeds (mchid, place, kind, id, value) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            insert.execute((mchid.as_str(), int(place), &*key.kind, &key.id, value.as_str()))?;
        }
        if self.counts.knows(mchid) { Ok(()) } else { self.restore(mchid, documents) }
    }

    /// Restores the initial documents of one merchant, or of all merchants.
    pub(super) fn reset(&mut self, mchid: Option<&Mchid>) -> Result<()> {
        let merchants = mchid.map_or_else(|| self.counts.merchants(), |mchid| vec![mchid.clone()]);
        for merchant in merchants {
            let seed = seed(self.connection, &merchant)?;
            self.restore(&merchant, &seed)?;
        }
        self.forget_callbacks(mchid)?;
        self.forget_all_reminders(mchid)
    }

    /// Puts the initial documents in the place of all others.
    fn restore(&mut self, mchid: &Mchid, seed: &[(Key, JsonText)]) -> Result<()> {
        self.clear(mchid)?;
        for (key, value) in seed {
            let version = self.account(mchid, Account::next_version);
            let document = Document { version, value: value.clone() };
            match read(self.connection, self.cache, mchid, key)? {
                None => self.insert(mchid, key, document, true)?,
                Some(known) => self.replace_document(mchid, key, document, &known)?,
            }
        }
        Ok(())
    }

    /// Removes all documents and request numbers.
    fn clear(&mut self, mchid: &Mchid) -> Result<()> {
        self.cache.clear();
        self.forget("DELETE FROM documents WHERE mchid = ?1", mchid)?;
        self.forget("DELETE FROM numbers WHERE mchid = ?1", mchid)?;
        self.account(mchid, |account| {
            *account = Account { version: account.version, ..Account::default() };
            account.next_version();
        });
        Ok(())
    }

    /// Forgets the merchant.
    pub(super) fn remove(&mut self, mchid: &Mchid) -> Result<()> {
        self.clear(mchid)?;
        for statement in ["DELETE FROM seeds WHERE mchid = ?1", "DELETE FROM merchants WHERE mchid = ?1"] {
            self.forget(statement, mchid)?;
        }
        self.forget_account(mchid);
        self.forget_callbacks(Some(mchid))?;
        self.forget_all_reminders(Some(mchid))
    }

    fn forget(&self, statement: &str, mchid: &Mchid) -> Result<()> {
        self.connection.prepare_cached(statement)?.execute([mchid.as_str()])?;
        Ok(())
    }

    /// Replaces everything of a merchant. A reset still restores the seed.
    pub(super) fn import(&mut self, mchid: &Mchid, state: MerchantState) -> Result<()> {
        let MerchantState { documents, numbers, deliveries, reminders } = state;
        self.clear(mchid)?;
        for (key, value) in documents {
            self.put(mchid, &key, value)?;
        }
        for (number, content) in numbers {
            self.use_number(mchid, number, content)?;
        }
        self.forget_callbacks(Some(mchid))?;
        for delivery in deliveries {
            self.import_callback(mchid, delivery)?;
        }
        self.forget_all_reminders(Some(mchid))?;
        self.remind(mchid, reminders)?;
        self.make_room()
    }
}

impl Account {
    fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}
