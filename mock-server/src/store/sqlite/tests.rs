//! What a file adds to the laws of a store: it is opened, it lasts, others open it, and it can be full.

use std::{
    fs,
    io::Write as _,
    process::Command,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    thread,
    time::Instant,
};

use tempfile::TempDir;

use super::*;
use crate::store::{DeliveryState, Documents, NumberUse, Store};

const KIND: &str = "thing";

/// A folder with the file.
struct Place {
    folder: TempDir,
    file: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        Self { folder, file }
    }

    fn with(content: &[u8]) -> Self {
        let place = Self::new();
        fs::write(&place.file, content).unwrap();
        place
    }

    fn open(&self) -> Sqlite {
        Sqlite::open(&self.file, &Limits::default()).unwrap()
    }

    fn error(&self) -> String {
        Sqlite::open(&self.file, &Limits::default()).unwrap_err().to_string()
    }

    /// As another program opens it.
    fn foreign(&self) -> Connection {
        Connection::open(&self.file).unwrap()
    }

    /// The names of all files in the folder.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = names.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    /// Why it can't be opened, and that it was left as it was.
    fn refused(&self) -> String {
        let before = (self.names(), fs::read(&self.file).ok());
        let error = self.error();
        assert_eq!((self.names(), fs::read(&self.file).ok()), before);
        error
    }
}

