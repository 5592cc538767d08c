//! Whatever happens in whatever order, a store shows what a simple model of it does.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestRunner};

use super::*;

laws! {
    a_store_shows_what_its_model_shows_after_any_sequence_of_operations
}

fn a_store_shows_what_its_model_shows_after_any_sequence_of_operations(place: &Place) {
    let config = ProptestConfig {
        cases: 64,
        max_shrink_iters: 2000,
        source_file: Some(file!()),
        test_name: Some("model"),
        ..ProptestConfig::default()
    };
    let run = |operations| {
        follow(&place.another(), operations);
        Ok(())
    };
    TestRunner::new(config).run(&vec(operation(), 0..80), run).unwrap_or_else(|error| panic!("{error}"));
}

const KINDS: [&str; 2] = ["order", "refund"];
const IDS: [&str; 3] = ["1", "2", "3"];
const NUMBERS: u8 = 4;
const AT_ONCE_FOR_ONE: usize = 2;

/// One of the merchants.
type Who = usize;

/// One of the transactions that are open at once.
type Slot = usize;

#[derive(Clone, Debug)]
enum Operation {
    /// Something in a transaction, which begins if there is none.
    Within(Slot, Who, Step),
    Commit(Slot),
    CommitOnlyRead(Slot),
    Seed(Who, Vec<(Key, u8)>),
    Reset(Option<Who>),
    Remove(Who),
    Import {
        from: Who,
        to: Who,
    },
    Send(Who, u64),
    Later(u64),
    Lease(usize),
    /// The nth attempt in progress ends.
    Update(usize, DeliveryState),
    /// The nth of all callbacks, or one that is not there.
    SendAgain(usize),
    Due(usize),
    /// The store is opened again, if its state lasts.
    Reopen,
}

#[derive(Clone, Debug)]
enum Step {
    Get(Key),
    Put(Key, u8),
    Remove(Key),
    UseNumber(u8, u8),
    Send(Who, u64),
    Remind(u64, Key),
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let key = || (select(&KINDS[..]), select(&IDS[..])).prop_map(|(kind, id)| Key::new(kind, id));
    let (who, slot, soon) = (|| 0..2_usize, || 0..2_usize, || 0..6_u64);
    let step = prop_oneof![
        4 => key().prop_map(Step::Get),
        4 => (key(), 0..9_u8).prop_map(|(key, value)| Step::Put(key, value)),
        1 => key().prop_map(Step::Remove),
        1 => (0..NUMBERS, 0..2_u8).prop_map(|(number, content)| Step::UseNumber(number, content)),
        2 => (who(), soon()).prop_map(|(to, soon)| Step::Send(to, soon)),
        1 => (soon(), key()).prop_map(|(soon, key)| Step::Remind(soon, key)),
    ];
    let state = prop_oneof![
        Just(DeliveryState::Received),
        Just(DeliveryState::GivenUp),
        Just(DeliveryState::Held),
        soon().prop_map(|soon| DeliveryState::Waiting(at(soon))),
    ];
    prop_oneof![
        12 => (slot(), who(), step).prop_map(|(slot, who, step)| Within(slot, who, step)),
        6 => slot().prop_map(Commit),
        1 => slot().prop_map(CommitOnlyRead),
        1 => (who(), vec((key(), 0..9_u8), 0..4)).prop_map(|(who, seed)| Seed(who, seed)),
        1 => option::of(who()).prop_map(Reset),
        1 => who().prop_map(Remove),
        1 => (who(), who()).prop_map(|(from, to)| Import { from, to }),
        1 => (who(), soon()).prop_map(|(who, soon)| Send(who, soon)),
        1 => soon().prop_map(Later),
        3 => (0..4_usize).prop_map(Lease),
        3 => (any::<usize>(), state).prop_map(|(nth, state)| Update(nth, state)),
        1 => any::<usize>().prop_map(SendAgain),
        2 => (0..4_usize).prop_map(Due),
        1 => Just(Reopen),
    ]
}

