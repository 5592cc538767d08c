//! What outlasts the mock, or is shared with the other mocks of its store, besides documents and callbacks: the clock's setting,
//! merchants created at run time, and fault rules created at run time. They are notes in the store.
//!
//! Mocks that share keep a version. A change writes its notes, counts the version up and says in a note of that number what has
//! changed; the others see the new version and read those notes. Whatever the order in which two mocks change the same, both
//! end with what the note says.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use wechatpay_protocol::{Mchid, ParseError};
use wechatpay_texts::{Text, text};

use super::{Control, others::Others};
use crate::{
    clock::Clock,
    faults::{FaultId, FaultRule, RuleError, RuleState},
    merchants::MerchantConfig,
    store::{StoreError, StorePlace, StoreResult, UnavailableError},
};

/// How much outlasts the mock, besides documents and callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasts {
    Nothing,
    /// The clock's setting and the merchants created at run time.
    WithTheStore,
    /// These and the fault rules, for all mocks that share them.
    ForAll,
}

/// What outlasts the mock, and how far it has been kept.
pub(crate) struct Lasting {
    place: StorePlace,
    lasts: Lasts,
    /// The mocks that have the same store, if it is one that mocks share.
    pub(super) others: Option<Others>,
    /// The clock's setting as it is kept.
    clock: Mutex<Option<String>>,
    /// The notes of merchants as they were last read or written.
    merchants: Mutex<HashMap<Mchid, String>>,
    /// The version that this mock has applied.
    applied: Mutex<i64>,
    /// The last version that this mock has made.
    announced: AtomicI64,
    /// The last version of its own that the others have applied, or did not apply in time.
    pub(super) settled: AtomicI64,
    /// Whether a change was made that the others were not told of.
    is_untold: AtomicBool,
}

/// A change that mocks tell each other.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Clock,
    /// The merchant with this mchid was made or removed.
    Merchant(String),
    Fault(FaultId),
    /// Rules were removed: those of a merchant, or all.
    ClearedFaults(Option<String>),
    /// A merchant was reset, or all of the mock.
    Reset(Option<String>),
    /// More than one of them, or it is not known which.
    All,
}

/// A change with the mock that made it.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    by: String,
    change: Change,
}

/// A merchant created at run time as it is kept. All else of it is the same for each.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptMerchant {
    #[serde(flatten)]
    config: crate::merchants::Kept,
    /// About how much memory its initial documents take, which the store keeps.
    seed_bytes: usize,
}

/// Why what lasts can't be restored.
#[derive(Debug, Text, thiserror::Error)]
enum RestoreError {
    #[text("its note {name} can't be read: {problem}; `wechatpay-mock state reset` removes all notes")]
    Note { name: String, problem: String },
    #[text(transparent)]
    Store(#[from] UnavailableError),
}

const CLOCK: &str = "clock";
const VERSION: &str = "version";
const LAST_FAULT: &str = "last-fault";
const MERCHANTS: &str = "merchant/";
const FAULTS: &str = "fault/";
const CHANGES: &str = "change/";
/// The mchids that a mock is making a merchant with, or has.
const CLAIMS: &str = "claim/";

/// How many changes are told one by one. A mock that has missed more reads everything. (own choice)
const TOLD: i64 = 100;

/// The IDs of shared fault rules begin after this one, so that none is a configured rule's, which each mock counts for itself.
const LAST_OWN_FAULT: FaultId = 1_000_000;

impl Lasting {
    /// What lasts with the store at this place; `others` if it is one that mocks have in common.
    pub(crate) fn new(place: &StorePlace, is_shared: bool, others: Option<Others>) -> Self {
        let lasts = match place {
            StorePlace::Memory => Lasts::Nothing,
            StorePlace::Sqlite(_) => Lasts::WithTheStore,
            StorePlace::Redis(_) if is_shared => Lasts::ForAll,
            StorePlace::Redis(_) => Lasts::Nothing,
        };
        Self {
            place: place.clone(),
            lasts,
            others,
            clock: Mutex::default(),
            merchants: Mutex::default(),
            applied: Mutex::default(),
            announced: AtomicI64::new(0),
            settled: AtomicI64::new(0),
            is_untold: AtomicBool::new(false),
        }
    }

