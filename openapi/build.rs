//! Makes the built-in contract of `fixtures/contract/`: an index as Rust source, and beside it the description of each
//! operation, with its references replaced and compressed by itself.
#![expect(dead_code, unreachable_pub, reason = "the library uses the rest of what is shared with it")]

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::{
    entry::Entry,
    error::ContractError,
    inline::{inline, inline_operation},
    path::PathTemplate,
    resource::Resource,
    routes::{Branch, Routes},
};

#[path = "src/entry.rs"]
mod entry;
#[path = "src/error.rs"]
mod error;
#[path = "src/inline.rs"]
mod inline;
#[path = "src/list.rs"]
mod list;
#[path = "src/path.rs"]
mod path;
#[path = "src/resource.rs"]
mod resource;
#[path = "src/routes.rs"]
mod routes;

/// The best that deflate can do.
const LEVEL: u8 = 9;

/// The file with what all families share.
const COMMON: &str = "_common.json";

/// The file with the events of callbacks.
const EVENTS: &str = "_events.json";

fn main() {
    let folder = Path::new("../fixtures/contract");
    println!("cargo::rerun-if-changed={}", folder.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets it"));
    if let Err(error) = BuiltIn::read(folder).and_then(|built_in| built_in.write(&out)) {
        println!("cargo::error=fixtures/contract: {error}");
    }
}

/// The contract of all families.
#[derive(Default)]
struct BuiltIn {
    /// Each operation with its key, `get`, and the place of its description.
    operations: Vec<(String, Entry, usize, usize)>,
    /// The compressed descriptions.
    descriptions: Vec<u8>,
    /// What all families share.
    common: Value,
    /// The named schemas of all families.
    schemas: Map<String, Value>,
    /// The events of callbacks.
    events: Value,
}

impl BuiltIn {
    fn read(folder: &Path) -> Result<Self, ContractError> {
        let common = document(&folder.join(COMMON))?;
        let events = document(&folder.join(EVENTS)).map_err(|error| error.within(EVENTS))?;
        let mut built_in = Self { common, events, ..Self::default() };
        let mut families: Vec<_> = fs::read_dir(folder).map_err(|error| problem(&error))?.flatten().collect();
        families.sort_by_key(fs::DirEntry::file_name);
        for family in families {
            let name = family.file_name().to_string_lossy().into_owned();
            if name.ends_with(".json") && name != COMMON && name != EVENTS {
                let added = document(&family.path()).and_then(|document| built_in.add(&document));
                added.map_err(|error| error.within(&name))?;
            }
        }
        built_in.operations.sort_by(|one, other| {
            let key =
                |(key, entry, ..): &(String, Entry, _, _)| (entry.path.as_str().to_owned(), key.clone());
            key(one).cmp(&key(other))
        });
        Ok(built_in)
    }

    fn add(&mut self, family: &Value) -> Result<(), ContractError> {
        for (name, schema) in object(&family["components"]["schemas"]) {
            let schema = inline(family, schema).map_err(|error| error.within(name))?;
            if self.schemas.insert(name.clone(), schema).is_some() {
                return Err(ContractError::new(format!("another family has a schema {name}")));
            }
        }
        for (path, item) in object(&family["paths"]) {
            let template = path.parse::<PathTemplate>().map_err(|error| error.within(path))?;
            for (key, operation) in object(item) {
                let within = |error: ContractError| error.within(&format!("{key} {path}"));
                let entry = Entry::read(family, &template, key).map_err(within)?;
                Resource::read(&operation["x-mock"]).map_err(within)?;
                let sends = operation["x-mock"]["sends"].as_str();
                if let Some(event) = sends.filter(|event| self.events["webhooks"].get(*event).is_none()) {
                    let problem = format!("expected x-mock.sends to be an event, found {event}");
                    return Err(within(ContractError::new(problem)));
                }
                let compressed = compressed(&inline_operation(family, operation).map_err(within)?);
                self.operations.push((key.clone(), entry, self.descriptions.len(), compressed.len()));
                self.descriptions.extend(compressed);
            }
        }
        Ok(())
    }

    fn write(&self, out: &Path) -> Result<(), ContractError> {
        let schemas = Value::Object(self.schemas.clone()).to_string();
        for (name, bytes) in [
            ("index.rs", self.index()?.as_bytes()),
            ("descriptions.bin", &self.descriptions),
            ("events.bin", &compressed(&self.events)),
            ("common.json", self.common.to_string().as_bytes()),
            ("schemas.json", schemas.as_bytes()),
        ] {
            fs::write(out.join(name), bytes).map_err(|error| problem(&error).within(name))?;
        }
        Ok(())
    }

    /// The index as Rust source.
    fn index(&self) -> Result<String, ContractError> {
        let mut root = Branch::default();
        let mut by_id = BTreeMap::new();
        let mut operations = Vec::new();
        for (index, (key, entry, at, length)) in (0_u32..).zip(&self.operations) {
            let place = |error: ContractError| error.within(&format!("{key} {}", entry.path));
            let same_path = root.entry(&entry.path);
            if let Some(other) = same_path.iter().find(|other| self.operations[**other as usize].0 == *key) {
                let (_, other, ..) = &self.operations[*other as usize];
                return Err(place(ContractError::new(format!("{} is the same path", other.path))));
            }
            same_path.push(index);
            if let Some(other) = by_id.insert(entry.id.as_ref(), index) {
                let (key, other, ..) = &self.operations[other as usize];
                let problem = format!("{key} {} has the operationId {} too", other.path, entry.id);
                return Err(place(ContractError::new(problem)));
            }
            operations.push(format!(
                "Operation::built_in(Method::{}, {}, {at}, {length})",
                key.to_uppercase(),
                source(entry)
            ));
        }
        let routes = Routes::from(root);
        let nodes = routes.nodes.iter().map(|node| {
            format!(
                "Node {{ literals: {:?}, parameter: {}, ends: {:?} }}",
                node.literals, node.parameter, node.ends
            )
        });
        let literals = routes.literals.iter().map(|literal| {
            format!("Literal {{ text: Cow::Borrowed({:?}), node: {} }}", literal.text, literal.node)
        });
        let mut index = String::new();
        add(&mut index, "OPERATIONS", "Operation", operations);
        add(&mut index, "BY_ID", "u32", by_id.into_values().map(|index| index.to_string()));
        add(&mut index, "NODES", "Node", nodes);
        add(&mut index, "LITERALS", "Literal", literals);
        add(&mut index, "ENDS", "u32", routes.ends.iter().map(ToString::to_string));
        Ok(index)
    }
}

/// The text of a value, compressed.
fn compressed(value: &Value) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec(value.to_string().as_bytes(), LEVEL)
}

fn document(file: &Path) -> Result<Value, ContractError> {
    let text = fs::read_to_string(file).map_err(|error| problem(&error))?;
    serde_json::from_str(&text).map_err(|error| problem(&error))
}

fn problem(error: &dyn std::error::Error) -> ContractError {
    ContractError::new(error.to_string())
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// An entry as Rust source.
fn source(entry: &Entry) -> String {
    let Entry { id, path, family, summary, depth, provenance, is_deprecated, needs_wechatpay_serial } = entry;
    format!(
        "Entry {{ id: Cow::Borrowed({id:?}), path: PathTemplate::built_in({:?}), \
         family: Cow::Borrowed({family:?}), summary: Cow::Borrowed({summary:?}), \
         depth: Depth::{depth:?}, provenance: Provenance::{provenance:?}, \
         is_deprecated: {is_deprecated}, needs_wechatpay_serial: {needs_wechatpay_serial} }}",
        path.as_str(),
    )
}

/// Adds a static list.
fn add(index: &mut String, name: &str, of: &str, items: impl IntoIterator<Item = String>) {
    let items: Vec<_> = items.into_iter().collect();
    let _ = writeln!(index, "static {name}: [{of}; {}] = [\n{}\n];", items.len(), items.join(",\n"));
}
