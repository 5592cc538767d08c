//! Opens the file, or says why it can't be.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};
use wechatpay_texts::{Phrase, Text, phrase, text};

use super::schema::{self, APPLICATION};

/// How long a change waits for another program that writes to the file.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// What SQLite keeps of the file in memory, in KiB.
const CACHE: i32 = 2048;

/// What each SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Where the first page says which application made the file.
const APPLICATION_AT: usize = 68;

/// How many statements are kept compiled: more than there are.
const STATEMENTS: usize = 64;

/// Why the store's file can't be opened.
#[derive(Debug, Text, thiserror::Error)]
pub(crate) enum OpenError {
    /// Another mock uses it.
    #[text(
        "another mock uses {file}: it holds {lock}. Stop that mock, or name another file",
        file = file.display(), lock = lock.display()
    )]
    Locked {
        /// The store's file.
        file: PathBuf,
        /// The file that the other mock has locked.
        lock: PathBuf,
    },
    /// It is something else.
    #[text(
        "expected a file of the mock's or none at {file}, found {found}. It was left as it is: name another file",
        file = file.display()
    )]
    Foreign {
        /// The file.
        file: PathBuf,
        /// What it is.
        found: String,
    },
    /// A newer mock has written it.
    #[text(
        "a newer version of the mock wrote {file}: expected at most version {known} of its tables, found {found}. \
        Update the mock, or name another file",
        file = file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// The version of its tables.
        found: usize,
        /// The newest version that this mock knows.
        known: usize,
    },
    /// It is damaged.
    #[text(
        "{file} is damaged: {what}. Restore it from a copy, save what is left with `sqlite3 FILE .recover`, \
        or name another file",
        file = file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What SQLite says.
        what: String,
    },
    /// It can't be read or written.
    #[text("can't {what} {file}: {cause}. {advice}", file = file.display())]
    Refused {
        /// What was tried: `write to`.
        what: Phrase,
        /// The file.
        file: PathBuf,
        /// What to do.
        advice: Phrase,
        /// Why it failed.
        cause: String,
    },
}

impl OpenError {
    pub(super) fn io(what: Phrase, file: &Path, error: &io::Error) -> Self {
        let advice = match error.kind() {
            ErrorKind::NotFound => phrase!("Make its directory first"),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                phrase!("The mock must be able to write to the file and its directory")
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                phrase!("No space is left on the disk: free some")
            }
            ErrorKind::IsADirectory => phrase!("It is a directory: name a file in it"),
            _ => phrase!("Name a file on a local disk"),
        };
        Self::Refused { what, file: file.to_owned(), advice, cause: error.to_string() }
    }

    pub(super) fn sqlite(file: &Path, error: rusqlite::Error) -> Self {
        let refused = |what, advice, error: rusqlite::Error| Self::Refused {
            what,
            file: file.to_owned(),
            advice,
            cause: error.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => refused(
                phrase!("use"),
                phrase!("Another program, such as sqlite3, has locked it: let it finish or end it"),
                error,
            ),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => refused(
                phrase!("write to"),
                phrase!("The mock must be able to write to the file and its directory"),
                error,
            ),
            Some(ErrorCode::DiskFull) => {
                refused(phrase!("write to"), phrase!("No space is left on the disk: free some"), error)
            }
            Some(ErrorCode::SystemIoFailure) => {
                refused(phrase!("use"), phrase!("Name a file on a local disk"), error)
            }
            _ => Self::Damaged { file: file.to_owned(), what: error.to_string() },
        }
    }
}

/// The opened file.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Where it is, without links.
    pub(super) file: PathBuf,
    /// Held as long as the file is open.
    pub(super) lock: Lock,
}