    /// The mocks that have the same store, if it is one that mocks share.
    pub(in crate::admin) fn others(&self) -> Option<&Others> {
        self.others.as_ref()
    }

    /// Whether anything but documents and callbacks lasts.
    pub(super) fn lasts(&self) -> bool {
        self.lasts != Lasts::Nothing
    }

    /// Whether it is shared with other mocks.
    pub(super) fn is_shared(&self) -> bool {
        self.lasts == Lasts::ForAll
    }

    /// The version that this mock has applied.
    pub(super) fn applied(&self) -> i64 {
        *self.applied.lock()
    }

    /// The last version that this mock has made, if the others may not have applied it yet.
    pub(super) fn unsettled(&self) -> Option<i64> {
        let announced = self.announced.load(Relaxed);
        (announced > self.settled.load(Relaxed)).then_some(announced)
    }
}

impl Control {
    /// Restores what the store has kept: before the mock accepts connections.
    ///
    /// # Errors
    /// If the store can't be reached, or has something else than a mock writes.
    pub(crate) fn restore(&self) -> Result<(), StoreError> {
        let lasting = &self.lasting;
        self.restore_all().map_err(|error| lasting.place.error(error.to_string()))
    }

    fn restore_all(&self) -> Result<(), RestoreError> {
        let lasting = &self.lasting;
        if lasting.is_shared() {
            // Before the notes: what changes while they are read is read again.
            *lasting.applied.lock() = self.gateway.store.count(VERSION, 0)?;
        }
        if let Some(others) = &lasting.others {
            others.register(&self.gateway.store, lasting.applied())?;
        }
        if lasting.lasts() {
            self.reload_clock()?;
            self.reload_merchants().map(drop)?;
        }
        if lasting.is_shared() {
            self.reload_faults()?;
        }
        Ok(())
    }

    /// Changes the clock, and keeps its new setting. If that can't be kept, the clock is as it was.
    pub(crate) fn change_clock(&self, change: impl FnOnce(&Clock)) -> StoreResult<()> {
        self.catch_up()?;
        let clock = &self.gateway.clock;
        let before = clock.setting();
        change(clock);
        self.keep_clock().inspect_err(|_| {
            let restored = clock.set(before.as_deref());
            debug_assert_eq!(restored, Ok(()), "it is the clock's own");
        })
    }

    /// Keeps the clock's setting if it has changed.
    pub(in crate::admin) fn keep_clock(&self) -> StoreResult<()> {
        if !self.lasting.lasts() {
            return Ok(());
        }
        let mut kept = self.lasting.clock.lock();
        let setting = self.gateway.clock.setting();
        if *kept == setting {
            return Ok(());
        }
        self.gateway.store.note(CLOCK, setting.as_deref())?;
        *kept = setting;
        // With the lock: a call that finds the setting kept must find the others told.
        self.tell(Change::Clock);
        Ok(())
    }

    /// Makes this mock the one that creates a merchant with this mchid. `false` if another mock does, or has.
    pub(super) fn claim(&self, mchid: &Mchid) -> StoreResult<bool> {
        Ok(!self.lasting.is_shared() || self.gateway.store.count(&name(CLAIMS, mchid), 1)? == 1)
    }

    /// Lets others create a merchant with this mchid.
    pub(super) fn unclaim(&self, mchid: &Mchid) -> StoreResult<()> {
        if self.lasting.is_shared() { self.gateway.store.note(&name(CLAIMS, mchid), None) } else { Ok(()) }
    }

    /// Keeps a merchant that was made now.
    pub(super) fn keep_merchant(&self, config: &MerchantConfig, seed_bytes: usize) -> StoreResult<()> {
        if !self.lasting.lasts() {
            return Ok(());
        }
        let kept = KeptMerchant { config: config.kept(), seed_bytes };
        let text =
            serde_json::to_string(&kept).expect("it is made of texts and numbers, which always serialize");
        self.gateway.store.note(&name(MERCHANTS, &config.mchid), Some(&text))?;
        self.lasting.merchants.lock().insert(config.mchid.clone(), text);
        self.tell(Change::Merchant(config.mchid.to_string()));
        Ok(())
    }

