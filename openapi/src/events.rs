//! The events of a contract: those of its own document, and the built-in ones, which are read when they are first used.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use serde_json::{Map, Value};
use wechatpay_texts::text;

use crate::{CallbackEvent, ContractError, built_in};

/// The most characters that are wrong in a misspelt event. (own choice)
const MOST_SLIPS: usize = 4;

/// The longest event that may be misspelt, in bytes. (own choice)
const LONGEST_MISSPELT: usize = 128;

/// Events by `event_type`.
pub(crate) type EventsByType = BTreeMap<String, Arc<CallbackEvent>>;

/// The events of a contract.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    /// Whether it has the built-in ones, unless they are replaced.
    pub(crate) has_built_in: bool,
    pub(crate) own: EventsByType,
}

/// The events of a document, and what its plans are called.
#[derive(Default)]
pub(crate) struct Webhooks {
    pub(crate) events: EventsByType,
    plans: Map<String, Value>,
}

/// The built-in ones, read when one is first needed.
static BUILT_IN: LazyLock<Webhooks> =
    LazyLock::new(|| Webhooks::read(&built_in::events(), &Map::new()).expect("a test reads them"));

impl Events {
    /// Every event, by `event_type`.
    pub(crate) fn all(&self) -> Vec<&CallbackEvent> {
        let built_in = self.has_built_in.then(|| &BUILT_IN.events).into_iter().flatten();
        let all: BTreeMap<_, _> = built_in.chain(&self.own).collect();
        all.into_values().map(Arc::as_ref).collect()
    }

    /// The event with this `event_type`.
    pub(crate) fn get(&self, event_type: &str) -> Option<&CallbackEvent> {
        let built_in = || self.has_built_in.then(|| BUILT_IN.events.get(event_type)).flatten();
        self.own.get(event_type).or_else(built_in).map(Arc::as_ref)
    }

    /// The event that an unknown name is meant for.
    pub(crate) fn near(&self, name: &str) -> Option<&CallbackEvent> {
        if name.len() > LONGEST_MISSPELT {
            return None;
        }
        let name = name.to_uppercase();
        let slips = |event: &CallbackEvent| {
            let names = event.former.iter().chain([&event.event_type]);
            names.map(|known| strsim::levenshtein(known, &name)).min().unwrap_or(usize::MAX)
        };
        let (slips, event) =
            self.all().into_iter().map(|event| (slips(event), event)).min_by_key(|(slips, _)| *slips)?;
        (slips <= MOST_SLIPS).then_some(event)
    }
}

impl Webhooks {
    /// Reads the webhooks of a document. Its plans, `x-mock.retry`, come before others of the same name.
    ///
    /// # Errors
    /// The first webhook that is no event.
    pub(crate) fn read(document: &Value, others: &Map<String, Value>) -> Result<Self, ContractError> {
        let plans = document["x-mock"]["retry"].as_object().cloned().unwrap_or_default();
        let mut events = EventsByType::new();
        for (event_type, _) in document["webhooks"].as_object().into_iter().flatten() {
            let event = CallbackEvent::read(document, event_type, [&plans, others])
                .map_err(|error| error.within(event_type).at(["webhooks", event_type]))?;
            events.insert(event_type.clone(), event.into());
        }
        Ok(Self { events, plans })
    }

    /// Reads the webhooks of a document of the user's, and checks all of them. It may use the built-in plans.
    ///
    /// # Errors
    /// The first that is no event, or has no example.
    pub(crate) fn of_user(document: &Value) -> Result<EventsByType, ContractError> {
        match document.get("webhooks") {
            None => return Ok(EventsByType::new()),
            Some(webhooks) if webhooks.is_object() => {}
            Some(_) => {
                return Err(ContractError::new(text!("expected an object as webhooks")).at(["webhooks"]));
            }
        }
        let events = Self::read(document, &BUILT_IN.plans)?.events;
        for (event_type, event) in &events {
            event.check().map_err(|error| error.within(event_type).at(["webhooks", event_type, "post"]))?;
        }
        Ok(events)
    }
}
