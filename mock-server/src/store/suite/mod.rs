//! What holds of every backend, stated once.
//!
//! A law is a function of a [`Place`], and each module lists its laws at its top: then they are tested in memory, in a file, and in
//! Redis if there is a `redis-server` on this machine. What only one backend does is tested beside it.

mod bounds;
mod callbacks;
mod commits;
mod documents;
mod lasting;
mod model;
#[cfg(feature = "redis")]
pub(crate) mod redis_server;
mod reminders;
mod together;

use serde_json::Value;

use super::*;

/// Makes each law a test on each backend.
macro_rules! laws {
    ($($law:ident)*) => {
        laws!(memory: $($law)*);
        #[cfg(feature = "sqlite")]
        laws!(sqlite: $($law)*);
        #[cfg(feature = "redis")]
        laws!(redis: $($law)*);
    };
    ($backend:ident: $($law:ident)*) => {
        mod $backend {
            $(
                #[test]
                fn $law() {
                    if let Some(place) = crate::store::suite::Place::$backend() {
                        super::$law(&place);
                    }
                }
            )*
        }
    };
}
use laws;

/// Where the store of a test is.
enum Place {
    Memory,
    #[cfg(feature = "sqlite")]
    Sqlite(tempfile::TempDir),
    #[cfg(feature = "redis")]
    Redis(redis_server::Database),
}

impl Place {
    fn memory() -> Option<Self> {
        Some(Self::Memory)
    }

    /// A file of the test's own.
    #[cfg(feature = "sqlite")]
    fn sqlite() -> Option<Self> {
        Some(Self::Sqlite(tempfile::tempdir().unwrap()))
    }

    /// A database of the test's own.
    #[cfg(feature = "redis")]
    fn redis() -> Option<Self> {
        redis_server::Database::new().map(Self::Redis)
    }

    /// An empty place of the same kind.
    fn another(&self) -> Self {
        let another = match self {
            Self::Memory => Self::memory(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Self::sqlite(),
            #[cfg(feature = "redis")]
            Self::Redis(database) => Some(Self::Redis(database.another())),
        };
        another.unwrap()
    }

    /// The store that is kept there. In memory, it is a new one each time.
    fn open(&self) -> Store {
        self.open_with(&Limits::default())
    }

    fn open_with(&self, limits: &Limits) -> Store {
        match self {
            Self::Memory => Store::memory(limits),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(directory) => {
                let file = directory.path().join("state.db");
                Store(Box::new(sqlite::Sqlite::open(&file, limits).unwrap()))
            }
            #[cfg(feature = "redis")]
            Self::Redis(database) => Store(Box::new(redis::Redis::connect(database.url(), limits).unwrap())),
        }
    }

    /// Whether the state is still there when the store is opened again.
    fn lasts(&self) -> bool {
        !matches!(self, Self::Memory)
    }

    /// Whether several stores can be open at once.
    fn is_shared(&self) -> bool {
        match self {
            Self::Memory => false,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => false,
            #[cfg(feature = "redis")]
            Self::Redis(_) => true,
        }
    }
}

const KIND: &str = "thing";

fn mchid() -> Mchid {
    "1900000001".parse().unwrap()
}

fn other() -> Mchid {
    "1900000002".parse().unwrap()
}

fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

fn seed(documents: &[(&str, &str)]) -> Vec<(Key, JsonText)> {
    documents.iter().map(|(id, value)| (key(id), JsonText::of(value))).collect()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

/// Changes something in one commit.
fn change(store: &Store, mchid: &Mchid, change: impl FnOnce(&mut Documents<'_>)) -> Vec<Changed> {
    let mut documents = store.documents(mchid);
    change(&mut documents);
    store.commit(documents).unwrap()
}

fn put(store: &Store, id: &str, value: &str) {
    version_of_put(store, id, value);
}

/// Puts a document, and returns the version of the change.
fn version_of_put(store: &Store, id: &str, value: &str) -> u64 {
    change(store, &mchid(), |documents| documents.put(KIND, id, &value))[0].version
}

fn get(store: &Store, id: &str) -> Option<String> {
    get_of(store, &mchid(), id)
}

fn get_of(store: &Store, mchid: &Mchid, id: &str) -> Option<String> {
    let found = store.read(mchid, &key(id)).unwrap();
    found.map(|document| document.value.read().unwrap())
}

/// The IDs of the documents, in the order of their list.
fn listed(store: &Store, mchid: &Mchid) -> Vec<String> {
    store.list(mchid, KIND, 0, 99).unwrap().into_iter().map(|one| one.id).collect()
}

fn number_use(store: &Store, number: &str, content: &str) -> NumberUse {
    let mchid = mchid();
    let documents = store.documents(&mchid);
    let found = documents.number_use(number, Fingerprint::of(&content));
    documents.check().unwrap();
    found
}

fn outgoing(id: &str, created: u64) -> Outgoing {
    Outgoing {
        id: id.into(),
        event_type: "THING.CHANGED".into(),
        notify_url: "http://127.0.0.1/".into(),
        resource: "{}".into(),
        nonce: "abcdefghijkl".into(),
        created: at(created),
    }
}

/// The IDs of the callbacks that were kept, the oldest first.
fn sent(store: &Store, mchid: Option<&Mchid>) -> Vec<String> {
    store.deliveries(mchid, 0, 9999).unwrap().iter().map(|one| one.id.clone()).collect()
}

/// Takes the callbacks that are due, in the order of their numbers.
fn lease(store: &Store, now: u64, most: usize, most_of_one: usize) -> Lease {
    let mut lease = store.lease(at(now), most, most_of_one, &|_| true).unwrap();
    lease.taken.sort_unstable_by_key(|one| one.number);
    lease
}

/// Takes the documents that are due, for good.
fn due(store: &Store, now: u64, most: usize) -> Due {
    let due = store.due(at(now), most, &|_| true).unwrap();
    store.done(&due.taken).unwrap();
    due
}

fn numbers(lease: &Lease) -> Vec<u64> {
    lease.taken.iter().map(|one| one.number).collect()
}

/// Keeps how an attempt ended. Returns whether the callback is still there.
fn settle(store: &Store, delivery: &Delivery, state: DeliveryState) -> bool {
    let mut delivery = delivery.clone();
    delivery.state = state;
    delivery.attempts.push(attempt());
    store.update(delivery).unwrap()
}

fn attempt() -> Attempt {
    let sent = SentCallback { url: "http://127.0.0.1/".into(), headers: Vec::new(), body: "{}".into() };
    Attempt {
        at: at(1),
        serial: "6B02BF8E93D977998EC83F5E1A7E346B7265A191".parse().unwrap(),
        fault: None,
        took: Duration::from_millis(1),
        sent: Some(Arc::new(sent)),
        outcome: Outcome::Answered { status: http::StatusCode::OK, body: "".into() },
    }
}

/// Everything of a merchant that does not depend on the numbers that its store gives.
fn shown(store: &Store, mchid: &Mchid) -> [String; 4] {
    let MerchantState { documents, numbers, deliveries, reminders } = store.export(mchid).unwrap();
    let deliveries = deliveries.into_iter().map(|one| {
        let mut json: Value = one.to_json().to_value();
        (json["number"], json["mchid"]) = (Value::Null, Value::Null);
        json.to_string()
    });
    [
        format!("{documents:?}"),
        format!("{numbers:?}"),
        deliveries.collect::<Vec<_>>().join("\n"),
        format!("{reminders:?}"),
    ]
}
