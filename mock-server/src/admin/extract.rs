//! The parts of a call that handlers read: its path, query and body.

use std::borrow::Cow;

use axum::{
    body::{Body as RawBody, to_bytes},
    extract::{FromRequest, FromRequestParts, Request},
};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, value::MapDeserializer},
};
use serde_json::Value;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Phrase, phrase, text};

use crate::{
    admin::{error::AdminError, explain::explain},
    api::suggest::{advice, near},
    request::query_pairs,
};

/// A body that is a JSON object. `Content-Type` is ignored: `curl -d` labels everything as a form.
pub(super) struct Body<T>(pub(super) T);

/// Like [`Body`], but no body means `{}`.
pub(super) struct OptionalBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = AdminError;

    async fn from_request(request: Request, _: &S) -> Result<Self, AdminError> {
        read_json(&read_body(request.into_body()).await).map(Self)
    }
}

/// A body that is any JSON.
pub(super) struct AnyBody(pub(super) Value);

impl<S: Sync> FromRequest<S> for AnyBody {
    type Rejection = AdminError;

    async fn from_request(request: Request, _: &S) -> Result<Self, AdminError> {
        let body = read_body(request.into_body()).await;
        let invalid =
            |error| AdminError::Body(text!("the body: expected valid JSON, found an error: {error}"));
        serde_json::from_slice(&body).map(Self).map_err(invalid)
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = AdminError;

    async fn from_request(request: Request, _: &S) -> Result<Self, AdminError> {
        let body = read_body(request.into_body()).await;
        read_json(if body.is_empty() { b"{}" } else { &body }).map(Self)
    }
}

/// The body as it was received.
pub(super) struct Bytes(pub(super) bytes::Bytes);

impl<S: Sync> FromRequest<S> for Bytes {
    type Rejection = AdminError;

    async fn from_request(request: Request, _: &S) -> Result<Self, AdminError> {
        Ok(Self(read_body(request.into_body()).await))
    }
}

/// The bytes of the body, which was received within the limits and is in memory.
async fn read_body(body: RawBody) -> bytes::Bytes {
    to_bytes(body, usize::MAX).await.unwrap_or_default()
}

/// The JSON object that a body is.
pub(super) fn read_json<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, AdminError> {
    let expected_object =
        |found: Phrase| Err(AdminError::Body(text!("the body: expected a JSON object, found {found}")));
    match body.trim_ascii_start().first() {
        None => return expected_object(phrase!("none")),
        Some(b'{') => {}
        // serde would accept a list of the fields' values.
        Some(_) => return expected_object(phrase!("something else")),
    }
    let invalid = |error| AdminError::Body(text!("the body: expected valid JSON, found an error: {error}"));
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if error.inner().is_data() {
            AdminError::Body(explain(error.path(), &error.inner().to_string()))
        } else {
            invalid(error.into_inner())
        }
    })?;
    deserializer.end().map_err(invalid)?;
    Ok(value)
}

/// The last segment of the path, decoded.
pub(super) struct Segment(pub(super) String);

impl Segment {
    pub(super) fn number(&self) -> Result<u64, AdminError> {
        let expected = || {
            AdminError::Query(text!(
                "the path: expected a number at its end, found {found}",
                found = quoted(&self.0)
            ))
        };
        self.0.parse().map_err(|_| expected())
    }
}

/// The last segments of the path, decoded.
pub(super) struct Segments<const COUNT: usize>(pub(super) [String; COUNT]);

impl<const COUNT: usize, S: Sync> FromRequestParts<S> for Segments<COUNT> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AdminError> {
        let mut segments = parts.uri.path().rsplit('/').map(|segment| {
            let expected = |_| {
                AdminError::Query(text!("the path: expected UTF-8, found {found}", found = quoted(segment)))
            };
            percent_decode_str(segment).decode_utf8().map(Cow::into_owned).map_err(expected)
        });
        let mut found = [const { String::new() }; COUNT];
        for (place, segment) in found.iter_mut().rev().zip(&mut segments) {
            *place = segment?;
        }
        Ok(Self(found))
    }
}