    /// Keeps that a merchant was removed.
    pub(super) fn keep_removal(&self, mchid: &Mchid) -> StoreResult<()> {
        if !self.lasting.lasts() {
            return Ok(());
        }
        self.gateway.store.note(&name(MERCHANTS, mchid), None)?;
        self.lasting.merchants.lock().remove(mchid);
        self.tell(Change::Merchant(mchid.to_string()));
        self.unclaim(mchid)
    }

    /// Adds a fault rule of all mocks that share them.
    pub(super) fn add_shared_fault(&self, rule: FaultRule) -> Result<RuleState, RuleError> {
        let (store, faults) = (&self.gateway.store, &self.gateway.faults);
        let unkept = |error: UnavailableError| RuleError::Store { reason: error.to_string() };
        self.check_fault(&rule)?;
        let number = store.count(LAST_FAULT, 1).map_err(unkept)?;
        let id = LAST_OWN_FAULT.saturating_add_signed(number);
        let now = self.gateway.clock.now();
        let state = RuleState::new(id, rule, now);
        let evicted = faults.adopt(state.clone(), now)?;
        let text = serde_json::to_string(&state).expect("a rule always serializes: it came as JSON");
        let kept = store.note(&name(FAULTS, id), Some(&text));
        if let Err(error) = kept {
            faults.remove(id);
            return Err(unkept(error));
        }
        for id in evicted {
            store.note(&name(FAULTS, id), None).map_err(unkept)?;
            self.tell(Change::Fault(id));
        }
        self.tell(Change::Fault(id));
        Ok(state)
    }

    /// Keeps that a fault rule is removed.
    pub(super) fn keep_fault_removal(&self, id: FaultId) -> StoreResult<()> {
        if self.lasting.is_shared() && id > LAST_OWN_FAULT {
            self.gateway.store.note(&name(FAULTS, id), None)?;
            self.tell(Change::Fault(id));
        }
        Ok(())
    }

    /// Keeps that the fault rules of this merchant, or all, are removed.
    pub(super) fn keep_no_faults(&self, mchid: Option<&Mchid>) -> StoreResult<()> {
        self.forget_faults(mchid)?;
        self.tell(Change::ClearedFaults(mchid.map(Mchid::to_string)));
        Ok(())
    }

    /// Keeps that a merchant was reset, or everything.
    pub(super) fn keep_reset(&self, mchid: Option<&Mchid>) -> StoreResult<()> {
        let store = &self.gateway.store;
        self.forget_faults(mchid)?;
        if mchid.is_none() && self.lasting.lasts() {
            for prefix in [CLOCK, MERCHANTS, CLAIMS] {
                for (name, _) in store.notes(prefix)? {
                    store.note(&name, None)?;
                }
            }
            *self.lasting.clock.lock() = None;
            self.lasting.merchants.lock().clear();
        }
        self.tell(Change::Reset(mchid.map(Mchid::to_string)));
        Ok(())
    }

    fn forget_faults(&self, mchid: Option<&Mchid>) -> StoreResult<()> {
        if !self.lasting.is_shared() {
            return Ok(());
        }
        for (name, text) in self.gateway.store.notes(FAULTS)? {
            let of = serde_json::from_str(&text).ok().and_then(|state: RuleState| state.rule.when.merchant);
            if mchid.is_none_or(|mchid| of.as_deref() == Some(mchid.as_str())) {
                self.gateway.store.note(&name, None)?;
            }
        }
        Ok(())
    }

    /// Tells the others that something has changed. If the store can't be reached, they are told once it can be.
    fn tell(&self, change: Change) {
        if self.lasting.is_shared() && self.try_tell(change).is_err() {
            self.lasting.is_untold.store(true, Relaxed);
        }
    }

    fn try_tell(&self, change: Change) -> StoreResult<()> {
        let (store, lasting) = (&self.gateway.store, &self.lasting);
        let Some(others) = &lasting.others else { return Ok(()) };
        let version = store.count(VERSION, 1)?;
        lasting.announced.fetch_max(version, Relaxed);
        let told = Told { by: others.id().into(), change };
        let text =
            serde_json::to_string(&told).expect("it is made of texts and numbers, which always serialize");
        store.note(&name(CHANGES, version), Some(&text))?;
        store.note(&name(CHANGES, version - TOLD), None)
    }

