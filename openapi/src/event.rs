//! The events that callbacks tell of: the webhooks of a document.

use std::{collections::BTreeMap, slice, sync::Arc};

use serde_json::{Map, Value, json};

use crate::{
    Contract, ContractError, Provenance, Schema, built_in,
    inline::resolve,
    parse::{branches, child},
};

/// The most attempts after the first. (own choice)
const MOST_RETRIES: usize = 200;

/// The longest time from the first attempt to the last, in seconds: a week. (own choice)
const LONGEST_PLAN: u64 = 7 * 24 * 60 * 60;

/// The plan of an event that names none. Most events have it. (own choice)
const USUAL_PLAN: &str = "payment";

/// The most characters that are wrong in a misspelt event. (own choice)
const MOST_SLIPS: usize = 4;

/// The longest event that may be misspelt, in bytes. (own choice)
const LONGEST_MISSPELT: usize = 128;

/// An event that callbacks tell of.
///
/// What no source states is assumed: [`assumed`](Self::assumed) names it.
#[derive(Debug)]
pub struct CallbackEvent {
    /// What happened, as a callback's `event_type` says it: `TRANSACTION.SUCCESS`.
    pub event_type: String,
    /// Its name in the official documentation: `支付成功通知`.
    pub title: String,
    /// What a callback says for people: `支付成功`. Else the title.
    pub summary: String,
    /// What a callback says is encrypted: `transaction`. Else the first part of the event, in lower case.
    pub original_type: String,
    /// What is authenticated together with the encrypted data. Else `original_type`.
    pub associated_data: String,
    /// The seconds before each attempt after the first, from the attempt before it.
    pub retry: Vec<u32>,
    /// How sure it is that the gateway sends it.
    pub provenance: Provenance,
    /// Names it had before, which the gateway no longer sends.
    pub former: Vec<String>,
    assumed: Vec<&'static str>,
    resource: Schema,
    variants: Vec<Schema>,
}

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

impl Contract {
    /// Every event that callbacks tell of, by `event_type`. The built-in ones are read at the first call of this or
    /// [`event`](Self::event), which takes some milliseconds.
    pub fn events(&self) -> Vec<&CallbackEvent> {
        let built_in = self.events.has_built_in.then(|| &built_in::WEBHOOKS.events).into_iter().flatten();
        let all: BTreeMap<_, _> = built_in.chain(&self.events.own).collect();
        all.into_values().map(Arc::as_ref).collect()
    }

    /// The event with this `event_type`.
    pub fn event(&self, event_type: &str) -> Option<&CallbackEvent> {
        let built_in = || self.events.has_built_in.then(|| built_in::WEBHOOKS.events.get(event_type)).flatten();
        self.events.own.get(event_type).or_else(built_in).map(Arc::as_ref)
    }

    /// The event that an unknown name is meant for: one that is only slightly misspelt, or was renamed.
    pub fn near_event(&self, name: &str) -> Option<&CallbackEvent> {
        if name.len() > LONGEST_MISSPELT {
            return None;
        }
        let name = name.to_uppercase();
        let slips = |event: &CallbackEvent| {
            let names = event.former.iter().chain([&event.event_type]);
            names.map(|known| strsim::levenshtein(known, &name)).min().unwrap_or(usize::MAX)
        };
        let (slips, event) =
            self.events().into_iter().map(|event| (slips(event), event)).min_by_key(|(slips, _)| *slips)?;
        (slips <= MOST_SLIPS).then_some(event)
    }
}

impl CallbackEvent {
    /// The schema of the decrypted resource.
    pub fn resource(&self) -> &Schema {
        &self.resource
    }

    /// What the resource can be like, most usual first: that of a direct merchant, of a service provider, and so on.
    /// Their `title` is what they are called. One without alternatives is the only variant.
    pub fn variants(&self) -> &[Schema] {
        if self.variants.is_empty() { slice::from_ref(&self.resource) } else { &self.variants }
    }

    /// The variant that tells of a document with these fields: the one that requires most of them, the first of equals.
    pub fn variant_of(&self, document: &Value) -> &Schema {
        let is_known = |name: &&str| document.get(name).is_some();
        let shared = |schema: &Schema| required(schema.as_value()).filter(is_known).count();
        let most = |best, other| if shared(other) > shared(best) { other } else { best };
        self.variants.iter().reduce(most).unwrap_or(&self.resource)
    }