fn mchid() -> Mchid {
    "1900000001".parse().unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

fn outgoing(id: &str) -> Outgoing {
    Outgoing {
        id: id.into(),
        event_type: "THING.CHANGED".into(),
        notify_url: "http://127.0.0.1:1/".into(),
        resource: "{}".into(),
        nonce: "n".into(),
        created: at(1),
    }
}

fn commit(store: &Sqlite, change: impl FnOnce(&mut Documents<'_>)) -> Result<u64, CommitError> {
    let mchid = mchid();
    let mut documents = Documents::new(store, &mchid);
    change(&mut documents);
    store.commit(&mchid, documents.into_changes().map_err(CommitError::Unavailable)?)
}

fn put(store: &Sqlite, id: &str, value: &str) -> Result<u64, CommitError> {
    commit(store, |documents| documents.put(KIND, id, &value))
}

fn get(store: &Sqlite, id: &str) -> Option<String> {
    let mchid = mchid();
    Documents::new(store, &mchid).get(KIND, id)
}

fn due(store: &Sqlite, now: u64) -> Due {
    store.due(at(now), 9, &|_| true).unwrap()
}

fn last(store: &Sqlite) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    if let Some(lasting) = store.lasting() {
        runtime.block_on(lasting).unwrap();
    }
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let place = Place::new();
    let (mchid, content) = (mchid(), Fingerprint::of(&"content"));
    let seed = || vec![(Key::new(KIND, "seeded"), JsonText::of(&"seed"))];
    let store = place.open();
    store.seed(&mchid, seed()).unwrap();
    put(&store, "1", "one").unwrap();
    put(&store, "seeded", "changed").unwrap();
    let version = commit(&store, |documents| {
        documents.use_number("number", content);
        documents.send(outgoing("a"));
        documents.remind(at(7), KIND, "1");
        documents.put(KIND, "1", &"two");
    });
    store.note("clock", Some("5")).unwrap();
    store.note("merchant/1", Some("{}")).unwrap();
    let before = format!("{:?}", store.export(&mchid).unwrap());
    drop(store);
    assert_eq!(place.names(), ["state.db", "state.db.lock"]);

    let store = place.open();
    store.seed(&mchid, seed()).unwrap();
    assert_eq!(format!("{:?}", store.export(&mchid).unwrap()), before);
    assert_eq!(get(&store, "seeded").unwrap(), "changed");
    assert_eq!(Documents::new(&store, &mchid).number_use("number", content), NumberUse::Repeated);
    assert_eq!(store.notes("").unwrap().len(), 2);
    assert_eq!(store.notes("merchant/").unwrap(), [("merchant/1".to_owned(), "{}".to_owned())]);
    assert_eq!(store.last_delivery().unwrap(), 1);
    assert!(put(&store, "1", "three").unwrap() > version.unwrap());
    store.reset(None).unwrap();
    assert_eq!((get(&store, "seeded").unwrap(), get(&store, "1")), ("seed".into(), None));
    assert_eq!((store.last_delivery().unwrap(), store.deliveries(None, 0, 9).unwrap().len()), (1, 0));
}

#[test]
fn a_callback_that_was_being_sent_when_the_mock_died_is_due_again() {
    let place = Place::new();
    let store = place.open();
    store.send(&mchid(), outgoing("a")).unwrap();
    assert_eq!(store.lease(at(5), 9, 9, &|_| true).unwrap().taken.len(), 1);
    assert_eq!(store.lease(at(5), 9, 9, &|_| true).unwrap().taken.len(), 0);
    drop(store);
    let again = place.open().lease(at(5), 9, 9, &|_| true).unwrap().taken;
    assert_eq!((again.len(), &*again[0].id), (1, "a"));
}

#[test]
fn a_reminder_stays_until_what_it_was_taken_for_is_done() {
    let place = Place::new();
    let store = place.open();
    commit(&store, |documents| documents.remind(at(7), KIND, "1")).unwrap();
    assert_eq!(due(&store, 6).next, Some(at(7)));
    assert_eq!(due(&store, 7).taken.len(), 1);
    drop(store);
    let store = place.open();
    store.done(&due(&store, 7).taken).unwrap();
    assert_eq!(due(&store, 7).taken.len(), 0);
    drop(store);
    assert_eq!(due(&place.open(), 7).taken.len(), 0);
}

#[test]
fn versions_do_not_begin_again_with_a_merchant_that_was_removed() {
    let place = Place::new();
    let store = place.open();
    let version = put(&store, "1", "one").unwrap();
    store.remove(&mchid()).unwrap();
    drop(store);
    let store = place.open();
    store.seed(&mchid(), Vec::new()).unwrap();
    assert!(put(&store, "1", "one").unwrap() > version);
}

#[test]
fn only_its_owner_can_read_a_new_file() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let place = Place::new();
        let store = place.open();
        put(&store, "1", "one").unwrap();
        for name in place.names() {
            let mode = fs::metadata(place.folder.path().join(&name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}

#[test]
fn an_empty_file_is_filled() {
    let place = Place::with(b"");
    put(&place.open(), "1", "one").unwrap();
    assert_eq!(get(&place.open(), "1").unwrap(), "one");
}

#[test]
fn what_is_not_sqlites_is_left_as_it_is() {
    for content in [&b"{}"[..], &[0; 5000], b"SQLite format 3"] {
        let error = Place::with(content).refused();
        assert!(error.contains("found a file that is not SQLite's"), "{error}");
    }
}

#[test]
fn another_applications_file_is_left_as_it_is() {
    let place = Place::new();
    place.foreign().execute_batch("PRAGMA journal_mode = wal; CREATE TABLE documents (a)").unwrap();
    let error = place.refused();
    assert!(error.contains("found an SQLite file of another application. It was left"), "{error}");
    place.foreign().execute_batch("PRAGMA application_id = 7").unwrap();
    let error = place.refused();
    assert!(error.contains("(application_id 7)"), "{error}");
}

/// The tables of a version that does not exist yet.
const NEXT: &str = "ALTER TABLE notes ADD COLUMN written INTEGER NOT NULL DEFAULT 0";

#[test]
fn an_older_file_is_brought_up_to_date_and_a_newer_one_refused() {
    let place = Place::new();
    let store = place.open();
    store.note("a", Some("b")).unwrap();
    drop(store);
    let newer = [schema::STEPS, &[NEXT]].concat();
    let store = Sqlite::open_with(&place.file, &Limits::default(), &newer).unwrap();
    assert_eq!(store.notes("").unwrap(), [("a".to_owned(), "b".to_owned())]);
    drop(store);
    let written: i64 =
        place.foreign().query_row("SELECT sum(written) FROM notes", [], |row| row.get(0)).unwrap();
    assert_eq!(written, 0);
    let error = place.refused();
    let versions = format!("at most version {} of its tables, found {}", schema::STEPS.len(), newer.len());
    assert!(error.contains("a newer version of the mock wrote") && error.contains(&versions), "{error}");
}

#[test]
fn a_step_that_fails_leaves_the_older_file() {
    let place = Place::new();
    drop(place.open());
    let broken = [schema::STEPS, &[NEXT, "CREATE TABLE notes (a)"]].concat();
    let error = Sqlite::open_with(&place.file, &Limits::default(), &broken).unwrap_err().to_string();
    assert!(error.contains("notes already exists"), "{error}");
    put(&place.open(), "1", "one").unwrap();
}

#[test]
fn a_damaged_file_is_refused() {
    let place = Place::new();
    drop(place.open());
    let whole = fs::read(&place.file).unwrap();
    let mut damaged = whole.clone();
    damaged[100..].fill(0xa5);
    for content in [&damaged, &whole[..50], &whole[..4096]] {
        let error = Place::with(content).refused();
        assert!(error.contains("is damaged: "), "{error}");
    }
    place.foreign().execute_batch("DELETE FROM totals").unwrap();
    assert!(place.error().contains("its totals are missing"));
    place.foreign().execute_batch("DROP TABLE totals").unwrap();
    assert!(place.error().contains("no such table: totals"));
}

#[test]
fn a_file_in_use_is_refused_to_a_second_mock() {
    let place = Place::new();
    let store = place.open();
    let link = place.folder.path().join("link.db");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&place.file, &link).unwrap();
    for file in [&place.file, &link] {
        let error = Sqlite::open(file, &Limits::default()).unwrap_err().to_string();
        assert!(error.starts_with("another mock uses") && error.contains("state.db.lock"), "{error}");
    }
    put(&store, "1", "one").unwrap();
    drop(store);
    place.open();
}

#[test]
fn what_can_not_be_a_file_is_refused() {
    let place = Place::new();
    let open = |file: &Path| Sqlite::open(file, &Limits::default()).unwrap_err().to_string();
    let error = open(place.folder.path());
    assert!(error.contains("It is a directory"), "{error}");
    let error = open(&place.folder.path().join("none/state.db"));
    assert!(error.contains("Make its directory first"), "{error}");
    assert!(place.names().is_empty());
}

#[test]
fn each_failure_of_the_system_says_what_to_do() {
    let file = Path::new("state.db");
    for (kind, advice) in [
        (std::io::ErrorKind::PermissionDenied, "must be able to write"),
        (std::io::ErrorKind::ReadOnlyFilesystem, "must be able to write"),
        (std::io::ErrorKind::StorageFull, "No space is left"),
    ] {
        let error =
            opening::OpenError::io(wechatpay_texts::phrase!("write to"), file, &kind.into()).to_string();
        assert!(error.starts_with("can't write to state.db: ") && error.contains(advice), "{error}");
    }
}

#[test]
fn others_read_the_file_while_the_mock_runs() {
    let place = Place::new();
    let store = place.open();
    put(&store, "1", "one").unwrap();
    last(&store);
    let other = place.foreign();
    let read = || -> String { other.query_row("SELECT value FROM documents", [], |row| row.get(0)).unwrap() };
    assert_eq!(read(), "\"one\"");
    put(&store, "1", "two").unwrap();
    last(&store);
    assert_eq!(read(), "\"two\"");
    // Also if nobody waits.
    put(&store, "1", "three").unwrap();
    let begun = Instant::now();
    while read() != "\"three\"" {
        assert!(begun.elapsed().as_secs() < 5);
    }
}

#[test]
fn a_foreign_writer_is_waited_for_and_then_named() {
    let place = Place::new();
    let store = place.open();
    put(&store, "1", "one").unwrap();
    last(&store);
    let other = place.foreign();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    let Err(CommitError::Unavailable(error)) = put(&store, "1", "two") else { panic!("committed") };
    assert!(begun.elapsed().as_secs() >= 1, "{:?}", begun.elapsed());
    assert!(error.reason.english.contains("another program, such as sqlite3, is writing"), "{error}");
    assert!(store.check().is_err());
    assert_eq!(get(&store, "1").unwrap(), "one");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| put(&store, "1", "three"));
        other.execute_batch("UPDATE documents SET value = '\"other\"'; COMMIT").unwrap();
        waiting.join().unwrap().unwrap();
    });
    assert_eq!((get(&store, "1").unwrap(), store.check()), ("three".into(), Ok(())));
}

