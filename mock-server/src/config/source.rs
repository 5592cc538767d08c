//! A TOML file whose mistakes are reported together, each with its line.

use std::{
    cell::RefCell,
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};
use wechatpay_protocol::pem_text;
use wechatpay_texts::{Phrase, phrase, text};

use crate::config::{
    error::{ConfigError, ConfigErrors},
    explain::explain,
};

/// Keys of single tables, `[key]`.
const TABLES: [&str; 5] = ["limits", "policies", "public_key", "match", "error"];

/// Keys whose values hold no tables of the configuration: lists of strings, and bodies, which are any JSON.
const OTHER: [&str; 7] =
    ["hosts", "proxy_passthrough", "notify_maps", "notify_hosts", "transfer_scenes", "contracts", "body"];

/// How a key within `match` begins whose value is any JSON, too.
const IN_BODY: &str = "body.";

/// The most mistakes that are reported. Each takes another pass over the file. (own choice)
const MOST: usize = 50;

/// A parsed file and the mistakes found in it so far.
pub(super) struct Source<'t> {
    path: &'t Path,
    /// Where its lines end.
    line_ends: Vec<usize>,
    document: Spanned<DeValue<'t>>,
    errors: RefCell<Vec<ConfigError>>,
    /// The paths of the values that could not be deserialized.
    mistaken: Vec<Vec<String>>,
}

/// A table of the file. Its methods report mistakes.
pub(super) struct Table<'s> {
    source: &'s Source<'s>,
    /// The keys and indices from the top of the file.
    path: Vec<String>,
}

impl<'t> Source<'t> {
    /// Parses `text`.
    ///
    /// # Errors
    /// [`ConfigErrors`] lists every syntax error.
    pub(super) fn parse(path: &'t Path, text: &'t str) -> Result<Self, ConfigErrors> {
        let (document, errors) = DeTable::parse_recoverable(text);
        let document = Spanned::new(document.span(), DeValue::Table(document.into_inner()));
        let line_ends =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        let source = Self { path, line_ends, document, errors: RefCell::default(), mistaken: Vec::new() };
        for error in errors {
            let line = error.span().map(|span| source.line_at(span.start));
            // `Display` would quote the line, which may hold a key.
            let problem = text!("this is not TOML: {message}", message = error.message());
            let advice = phrase!("put strings in double quotes and write each key once; see https://toml.io");
            source.push(ConfigError::new(path, line, problem, advice));
        }
        source.finish(())?;
        Ok(source)
    }

    /// Deserializes the whole file. Reports unknown keys and invalid values and continues without them, so that one
    /// mistake does not hide the next. Gives up after too many.
    pub(super) fn deserialize<T: DeserializeOwned + Default>(&mut self) -> T {
        let mut document = self.document.clone();
        loop {
            let (path, message) = match misplaced_array(document.get_ref(), true) {
                Some(path) => (path, "invalid type: array, expected a table".into()),
                None => match serde_path_to_error::deserialize(ValueDeserializer::from(document.clone())) {
                    Ok(value) => return value,
                    Err(error) => (keys(error.path()), error.inner().message().to_owned()),
                },
            };
            // A table that is invalid only because a mistaken part was removed is not another mistake.
            let is_left_out = self.mistaken.iter().any(|mistake| mistake.starts_with(&path));
            if !is_left_out {
                let (line, value) = self.find(&path);
                let (problem, advice) = explain(&message, &path, value);
                self.push(ConfigError::new(self.path, line, problem, advice));
            }
            if self.errors.borrow().len() > MOST || !remove(document.get_mut(), &path) {
                return T::default();
            }
            self.mistaken.push(path);
        }
    }

    pub(super) fn root(&self) -> Table<'_> {
        Table { source: self, path: Vec::new() }
    }

    /// An element of an array of tables at the top of the file.
    pub(super) fn element(&self, key: &str, index: usize) -> Table<'_> {
        self.root().inner(key).inner(&index.to_string())
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.errors.borrow().is_empty()
    }

    /// The value of `result`. Collects the mistake if there is one.
    pub(super) fn keep<T>(&self, result: Result<T, ConfigError>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// `value` if no mistake was found, otherwise all mistakes.
    pub(super) fn finish<T>(&self, value: T) -> Result<T, ConfigErrors> {
        let mut errors = self.errors.take();
        let left_out = errors.len().saturating_sub(MOST);
        errors.truncate(MOST);
        if left_out > 0 {
            let problem = text!("found more than {MOST} mistakes, of which these are some");
            errors.push(ConfigError::new(self.path, None, problem, phrase!("fix these first")));
        }
        ConfigErrors::or(errors, value)
    }

    pub(super) fn push(&self, error: ConfigError) {
        self.errors.borrow_mut().push(error);
    }

    fn line_at(&self, offset: usize) -> usize {
        self.line_ends.partition_point(|end| *end < offset) + 1
    }

    /// The value at `path` and its line. Without a value, the line of the innermost table around it.
    fn find(&self, path: &[String]) -> (usize, Option<&DeValue<'t>>) {
        let (mut line, mut value) = (1, self.document.get_ref());
        for step in path {
            let found = match value {
                DeValue::Table(table) => {
                    table.get_key_value(step.as_str()).map(|(key, value)| (key.span(), value))
                }
                DeValue::Array(items) => {
                    index(step).and_then(|index| items.get(index)).map(|item| (item.span(), item))
                }
                _ => None,
            };
            let Some((span, inner)) = found else { return (line, None) };
            (line, value) = (self.line_at(span.start), inner.get_ref());
        }
        (line, Some(value))
    }
}

