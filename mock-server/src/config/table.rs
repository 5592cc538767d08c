//! TOML, with the line that each thing stands in.

use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde_json::{Number, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use wechatpay_protocol::{ParseError, Timestamp};

use crate::{
    config::complaint::{Complaint, Complaints, ConfigError},
    suggest::near,
};

/// A text file, and the name that complaints call it by.
pub(super) struct TextFile {
    pub(super) path: PathBuf,
    text: String,
}

impl TextFile {
    pub(super) fn read(path: &Path) -> Result<Self, Complaint> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self { path: path.into(), text }),
            Err(error) => Err(Complaint::at(
                path,
                None,
                format!("expected a configuration to read, found none: {error}"),
                "name a TOML file; fixtures/config/example.toml is one with every key in it",
            )),
        }
    }

    /// The file's content as TOML.
    ///
    /// # Errors
    /// Every place where it isn't.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'_>>, ConfigError> {
        let (document, errors) = DeTable::parse_recoverable(&self.text);
        let mut complaints = Complaints::default();
        for error in errors {
            let line = error.span().map(|span| self.line_at(span.start));
            // The error's own display would quote the line, which may hold a key.
            let problem = format!("this is not TOML: {}", error.message());
            let advice = "strings stand in double quotes, and every key once; https://toml.io has the rules";
            complaints.push(Complaint::at(&self.path, line, problem, advice));
        }
        complaints.none_about(document)
    }

    fn line_at(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
    }
}

/// A table of the file, or the whole of it.
#[derive(Clone, Copy)]
pub(super) struct Table<'f> {
    pub(super) file: &'f TextFile,
    /// The line it begins in.
    pub(super) line: usize,
    values: &'f DeTable<'f>,
}

/// A key and its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'f> {
    pub(super) file: &'f TextFile,
    pub(super) line: usize,
    key: &'f str,
    value: &'f DeValue<'f>,
}

impl<'f> Table<'f> {
    /// The whole file, in which there may be these keys.
    pub(super) fn root(
        file: &'f TextFile,
        document: &'f Spanned<DeTable<'f>>,
        known: &[&str],
        complaints: &mut Complaints,
    ) -> Self {
        Self { file, line: 1, values: document.get_ref() }.of_known_keys(known, complaints)
    }

    fn of_known_keys(self, known: &[&str], complaints: &mut Complaints) -> Self {
        for (key, _) in self.values.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            complaints.push(Complaint::at(
                &self.file.path,
                self.file.line_at(key.span().start),
                format!("expected one of the keys {}, found {name}", known.join(", ")),
                did_you_mean(name, known).unwrap_or("remove it".into()),
            ));
        }
        self
    }

    pub(super) fn get(&self, key: &str) -> Option<Entry<'f>> {
        let (key, value) = self.values.get_key_value(key)?;
        let line = self.file.line_at(key.span().start);
        Some(Entry { file: self.file, line, key: key.get_ref(), value: value.get_ref() })
    }

    /// What `read` makes of the key, if it is there and there is nothing to complain about.
    pub(super) fn read<T>(
        &self,
        key: &str,
        complaints: &mut Complaints,
        read: impl FnOnce(Entry<'f>) -> Result<T, Complaint>,
    ) -> Option<T> {
        self.get(key).and_then(|entry| complaints.keep(read(entry)))
    }

    /// Sets a field to what `read` makes of the key, likewise.
    pub(super) fn set<T>(
        &self,
        key: &str,
        field: &mut T,
        complaints: &mut Complaints,
        read: impl FnOnce(Entry<'f>) -> Result<T, Complaint>,
    ) {
        if let Some(value) = self.read(key, complaints, read) {
            *field = value;
        }
    }

    /// The key, which must be there and name a file, and that file's content.
    pub(super) fn file(&self, key: &str, advice: &str) -> Result<(Entry<'f>, String), Complaint> {
        let entry = self.require(key, advice)?;
        Ok((entry, entry.content()?))
    }

    /// How many keys it has.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// A complaint about the table itself, in words of its own.
    pub(super) fn problem(&self, problem: impl Display, advice: &str) -> Complaint {
        Complaint::at(&self.file.path, self.line, problem.to_string(), advice)
    }

    /// A complaint about the table itself.
    pub(super) fn complaint(&self, expected: &str, found: impl Display, advice: &str) -> Complaint {
        self.problem(format!("expected {expected}, found {found}"), advice)
    }

    /// The key, which must be there.
    pub(super) fn require(&self, key: &str, advice: &str) -> Result<Entry<'f>, Complaint> {
        self.get(key).ok_or_else(|| self.complaint(&format!("the key {key}"), "none", advice))
    }

    /// `[key]`, if it is there.
    pub(super) fn table(&self, key: &str, known: &[&str], complaints: &mut Complaints) -> Option<Self> {
        let entry = self.get(key)?;
        match entry.value {
            DeValue::Table(values) => {
                Some(Self { file: self.file, line: entry.line, values }.of_known_keys(known, complaints))
            }
            _ => {
                let advice = format!("write [{key}], and the keys below it");
                complaints.push(entry.complaint(&format!("[{key}]"), entry.found(), advice));
                None
            }
        }
    }

    /// Each `[[key]]`.
    pub(super) fn tables(&self, key: &str, known: &[&str], complaints: &mut Complaints) -> Vec<Self> {
        let Some(entry) = self.get(key) else { return Vec::new() };
        let mut tables = Vec::new();
        let DeValue::Array(items) = entry.value else {
            let advice = format!("write [[{key}]], with two brackets: there may be several");
            complaints.push(entry.complaint(&format!("[[{key}]]"), entry.found(), advice));
            return tables;
        };
        for item in items.iter() {
            let line = self.file.line_at(item.span().start);
            if let DeValue::Table(values) = item.get_ref() {
                tables.push(Self { file: self.file, line, values }.of_known_keys(known, complaints));
            } else {
                let advice = format!("write [[{key}]], and the keys below it");
                let item = Entry { line, value: item.get_ref(), ..entry };
                complaints.push(item.complaint(&format!("[[{key}]]"), item.found(), advice));
            }
        }
        tables
    }
}