    /// Applies what other mocks have changed. Returns whether there was something.
    pub(super) fn catch_up(&self) -> StoreResult<bool> {
        let (store, lasting) = (&self.gateway.store, &self.lasting);
        if !lasting.is_shared() {
            return Ok(false);
        }
        if lasting.is_untold.swap(false, Relaxed) {
            self.try_tell(Change::All).inspect_err(|_| lasting.is_untold.store(true, Relaxed))?;
        }
        let mut applied = lasting.applied.lock();
        let version = store.count(VERSION, 0)?;
        if version == *applied {
            return Ok(false);
        }
        let changes = self.changes_between(*applied, version)?;
        if version < *applied {
            // Its content was removed.
            lasting.announced.store(0, Relaxed);
            lasting.settled.store(0, Relaxed);
        }
        for change in changes {
            match self.apply(&change) {
                Err(RestoreError::Store(error)) => return Err(error),
                Err(error) => tracing::error!("{}: {error}", lasting.place),
                Ok(()) => {}
            }
        }
        *applied = version;
        Ok(true)
    }

    /// What others have changed between two versions, and what notes say that this mock has changed.
    fn changes_between(&self, applied: i64, version: i64) -> StoreResult<Vec<Change>> {
        if !(applied..=applied.saturating_add(TOLD)).contains(&version) {
            return Ok(vec![Change::All]);
        }
        let told: HashMap<String, String> = self.gateway.store.notes(CHANGES)?.into_iter().collect();
        let own = self.lasting.others.as_ref().map(Others::id);
        let read = |version| {
            let text = told.get(&name(CHANGES, version))?;
            serde_json::from_str::<Told>(text).ok()
        };
        let changes = (applied + 1..=version).map(|version| match read(version) {
            None => Some(Change::All),
            Some(Told { by, change: Change::ClearedFaults(_) | Change::Reset(_) })
                if Some(by.as_str()) == own =>
            {
                None
            }
            Some(Told { change, .. }) => Some(change),
        });
        let mut changes: Vec<_> = changes.flatten().collect();
        changes.dedup();
        Ok(changes)
    }

    fn apply(&self, change: &Change) -> Result<(), RestoreError> {
        let gateway = &self.gateway;
        let known = |mchid: &Option<String>| -> Result<Option<Mchid>, RestoreError> {
            let parsed = mchid.as_ref().map(|mchid| mchid.parse()).transpose();
            let bad = |problem: ParseError| RestoreError::Note {
                name: CHANGES.into(),
                problem: problem.to_string(),
            };
            parsed.map_err(bad)
        };
        match change {
            Change::Clock => self.reload_clock()?,
            Change::Merchant(mchid) => {
                let note = gateway.store.noted(&name(MERCHANTS, mchid))?;
                if let Some(mchid) = known(&Some(mchid.clone()))? {
                    let _between = gateway.between_exchanges();
                    self.take_over(&mchid, note.as_deref())?;
                }
            }
            Change::Fault(id) => {
                let name = name(FAULTS, *id);
                let note = gateway.store.noted(&name)?;
                let _between = gateway.between_exchanges();
                match note {
                    Some(text) => self.take_over_fault(&name, &text)?,
                    None => drop(gateway.faults.remove(*id)),
                }
            }
            Change::ClearedFaults(mchid) => {
                let mchid = known(mchid)?;
                {
                    let _between = gateway.between_exchanges();
                    self.clear_own_faults(mchid.as_ref());
                }
                self.reload_faults()?;
            }
            Change::Reset(mchid) => {
                let mchid = known(mchid)?;
                {
                    let _between = gateway.between_exchanges();
                    self.reset_own(mchid.as_ref());
                }
                self.reload_all()?;
            }
            Change::All => self.reload_all()?,
        }
        Ok(())
    }

    fn reload_all(&self) -> Result<(), RestoreError> {
        // All of them, even if one can't be read.
        let clock = self.reload_clock();
        let merchants = self.reload_merchants();
        let faults = self.reload_faults();
        clock.and(merchants).and(faults)
    }