#[test]
fn other_tasks_go_on_while_a_foreign_writer_is_waited_for() {
    let place = Place::new();
    let store = Arc::new(place.open());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let other = place.foreign();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The only worker waits for the other program, and then for the first change.
    let changes = ["1", "2"].map(|id| {
        let store = Arc::clone(&store);
        runtime.spawn(async move { put(&store, id, "one") })
    });
    let others = runtime.spawn(async move { other.execute_batch("COMMIT") });
    for change in changes {
        runtime.block_on(change).unwrap().unwrap();
    }
    runtime.block_on(others).unwrap().unwrap();
}

#[test]
fn a_full_disk_keeps_nothing_of_a_change_and_is_over_when_there_is_space() {
    let place = Place::new();
    let store = place.open();
    let limit = |pages: i64| {
        let writing = store.writing.lock();
        writing.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    put(&store, "0", "first").unwrap();
    last(&store);
    limit(40);
    let long = "x".repeat(2000);
    let change = |id: usize| {
        commit(&store, |documents| {
            documents.use_number(&id.to_string(), Fingerprint::of(&id));
            documents.send(outgoing(&id.to_string()));
            documents.put(KIND, &id.to_string(), &long);
        })
        .inspect(|_| last(&store))
    };
    let kept = (1..).take_while(|id| change(*id).is_ok()).count();
    let Err(CommitError::Unavailable(error)) = change(kept + 1) else { panic!("committed") };
    assert!(error.reason.english.contains("no space is left"), "{error}");
    assert!(kept > 5, "{kept}");
    let deliveries = || store.deliveries(None, 0, 999).unwrap().len();
    assert_eq!((get(&store, &(kept + 1).to_string()), deliveries()), (None, kept));
    // What needs no space is still done.
    put(&store, "0", "again").unwrap();
    limit(100_000);
    change(kept + 1).unwrap();
    assert_eq!(deliveries(), kept + 1);
    let counts = |store: &Sqlite| {
        let mut writing = store.writing.lock();
        writing.commit_group().unwrap();
        let known = writing.counts.as_ref().map(|counts| format!("{counts:?}"));
        (known.unwrap(), format!("{:?}", Counts::read(&writing.connection).unwrap()))
    };
    let (known, read) = counts(&store);
    assert_eq!(known, read);
    drop(store);
    assert_eq!(integrity(&place), "ok");
}

#[test]
fn a_group_that_can_not_be_committed_is_lost_as_a_whole() {
    let place = Place::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mchid = mchid();
    put(&place.open(), "1", "one").unwrap();

    let sqlite = place.open();
    let fails = Arc::new(AtomicBool::new(true));
    let hook = Arc::clone(&fails);
    sqlite.writing.lock().connection.commit_hook(Some(move || hook.load(SeqCst))).unwrap();
    let writing = Arc::clone(&sqlite.writing);
    let store = Store(Box::new(sqlite));
    let put = |id: &str, value: &str| {
        let mut documents = store.documents(&mchid);
        documents.put(KIND, id, &value);
        store.commit(documents).map(|_| ())
    };
    let losses = store.losses();
    put("1", "two").unwrap();
    put("2", "two").unwrap();
    assert!(store.documents(&mchid).get::<String>(KIND, "2").is_some());
    runtime.block_on(store.lasting_since(losses)).unwrap_err();
    // Who asks later is told the same.
    runtime.block_on(store.lasting_since(losses)).unwrap_err();
    assert!(store.check().is_err());
    fails.store(false, SeqCst);
    store.check().unwrap();
    let get = |id: &str| store.documents(&mchid).get::<String>(KIND, id);
    assert_eq!((get("1").as_deref(), get("2")), (Some("one"), None));
    let losses = store.losses();
    put("2", "three").unwrap();
    runtime.block_on(store.lasting_since(losses)).unwrap();
    assert!(!writing.lock().has_failed);
    drop(store);
    assert_eq!(self::get(&place.open(), "2").unwrap(), "three");
}

#[test]
fn what_is_due_is_due_again_when_its_change_is_lost() {
    let place = Place::new();
    let sqlite = place.open();
    commit(&sqlite, |documents| documents.remind(at(1), KIND, "1")).unwrap();
    last(&sqlite);
    let fails = Arc::new(AtomicBool::new(true));
    let hook = Arc::clone(&fails);
    sqlite.writing.lock().connection.commit_hook(Some(move || hook.load(SeqCst))).unwrap();
    let (store, mchid) = (Store(Box::new(sqlite)), mchid());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let turn = || {
        let losses = store.losses();
        let due = store.due(at(1), 9, &|_| true).unwrap();
        let mut documents = store.documents(&mchid);
        documents.put(KIND, "2", &"two");
        store.commit(documents).unwrap();
        runtime.block_on(store.lasting_since(losses))?;
        store.done(&due.taken).map(|()| due.taken.len())
    };
    turn().unwrap_err();
    fails.store(false, SeqCst);
    assert_eq!(turn().unwrap(), 1);
    assert_eq!(turn().unwrap(), 0);
}

#[test]
fn counts_are_as_if_counted() {
    let place = Place::new();
    let limits = Limits { request_numbers: 5, callbacks: 4, store_bytes: 9000, ..Limits::default() };
    let mut store = Sqlite::open(&place.file, &limits).unwrap();
    store.bounds.created = 7;
    store.bounds.reminders = 6;
    store.seed(&mchid(), vec![(Key::new(KIND, "3"), JsonText::of(&"seed"))]).unwrap();
    for round in 0..200_u64 {
        commit(&store, |documents| {
            let id = (round * 7 % 11).to_string();
            if round % 5 == 0 {
                documents.remove(KIND, &id);
            } else {
                documents.put(KIND, &id, &"x".repeat((round * 37 % 1500) as usize));
            }
            documents.use_number(&(round % 17).to_string(), Fingerprint::of(&round));
            documents.send(outgoing(&id));
            documents.remind(at(round), KIND, &id);
        })
        .unwrap();
        for mut delivery in store.lease(at(9), 2, 2, &|_| true).unwrap().taken {
            delivery.state =
                if round % 2 == 0 { DeliveryState::Received } else { DeliveryState::Waiting(at(3)) };
            store.update(delivery).unwrap();
        }
        if round % 50 == 49 {
            let due = store.due(at(round), 3, &|_| true).unwrap();
            store.done(&due.taken).unwrap();
        }
    }
    let mut writing = store.writing.lock();
    writing.commit_group().unwrap();
    let counted = |what: &str| -> i64 { writing.connection.query_row(what, [], |row| row.get(0)).unwrap() };
    let counts = writing.counts.as_ref().unwrap();
    assert_eq!(int(counts.totals.callbacks), counted("SELECT count(*) FROM callbacks"));
    assert_eq!(counts.totals.callback_bytes, counted("SELECT sum(size) FROM callbacks"));
    assert_eq!(int(counts.totals.reminders), counted("SELECT count(*) FROM reminders"));
    assert_eq!(
        counted("SELECT created FROM merchants"),
        counted("SELECT count(*) FROM documents WHERE seeded = 0")
    );
    assert_eq!(
        counted("SELECT last_number - first_number FROM merchants"),
        counted("SELECT count(*) FROM numbers")
    );
    let bytes: i64 = counted("SELECT bytes FROM merchants");
    assert!((1..=9000).contains(&bytes), "{bytes}");
    assert!(counted("SELECT count(*) FROM documents WHERE seeded = 0") <= 7);
    assert!(counted("SELECT count(*) FROM callbacks") == 4 && counted("SELECT count(*) FROM reminders") <= 6);
    assert_eq!(
        format!("{:?}", Counts::read(&writing.connection).unwrap()).len(),
        format!("{counts:?}").len()
    );
}

#[test]
fn the_log_is_taken_over_into_the_file_and_stays_short() {
    let place = Place::new();
    let store = place.open();
    let long = "x".repeat(40_000);
    for round in 0..3000 {
        put(&store, &(round % 50).to_string(), &long).unwrap();
        last(&store);
    }
    let log = fs::metadata(opening::beside(&place.file, "-wal")).unwrap().len();
    assert!(log < 64 << 20, "{log}");
    assert_eq!(get(&store, "7").unwrap(), long);
    drop(store);
    assert_eq!(integrity(&place), "ok");
}

#[test]
fn what_lasts_is_in_the_files() {
    let place = Place::new();
    let store = place.open();
    for round in 0..20 {
        put(&store, &round.to_string(), "x").unwrap();
        last(&store);
        let copy = Place::new();
        for ending in ["", "-wal"] {
            fs::copy(opening::beside(&place.file, ending), opening::beside(&copy.file, ending)).unwrap();
        }
        let copied = copy.open();
        assert!((0..=round).all(|id| get(&copied, &id.to_string()).is_some()), "{round}");
    }
}

#[test]
fn whatever_is_looked_up_is_found_by_an_index() {
    let place = Place::new();
    let store = place.open();
    let writing = store.writing.lock();
    let mut seen = 0;
    for file in ["documents.rs", "callbacks.rs", "reminders.rs"] {
        let source = fs::read_to_string(Path::new("src/store/sqlite").join(file)).unwrap();
        let joined = source.replace("\\\n", "");
        let statements = joined.split('"').filter(|text| {
            ["SELECT ", "UPDATE ", "DELETE "].iter().any(|begin| text.starts_with(begin))
                && text.contains("WHERE")
        });
        for statement in statements {
            seen += 1;
            let mut plan = writing.connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
            let values = vec![0; plan.parameter_count()];
            let steps = plan.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3));
            for step in steps.unwrap() {
                let step = step.unwrap();
                // A reset and an export are rare.
                let is_rare = statement.contains("FROM reminders WHERE mchid")
                    || statement.contains("FROM callbacks WHERE mchid")
                    || statement.ends_with("WHERE mchid = ?1 ORDER BY place");
                let is_slow =
                    step.starts_with("SCAN") && !step.contains("INDEX") || step.contains("TEMP B-TREE");
                assert!(!is_slow || is_rare, "{statement}: {step}");
            }
        }
    }
    assert!(seen > 25, "{seen}");
}