/// Does the operations with a store and with the model.
fn follow(place: &Place, operations: Vec<Operation>) {
    let mut model = Model::default();
    let mut store = place.open();
    let mut operations = operations.into_iter();
    while model.follow(&store, &mut operations) {
        if place.lasts() && !place.is_shared() {
            drop(store);
            store = place.open();
            model.begin_again();
        }
        model.compare(&store);
    }
    model.compare(&store);
    model.compare_exports(&store);
}

/// What a store should show.
#[derive(Default)]
struct Model {
    now: u64,
    merchants: [Merchant; 2],
    /// The callbacks by number.
    sent: BTreeMap<u64, Sent>,
    last_sent: u64,
    sending: Vec<Delivery>,
    /// Counts everything that happens, so that each change has another number.
    count: u64,
    seen: BTreeMap<(Who, Key), Seen>,
}

#[derive(Default)]
struct Merchant {
    is_known: bool,
    /// Whether it has done something before it was known: whether it then begins with a seed is open.
    is_odd: bool,
    seed: Vec<(Key, u8)>,
    documents: BTreeMap<Key, Kept>,
    numbers: Vec<(u8, u8)>,
    /// When each is due, and which came first.
    reminders: Vec<(u64, u64, Key)>,
}

#[derive(Clone)]
struct Kept {
    value: u8,
    changed: u64,
    created: u64,
}

#[derive(Clone)]
struct Sent {
    to: Who,
    id: String,
    created: u64,
    attempts: usize,
    state: DeliveryState,
}

/// A document as the store has shown it last.
struct Seen {
    changed: u64,
    version: u64,
    created: u64,
    place: u64,
}

/// A transaction as the model has it.
#[derive(Default)]
struct Transaction {
    who: Who,
    /// What was read, and when it was changed.
    read: BTreeMap<Key, Option<u64>>,
    /// The same, and what it was. Over a network, it is not read again.
    first: BTreeMap<Key, Option<u8>>,
    is_remote: bool,
    changed: BTreeMap<Key, Option<u8>>,
    numbers: Vec<(u8, u8)>,
    sent: Vec<(Who, String, u64)>,
    reminders: Vec<(u64, Key)>,
}

fn merchant(who: Who) -> &'static Mchid {
    static MERCHANTS: std::sync::LazyLock<[Mchid; 2]> = std::sync::LazyLock::new(|| [mchid(), other()]);
    &MERCHANTS[who]
}

fn texts(documents: &[(Key, u8)]) -> Vec<(Key, JsonText)> {
    documents.iter().map(|(key, value)| (key.clone(), JsonText::of(value))).collect()
}

fn print(number: u8) -> Fingerprint {
    Fingerprint::of(&number.to_string())
}

