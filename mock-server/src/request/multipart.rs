//! Reads forms, `multipart/form-data`: of an upload, the signature covers the part `meta` only.

use http::header::CONTENT_TYPE;
use wechatpay_openapi::{Operation, RequestBody};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::Text;

use crate::request::receive::RawRequest;

/// The part that the signature covers.
pub(crate) const META: &str = "meta";

/// The most parts of a form. (own choice)
const MOST_PARTS: usize = 64;

/// The longest boundary. (documented, RFC 2046)
const LONGEST_BOUNDARY: usize = 70;

/// A form as sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form<'b> {
    pub(crate) parts: Vec<Part<'b>>,
    /// Whether it ends with its boundary. Otherwise the rest of the body belongs to the last part.
    pub(crate) is_closed: bool,
}

/// A part of a form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'b> {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    /// Its media type, without parameters and in lower case.
    pub(crate) media_type: Option<String>,
    pub(crate) content: &'b [u8],
}

/// The bytes of a body that the signature covers.
pub(crate) struct SignedBody<'b> {
    pub(crate) bytes: &'b [u8],
    /// Why the gateway does not find these bytes, if it does not.
    pub(crate) problem: Option<FormError>,
}

/// What is wrong with a form.
#[derive(Debug, PartialEq, Eq, Text)]
pub(crate) enum FormError {
    #[text("expected Content-Type: multipart/form-data, found {found}", found = quoted(found))]
    MediaType { found: String },
    #[text("expected Content-Type with a boundary, found {found}", found = quoted(found))]
    NoBoundary { found: String },
    #[text("expected a form that begins with its boundary, found none")]
    Beginning,
    #[text("expected a form of at most {MOST_PARTS} parts, found more")]
    TooManyParts,
    #[text("expected a line break after each boundary, found none")]
    NoLineBreak,
    #[text("expected a part with an empty line after its headers, found none")]
    NoEmptyLine,
    #[text("expected headers of a part in UTF-8, found other bytes")]
    HeadersNotUtf8,
    #[text("expected a name for each part, found none")]
    Nameless,
    #[text("expected a part meta, found none")]
    NoMeta,
    #[text("expected the part meta without a filename, found filename={found}", found = quoted(found))]
    MetaWithFilename { found: String },
    #[text("expected the part meta as application/json, found {found}", found = quoted(found))]
    MetaNotJson { found: String },
}

/// What the signature of a request to this operation covers: of an upload the part `meta`, else the whole body. A form to
/// a stub is an upload.
pub(crate) fn signed_body<'b>(operation: &Operation, received: &'b RawRequest) -> SignedBody<'b> {
    let whole = SignedBody { bytes: &received.body, problem: None };
    // The description of an operation is not read for callers whose requests can't be uploads.
    let takes_form =
        || operation.is_stub() || matches!(operation.request_body(), Some(RequestBody::Multipart(_)));
    if !is_form(received) || !takes_form() {
        return whole;
    }
    let signed = Form::of(received).and_then(|form| {
        let meta = form.part(META).ok_or(FormError::NoMeta)?;
        if let Some(file_name) = &meta.file_name {
            return Err(FormError::MetaWithFilename { found: file_name.clone() });
        }
        match meta.media_type.as_deref() {
            None | Some("application/json") => Ok(meta.content),
            Some(other) => Err(FormError::MetaNotJson { found: other.into() }),
        }
    });
    match signed {
        Ok(bytes) => SignedBody { bytes, problem: None },
        // What the gateway verifies instead is not known. (own choice)
        Err(problem) => SignedBody { bytes: b"", problem: Some(problem) },
    }
}

/// What the signature of an upload covers: the content of its part `meta`. `None` if this is not a form with one.
pub fn upload_meta<'b>(content_type: &str, body: &'b [u8]) -> Option<&'b [u8]> {
    let boundary =
        parameter(content_type, "boundary").filter(|_| media_type(content_type) == "multipart/form-data")?;
    Form::parse(&boundary, body).ok()?.part(META).map(|meta| meta.content)
}

fn is_form(received: &RawRequest) -> bool {
    content_type(received).is_some_and(|value| media_type(value) == "multipart/form-data")
}

fn content_type(received: &RawRequest) -> Option<&str> {
    received.header(CONTENT_TYPE.as_str())
}

/// The type of a `Content-Type`, without parameters and in lower case.
fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

impl<'b> Form<'b> {
    /// Reads the form in the body of a request.
    ///
    /// # Errors
    /// If there is none, or it is malformed.
    pub(crate) fn of(received: &'b RawRequest) -> Result<Self, FormError> {
        let value = content_type(received).unwrap_or_default();
        if media_type(value) != "multipart/form-data" {
            return Err(FormError::MediaType { found: value.into() });
        }
        let boundary = parameter(value, "boundary").unwrap_or_default();
        if boundary.is_empty() || boundary.len() > LONGEST_BOUNDARY {
            return Err(FormError::NoBoundary { found: value.into() });
        }
        Self::parse(&boundary, &received.body)
    }