impl<S: Sync> FromRequestParts<S> for Segment {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AdminError> {
        let segment = parts.uri.path().rsplit('/').next().unwrap_or_default();
        Ok(Self(percent_decode_str(segment).decode_utf8_lossy().into_owned()))
    }
}

/// The parameters of the query.
///
/// `+` is a literal plus sign, so `since=2026-01-01T00:00:00+08:00` means what it looks like.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AdminError> {
        read_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read_query<T: DeserializeOwned>(text: &str) -> Result<T, AdminError> {
    let mut decoded = Vec::new();
    for (name, value) in query_pairs(text) {
        let expected_utf_8 =
            |_| AdminError::Query(text!("{name}: expected UTF-8, found {found}", found = quoted(value)));
        decoded.push((name, percent_decode_str(value).decode_utf8().map_err(expected_utf_8)?));
    }
    let deserializer = MapDeserializer::<_, serde::de::value::Error>::new(decoded.into_iter());
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| AdminError::Query(explain(error.path(), &error.inner().to_string())))
}

/// Refuses an unknown or repeated parameter.
pub(super) fn check_query_names(query: &str, known: &[String]) -> Result<(), AdminError> {
    let mut seen = Vec::new();
    for (name, _) in query_pairs(query) {
        if seen.contains(&name) {
            return Err(AdminError::Query(text!("the query: expected {name} once, found it twice")));
        }
        if !known.iter().any(|known| known == name) {
            let found = quoted(name);
            let advice = advice(near(name, known.iter().map(String::as_str)).unwrap_or_default(), "");
            return Err(AdminError::Query(match known {
                [] => text!("the query: expected none, found {found}"),
                _ => text!(
                    "the query: expected one of {known}, found {found}{advice}",
                    known = known.join(phrase!(", ").text())
                ),
            }));
        }
        seen.push(name);
    }
    Ok(())
}

/// Parses the value of a query parameter, for `#[serde(deserialize_with)]`.
pub(super) fn parameter<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    expected: Phrase,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    let malformed = || D::Error::custom(text!("expected {expected}, found {found}", found = quoted(&text)));
    parse(&text).ok_or_else(malformed).map(Some)
}

/// The only one of these fields of a body that is there.
///
/// # Errors
/// If there is none, or several.
pub(super) fn only<T>(fields: impl IntoIterator<Item = Option<T>>, names: Phrase) -> Result<T, AdminError> {
    let mut there = fields.into_iter().flatten();
    match (there.next(), there.next()) {
        (Some(only), None) => Ok(only),
        (first, _) => {
            let found = if first.is_none() { phrase!("none") } else { phrase!("several") };
            Err(AdminError::Body(text!("the body: expected one of {names}, found {found}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Since {
        #[serde(deserialize_with = "any")]
        since: Option<String>,
    }

    fn any<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
        parameter(text, Phrase { english: "anything", chinese: "" }, |text| Some(text.into()))
    }

    fn since(query: &str) -> Result<Option<String>, String> {
        read_query::<Since>(query).map(|query| query.since).map_err(|error| error.to_string())
    }

    fn refused(query: &str) -> String {
        check_query_names(query, &["after", "since"].map(String::from)).unwrap_err().to_string()
    }

    #[test]
    fn a_plus_is_literal_encoded_or_not() {
        for query in ["since=00:00+08:00", "after=1&since=00%3A00%2B08:00", "&since=00:00+08:00&"] {
            assert_eq!(since(query).unwrap().as_deref(), Some("00:00+08:00"), "{query}");
        }
    }

    #[test]
    fn an_empty_value_is_empty_and_an_absent_one_is_none() {
        assert_eq!(since(""), Ok(None));
        assert_eq!(since("since"), Ok(Some(String::new())));
        assert_eq!(since("since="), Ok(Some(String::new())));
    }

    #[test]
    fn unknown_and_repeated_names_are_refused() {
        let unknown = refused("sinse=1");
        assert!(
            unknown.contains("expected one of after, since, found \"sinse\"; did you mean since?"),
            "{unknown}"
        );
        assert!(refused("%61fter=1").contains("did you mean after?"), "names are not decoded");
        assert!(refused("after=1&after=2").contains("expected after once"));
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_refused() {
        assert!(since("since=%ff").unwrap_err().contains("since: expected UTF-8, found \"%ff\""));
    }
}
