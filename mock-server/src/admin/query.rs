//! The query of a call.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::{
    admin::refusal::{Refusal, quoted},
    suggest::nearest,
};

/// What a query says: known names, each once, with their values decoded.
///
/// A `+` stands for itself, so that `since=2026-01-01T00:00:00+08:00` means what it looks like.
#[derive(Clone, Debug, Default)]
pub(super) struct Query<'a>(Vec<(&'a str, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// # Errors
    /// If a name is not among those that are known, or stands there twice.
    pub(super) fn parse(text: &'a str, known: &[String]) -> Result<Self, Refusal> {
        let mut query: Vec<(&str, Cow<'_, str>)> = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if !known.iter().any(|known| known == name) {
                return Err(unknown(name, known));
            }
            if query.iter().any(|(other, _)| *other == name) {
                return Err(Refusal::Query(format!("the query: expected {name} once, found it twice")));
            }
            let decoded = percent_decode_str(value).decode_utf8();
            query.push((name, decoded.map_err(|_| malformed(name, "UTF-8", value))?));
        }
        Ok(Self(query))
    }

    /// What `read` makes of the value, if there is one.
    ///
    /// # Errors
    /// If it makes nothing of it.
    pub(super) fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let value = self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| value);
        value.map(|value| read(value).ok_or_else(|| malformed(name, expected, value))).transpose()
    }
}

/// A refusal of a value.
pub(super) fn malformed(name: &str, expected: &str, found: &str) -> Refusal {
    Refusal::Query(format!("{name}: expected {expected}, found {}", quoted(found)))
}

fn unknown(name: &str, known: &[String]) -> Refusal {
    let found = quoted(name);
    Refusal::Query(match nearest(name, known.iter().map(String::as_str)) {
        None => format!("the query: expected none, found {found}"),
        Some(nearest) => {
            format!("the query: expected one of {}, found {found}; did you mean {nearest}?", known.join(", "))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Query<'_>, String> {
        let known = ["after", "since"].map(String::from);
        Query::parse(text, &known).map_err(|refusal| refusal.to_string())
    }

    fn since(text: &str) -> Option<String> {
        parse(text).unwrap().read("since", "", |value| Some(value.to_owned())).unwrap()
    }

    #[test]
    fn a_plus_stands_for_itself_encoded_or_not() {
        for text in ["since=00:00+08:00", "after=1&since=00%3A00%2B08:00", "&since=00:00+08:00&"] {
            assert_eq!(since(text).as_deref(), Some("00:00+08:00"), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_none_and_what_is_empty_is_empty() {
        assert_eq!(since(""), None);
        assert_eq!(since("since"), Some(String::new()));
        assert_eq!(since("since=").as_deref(), Some(""));
    }

    #[test]
    fn an_unknown_name_is_told_the_nearest() {
        let refused = parse("sinse=1").unwrap_err();
        assert!(
            refused.contains("expected one of after, since, found \"sinse\"; did you mean since?"),
            "{refused}"
        );
        assert!(parse("%61fter=1").is_err(), "names are written as they are");
    }

    #[test]
    fn a_name_that_stands_there_twice_is_refused() {
        assert!(parse("after=1&after=2").unwrap_err().contains("expected after once"));
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_refused() {
        assert!(parse("since=%ff").unwrap_err().contains("since: expected UTF-8, found \"%ff\""));
    }
}
