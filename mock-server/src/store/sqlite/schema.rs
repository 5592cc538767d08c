//! The tables of the file, which people can open and read.

use rusqlite::{Connection, Result};

/// Tells the mock's files from those of other applications: `WPay`.
pub(super) const APPLICATION: i32 = 0x5750_6179;

/// What leads from each version of the schema to the next one, beginning with an empty file. A step stays as it is once it was
/// released: files exist that took it.
pub(super) const STEPS: &[&str] = &[VERSION_1];

/// The columns that are looked up come before the long ones, which SQLite then need not read.
const VERSION_1: &str = "
CREATE TABLE merchants (
    mchid TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,       -- of the last change; it never decreases
    created INTEGER NOT NULL,       -- how many documents requests have created
    bytes INTEGER NOT NULL,         -- about how much requests have added
    first_number INTEGER NOT NULL,  -- the places of the request numbers
    last_number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    mchid TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    place INTEGER NOT NULL,         -- orders the documents of a kind by their creation
    version INTEGER NOT NULL,       -- of the last change of this document
    seeded INTEGER NOT NULL,        -- 1 if it is of the merchant's initial state
    value TEXT NOT NULL             -- JSON
) STRICT;
CREATE UNIQUE INDEX documents_by_id ON documents (mchid, kind, id);
CREATE UNIQUE INDEX documents_by_place ON documents (mchid, kind, place);
CREATE INDEX documents_by_change ON documents (mchid, version) WHERE seeded = 0;

-- The initial documents, which a reset restores.
CREATE TABLE seeds (
    mchid TEXT NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (mchid, place)
) STRICT, WITHOUT ROWID;

-- The used request numbers and their contents, as the beginnings of their SHA-256.
CREATE TABLE numbers (
    mchid TEXT NOT NULL,
    place INTEGER NOT NULL,
    number BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (mchid, place)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX numbers_by_number ON numbers (mchid, number);

CREATE TABLE callbacks (
    number INTEGER NOT NULL PRIMARY KEY,
    mchid TEXT NOT NULL,
    state TEXT NOT NULL,            -- waiting, sending, received, given_up, held
    due INTEGER,                    -- of the next attempt or the one in progress, by the mock's clock
    size INTEGER NOT NULL,          -- about how much it takes
    event_type TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    record TEXT NOT NULL            -- JSON: all of it, with its attempts
) STRICT;
CREATE INDEX callbacks_to_send ON callbacks (state, mchid, due) WHERE due IS NOT NULL;
CREATE INDEX callbacks_settled ON callbacks (number) WHERE due IS NULL;

-- When documents change by themselves, by the mock's clock.
CREATE TABLE reminders (
    due INTEGER NOT NULL,
    number INTEGER NOT NULL,
    mchid TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (due, number)
) STRICT, WITHOUT ROWID;

-- The mock's own, such as its clock's offset.
CREATE TABLE notes (
    name TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE totals (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    last_callback INTEGER NOT NULL,
    callbacks INTEGER NOT NULL,
    callback_bytes INTEGER NOT NULL,
    last_reminder INTEGER NOT NULL,
    reminders INTEGER NOT NULL,
    removed_version INTEGER NOT NULL -- the highest version of a removed merchant
) STRICT;
INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0, 0);
";

/// The version of the file's schema; 0 if it is empty.
pub(super) fn version(connection: &Connection) -> Result<usize> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Takes the steps that the file has not taken yet: all or none.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<()> {
    let version = version(connection)?;
    if version >= steps.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for step in &steps[version..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", super::int(steps.len()))?;
    transaction.commit()
}