fn integrity(place: &Place) -> String {
    place.foreign().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}

/// The environment of a process that ends itself at a step, and the file that it changes.
const DIES_AT: &str = "WECHATPAY_MOCK_TEST_DIES_AT";
const DIES_WITH: &str = "WECHATPAY_MOCK_TEST_DIES_WITH";

/// Ends the process, like `kill -9`, at the step that the test asks for.
pub(super) fn step(_moment: &'static str) {
    static STEPS: AtomicUsize = AtomicUsize::new(1);
    let Ok(dies_at) = std::env::var(DIES_AT) else { return };
    if STEPS.fetch_add(1, SeqCst).to_string() == dies_at {
        std::process::abort();
    }
}

/// How many changes a process makes that is to die, and after how many it waits until they last.
const CHANGES: usize = 6;
const IN_GROUP: usize = 2;

/// Run in another process by the test below.
#[test]
#[ignore = "ends its own process: the test below runs it in a process of its own"]
fn a_process_that_dies() {
    let Ok(file) = std::env::var(DIES_WITH) else { return };
    let store = Sqlite::open(Path::new(&file), &Limits::default()).unwrap();
    let mut answers = fs::File::options().create(true).append(true).open(format!("{file}.answers")).unwrap();
    for round in 1..=CHANGES {
        commit(&store, |documents| {
            let before = documents.get::<usize>(KIND, "sum").unwrap_or_default();
            documents.put(KIND, "sum", &(before + 1));
            documents.put(KIND, &round.to_string(), &round);
            documents.use_number(&round.to_string(), Fingerprint::of(&round));
            documents.send(outgoing(&round.to_string()));
            documents.remind(at(1), KIND, &round.to_string());
        })
        .unwrap();
        if round % IN_GROUP == 0 {
            last(&store);
            answers.write_all(&[b'x'; IN_GROUP]).unwrap();
        }
    }
}