impl Model {
    /// Does the operations until the store is to be opened again. Returns whether there are more.
    fn follow(&mut self, store: &Store, operations: &mut impl Iterator<Item = Operation>) -> bool {
        let mut open: [Option<(Documents<'_>, Transaction)>; 2] = [None, None];
        for operation in operations {
            match operation {
                Operation::Reopen => return true,
                Operation::Within(slot, who, step) => {
                    let (documents, transaction) = open[slot].get_or_insert_with(|| {
                        let is_remote = store.0.is_remote();
                        let transaction = Transaction { who, is_remote, ..Transaction::default() };
                        (store.documents(merchant(who)), transaction)
                    });
                    self.step(documents, transaction, step);
                    continue;
                }
                Operation::Commit(slot) => {
                    if let Some((documents, transaction)) = open[slot].take() {
                        self.commit(store, documents, transaction);
                    }
                }
                Operation::CommitOnlyRead(slot) => {
                    if let Some((documents, Transaction { who, read, .. })) = open[slot].take() {
                        let transaction = Transaction { who, read, ..Transaction::default() };
                        self.commit(store, documents.only_read(), transaction);
                    }
                }
                other => self.alone(store, other),
            }
            self.compare(store);
        }
        false
    }

    fn step(&mut self, documents: &mut Documents<'_>, transaction: &mut Transaction, step: Step) {
        match step {
            Step::Get(key) => {
                let kept = self.merchants[transaction.who].documents.get(&key);
                let expected = match transaction.changed.get(&key) {
                    Some(changed) => *changed,
                    None => {
                        transaction.read.entry(key.clone()).or_insert(kept.map(|kept| kept.changed));
                        let now = kept.map(|kept| kept.value);
                        let first = *transaction.first.entry(key.clone()).or_insert(now);
                        if transaction.is_remote { first } else { now }
                    }
                };
                assert_eq!(documents.get::<u8>(&key.kind, &key.id), expected, "{key:?}");
            }
            Step::Put(key, value) => {
                documents.put(&key.kind, &key.id, &value);
                transaction.changed.insert(key, Some(value));
            }
            Step::Remove(key) => {
                documents.remove(&key.kind, &key.id);
                transaction.changed.insert(key, None);
            }
            Step::UseNumber(number, content) => {
                documents.use_number(&number.to_string(), print(content));
                transaction.numbers.push((number, content));
            }
            Step::Send(to, soon) => {
                let (id, created) = (self.next().to_string(), self.now + soon);
                documents.send_to(merchant(to), outgoing(&id, created));
                transaction.sent.push((to, id, created));
            }
            Step::Remind(soon, key) => {
                documents.remind(at(self.now + soon), &key.kind, &key.id);
                transaction.reminders.push((self.now + soon, key));
            }
        }
    }

    fn commit(&mut self, store: &Store, documents: Documents<'_>, transaction: Transaction) {
        let Transaction { who, read, first: _, is_remote: _, changed, numbers, sent, reminders } =
            transaction;
        let kept = &self.merchants[who].documents;
        let is_conflict =
            read.iter().any(|(key, changed)| kept.get(key).map(|kept| kept.changed) != *changed);
        let committed = store.commit(documents);
        let is_look = changed.is_empty() && numbers.is_empty() && sent.is_empty() && reminders.is_empty();
        // What was read at one time over a network was so then.
        if is_conflict && is_look && store.0.is_remote() && read.len() == 1 {
            assert_eq!(committed.unwrap().len(), 0);
            return;
        }
        if is_conflict {
            assert_eq!(committed.unwrap_err(), CommitError::Conflict);
            return;
        }
        let committed = committed.unwrap();
        let shown =
            committed.into_iter().map(|one| (one.key, one.value.map(|value| value.read::<u8>().unwrap())));
        assert!(shown.eq(changed.iter().map(|(key, value)| (key.clone(), *value))));
        self.merchants[who].is_odd |= !(numbers.is_empty() && sent.is_empty() && reminders.is_empty());
        for (key, value) in changed {
            match value {
                Some(value) => self.put(who, key, value),
                None => drop(self.merchants[who].documents.remove(&key)),
            }
            self.merchants[who].is_odd = true;
        }
        for (number, content) in numbers {
            self.merchants[who].use_number(number, content);
        }
        for (to, id, created) in sent {
            self.send(to, id, created);
        }
        for (when, key) in reminders {
            let count = self.next();
            self.merchants[who].reminders.push((when, count, key));
        }
    }

    /// Does what belongs to no transaction.
    fn alone(&mut self, store: &Store, operation: Operation) {
        match operation {
            Operation::Seed(who, seed) => {
                if self.merchants[who].is_odd && !self.merchants[who].is_known {
                    return;
                }
                store.seed(merchant(who), texts(&seed)).unwrap();
                if !self.merchants[who].is_known {
                    seed.iter().for_each(|(key, value)| self.put(who, key.clone(), *value));
                }
                (self.merchants[who].is_known, self.merchants[who].seed) = (true, seed);
            }
            Operation::Reset(who) => {
                store.reset(who.map(merchant)).unwrap();
                for who in who.map_or(0..2, |who| who..who + 1) {
                    let seed = std::mem::take(&mut self.merchants[who].seed);
                    self.clear(who);
                    seed.iter().for_each(|(key, value)| self.put(who, key.clone(), *value));
                    (self.merchants[who].seed, self.merchants[who].is_odd) = (seed, true);
                }
            }
            Operation::Remove(who) => {
                store.remove(merchant(who)).unwrap();
                self.clear(who);
                self.merchants[who] = Merchant::default();
            }
            Operation::Import { from, to } => {
                let state = store.export(merchant(from)).unwrap();
                store.import(merchant(to), state).unwrap();
                let documents = self.in_order(from).into_iter().map(|(key, kept)| (key.clone(), kept.value));
                let documents: Vec<_> = documents.collect();
                let numbers = self.merchants[from].numbers.clone();
                let mut reminders = self.merchants[from].reminders.clone();
                reminders.sort_unstable();
                let sent: Vec<_> = self.sent.values().filter(|one| one.to == from).cloned().collect();
                self.clear(to);
                documents.into_iter().for_each(|(key, value)| self.put(to, key, value));
                self.merchants[to].numbers = numbers;
                for (when, _, key) in reminders {
                    let count = self.next();
                    self.merchants[to].reminders.push((when, count, key));
                }
                for one in sent {
                    self.last_sent += 1;
                    self.sent.insert(self.last_sent, Sent { to, state: one.begun_again(), ..one });
                }
                self.merchants[to].is_odd = true;
            }
            Operation::Send(to, soon) => {
                let (id, created) = (self.next().to_string(), self.now + soon);
                let number = store.send(merchant(to), outgoing(&id, created)).unwrap();
                self.merchants[to].is_odd = true;
                self.send(to, id, created);
                assert_eq!(number, self.last_sent);
            }
            Operation::Later(seconds) => self.now += seconds,
            Operation::Lease(most) => self.lease(store, most),
            Operation::Update(nth, state) => {
                if self.sending.is_empty() {
                    return;
                }
                let mut delivery = self.sending.swap_remove(nth % self.sending.len());
                delivery.state = match state {
                    DeliveryState::Waiting(soon) => DeliveryState::Waiting(at(self.now + soon.as_unix())),
                    state => state,
                };
                delivery.attempts.push(attempt());
                let (number, state) = (delivery.number, delivery.state);
                let is_there = store.update(delivery).unwrap();
                let kept = self.sent.get_mut(&number);
                assert_eq!(is_there, kept.is_some(), "{number}");
                if let Some(kept) = kept {
                    (kept.state, kept.attempts) = (state, kept.attempts + 1);
                }
            }
            Operation::SendAgain(nth) => {
                let number = nth as u64 % (self.last_sent + 2);
                let attempts = store.send_again(number, at(self.now)).unwrap();
                let kept = self.sent.get_mut(&number);
                assert_eq!(attempts, kept.as_ref().map(|kept| kept.attempts), "{number}");
                if let Some(kept) = kept.filter(|kept| kept.state != DeliveryState::Sending) {
                    kept.state = DeliveryState::Waiting(at(self.now));
                }
            }
            Operation::Due(most) => self.due(store, most),
            Operation::Within(..)
            | Operation::Commit(_)
            | Operation::CommitOnlyRead(_)
            | Operation::Reopen => {}
        }
    }

    /// Which merchant's turn it is, is open; of each, those that wait longest are taken, as many as there is room for.
    fn lease(&mut self, store: &Store, most: usize) {
        let now = at(self.now);
        let Lease { taken, next } = store.lease(now, most, AT_ONCE_FOR_ONE, &|_| true).unwrap();
        let mut could_be_taken = 0;
        for who in 0..2 {
            let own = self.sent.iter().filter(|(_, one)| one.to == who);
            let sending = own.clone().filter(|(_, one)| one.state == DeliveryState::Sending).count();
            let mut due: Vec<_> =
                own.filter_map(|(number, one)| Some((one.due().filter(|at| *at <= now)?, *number))).collect();
            due.sort_unstable();
            due.truncate(AT_ONCE_FOR_ONE.saturating_sub(sending));
            could_be_taken += due.len();
            let mut found: Vec<_> =
                taken.iter().filter(|one| one.mchid == *merchant(who)).map(|one| one.number).collect();
            let mut first: Vec<_> = due.iter().take(found.len()).map(|(_, number)| *number).collect();
            found.sort_unstable();
            first.sort_unstable();
            assert_eq!(found, first, "of {due:?}");
        }
        assert_eq!(taken.len(), most.min(could_be_taken));
        for delivery in taken {
            let kept = self.sent.get_mut(&delivery.number).unwrap();
            kept.state = DeliveryState::Sending;
            kept.compare(&delivery);
            self.sending.push(delivery);
        }
        // A wake-up too early does no harm.
        let expected = self.sent.values().filter_map(Sent::due).filter(|at| *at > now).min();
        assert!(
            expected.is_none_or(|expected| next.is_some_and(|next| next <= expected)),
            "{next:?} {expected:?}"
        );
    }

    fn due(&mut self, store: &Store, most: usize) {
        let Due { taken, next } = due(store, self.now, most);
        assert!(taken.len() <= most, "{taken:?}");
        let is_due = |(when, ..): &(u64, u64, Key)| *when <= self.now;
        for who in 0..2 {
            let waiting = &mut self.merchants[who].reminders;
            waiting.sort_unstable();
            let found: Vec<_> =
                taken.iter().filter(|one| one.mchid == *merchant(who)).map(|one| &one.key).collect();
            let count = found.len();
            assert!(waiting.iter().take_while(|one| is_due(one)).map(|(.., key)| key).take(count).eq(found));
            waiting.drain(..count);
        }
        let left = self
            .merchants
            .iter()
            .flat_map(|merchant| merchant.reminders.iter().map(|(when, ..)| at(*when)))
            .min();
        // Who gets nothing waits for the next.
        if taken.is_empty() && most > 0 {
            let is_known = |left| left > at(self.now) && next.is_some_and(|next| next <= left);
            assert!(left.is_none_or(is_known), "{next:?} {left:?}");
        }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn put(&mut self, who: Who, key: Key, value: u8) {
        let count = self.next();
        let merchant = &mut self.merchants[who];
        merchant.is_known = true;
        let kept = merchant.documents.entry(key).or_insert(Kept { value, changed: count, created: count });
        (kept.value, kept.changed) = (value, count);
    }

    fn send(&mut self, to: Who, id: String, created: u64) {
        self.last_sent += 1;
        let state = DeliveryState::Waiting(at(created));
        self.sent.insert(self.last_sent, Sent { to, id, created, attempts: 0, state });
    }

    /// Forgets what requests have made of a merchant, and its callbacks.
    fn clear(&mut self, who: Who) {
        let Merchant { documents, numbers, reminders, .. } = &mut self.merchants[who];
        documents.clear();
        numbers.clear();
        reminders.clear();
        self.sent.retain(|_, one| one.to != who);
    }

    /// Attempts that were in progress when the store was closed begin again.
    fn begin_again(&mut self) {
        self.sending.clear();
        self.sent.values_mut().for_each(|one| one.state = one.begun_again());
    }

    /// A merchant's documents in the order in which they were created.
    fn in_order(&self, who: Who) -> Vec<(&Key, &Kept)> {
        let mut documents: Vec<_> = self.merchants[who].documents.iter().collect();
        documents.sort_unstable_by_key(|(_, kept)| kept.created);
        documents
    }

    fn compare(&mut self, store: &Store) {
        for who in 0..2 {
            let mchid = merchant(who);
            let mut kinds: Vec<(Arc<str>, usize)> = Vec::new();
            let mut seen = Vec::new();
            for kind in KINDS {
                let expected: Vec<_> =
                    self.in_order(who).into_iter().filter(|(key, _)| &*key.kind == kind).collect();
                let found = store.list(mchid, kind, 0, 99).unwrap();
                let values =
                    found.iter().map(|one| (one.id.as_str(), one.document.value.read::<u8>().unwrap()));
                let wanted = expected.iter().map(|(key, kept)| (&*key.id, kept.value));
                assert_eq!(values.collect::<Vec<_>>(), wanted.collect::<Vec<_>>(), "{kind} of {who}");
                let newest = store.0.list_newest(mchid, kind, u64::MAX, 99).unwrap();
                assert!(newest.iter().rev().map(|one| one.place).eq(found.iter().map(|one| one.place)));
                assert!(found.is_sorted_by(|one, next| one.place < next.place));
                if !found.is_empty() {
                    kinds.push((kind.into(), found.len()));
                }
                for ((key, Kept { changed, created, .. }), Listed { place, document, .. }) in
                    expected.into_iter().zip(found)
                {
                    let version = document.version;
                    seen.push((key.clone(), Seen { changed: *changed, version, created: *created, place }));
                }
            }
            assert_eq!(store.kinds(mchid).unwrap(), kinds);
            for (key, now) in seen {
                let version = store.read(mchid, &key).unwrap().unwrap().version;
                assert_eq!(version, now.version);
                if let Some(before) = self.seen.insert((who, key.clone()), Seen { ..now }) {
                    let (is_same, is_later) = (version == before.version, version > before.version);
                    assert!(
                        if now.changed == before.changed { is_same } else { is_later },
                        "{key:?}: {version} after {}",
                        before.version
                    );
                    assert!(now.created != before.created || now.place == before.place, "{key:?}");
                }
            }
            for number in 0..NUMBERS {
                let expected = self.merchants[who].numbers.iter().find(|(known, _)| *known == number);
                let found = store.0.number(mchid, print(number)).unwrap();
                assert_eq!(found, expected.map(|(_, content)| print(*content)));
            }
            let found = store.deliveries(Some(mchid), 0, 9999).unwrap();
            let expected = self.sent.iter().filter(|(_, one)| one.to == who);
            assert!(
                found.iter().map(|one| one.number).eq(expected.clone().map(|(number, _)| *number)),
                "{found:?}"
            );
            expected.zip(&found).for_each(|((_, expected), found)| expected.compare(found));
        }
        assert_eq!(store.last_delivery().unwrap(), self.last_sent);
    }

    fn compare_exports(&mut self, store: &Store) {
        for who in 0..2 {
            let MerchantState { documents, numbers, deliveries, reminders } =
                store.export(merchant(who)).unwrap();
            let expected: Vec<_> =
                self.in_order(who).into_iter().map(|(key, kept)| (key.clone(), kept.value)).collect();
            assert_eq!(documents, texts(&expected));
            let own = &mut self.merchants[who];
            assert!(
                numbers
                    .into_iter()
                    .eq(own.numbers.iter().map(|(number, content)| (print(*number), print(*content))))
            );
            own.reminders.sort_unstable();
            assert!(
                reminders.into_iter().eq(own.reminders.iter().map(|(when, _, key)| (at(*when), key.clone())))
            );
            let expected = self.sent.values().filter(|one| one.to == who);
            assert_eq!(deliveries.len(), expected.clone().count());
            expected.zip(&deliveries).for_each(|(expected, found)| expected.compare(found));
        }
    }
}

impl Merchant {
    fn use_number(&mut self, number: u8, content: u8) {
        match self.numbers.iter_mut().find(|(known, _)| *known == number) {
            Some((_, known)) => *known = content,
            None => self.numbers.push((number, content)),
        }
    }
}

impl Sent {
    fn due(&self) -> Option<Timestamp> {
        match self.state {
            DeliveryState::Waiting(at) => Some(at),
            _ => None,
        }
    }

    fn begun_again(&self) -> DeliveryState {
        match self.state {
            DeliveryState::Sending => DeliveryState::Waiting(at(self.created)),
            state => state,
        }
    }

    fn compare(&self, found: &Delivery) {
        assert_eq!(found.mchid, *merchant(self.to));
        let shown = (&found.id, found.created, found.attempts.len(), found.state);
        assert_eq!(shown, (&self.id, at(self.created), self.attempts, self.state), "{}", found.number);
    }
}
