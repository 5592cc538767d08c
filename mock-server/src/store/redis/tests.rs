//! On servers of their own, if there is `redis-server` on this machine.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

use tempfile::TempDir;

use super::*;
use crate::store::{DeliveryState, Documents, NumberUse};

const KIND: &str = "thing";

/// A server that ends with this value.
struct Server {
    process: Option<Child>,
    arguments: Vec<String>,
    directory: TempDir,
    port: u16,
}

impl Server {
    /// Starts a server, if there is one.
    fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    fn start_with(arguments: &[&str]) -> Option<Self> {
        let is_there = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if is_there.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            println!("skipped: there is no redis-server on this machine");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self {
            process: None,
            arguments: arguments.iter().map(ToString::to_string).collect(),
            directory: TempDir::new().unwrap(),
            port,
        };
        server.run();
        Some(server)
    }

    fn run(&mut self) {
        let log = |name: &str| File::create(self.directory.path().join(name)).unwrap();
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--appendonly", "yes"]);
        command.args(["--appendfsync", "always", "--save", ""]).args(&self.arguments);
        command.arg("--dir").arg(self.directory.path());
        command.stdin(Stdio::null()).stdout(log("stdout")).stderr(log("stderr"));
        self.process = Some(command.spawn().unwrap());
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "redis-server does not start");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Stops it as if the network were cut, or lets it go on.
    fn signal(&self, signal: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    fn replica(&self) -> Self {
        let replica = Self::start_with(&[
            "--replicaof",
            &format!("127.0.0.1 {}", self.port),
            "--repl-diskless-sync-delay",
            "0",
        ]);
        until(|| self.says("INFO replication").contains("state=online"));
        replica.unwrap()
    }

    /// A node that knows nobody, and has no slots.
    fn node() -> Option<Self> {
        Self::start_with(&["--cluster-enabled", "yes", "--cluster-node-timeout", "60000"])
    }

    /// Gives these slots to it.
    fn takes(&self, slots: std::ops::Range<u16>) {
        let slots: Vec<_> = slots.map(|slot| slot.to_string()).collect();
        assert_eq!(self.says(&format!("CLUSTER ADDSLOTS {}", slots.join(" "))), "OK");
    }

    /// What it answers to a command.
    fn says(&self, command: &str) -> String {
        let client = ::redis::Client::open(("127.0.0.1", self.port)).unwrap();
        let mut words = command.split(' ');
        let mut command = ::redis::cmd(words.next().unwrap());
        words.for_each(|word| {
            command.arg(word);
        });
        command.query(&mut client.get_connection().unwrap()).unwrap()
    }

    /// How often somebody has waited for its replicas.
    fn waits(&self) -> u32 {
        let stats = self.says("INFO commandstats");
        let calls = stats.split_once("cmdstat_wait:calls=").and_then(|(_, rest)| rest.split(',').next());
        calls.map_or(0, |calls| calls.parse().unwrap())
    }

    fn url(&self) -> RedisUrl {
        format!("redis://127.0.0.1:{}", self.port).parse().unwrap()
    }

    fn mock(&self) -> Redis {
        Redis::connect(self.url(), &Limits::default()).unwrap()
    }

    fn bounded(&self, change: impl FnOnce(&mut Bounds)) -> Redis {
        let mut bounds = self.mock().inner.bounds;
        change(&mut bounds);
        Redis::with_bounds(self.url(), bounds).unwrap()
    }
}

fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(10));
    }
}