impl<'s> Table<'s> {
    /// The table below `key`.
    pub(super) fn inner(&self, key: &str) -> Self {
        Self { source: self.source, path: self.path_of(key) }
    }

    /// Whether a mistake in it was already reported.
    pub(super) fn is_mistaken(&self) -> bool {
        self.source.mistaken.iter().any(|path| path.starts_with(&self.path))
    }

    /// Whether the file has the key, with a valid or invalid value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.source.find(&self.path_of(key)).1.is_some()
    }

    /// The line of the key, or of the table if it does not have the key.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.source.find(&self.path_of(key)).0
    }

    /// Reports a mistake in that line.
    pub(super) fn report_line(&self, key: &str, problem: impl Display, advice: impl Display) {
        let error = ConfigError::new(self.source.path, self.line_of(key), problem, advice);
        self.source.push(error);
    }

    /// Reports a mistake in the value of the key.
    pub(super) fn report(&self, key: &str, problem: impl Display, advice: impl Display) {
        self.report_line(key, text!("{key}: {problem}"), advice);
    }

    /// The converted value of the key. Reports the error if the conversion failed.
    pub(super) fn keep<T, E: Display>(
        &self,
        key: &str,
        converted: Result<T, E>,
        advice: Phrase,
    ) -> Option<T> {
        converted.map_err(|error| self.report(key, error, advice)).ok()
    }

    /// The value. Reports the key if it is missing.
    pub(super) fn require<T>(&self, key: &str, value: Option<T>, advice: Phrase) -> Option<T> {
        if value.is_none() && !self.has(key) {
            self.report_line("", text!("expected the key {key}, found none"), advice);
        }
        value
    }

    /// Parses the value. `expected` names its form in the error.
    pub(super) fn parse<T: FromStr>(
        &self,
        key: &str,
        text: &str,
        expected: Phrase,
        advice: Phrase,
    ) -> Option<T> {
        let parsed = text.parse().map_err(|_| text!("expected {expected}, found {text:?}"));
        self.keep(key, parsed, advice)
    }

    /// A path, relative to the folder of this file.
    pub(super) fn path(&self, key: &str, name: &str) -> Option<PathBuf> {
        if name.contains('\n') || name.contains("-----BEGIN") {
            let problem = phrase!("expected the name of a file, found PEM text (not shown)");
            self.report(key, problem, phrase!("put it in a file"));
            return None;
        }
        Some(self.source.path.parent().unwrap_or("".as_ref()).join(name))
    }

    /// The content of a file, as read by `fs::read` or `fs::read_to_string`.
    pub(super) fn content<T>(
        &self,
        key: &str,
        name: &str,
        read: impl FnOnce(PathBuf) -> io::Result<T>,
    ) -> Option<T> {
        let path = self.path(key, name)?;
        let place = path.display().to_string();
        let read = read(path).map_err(|error| text!("expected a file, found none at {place}: {error}"));
        self.keep(key, read, phrase!("paths are relative to the folder of this configuration"))
    }

    /// The text of a PEM file.
    pub(super) fn pem(&self, key: &str, name: &str) -> Option<String> {
        let bytes = self.content(key, name, fs::read)?;
        self.keep(key, pem_text(&bytes), phrase!("convert the file, or name another"))
    }

    fn path_of(&self, key: &str) -> Vec<String> {
        self.path.iter().cloned().chain([key.into()]).collect()
    }
}

fn keys(path: &serde_path_to_error::Path) -> Vec<String> {
    let key = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    };
    path.iter().filter_map(key).collect()
}

fn index(step: &str) -> Option<usize> {
    step.parse().ok()
}

/// Removes the innermost table entry along `path`. Returns whether there was one.
fn remove(value: &mut DeValue<'_>, path: &[String]) -> bool {
    let Some((step, rest)) = path.split_first() else { return false };
    let removes = |inner: &mut Spanned<DeValue<'_>>| remove(inner.get_mut(), rest);
    match value {
        DeValue::Table(table) => {
            table.get_mut(step.as_str()).is_some_and(removes) || table.remove(step.as_str()).is_some()
        }
        DeValue::Array(items) => index(step).and_then(|index| items.get_mut(index)).is_some_and(removes),
        _ => false,
    }
}

/// The path of an array where a table belongs. Serde would read its elements as the table's values.
fn misplaced_array(value: &DeValue<'_>, is_table: bool) -> Option<Vec<String>> {
    let within = |step: String, value: &Spanned<DeValue<'_>>, is_table| {
        misplaced_array(value.get_ref(), is_table).map(|path| [vec![step], path].concat())
    };
    match value {
        DeValue::Array(_) if is_table => Some(Vec::new()),
        DeValue::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| within(index.to_string(), item, true))
        }
        DeValue::Table(table) => {
            let is_other = |key: &str| OTHER.contains(&key) || key.starts_with(IN_BODY);
            let mut entries = table.iter().filter(|(key, _)| !is_other(key.get_ref()));
            entries.find_map(|(key, value)| {
                within(key.get_ref().to_string(), value, TABLES.contains(&&**key.get_ref()))
            })
        }
        _ => None,
    }
}