/// Opens the file or makes it. A file that is not the mock's is not changed.
pub(super) fn open(file: &Path, steps: &[&str]) -> Result<Opened, OpenError> {
    let file = resolved(file).map_err(|error| OpenError::io(phrase!("open"), file, &error))?;
    let mut lock = Lock::take(&file)?;
    check(&file)?;
    let failed = |error| OpenError::sqlite(&file, error);
    let mut connection = connect(&file).map_err(failed)?;
    let found = schema::version(&connection).map_err(failed)?;
    if found > steps.len() {
        return Err(OpenError::Newer { file, found, known: steps.len() });
    }
    schema::migrate(&mut connection, steps).map_err(failed)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let cause = text!("its journal mode stays {mode}");
        return Err(OpenError::Refused {
            what: phrase!("use"),
            file,
            advice: phrase!("Name a file on a local disk"),
            cause,
        });
    }
    lock.made = None;
    Ok(Opened { connection, file, lock })
}

/// A connection to the file, which is known to be the mock's.
pub(super) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    use rusqlite::OpenFlags as Flags;
    let connection =
        Connection::open_with_flags(file, Flags::SQLITE_OPEN_READ_WRITE | Flags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -CACHE)?;
    // One sync makes many changes durable: see `durability.rs`. `threads.rs` takes the log over into the file.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

/// Where the file is or will be, without links: SQLite keeps its other files beside it.
fn resolved(file: &Path) -> io::Result<PathBuf> {
    match file.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = file.file_name().ok_or(ErrorKind::InvalidFilename)?;
            let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            Ok(parent.unwrap_or(Path::new(".")).canonicalize()?.join(name))
        }
        found => found,
    }
}

/// The file with this after its name.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Refuses a file that is not the mock's before SQLite sees it, which might finish what another application has left in it. Makes a
/// new one that only its owner can read: it can hold the keys of merchants.
fn check(file: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::io(phrase!("read"), file, &error);
    let foreign = |found: String| OpenError::Foreign { file: file.to_owned(), found };
    let mut first = Vec::new();
    match File::open(file) {
        Ok(found) => {
            found.take(APPLICATION_AT as u64 + 4).read_to_end(&mut first).map_err(failed)?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => create(file)?,
        Err(error) => return Err(failed(error)),
    }
    if first.is_empty() {
        return Ok(());
    }
    if !first.starts_with(MAGIC) {
        return Err(foreign(text!("a file that is not SQLite's")));
    }
    match first.get(APPLICATION_AT..).and_then(|found| <[u8; 4]>::try_from(found).ok()) {
        Some(found) if found == APPLICATION.to_be_bytes() => Ok(()),
        Some([0, 0, 0, 0]) => Err(foreign(text!("an SQLite file of another application"))),
        Some(found) => Err(foreign(text!(
            "an SQLite file of another application (application_id {id})",
            id = i32::from_be_bytes(found)
        ))),
        None => Err(OpenError::Damaged { file: file.to_owned(), what: text!("it ends in its first page") }),
    }
}

fn create(file: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::io(phrase!("make"), file, &error);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map_err(failed)?;
    // Else the file itself could be gone after a power failure.
    #[cfg(unix)]
    if let Some(parent) = file.parent() {
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// The lock on the file, by another one beside it: locks on the file itself are SQLite's, and let other programs read.
#[derive(Debug)]
pub(super) struct Lock {
    /// Locked until it is closed.
    _file: File,
    /// The name of a file that was made for this lock, until the store is opened.
    made: Option<PathBuf>,
}

/// How long a mock that is just ending may still hold its lock. A child that it starts also has it, until it runs its own program.
/// (own choice)
const ENDS_WITHIN: Duration = Duration::from_secs(1);

impl Lock {
    fn take(file: &Path) -> Result<Self, OpenError> {
        let name = beside(file, ".lock");
        let failed = |error| OpenError::io(phrase!("make"), &name, &error);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let is_new = !name.exists();
        let lock = options.open(&name).map_err(failed)?;
        let until = Instant::now() + ENDS_WITHIN;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Self { _file: lock, made: is_new.then_some(name) }),
                Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(ENDS_WITHIN / 20),
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::Locked { file: file.to_owned(), lock: name });
                }
                Err(TryLockError::Error(error)) => return Err(OpenError::io(phrase!("lock"), &name, &error)),
            }
        }
    }
}

impl Drop for Lock {
    /// Leaves nothing beside a file that could not be opened. Else the file stays: to remove it might remove another mock's.
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            let _ = std::fs::remove_file(made);
        }
    }
}