    /// A resource of the first variant as examples have it, the same at each call. To make one with other values, take a
    /// [sample](Schema::sample) of a variant.
    pub fn example(&self) -> Value {
        self.resource.sample(&mut |_| None)
    }


    /// The text of a resource, to be encrypted: compact JSON, with members in the order of the gateway where that is
    /// known (`x-order`), any others after them by name.
    pub fn text(&self, resource: &Value) -> String {
        let mut text = String::new();
        write(self.resource.as_value(), resource, &mut text);
        text
    }

    /// The names of what no source states: some of `summary`, `original_type` and `retry`.
    pub fn assumed(&self) -> &[&'static str] {
        &self.assumed
    }

    /// Reads the webhook `event_type` of a document.
    fn read(document: &Value, event_type: &str, plans: [&Map<String, Value>; 2]) -> Result<Self, ContractError> {
        let item = resolve(document, &document["webhooks"][event_type])?;
        let post = item.get("post").ok_or_else(|| ContractError::new("expected post, found none"))?;
        let of_mock = |error: ContractError| error.within("x-mock").at(["post", "x-mock"]);
        let mock = Mock::read(&post["x-mock"], plans).map_err(of_mock)?;
        let schema = post.pointer("/requestBody/content/application~1json/schema");
        let schema = schema.filter(|schema| schema.is_object());
        let of_body = |error: ContractError| error.within("body").at(["post", "requestBody"]);
        let resource = schema
            .ok_or_else(|| ContractError::new("expected application/json with a schema"))
            .and_then(|schema| Schema::read(document, schema))
            .map_err(of_body)?;
        let alternatives = resource.as_value()["anyOf"].as_array();
        let variants = alternatives.into_iter().flatten().map(|variant| Schema::read(&Value::Null, variant));
        let variants = variants.collect::<Result<Vec<_>, _>>().map_err(of_body)?;
        let title = post["summary"].as_str().unwrap_or(event_type).to_owned();
        let lower = || event_type.split('.').next().unwrap_or_default().to_lowercase();
        let original_type = mock.original_type.unwrap_or_else(lower);
        Ok(Self {
            event_type: event_type.into(),
            summary: mock.summary.unwrap_or_else(|| title.clone()),
            title,
            associated_data: mock.associated_data.unwrap_or_else(|| original_type.clone()),
            original_type,
            retry: mock.retry,
            provenance: Provenance::read(&post["x-provenance"])?,
            former: mock.former,
            assumed: mock.assumed,
            resource,
            variants,
        })
    }

    /// Compiles its schemas and makes an example of each variant, so that later uses can't fail.
    ///
    /// # Errors
    /// If a schema is not valid, or the example does not satisfy it.
    pub(crate) fn check(&self) -> Result<(), ContractError> {
        self.resource.compile()?;
        for variant in self.variants() {
            variant.compile()?;
            let example = variant.sample(&mut |_| None);
            if let Err(error) = variant.check(&example).and_then(|()| self.resource.check(&example)) {
                let problem = format!("expected an example of {}, from which resources are made", error.pointer);
                return Err(ContractError::new(problem));
            }
        }
        Ok(())
    }

    /// Its webhook in OpenAPI, with what is assumed.
    pub(crate) fn described(&self) -> Value {
        let mut post = json!({
            "summary": self.title,
            "x-mock": {
                "summary": self.summary,
                "original_type": self.original_type,
                "associated_data": self.associated_data,
                "retry": self.retry.iter().map(|seconds| [1, *seconds]).collect::<Vec<_>>(),
                "former": self.former,
            },
            "requestBody": { "required": true, "content": { "application/json": {
                "schema": self.resource.as_value(),
            } } },
        });
        if self.provenance != Provenance::Unstated {
            post["x-provenance"] = self.provenance.as_str().into();
        }
        json!({ "post": post })
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
            Some(_) => return Err(ContractError::new("expected an object as webhooks").at(["webhooks"])),
        }
        let events = Self::read(document, &built_in::WEBHOOKS.plans)?.events;
        for (event_type, event) in &events {
            event.check().map_err(|error| error.within(event_type).at(["webhooks", event_type, "post"]))?;
        }
        Ok(events)
    }
}