#[test]
fn wherever_the_process_dies_what_was_answered_is_there_and_nothing_is_half_done() {
    let mut ended = false;
    for dies_at in 1..500 {
        let place = Place::new();
        let file = place.file.to_str().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "store::sqlite::tests::a_process_that_dies", "--ignored", "--test-threads=1"]);
        child.env(DIES_AT, dies_at.to_string()).env(DIES_WITH, file);
        ended = child.output().unwrap().status.success();

        let answered = fs::read(format!("{file}.answers")).map_or(0, |answers| answers.len());
        let store = place.open();
        let mchid = mchid();
        let mut documents = Documents::new(&store, &mchid);
        let sum: usize = documents.get(KIND, "sum").unwrap_or_default();
        assert!(
            (answered..=answered + IN_GROUP).contains(&sum),
            "{dies_at}: {answered} answered, {sum} there"
        );
        for round in 1..=CHANGES {
            let is_done = round <= sum;
            let number = documents.number_use(&round.to_string(), Fingerprint::of(&round));
            assert_eq!(number == NumberUse::Repeated, is_done, "{dies_at}: {round}");
            assert_eq!(
                documents.get(KIND, &round.to_string()),
                is_done.then_some(round),
                "{dies_at}: {round}"
            );
        }
        let sent: Vec<_> =
            store.lease(at(9), 9, 9, &|_| true).unwrap().taken.into_iter().map(|one| one.id).collect();
        assert_eq!(sent, (1..=sum).map(|round| round.to_string()).collect::<Vec<_>>(), "{dies_at}");
        assert_eq!(due(&store, 9).taken.len(), sum, "{dies_at}");
        drop(documents);
        drop(store);
        assert_eq!(integrity(&place), "ok", "{dies_at}");
        if ended {
            assert!(answered == CHANGES && dies_at > 30, "{dies_at}: {answered}");
            break;
        }
    }
    assert!(ended);
}