impl<'f> Entry<'f> {
    pub(super) fn complaint(
        &self,
        expected: &str,
        found: impl Display,
        advice: impl Into<String>,
    ) -> Complaint {
        self.problem(format!("expected {expected}, found {found}"), advice)
    }

    /// A complaint in words of its own.
    pub(super) fn problem(&self, problem: impl Display, advice: impl Into<String>) -> Complaint {
        Complaint::at(&self.file.path, self.line, format!("{}: {problem}", self.key), advice)
    }

    /// What the value is, without showing it: it may be a key in the wrong place.
    fn found(&self) -> String {
        let name = self.value.type_str();
        let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
        format!("{article} {name}")
    }

    pub(super) fn text(&self) -> Result<&'f str, Complaint> {
        let advice = "put it in double quotes";
        self.value.as_str().ok_or_else(|| self.complaint("a string", self.found(), advice))
    }

    pub(super) fn number(&self) -> Result<u64, Complaint> {
        let number = self.value.as_integer();
        number.and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok()).ok_or_else(|| {
            self.complaint("a whole number from 0 on", self.found(), "write it in digits, without quotes")
        })
    }

    /// The value as JSON, in which times are texts.
    pub(super) fn to_json(self) -> Value {
        json_of(self.value)
    }

    /// A text of a form of its own.
    pub(super) fn parsed<T: FromStr<Err = ParseError>>(&self, advice: &str) -> Result<T, Complaint> {
        self.text()?.parse().map_err(|malformed: ParseError| {
            Complaint::at(&self.file.path, self.line, malformed.to_string(), advice)
        })
    }

    /// A text of somebody else's form.
    pub(super) fn parsed_as<T: FromStr>(&self, expected: &str, advice: &str) -> Result<T, Complaint> {
        let text = self.text()?;
        text.parse().map_err(|_| self.complaint(expected, format!("{text:?}"), advice))
    }

    /// An array of strings, each of them parsed.
    pub(super) fn list_of<T: FromStr>(&self, expected: &str, advice: &str) -> Result<Vec<T>, Complaint> {
        let DeValue::Array(items) = self.value else {
            return Err(self.complaint(expected, self.found(), advice));
        };
        let parsed = items.iter().map(|item| {
            let item = Self { line: self.file.line_at(item.span().start), value: item.get_ref(), ..*self };
            item.parsed_as(expected, advice)
        });
        parsed.collect()
    }

    /// A point in time: RFC 3339 as a string, or as it is in TOML.
    pub(super) fn time(&self, advice: &str) -> Result<Timestamp, Complaint> {
        let text = match self.value {
            DeValue::Datetime(time) => time.to_string(),
            _ => self.text()?.into(),
        };
        let expected = "a time with its offset, since 1970";
        Timestamp::from_rfc3339(&text).map_err(|_| self.complaint(expected, format!("{text:?}"), advice))
    }

    /// One of several values.
    pub(super) fn choice<T: ToString + Clone>(&self, choices: &[T]) -> Result<T, Complaint> {
        let text = self.text()?;
        let names: Vec<_> = choices.iter().map(T::to_string).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let chosen = names.iter().position(|name| *name == text).map(|index| choices[index].clone());
        chosen.ok_or_else(|| {
            let advice = did_you_mean(text, &names);
            let expected = format!("one of {}", names.join(", "));
            let start: String = text.chars().take(24).collect();
            self.complaint(&expected, format!("{start:?}"), advice.unwrap_or("take one of these".into()))
        })
    }

    /// The path of the file that is named, relative to the folder of this one.
    pub(super) fn path(&self) -> Result<PathBuf, Complaint> {
        let text = self.text()?;
        if text.contains('\n') || text.contains("-----BEGIN") {
            return Err(self.complaint("the name of a file", "PEM text (not shown)", "put it in a file"));
        }
        let folder = self.file.path.parent().unwrap_or("".as_ref());
        Ok(folder.join(text))
    }

    /// The content of the file that is named.
    pub(super) fn content(&self) -> Result<String, Complaint> {
        let path = self.path()?;
        fs::read_to_string(&path).map_err(|error| {
            let found = format!("none at {}: {error}", path.display());
            self.complaint("a file", found, "a path is relative to the folder of this configuration")
        })
    }
}

fn json_of_table(values: &DeTable<'_>) -> Value {
    values.iter().map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref()))).collect()
}

fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Integer(number) => {
            let integer = i64::from_str_radix(number.as_str(), number.radix());
            integer.map_or_else(|_| no_number(number.as_str()), Value::from)
        }
        DeValue::Float(number) => {
            let float = number.as_str().parse().ok().and_then(Number::from_f64);
            float.map_or_else(|| no_number(number.as_str()), Value::Number)
        }
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json_of(item.get_ref())).collect(),
        DeValue::Table(values) => json_of_table(values),
    }
}

/// A number that JSON can't have, such as `nan`: a text, so that whoever wants a number complains. `null` would be taken
/// as if nothing were there.
fn no_number(text: &str) -> Value {
    Value::String(text.into())
}

fn did_you_mean(found: &str, known: &[&str]) -> Option<String> {
    near(found, known.iter().copied()).map(|near| format!("did you mean {near}?"))
}