fn connect(url: &str) -> Redis {
    Redis::connect(url.parse().unwrap(), &Limits::default()).unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn mchid() -> Mchid {
    "1900000001".parse().unwrap()
}

fn other() -> Mchid {
    "1900000002".parse().unwrap()
}

fn commit(store: &Redis, documents: Documents<'_>) -> Result<u64, CommitError> {
    let mchid = documents.mchid();
    store.commit(mchid, documents.into_changes()?)
}

fn put(store: &Redis, id: &str, value: &str) -> u64 {
    let mchid = mchid();
    let mut changes = Documents::new(store, &mchid);
    changes.put(KIND, id, &value);
    commit(store, changes).unwrap()
}

fn get(store: &Redis, id: &str) -> Option<String> {
    let mchid = mchid();
    let mut documents = Documents::new(store, &mchid);
    let found = documents.get(KIND, id);
    documents.check().unwrap();
    found
}

fn outgoing(created: u64) -> Outgoing {
    Outgoing {
        id: "id".into(),
        event_type: "A.B".into(),
        notify_url: "http://127.0.0.1/".into(),
        resource: "{}".into(),
        nonce: "abcdefghijkl".into(),
        created: at(created),
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

/// Leases what all mocks have left.
fn lease(store: &Redis, now: u64) -> Lease {
    store.inner.callbacks.lock().looked = None;
    store.lease(at(now), 256, 64, &|_| true).unwrap()
}

/// Takes what is due of all merchants.
fn due(store: &Redis, now: u64) -> Vec<Reminder> {
    store.inner.reminders.lock().looked = None;
    store.due(at(now), 9, &|_| true).unwrap().taken
}

fn numbers(lease: &Lease) -> Vec<u64> {
    lease.taken.iter().map(|one| one.number).collect()
}

fn settled(delivery: &Delivery, state: DeliveryState) -> Delivery {
    Delivery { state, ..delivery.clone() }
}

/// What the store answers once it reaches its server again.
fn back<T>(call: impl Fn() -> StoreResult<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match call() {
            Ok(found) => return found,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_mocks_see_each_others_changes_and_conflict() {
    let Some(server) = Server::start() else { return };
    let (one, two, mchid) = (server.mock(), server.mock(), mchid());
    let mut late = Documents::new(&one, &mchid);
    assert_eq!(late.get::<String>(KIND, "1"), None);
    late.put(KIND, "1", &"late");
    late.put(KIND, "2", &"late");
    late.use_number("number", Fingerprint::of(&"late"));
    late.send(outgoing(1));
    late.remind(at(1), KIND, "1");
    put(&two, "1", "early");
    assert_eq!(commit(&one, late), Err(CommitError::Conflict));
    assert_eq!((get(&one, "1").as_deref(), get(&one, "2")), (Some("early"), None));
    let content = Fingerprint::of(&"late");
    assert_eq!(Documents::new(&one, &mchid).number_use("number", content), NumberUse::New);
    assert!(lease(&one, 9).taken.is_empty() && due(&one, 9).is_empty());
    let mut again = Documents::new(&one, &mchid);
    assert_eq!(again.get::<String>(KIND, "1").as_deref(), Some("early"));
    again.remove(KIND, "1");
    again.use_number("number", content);
    commit(&one, again).unwrap();
    assert_eq!(get(&two, "1"), None);
    assert_eq!(Documents::new(&two, &mchid).number_use("number", content), NumberUse::Repeated);
    assert!(two.kinds(&mchid).unwrap().is_empty());
}

#[test]
fn a_commit_that_is_tried_again_answers_the_same_and_is_applied_once() {
    let Some(server) = Server::start() else { return };
    let (store, mchid) = (server.mock(), mchid());
    let changes = || {
        let mut changes = Documents::new(&store, &mchid);
        changes.put(KIND, "1", &"one");
        changes.use_number("number", Fingerprint::of(&"content"));
        changes.send(outgoing(1));
        changes.remind(at(1), KIND, "1");
        changes.into_changes().unwrap()
    };
    let first = store.inner.commit_as("id", &mchid, changes()).unwrap();
    assert_eq!(store.inner.commit_as("id", &mchid, changes()).unwrap(), first);
    assert_eq!(first.1, [1]);
    assert_eq!(store.read(&mchid, &Key::new(KIND, "1")).unwrap().unwrap().version, first.0);
    assert_eq!(numbers(&lease(&store, 9)), [1]);
    assert_eq!(due(&store, 9).len(), 1);
    // Only for a while: another one is another change.
    assert!(store.inner.commit_as("other", &mchid, changes()).unwrap().0 > first.0);
}

#[test]
fn a_merchant_that_is_known_keeps_its_documents_and_a_reset_restores_the_seed() {
    let Some(server) = Server::start() else { return };
    let (one, two, mchid) = (server.mock(), server.mock(), mchid());
    let seed =
        || vec![(Key::new(KIND, "1"), JsonText::of(&"seed")), (Key::new(KIND, "2"), JsonText::of(&"seed"))];
    one.seed(&mchid, seed()).unwrap();
    let before = put(&one, "1", "changed");
    put(&one, "3", "created");
    one.send(&mchid, outgoing(1)).unwrap();
    two.seed(&mchid, seed()).unwrap();
    assert_eq!((get(&two, "1").as_deref(), get(&two, "3").as_deref()), (Some("changed"), Some("created")));
    let mut late = Documents::new(&one, &mchid);
    assert!(late.get::<String>(KIND, "1").is_some());
    late.put(KIND, "1", &"late");
    two.reset(None).unwrap();
    assert_eq!(commit(&one, late), Err(CommitError::Conflict));
    assert_eq!((get(&one, "1").as_deref(), get(&one, "3")), (Some("seed"), None));
    assert!(lease(&one, 9).taken.is_empty());
    let listed = one.list(&mchid, KIND, 0, 9).unwrap();
    assert_eq!(listed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert!(listed[0].place > before);
    two.remove(&mchid).unwrap();
    assert!(get(&one, "1").is_none() && two.inner.merchants().unwrap().is_empty());
}

#[test]
fn beyond_the_bounds_the_oldest_goes_first() {
    let Some(server) = Server::start() else { return };
    let mchid = mchid();
    let store = server.bounded(|bounds| (bounds.created, bounds.request_numbers) = (2, 2));
    store.seed(&mchid, vec![(Key::new(KIND, "seeded"), JsonText::of(&0))]).unwrap();
    for id in ["1", "2", "1", "3"] {
        let _ = put(&store, id, id);
    }
    let listed = store.list_newest(&mchid, KIND, u64::MAX, 9).unwrap();
    assert_eq!(listed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["3", "1", "seeded"]);
    assert_eq!(store.list_newest(&mchid, KIND, listed[0].place, 1).unwrap()[0].id, "1");
    let content = Fingerprint::of(&"content");
    for number in ["1", "2", "1", "3"] {
        let mut changes = Documents::new(&store, &mchid);
        changes.use_number(number, content);
        commit(&store, changes).unwrap();
    }
    let documents = Documents::new(&store, &mchid);
    let uses = ["1", "2", "3"].map(|number| documents.number_use(number, content));
    assert_eq!(uses, [NumberUse::New, NumberUse::Repeated, NumberUse::Repeated]);
    let store = server.bounded(|bounds| bounds.bytes = 10_000);
    for id in 0..50 {
        let _ = put(&store, &id.to_string(), &"x".repeat(1000));
    }
    let kept = store.list(&mchid, KIND, 0, 99).unwrap();
    assert!((5..10).contains(&kept.len()) && kept.last().unwrap().id == "49", "{}", kept.len());
    store.reset(None).unwrap();
    let store = server.bounded(|bounds| bounds.callbacks = 2);
    (1..=3).for_each(|created| drop(store.send(&mchid, outgoing(created))));
    assert_eq!(numbers(&lease(&store, 9)).len(), 2);
}

#[test]
fn a_callback_is_sent_by_one_mock_and_taken_over_if_that_one_dies() {
    let Some(server) = Server::start() else { return };
    let (one, two, mchid) = (server.mock(), server.mock(), mchid());
    assert_eq!(one.send(&mchid, outgoing(5)).unwrap(), 1);
    assert_eq!(two.send(&mchid, outgoing(7)).unwrap(), 2);
    let early = lease(&one, 4);
    assert_eq!((numbers(&early), early.next), (vec![], Some(at(5))));
    let taken = lease(&one, 5);
    assert_eq!((numbers(&taken), taken.next), (vec![1], Some(at(7))));
    assert!(
        lease(&two, 5).taken.is_empty() && two.delivery(1).unwrap().unwrap().state == DeliveryState::Sending
    );
    // The first says that it is alive, until it dies.
    thread::sleep(Duration::from_secs(9));
    assert!(lease(&two, 5).taken.is_empty());
    let delivery = taken.taken[0].clone();
    let (late, died) = (delivery.clone(), Instant::now());
    one.inner.leased.lock().clear();
    let over = loop {
        let taken = lease(&two, 5).taken;
        if !taken.is_empty() {
            break taken;
        }
        assert!(died.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(over[0].number, 1);
    // What the dead one says late does not count, unless it was received.
    for state in [DeliveryState::Sending, DeliveryState::Waiting(at(6))] {
        if state != DeliveryState::Sending {
            assert!(two.update(settled(&over[0], state)).unwrap());
        }
        assert!(one.update(settled(&late, DeliveryState::Waiting(at(9)))).unwrap());
        assert_eq!(one.delivery(1).unwrap().unwrap().state, state);
    }
    assert_eq!(numbers(&lease(&two, 6)), [1]);
    assert!(two.update(settled(&over[0], DeliveryState::Received)).unwrap());
    assert!(one.update(settled(&late, DeliveryState::Waiting(at(9)))).unwrap());
    assert_eq!(one.delivery(1).unwrap().unwrap().state, DeliveryState::Received);
    assert!(lease(&one, 6).taken.is_empty());
    assert_eq!(one.send_again(1, at(6)).unwrap(), Some(0));
    assert_eq!(numbers(&lease(&two, 6)), [1]);
    assert_eq!(one.send_again(9, at(6)).unwrap(), None);
    two.reset(Some(&mchid)).unwrap();
    assert!(!two.update(over[0].clone()).unwrap() && two.last_delivery().unwrap() == 2);
}

#[test]
fn a_callback_whose_attempt_can_not_be_kept_stays_with_its_mock() {
    let Some(mut server) = Server::start() else { return };
    let (store, mchid) = (server.mock(), mchid());
    store.send(&mchid, outgoing(1)).unwrap();
    let taken = lease(&store, 1).taken;
    server.kill();
    store.update(settled(&taken[0], DeliveryState::Received)).unwrap_err();
    assert!(store.inner.leased.lock().contains_key(&1));
    server.run();
    back(|| store.update(settled(&taken[0], DeliveryState::Received)));
    assert!(store.inner.leased.lock().is_empty());
}

#[test]
fn callbacks_of_many_merchants_are_taken_in_turn_and_no_more_than_wanted() {
    let Some(server) = Server::start() else { return };
    let (one, two) = (server.mock(), server.mock());
    let merchants: Vec<Mchid> = (1..=5).map(|it| format!("190000000{it}").parse().unwrap()).collect();
    for mchid in &merchants {
        (1..=4).for_each(|created| drop(one.send(mchid, outgoing(created))));
    }
    let take = |store: &Redis| {
        store.inner.callbacks.lock().looked = None;
        store.lease(at(9), 7, 3, &|_| true).unwrap().taken
    };
    let (first, second, third) = (take(&one), take(&two), take(&one));
    assert_eq!([first.len(), second.len(), third.len()], [7, 7, 1]);
    let mut all: Vec<_> = first.iter().chain(&second).chain(&third).map(|one| one.number).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 15);
    assert_eq!(one.deliveries(None, 0, 99).unwrap().len(), 20);
    assert_eq!(two.deliveries(Some(&merchants[1]), 5, 2).unwrap()[0].number, 6);
}

#[test]
fn a_callback_to_another_merchant_goes_with_the_change_and_is_the_other_merchants() {
    let Some(server) = Server::start() else { return };
    let (store, mchid, other) = (server.mock(), mchid(), other());
    let mut changes = Documents::new(&store, &mchid);
    changes.put(KIND, "1", &"1");
    changes.send_to(&other, outgoing(1));
    commit(&store, changes).unwrap();
    let of = |mchid: &Mchid| store.deliveries(Some(mchid), 0, 9).unwrap().len();
    assert_eq!((of(&mchid), of(&other)), (0, 1));
    let taken = lease(&store, 9).taken;
    assert_eq!((taken.len(), &taken[0].mchid), (1, &other));
}

#[test]
fn what_is_due_is_taken_once() {
    let Some(server) = Server::start() else { return };
    let (one, two, mchid) = (server.mock(), server.mock(), mchid());
    let mut changes = Documents::new(&one, &mchid);
    for (when, id) in [(20, "b"), (10, "a"), (99, "c")] {
        changes.remind(at(when), KIND, id);
    }
    commit(&one, changes).unwrap();
    let due = two.due(at(20), 9, &|_| true).unwrap();
    let keys: Vec<_> = due.taken.iter().map(|one| &*one.key.id).collect();
    assert_eq!((keys, due.next), (vec!["a", "b"], Some(at(99))));
    assert!(self::due(&one, 20).is_empty());
}

#[test]
fn what_is_due_is_taken_over_if_its_mock_dies() {
    let Some(server) = Server::start() else { return };
    let (one, two, mchid) = (server.mock(), server.mock(), mchid());
    let mut changes = Documents::new(&one, &mchid);
    (0..3).for_each(|id| changes.remind(at(1), KIND, &id.to_string()));
    commit(&one, changes).unwrap();
    let first = one.due(at(9), 1, &|_| true).unwrap().taken;
    let rest = due(&two, 9);
    assert_eq!((first.len(), rest.len(), due(&one, 9).len()), (1, 2, 0));
    two.done(&rest[..1]).unwrap();
    // As if its time were over.
    let taken = |command: &str| {
        let mut command = ::redis::cmd(command);
        command.arg(keys::taken(&mchid));
        command
    };
    let held = items(one.inner.ask(&mchid, taken("ZRANGE").arg(0).arg(-1)).unwrap()).unwrap();
    assert_eq!(held.len(), 2);
    for held in &held {
        let held = text(held).unwrap();
        one.inner.ask(&mchid, taken("ZADD").arg("XX").arg(1).arg(held)).unwrap();
    }
    let again = due(&two, 9);
    assert_eq!(again, [first[0].clone(), rest[1].clone()]);
    two.done(&again).unwrap();
    one.done(&first).unwrap();
    assert!(one.export(&mchid).unwrap().reminders.is_empty());
    assert_eq!(one.inner.ask(&mchid, &taken("ZCARD")).unwrap(), Value::Int(0));
}

#[test]
fn what_was_exported_is_the_same_once_it_is_imported() {
    let Some(server) = Server::start() else { return };
    let (store, mchid, other) = (server.mock(), mchid(), other());
    for id in ["b", "a", "c"] {
        put(&store, id, id);
    }
    let mut changes = Documents::new(&store, &mchid);
    changes.use_number("1", Fingerprint::of(&1));
    changes.use_number("2", Fingerprint::of(&2));
    changes.send(outgoing(1));
    changes.send(outgoing(2));
    changes.remind(at(5), KIND, "a");
    commit(&store, changes).unwrap();
    let taken = lease(&store, 1).taken;
    store.update(settled(&taken[0], DeliveryState::Received)).unwrap();
    let state = store.export(&mchid).unwrap();
    let shown = |state: &MerchantState| {
        let deliveries = state.deliveries.iter().map(|one| (one.id.clone(), one.state, one.created));
        let deliveries = deliveries.collect::<Vec<_>>();
        format!("{:?} {:?} {deliveries:?} {:?}", state.documents, state.numbers, state.reminders)
    };
    let before = shown(&state);
    put(&store, "later", "later");
    store.import(&other, state).unwrap();
    assert_eq!(shown(&store.export(&other).unwrap()), before);
    assert!(before.contains("Received") && before.contains("Waiting"), "{before}");
}

#[test]
fn notes_are_kept_by_name() {
    let Some(server) = Server::start() else { return };
    let (one, two) = (server.mock(), server.mock());
    one.note("clock", Some("1")).unwrap();
    one.note("merchant/b", Some("b")).unwrap();
    one.note("merchant/a", Some("a")).unwrap();
    one.note("clock", None).unwrap();
    let note = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(two.notes("merchant/").unwrap(), [note("merchant/a", "a"), note("merchant/b", "b")]);
    assert_eq!(two.notes("").unwrap().len(), 2);
    one.note("a*[b]", Some("starred")).unwrap();
    assert_eq!(two.notes("a*[").unwrap(), [note("a*[b]", "starred")]);
    assert_eq!((two.noted("a*[b]").unwrap().as_deref(), two.noted("a").unwrap()), (Some("starred"), None));
    // More than a hash keeps in one piece, so that it is read in several.
    (0..2000).for_each(|id| one.note(&format!("many/{id}"), Some(&"x".repeat(100))).unwrap());
    assert_eq!(two.notes("many/").unwrap().len(), 2000);
}

#[test]
fn mocks_that_count_at_once_get_different_numbers() {
    let Some(server) = Server::start() else { return };
    let count = |mock: Redis| (0..100).map(|_| mock.count("n", 1).unwrap()).collect::<Vec<_>>();
    let counted: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| server.mock()).map(|mock| scope.spawn(move || count(mock))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let different: std::collections::BTreeSet<_> = counted.iter().collect();
    assert_eq!((different.len(), server.mock().count("n", 0).unwrap()), (400, 400));
}

#[test]
fn a_server_that_does_not_answer_is_given_up_soon_and_found_again() {
    let Some(server) = Server::start() else { return };
    let store = server.mock();
    put(&store, "1", "1");
    server.signal("-STOP");
    let read = || store.read(&mchid(), &Key::new(KIND, "1"));
    let error = read().unwrap_err();
    assert!(error.reason.english.contains("does not answer"), "{error}");
    // Those that come at once after it fail without asking.
    let sent = store.inner.link.masters.sent.load(Relaxed);
    let errors = (0..100).map(|_| read().unwrap_err().reason.english);
    assert!(errors.into_iter().any(|reason| reason.contains("can't be reached")));
    assert!(store.inner.link.masters.sent.load(Relaxed) < sent + 50);
    server.signal("-CONT");
    assert!(back(read).is_some());
}

#[test]
fn a_server_that_starts_again_has_everything() {
    let Some(mut server) = Server::start() else { return };
    let store = server.mock();
    let version = put(&store, "1", "1");
    server.kill();
    let error = store.read(&mchid(), &Key::new(KIND, "1")).unwrap_err();
    assert!(error.reason.english.contains(&server.port.to_string()), "{error}");
    server.run();
    assert!(back(|| store.read(&mchid(), &Key::new(KIND, "1"))).is_some());
    assert_eq!(get(&store, "1").as_deref(), Some("1"));
    assert!(put(&store, "1", "2") > version);
}

#[test]
fn a_commit_whose_connection_is_cut_is_applied_once() {
    let Some(server) = Server::start() else { return };
    let (store, mchid) = (server.mock(), mchid());
    // Cuts all connections again and again.
    let port = server.port.to_string();
    let cutter = thread::spawn(move || {
        for _ in 0..40 {
            let mut cut = Command::new("redis-cli");
            cut.args(["-p", &port, "CLIENT", "KILL", "TYPE", "normal"]).stdout(Stdio::null());
            if cut.status().is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let mut count = 0;
    while !cutter.is_finished() {
        let mut changes = Documents::new(&store, &mchid);
        let before = changes.get::<u64>(KIND, "count").unwrap_or_default();
        assert_eq!(before, count);
        changes.put(KIND, "count", &(before + 1));
        commit(&store, changes).unwrap();
        count += 1;
    }
    cutter.join().unwrap();
    assert!(count > 20, "{count}");
}

#[test]
fn what_can_not_be_used_is_refused_with_the_reason() {
    let Some(server) = Server::start() else { return };
    let connect =
        |url: String| Redis::connect(url.parse().unwrap(), &Limits::default()).unwrap_err().reason.english;
    let port = server.port;
    let error = connect(format!("redis://user:secret@127.0.0.1:{port}"));
    assert!(error.contains("refuses the user or the password") && !error.contains("secret"), "{error}");
    let error = connect(format!("redis+cluster://127.0.0.1:{port}"));
    assert!(error.contains("cluster"), "{error}");
    let store = server.mock();
    let format = Request::of(::redis::cmd("SET").arg(keys::FORMAT).arg("2"));
    back(|| store.inner.link.ask(keys::common_slot(), &format));
    assert!(connect(format!("redis://127.0.0.1:{port}")).contains("format 2"));
    drop(server);
    assert!(connect(format!("redis://127.0.0.1:{port}")).contains("refused"));
}

#[test]
fn a_change_waits_for_a_replica_also_for_one_that_came_later() {
    let Some(server) = Server::start() else { return };
    let store = connect(&format!("redis://127.0.0.1:{}?wait=1", server.port));
    let mchid = mchid();
    put(&store, "1", "1");
    assert_eq!(server.waits(), 0);
    let mut replica = server.replica();
    put(&store, "1", "2");
    put(&store, "1", "3");
    // A slow replica is waited for again.
    assert!(server.waits() >= 2, "{}", server.waits());
    replica.signal("-STOP");
    let mut changes = Documents::new(&store, &mchid);
    changes.put(KIND, "1", &"4");
    let Err(CommitError::Unavailable(error)) = commit(&store, changes) else { panic!("it is answered") };
    assert!(error.reason.english.contains("has confirmed"), "{error}");
    replica.kill();
    until(|| server.says("INFO replication").contains("connected_slaves:0"));
    put(&store, "1", "5");
}

#[test]
fn an_answer_waits_for_a_replica_also_if_it_repeats_what_was_not_answered() {
    let Some(server) = Server::start() else { return };
    let replica = server.replica();
    let store = connect(&format!("redis://127.0.0.1:{}?wait=1", server.port));
    let mchid = mchid();
    put(&store, "1", "1");
    replica.signal("-STOP");
    let content = Fingerprint::of(&"content");
    let mut changes = Documents::new(&store, &mchid);
    changes.use_number("number", content);
    assert!(matches!(commit(&store, changes), Err(CommitError::Unavailable(_))));
    let repeat = || {
        let mut repeat = Documents::new(&store, &mchid);
        assert!(repeat.get::<String>(KIND, "1").is_some());
        assert_eq!(repeat.number_use("number", content), NumberUse::Repeated);
        commit(&store, repeat)
    };
    assert!(matches!(repeat(), Err(CommitError::Unavailable(_))));
    replica.signal("-CONT");
    repeat().unwrap();
}

#[test]
fn a_callback_is_not_sent_before_a_replica_has_its_change() {
    let Some(server) = Server::start() else { return };
    let replica = server.replica();
    let store = connect(&format!("redis://127.0.0.1:{}?wait=1", server.port));
    let mchid = mchid();
    put(&store, "1", "1");
    replica.signal("-STOP");
    store.send(&mchid, outgoing(1)).unwrap_err();
    store.inner.callbacks.lock().looked = None;
    assert!(store.lease(at(9), 256, 64, &|_| true).map_or(true, |lease| lease.taken.is_empty()));
    replica.signal("-CONT");
    // The mock that takes it over sends it.
    until(|| numbers(&lease(&store, 9)) == [1]);
}

#[test]
fn a_cluster_of_one_node_is_used_and_is_healthy_while_it_can_keep_something() {
    let Some(server) = Server::node() else { return };
    server.takes(0..keys::SLOTS);
    until(|| server.says("CLUSTER INFO").contains("cluster_state:ok"));
    let store = connect(&format!("redis+cluster://localhost:{}", server.port));
    put(&store, "1", "1");
    store.check().unwrap();
    server.says("CONFIG SET maxmemory 1");
    assert!(store.check().unwrap_err().reason.english.contains("OOM"));
    server.says("CONFIG SET maxmemory 0");
    store.check().unwrap();
}

#[test]
fn a_cluster_is_healthy_if_each_master_is_and_a_master_without_replicas_is_one_by_the_word_of_another() {
    let (Some(one), Some(two)) = (Server::node(), Server::node()) else { return };
    // The first has the merchant.
    let half = keys::slot_of(&mchid()) + 1;
    one.takes(0..half);
    two.takes(half..keys::SLOTS);
    one.says(&format!("CLUSTER MEET 127.0.0.1 {}", two.port));
    for node in [&one, &two] {
        until(|| node.says("CLUSTER INFO").contains("cluster_state:ok"));
    }
    let store = connect(&format!("redis+cluster://127.0.0.1:{}", one.port));
    let mchid = mchid();
    put(&store, "1", "1");
    store.check().unwrap();
    for node in [&one, &two] {
        node.says("CONFIG SET maxmemory 1");
        assert!(store.check().unwrap_err().reason.english.contains(&node.port.to_string()));
        node.says("CONFIG SET maxmemory 0");
    }
    two.signal("-STOP");
    until(|| {
        let mut changes = Documents::new(&store, &mchid);
        changes.put(KIND, "1", &"2");
        matches!(commit(&store, changes), Err(CommitError::Unavailable(error)) if error.reason.english.contains("no other node"))
    });
    two.signal("-CONT");
    put(&store, "1", "3");
}

/// Answers as a Sentinel that calls the server at this port the master.
fn sentinel(master: &Arc<AtomicU64>) -> u16 {
    let (listener, master) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::clone(master));
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            while stream.read(&mut [0; 1000]).is_ok_and(|read| read > 0) {
                let port = master.load(Relaxed).to_string();
                let answer = format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len());
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    port
}

#[test]
fn what_a_master_answers_late_does_not_count_if_it_was_replaced_meanwhile() {
    let (Some(old), Some(new)) = (Server::start(), Server::start()) else { return };
    put(&old.mock(), "1", "old");
    put(&new.mock(), "1", "new");
    let master = Arc::new(AtomicU64::new(old.port.into()));
    let store = connect(&format!("redis+sentinel://127.0.0.1:{}/main", sentinel(&master)));
    assert_eq!(get(&store, "1").as_deref(), Some("old"));
    old.signal("-STOP");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(650));
            master.store(new.port.into(), Relaxed);
            old.signal("-CONT");
        });
        assert_eq!(get(&store, "1").as_deref(), Some("new"));
    });
}

#[test]
fn a_server_that_answers_one_by_one_is_given_up_after_all_in_all_as_long_as_a_call_may_take() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // To what a new connection asks.
        let mut answers = "+OK\r\n".repeat(1 + SCRIPTS.texts().count());
        while stream.write_all(answers.as_bytes()).is_ok() {
            thread::sleep(Duration::from_millis(300));
            answers = "+OK\r\n".into();
        }
    });
    let link = Link::new(format!("redis://127.0.0.1:{port}").parse().unwrap());
    let mut request = Request::default();
    (0..50).for_each(|_| request.add(&::redis::cmd("PING")));
    let begun = Instant::now();
    assert!(link.call(keys::common_slot(), &request).unwrap_err().reason.english.contains("in time"));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// How long a change takes: to be read, not checked.
#[test]
fn a_change_takes_two_round_trips_and_a_look_takes_one() {
    let Some(server) = Server::start() else { return };
    let (store, mchid) = (server.mock(), mchid());
    put(&store, "0", "0");
    let (begun, sent) = (Instant::now(), store.inner.link.masters.sent.load(Relaxed));
    const TIMES: u32 = 2_000;
    let mut spent = Duration::ZERO;
    for id in 0..TIMES {
        let mut changes = Documents::new(&store, &mchid);
        changes.ahead(|ahead| {
            ahead.document(KIND, "0").document(KIND, "1").number(&id.to_string());
        });
        assert!(changes.get::<String>(KIND, "0").is_some());
        let value = changes.get::<String>(KIND, "1").unwrap_or_default();
        changes.number_use(&id.to_string(), Fingerprint::of(&id));
        changes.use_number(&id.to_string(), Fingerprint::of(&id));
        changes.put(KIND, "1", &format!("{:.500}", value + "x"));
        let before = Instant::now();
        commit(&store, changes).unwrap();
        spent += before.elapsed();
    }
    let trips = store.inner.link.masters.sent.load(Relaxed) - sent;
    assert_eq!(trips, u64::from(2 * TIMES));
    let mut look = Documents::new(&store, &mchid);
    look.ahead(|ahead| {
        ahead.document(KIND, "0").document(KIND, "1");
    });
    assert!(look.get::<String>(KIND, "0").is_some() && look.get::<String>(KIND, "1").is_some());
    commit(&store, look).unwrap();
    assert_eq!(store.inner.link.masters.sent.load(Relaxed) - sent - trips, 1);
    println!("{:?} each, of these {:?} the commit", begun.elapsed() / TIMES, spent / TIMES);
    let _: PathBuf = server.directory.path().into();
}