    fn reload_clock(&self) -> Result<(), RestoreError> {
        let mut kept = self.lasting.clock.lock();
        let note = self.gateway.store.noted(CLOCK)?;
        if *kept != note {
            let bad = |problem| RestoreError::Note { name: CLOCK.into(), problem };
            self.gateway.clock.set(note.as_deref()).map_err(bad)?;
            *kept = note;
        }
        Ok(())
    }

    fn reload_merchants(&self) -> Result<(), RestoreError> {
        let gateway = &self.gateway;
        let notes = gateway.store.notes(MERCHANTS)?;
        let _between = gateway.between_exchanges();
        let mut gone: HashMap<Mchid, String> = self.lasting.merchants.lock().clone();
        let mut problem = Ok(());
        for (note, text) in &notes {
            let Some(mchid) = note.strip_prefix(MERCHANTS).and_then(|mchid| mchid.parse().ok()) else {
                let problem = text!("expected the mchid of a merchant in its name");
                return Err(RestoreError::Note { name: note.clone(), problem });
            };
            gone.remove(&mchid);
            problem = problem.and(self.take_over(&mchid, Some(text)));
        }
        for mchid in gone.keys() {
            problem = problem.and(self.take_over(mchid, None));
        }
        problem
    }

    /// Makes a merchant as its note says, or removes it. Between exchanges.
    fn take_over(&self, mchid: &Mchid, note: Option<&str>) -> Result<(), RestoreError> {
        let merchants = &self.gateway.merchants;
        let mut kept = self.lasting.merchants.lock();
        if note == kept.get(mchid).map(String::as_str) && (note.is_some() == merchants.is_created(mchid)) {
            return Ok(());
        }
        if merchants.is_configured(mchid) {
            if note.is_some() {
                let note = text!(
                    "{place}: merchant {mchid} was created at run time and is configured now; the configuration counts",
                    place = self.lasting.place
                );
                tracing::warn!("{note}");
            }
            return Ok(());
        }
        let Some(text) = note else {
            kept.remove(mchid);
            self.forget_merchant(mchid);
            return Ok(());
        };
        let bad = |problem: String| RestoreError::Note { name: name(MERCHANTS, mchid), problem };
        let read: KeptMerchant = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        let config = read.config.config(mchid.clone()).map_err(bad)?;
        merchants.remove(mchid);
        // The mock that made it has checked that there is room.
        merchants.add(config, usize::MAX).map_err(|error| bad(error.to_string()))?;
        self.seeds.lock().insert(mchid.clone(), read.seed_bytes);
        kept.insert(mchid.clone(), text.into());
        Ok(())
    }

    fn reload_faults(&self) -> Result<(), RestoreError> {
        let gateway = &self.gateway;
        let notes = gateway.store.notes(FAULTS)?;
        let _between = gateway.between_exchanges();
        let is_gone = |id| !notes.iter().any(|(note, _)| *note == name(FAULTS, id));
        let known = gateway.faults.list().into_iter().map(|state| state.id);
        for id in known.filter(|id| *id > LAST_OWN_FAULT && is_gone(*id)) {
            gateway.faults.remove(id);
        }
        // One that can't be read keeps none of the others out.
        let mut problem = Ok(());
        for (name, text) in &notes {
            problem = problem.and(self.take_over_fault(name, text));
        }
        problem
    }

    /// Adds a rule as its note says, unless it is known. Between exchanges.
    fn take_over_fault(&self, name: &str, text: &str) -> Result<(), RestoreError> {
        let bad = |problem: String| RestoreError::Note { name: name.into(), problem };
        let state: RuleState = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        if let Err(error) = self
            .check_fault(&state.rule)
            .and_then(|()| self.gateway.faults.adopt(state, self.gateway.clock.now()).map(drop))
        {
            let note = text!(
                "{place}: the fault rule in the note {name} does not count here: {error}",
                place = self.lasting.place
            );
            tracing::warn!("{note}");
        }
        Ok(())
    }
}

fn name(prefix: &str, what: impl std::fmt::Display) -> String {
    format!("{prefix}{what}")
}
