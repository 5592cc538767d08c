//! HTTP archives (HAR 1.2), as browsers, proxies and the mock write them: the few members that matter here.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::capture::{CaptureError, Message, Place, Start};

/// The most entries. (own choice)
const MAX_ENTRIES: usize = 10_000;

#[derive(Deserialize)]
struct Archive {
    log: Option<Log>,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    #[serde(default)]
    pub(crate) started_date_time: String,
    pub(crate) request: Request,
    response: Option<Response>,
    /// The exchange's number, in an archive that a mock wrote.
    #[serde(rename = "_number")]
    pub(crate) number: Option<u64>,
    /// The callback's number, if the mock sent it.
    #[serde(rename = "_callback")]
    pub(crate) callback: Option<u64>,
    /// The time that a mock checked the request by, if it is not the second in which it started.
    #[serde(rename = "_checkedAt")]
    pub(crate) checked_at: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) headers: Vec<Pair>,
    pub(crate) post_data: Option<Content>,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    #[serde(default)]
    headers: Vec<Pair>,
    content: Option<Content>,
}

#[derive(Deserialize)]
pub(crate) struct Content {
    #[serde(default)]
    text: String,
    encoding: Option<String>,
    /// In a request, where the specification has no `encoding`, a mock says here that the text is Base64 or was cut.
    comment: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// The messages of an archive; `None` if the JSON has no `log`.
///
/// # Errors
/// [`CaptureError::Har`] with the place of the error.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Vec<Message>>, CaptureError> {
    let Some(entries) = read_entries(bytes)? else { return Ok(None) };
    let mut messages = Vec::new();
    for (number, Entry { request, response, .. }) in (1..).zip(entries) {
        let place = Some(Place::Entry(number));
        let at = messages.len();
        let start = Start::Request { method: request.method, target: target(&request.url) };
        messages.push(message(place, start, request.headers, request.post_data.as_ref(), None));
        if let Some(response) = response.filter(|response| response.status != 0) {
            let start = Start::Response { status: response.status };
            messages.push(message(place, start, response.headers, response.content.as_ref(), Some(at)));
        }
    }
    Ok(Some(messages))
}

/// The entries of an archive; `None` if the JSON has no `log`.
///
/// # Errors
/// [`CaptureError::Har`] with the place of the error.
pub(crate) fn read_entries(bytes: &[u8]) -> Result<Option<Vec<Entry>>, CaptureError> {
    let archive: Archive = serde_json::from_slice(bytes)
        .map_err(|error| CaptureError::Har { line: error.line(), column: error.column() })?;
    let Some(Log { entries }) = archive.log else { return Ok(None) };
    if entries.len() > MAX_ENTRIES {
        return Err(CaptureError::TooManyEntries { found: entries.len() });
    }
    Ok(Some(entries))
}

fn message(
    place: Option<Place>,
    start: Start,
    headers: Vec<Pair>,
    content: Option<&Content>,
    answers: Option<usize>,
) -> Message {
    let headers = headers.into_iter().map(|pair| (pair.name, pair.value.trim().to_owned())).collect();
    Message { place, start, headers, body: content.map_or_else(Vec::new, bytes), answers, promised: None }
}

/// Path and query of a URL, as they are sent.
pub(crate) fn target(url: &str) -> String {
    let without_fragment = url.split('#').next().unwrap_or_default();
    let path = match without_fragment.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => without_fragment,
    };
    path.to_owned()
}

/// The bytes of a body.
pub(crate) fn bytes(content: &Content) -> Vec<u8> {
    let note = content.comment.as_deref().unwrap_or_default();
    let is_base64 =
        content.encoding.as_deref() == Some("base64") || note.split("; ").any(|one| one == "base64");
    let decoded = is_base64.then(|| BASE64_STANDARD.decode(&content.text).ok()).flatten();
    decoded.unwrap_or_else(|| content.text.clone().into())
}

impl Content {
    /// Whether a mock's journal had only a part of it.
    pub(crate) fn is_cut(&self) -> bool {
        self.comment.as_deref().is_some_and(|note| note.contains("the journal kept "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_the_path_and_query_that_are_sent() {
        assert_eq!(target("https://api.mch.weixin.qq.com/v3/a?b=1%2C2#c"), "/v3/a?b=1%2C2");
        assert_eq!(target("http://127.0.0.1:8080"), "/");
        assert_eq!(target("/v3/a"), "/v3/a");
    }

    #[test]
    fn an_archive_needs_only_what_matters() {
        let har = r#"{"log":{"entries":[{"request":{"method":"GET","url":"http://a/b"},
            "response":{"status":200,"content":{"text":"YQ==","encoding":"base64"}}},
            {"request":{"method":"GET","url":"http://a/c"},"response":{"status":0}}]}}"#;
        let messages = read(har.as_bytes()).unwrap().unwrap();
        assert_eq!(messages.len(), 3);
        assert_eq!((&messages[1].body[..], messages[1].answers), (&b"a"[..], Some(0)));
        assert!(read(b"{}").unwrap().is_none());
        assert!(matches!(read(b"{\"log\":1}"), Err(CaptureError::Har { line: 1, column: 8 })));
    }
}
