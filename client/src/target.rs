//! The target of a request: path and query, as they are signed and sent.

use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use wechatpay_texts::Text;

/// Why a path, or path and query, can't be signed and sent as given.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum TargetError {
    /// It is not a path, perhaps with a query, in visible ASCII characters.
    #[text(
        "expected a path that starts with `/`, percent-encoded, without `#` and of at most 65534 bytes, found {found:?}"
    )]
    Form {
        /// The text as given.
        found: String,
    },
    /// A segment is empty, `.` or `..`, so that a server or proxy may resolve the path to another one.
    #[text("expected a path segment other than ``, `.` and `..`, found {found:?}")]
    Segment {
        /// The segment as given.
        found: String,
    },
}

/// The path of these segments, each percent-encoded except for the unreserved characters `A-Z a-z 0-9 - . _ ~`.
///
/// ```
/// let path = wechatpay_client::encode_path(["v3", "codes", "a/b 会员"])?;
/// assert_eq!(path, "/v3/codes/a%2Fb%20%E4%BC%9A%E5%91%98");
/// # Ok::<(), wechatpay_client::TargetError>(())
/// ```
///
/// # Errors
/// [`TargetError::Segment`] for a segment that is empty, `.` or `..`.
pub fn encode_path<'a>(segments: impl IntoIterator<Item = &'a str>) -> Result<String, TargetError> {
    let mut path = String::new();
    for segment in segments {
        if matches!(segment, "" | "." | "..") {
            return Err(TargetError::Segment { found: segment.into() });
        }
        path.push('/');
        path.extend(utf8_percent_encode(segment, RESERVED));
    }
    Ok(path)
}

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Accepts only text that is sent exactly as given.
pub(crate) fn parse_target(text: &str) -> Result<PathAndQuery, TargetError> {
    (text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()))
        .then(|| text.parse::<PathAndQuery>().ok())
        .flatten()
        // Parsing drops a fragment.
        .filter(|target| target.as_str() == text)
        .ok_or_else(|| TargetError::Form { found: text.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_unreserved_characters_is_percent_encoded() {
        let path = encode_path(["v3", "pb-._~", "a b|c/d?e#f%20g+卡"]).unwrap();
        assert_eq!(path, "/v3/pb-._~/a%20b%7Cc%2Fd%3Fe%23f%2520g%2B%E5%8D%A1");
    }

    #[test]
    fn a_segment_cannot_change_the_path_around_it() {
        for segment in ["", ".", ".."] {
            let error = encode_path(["v3", segment, "rights"]).unwrap_err();
            assert_eq!(error, TargetError::Segment { found: segment.into() });
        }
    }

    #[test]
    fn a_target_keeps_its_bytes() {
        for text in ["/", "/v3/certificates?algorithm_type=RSA", "/v3/a%2fb?c=d|e&f", "//v3"] {
            assert_eq!(parse_target(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn text_that_could_not_be_sent_as_signed_is_refused() {
        let too_long = format!("/{}", "a".repeat(65_535));
        for text in ["", "v3", "http://localhost/v3", "/v3#top", "/v3 /", "/v3\r\n", "/会员", &too_long] {
            assert!(parse_target(text).is_err(), "{text:?}");
        }
    }
}