/// What changes and reads cost, beside memory: `cargo test --release --features sqlite -- --ignored --nocapture store_costs`.
#[test]
#[ignore = "only prints times, to be run by hand when the costs change"]
fn store_costs() {
    const ROUNDS: usize = 50_000;
    let place = Place::new();
    let (memory, sqlite) = (super::super::memory::Memory::new(&Limits::default()), place.open());
    let stores: [(&str, &dyn Backend); 2] = [("memory", &memory), ("sqlite", &sqlite)];
    let mchid = mchid();
    let document = "x".repeat(700);
    for (name, store) in stores {
        let measure = |what: &str, work: &dyn Fn(usize)| {
            let (begun, cpu) = (Instant::now(), cpu_time());
            (0..ROUNDS).for_each(work);
            let each = |time: std::time::Duration| time.as_secs_f64() * 1e6 / ROUNDS as f64;
            println!(
                "{name} {what}: {:.1} us, {:.1} us of the processor",
                each(begun.elapsed()),
                each(cpu_time() - cpu)
            );
        };
        let commit = |change: &dyn Fn(&mut Documents<'_>)| {
            let mut documents = Documents::new(store, &mchid);
            change(&mut documents);
            store.commit(&mchid, documents.into_changes().unwrap()).unwrap();
        };
        measure("create", &|round| commit(&|documents| documents.put(KIND, &round.to_string(), &document)));
        measure("change", &|round| {
            commit(&|documents| {
                documents.get::<String>(KIND, &(round * 7919 % ROUNDS).to_string());
                documents.put(KIND, &(round * 7919 % ROUNDS).to_string(), &document);
            });
        });
        measure("points", &|round| {
            commit(&|documents| {
                let number = round.to_string();
                documents.number_use(&number, Fingerprint::of(&round));
                documents.get::<String>(KIND, "5");
                documents.put(KIND, "5", &document);
                documents.use_number(&number, Fingerprint::of(&round));
            });
        });
        measure("read", &|round| {
            store.read(&mchid, &Key::new(KIND, &(round * 7919 % ROUNDS).to_string())).unwrap().unwrap();
        });
    }
    drop(sqlite);
    let begun = Instant::now();
    let full = place.open();
    println!("open with {ROUNDS}: {:?}", begun.elapsed());
    drop(full);
    let empty = Place::new();
    drop(empty.open());
    let begun = Instant::now();
    drop(empty.open());
    println!("open and close without: {:?}", begun.elapsed());
}

/// What the whole process has used of the processor.
fn cpu_time() -> std::time::Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    std::time::Duration::from_millis(ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}