    /// The first part with this name.
    pub(crate) fn part(&self, name: &str) -> Option<&Part<'b>> {
        self.parts.iter().find(|part| part.name == name)
    }

    fn parse(boundary: &str, body: &'b [u8]) -> Result<Self, FormError> {
        let delimiter = format!("\r\n--{boundary}");
        let delimiter = delimiter.as_bytes();
        // The first boundary may stand at the very beginning.
        let mut rest = match body.strip_prefix(&delimiter[2..]) {
            Some(rest) => rest,
            None => split(body, delimiter).ok_or(FormError::Beginning)?.1,
        };
        let mut form = Self { parts: Vec::new(), is_closed: false };
        loop {
            if rest.starts_with(b"--") {
                form.is_closed = true;
                return Ok(form);
            }
            if form.parts.len() == MOST_PARTS {
                return Err(FormError::TooManyParts);
            }
            // Spaces may follow a boundary.
            let after = without_blanks(rest);
            let after = after.strip_prefix(b"\r\n").ok_or(FormError::NoLineBreak)?;
            let (head, content) = match after.strip_prefix(b"\r\n") {
                Some(content) => (&b""[..], content),
                None => split(after, b"\r\n\r\n").ok_or(FormError::NoEmptyLine)?,
            };
            match split(content, delimiter) {
                Some((content, after)) => {
                    form.parts.push(Part::read(head, content)?);
                    rest = after;
                }
                None => {
                    form.parts.push(Part::read(head, content)?);
                    return Ok(form);
                }
            }
        }
    }
}

impl<'b> Part<'b> {
    fn read(head: &[u8], content: &'b [u8]) -> Result<Self, FormError> {
        let head = str::from_utf8(head).map_err(|_| FormError::HeadersNotUtf8)?;
        let header = |wanted: &str| {
            let mut headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
            headers.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
        };
        let disposition = header("Content-Disposition").unwrap_or_default();
        let name = parameter(disposition, "name").ok_or(FormError::Nameless)?;
        Ok(Self {
            name,
            // The second is the extended form. (documented, RFC 5987)
            file_name: parameter(disposition, "filename").or_else(|| parameter(disposition, "filename*")),
            media_type: header("Content-Type").map(media_type),
            content,
        })
    }
}

/// A parameter of a header: `value` of `…; name="value"`, without its quotes and escapes.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (found, after) = rest.split_once('=')?;
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_text(quoted),
            None => {
                let (value, after) = after.split_once(';').unwrap_or((after, ""));
                (value.trim().to_owned(), after)
            }
        };
        if found.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after.trim_start().trim_start_matches(';');
    }
}

/// The text up to the closing quote, and what follows that.
fn quoted_text(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

/// What is before and after the first occurrence.
fn split<'b>(bytes: &'b [u8], separator: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    // Only where its first byte is can the separator be.
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == separator[0]) {
        let at = from + at;
        if bytes[at..].starts_with(separator) {
            return Some((&bytes[..at], &bytes[at + separator.len()..]));
        }
        from = at + 1;
    }
    None
}

/// The bytes without the spaces and tabs at their beginning.
fn without_blanks(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &bytes[blanks..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPLOAD: &str = "--b\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: Application/JSON; charset=utf-8\
                          \r\n\r\n{\"a\":1}\r\n--b\r\ncontent-disposition: form-data; name=file; filename=\"a\\\"b;.png\"\r\n\
                          Content-Type: image/png\r\n\r\n\r\n\x01--b\r\n\r\n--b--\r\n";

    #[test]
    fn a_form_has_the_exact_bytes_of_its_parts() {
        let form = Form::parse("b", UPLOAD.as_bytes()).unwrap();
        assert!(form.is_closed);
        let [meta, file] = &form.parts[..] else { panic!("{form:?}") };
        assert_eq!((meta.name.as_str(), meta.content), ("meta", &b"{\"a\":1}"[..]));
        assert_eq!((&meta.file_name, meta.media_type.as_deref()), (&None, Some("application/json")));
        assert_eq!((file.file_name.as_deref(), file.content), (Some("a\"b;.png"), &b"\r\n\x01--b\r\n"[..]));
        assert_eq!(form.part("file"), Some(file));
        assert!(form.part("other").is_none());
    }

    #[test]
    fn a_form_without_its_last_boundary_is_open() {
        let open = UPLOAD.strip_suffix("\r\n--b--\r\n").unwrap();
        let form = Form::parse("b", open.as_bytes()).unwrap();
        assert!(!form.is_closed && form.parts.len() == 2);
    }

    #[test]
    fn what_is_no_form_is_an_error() {
        for (body, expected) in [
            ("", "expected a form that begins with its boundary"),
            ("{}", "expected a form that begins with its boundary"),
            ("--bc\r\n", "expected a line break after each boundary"),
            ("--b\r\nContent-Disposition: form-data", "expected a part with an empty line"),
            ("--b\r\n\r\nx\r\n--b--", "expected a name for each part"),
            ("--b\r\nContent-Disposition: form-data; name\r\n\r\n", "expected a name for each part"),
        ] {
            let error = Form::parse("b", body.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{body:?}: {error}");
        }
        let many = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n".repeat(65);
        assert!(
            Form::parse("b", many.as_bytes())
                .unwrap_err()
                .to_string()
                .starts_with("expected a form of at most 64")
        );
    }

    #[test]
    fn a_parameter_is_found_behind_others() {
        let of = |header| parameter(header, "boundary");
        assert_eq!(of("multipart/form-data; charset=utf-8; Boundary=\"a b\""), Some("a b".into()));
        assert_eq!(of("multipart/form-data;boundary=--a ; x=1"), Some("--a".into()));
        assert_eq!(of("multipart/form-data; x=\"boundary=1\""), None);
        assert_eq!(of("multipart/form-data"), None);
    }
}