/// What `x-mock` says of an event.
struct Mock {
    summary: Option<String>,
    original_type: Option<String>,
    associated_data: Option<String>,
    retry: Vec<u32>,
    former: Vec<String>,
    assumed: Vec<&'static str>,
}

impl Mock {
    const KEYWORDS: [&str; 5] = ["summary", "original_type", "associated_data", "retry", "former"];

    fn read(mock: &Value, plans: [&Map<String, Value>; 2]) -> Result<Self, ContractError> {
        let is_unknown = |name: &&String| !Self::KEYWORDS.contains(&name.as_str());
        if let Some(name) = mock.as_object().and_then(|mock| mock.keys().find(is_unknown)) {
            return Err(ContractError::new(format!("expected {}, found {name}", Self::KEYWORDS.join(", "))));
        }
        let text = |name: &str| match mock.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(ContractError::new(format!("expected a text as {name}"))),
        };
        let former = mock["former"].as_array().into_iter().flatten();
        let assumed = ["summary", "original_type", "retry"].into_iter();
        Ok(Self {
            summary: text("summary")?,
            original_type: text("original_type")?,
            associated_data: text("associated_data")?,
            retry: plan(mock.get("retry").unwrap_or(&USUAL_PLAN.into()), plans)?,
            former: former.filter_map(Value::as_str).map(String::from).collect(),
            assumed: assumed.filter(|name| mock.get(name).is_none()).collect(),
        })
    }
}

/// The plan that this names, or that it is: pairs of how often, and after how many seconds.
fn plan(plan: &Value, plans: [&Map<String, Value>; 2]) -> Result<Vec<u32>, ContractError> {
    let named = |name: &str| {
        let found = plans.iter().find_map(|plans| plans.get(name));
        found.ok_or_else(|| ContractError::new(format!("expected the name of a plan as retry, found {name}")))
    };
    let pairs = plan.as_str().map_or(Ok(plan), named)?;
    let error = || {
        ContractError::new(format!(
            "expected a plan of pairs, how often and after how many seconds, of at most {MOST_RETRIES} times and \
             {LONGEST_PLAN} seconds, found {pairs}"
        ))
    };
    let mut retry = Vec::new();
    for pair in pairs.as_array().ok_or_else(error)? {
        let [times, seconds] = [0, 1].map(|index| pair[index].as_u64().unwrap_or_default());
        let (times, seconds) = (usize::try_from(times), u32::try_from(seconds));
        let (Ok(times @ 1..=MOST_RETRIES), Ok(seconds @ 1..)) = (times, seconds) else { return Err(error()) };
        retry.extend((0..times).map(|_| seconds));
        if retry.len() > MOST_RETRIES {
            return Err(error());
        }
    }
    let total: u64 = retry.iter().copied().map(u64::from).sum();
    if total > LONGEST_PLAN { Err(error()) } else { Ok(retry) }
}

/// The names of the fields that a schema requires.
fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Adds the JSON of a value of this schema.
fn write(schema: &Value, value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let has_all = |variant: &&Value| required(variant).all(|name| fields.contains_key(name));
            let schema = branches(schema).find(has_all).unwrap_or(schema);
            let order: Vec<_> = schema["x-order"].as_array().into_iter().flatten().collect();
            let rank = |name: &str| order.iter().position(|known| **known == name).unwrap_or(order.len());
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| rank(name));
            let mut before = "{";
            for (name, value) in fields {
                text.push_str(before);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(child(schema, name).unwrap_or(&Value::Null), value, text);
                before = ",";
            }
            text.push_str(if before == "{" { "{}" } else { "}" });
        }
        Value::Array(items) => {
            let schema = child(schema, "0").unwrap_or(&Value::Null);
            let mut before = "[";
            for item in items {
                text.push_str(before);
                write(schema, item, text);
                before = ",";
            }
            text.push_str(if before == "[" { "[]" } else { "]" });
        }
        _ => text.push_str(&value.to_string()),
    }
}
