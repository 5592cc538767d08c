//! Compresses the responses of the application for clients that accept `deflate`, after they are signed. (wild)

use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH},
};
use miniz_oxide::deflate::compress_to_vec_zlib;
use wechatpay_protocol::REQUEST_ID;

use crate::response::respond::Response;

/// zlib's default: small enough, and quick.
const LEVEL: u8 = 6;

/// Compresses the response, if it has a body and the request accepts that. What is signed stays in
/// [`Response::body`]. Pages of the web server are not compressed. (own choice)
pub(crate) fn deflate(mut response: Response, request: &HeaderMap) -> Response {
    let is_plain =
        response.headers.contains_key(REQUEST_ID) && !response.headers.contains_key(CONTENT_ENCODING);
    if is_plain && !response.body.is_empty() && accepts(request, "deflate") {
        let compressed = compress_to_vec_zlib(&response.body, LEVEL);
        response.headers.insert(CONTENT_LENGTH, compressed.len().into());
        response.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("deflate"));
        response.compressed = Some(compressed.into());
    }
    response
}

/// Whether the request accepts responses in this coding.
pub(crate) fn accepts(request: &HeaderMap, wanted: &str) -> bool {
    let values = request.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case(wanted) && weight.is_ok_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_client_that_accepts_deflate_gets_it() {
        let accepts = |value| {
            accepts(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]), "deflate")
        };
        for value in ["deflate", "gzip, Deflate", "gzip;q=1.0, deflate; q=0.5"] {
            assert!(accepts(value), "{value}");
        }
        for value in ["", "gzip", "*", "deflate;q=0", "gzip, deflate;q=0.0", "deflate;q=x"] {
            assert!(!accepts(value), "{value}");
        }
        assert!(!super::accepts(&HeaderMap::new(), "deflate"));
    }
}
