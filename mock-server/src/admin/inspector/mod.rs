//! The inspector: the page at `/__mock/ui/` that shows and steers a mock by the calls of this API.
//!
//! Its files are in `page/` and, compressed by the build, in the program. They contain no secret and need no token, because a browser sends none
//! when it opens a page; the page asks for it.

use std::io::Read;

use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::text;

use crate::{
    admin::{INDEX, ROOT, error::AdminError, extract::Segment},
    request::receive::RawRequest,
    response::deflate::accepts,
};

/// The page's path, and what also leads there.
pub(super) const PAGE: &str = "/__mock/ui/";
pub(super) const WITHOUT_SLASH: &str = "/__mock/ui";

/// The files of the page: name, extension, and content in gzip.
const FILES: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// What the page may do: run its own scripts, be styled by its own sheet, and call the mock.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Keeps pages that open this one from holding on to it: <https://html.spec.whatwg.org/#cross-origin-opener-policies>
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Shows the inspector: a page where people see and steer the mock.
///
/// Needs no token. /__mock/ leads there if Accept prefers text/html, and so does /__mock/ui.
#[utoipa::path(
    get,
    path = "/__mock/ui/",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
pub(super) async fn show_page(headers: HeaderMap) -> Result<Response, AdminError> {
    show_page_file(headers, Segment("index.html".into())).await
}

/// Shows a style sheet or a script of the inspector.
///
/// Needs no token.
#[utoipa::path(
    get,
    path = "/__mock/ui/{file}",
    params(("file" = String, Path, description = "The file's name.", example = "style.css")),
    responses((status = 200, description = "The file.", content((String = "text/css"), (String = "text/javascript"))))
)]
pub(super) async fn show_page_file(
    request: HeaderMap,
    Segment(wanted): Segment,
) -> Result<Response, AdminError> {
    let found = FILES.iter().find(|(name, ..)| *name == wanted);
    let unknown = || AdminError::UnknownPath { found: quoted(&format!("{PAGE}{wanted}")), nearest: PAGE };
    let (_, extension, compressed) = found.ok_or_else(unknown)?;
    let headers = [
        (CONTENT_TYPE, content_type(extension)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (OPENER_POLICY, "same-origin"),
    ];
    if accepts(&request, "gzip") {
        return Ok((headers, [(CONTENT_ENCODING, "gzip")], *compressed).into_response());
    }
    let mut plain = Vec::new();
    GzDecoder::new(*compressed).read_to_end(&mut plain).expect("the build compressed it");
    Ok((headers, plain).into_response())
}

fn content_type(extension: &str) -> &'static str {
    match extension {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    }
}

/// Sends a browser on to the page.
pub(super) async fn lead_to_page() -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, PAGE)], text!("The inspector is at {PAGE}") + "\n").into_response()
}

/// Whether a browser asks for the page, a file of it, or what leads to it.
pub(super) fn is_asked_for(received: &RawRequest, path: &str) -> bool {
    let leads_there = || matches!(path, ROOT | INDEX) && prefers_html(&received.headers);
    received.method == Method::GET && (path == WITHOUT_SLASH || path.starts_with(PAGE) || leads_there())
}

/// Whether `Accept` names HTML, and prefers it to JSON.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let (mut html, mut json, mut any) = (0.0, None, 0.0);
    let values = headers.get_all(ACCEPT).into_iter().filter_map(|value| HeaderValue::to_str(value).ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        match kind.to_ascii_lowercase().as_str() {
            "text/html" => html = quality,
            "application/json" => json = Some(quality),
            "*/*" => any = quality,
            _ => {}
        }
    }
    html > json.unwrap_or(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most that all files together may take, compressed as they are, in bytes. (own choice)
    const MOST: usize = 150 * 1024;

    #[test]
    fn the_page_is_small() {
        let size: usize = FILES.iter().map(|(.., compressed)| compressed.len()).sum();
        assert!((1024..=MOST).contains(&size), "expected at most {MOST} bytes, found {size}");
    }

    #[test]
    fn browsers_prefer_html_and_programs_do_not() {
        let prefers = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            prefers_html(&headers)
        };
        for accept in [
            "text/html",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            "application/json;q=0.5, Text/HTML; charset=utf-8; q=0.6",
            "*/*;q=0.1, text/html;q=0.2",
        ] {
            assert!(prefers(accept), "{accept}");
        }
        for accept in [
            "*/*",
            "",
            "application/json",
            "application/json, text/html",
            "application/json, text/plain, */*",
            "text/html;q=0",
            "text/html;q=nan",
            "text/html;q=0.5, */*",
        ] {
            assert!(!prefers(accept), "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }
}
