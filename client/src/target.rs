//! What a request asks for: path and query, as they stand on the wire and in the signed message.

use std::{fmt, str::FromStr};

use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Path and query, percent-encoded already.
///
/// The same bytes are signed and sent: from here on nothing encodes, decodes or normalises them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(PathAndQuery);

/// Why text is not a [`Target`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is not a path, perhaps with a query, in visible ASCII characters.
    #[error(
        "expected a path from `/` on, percent-encoded, without `#` and of at most 65534 bytes, found {found:?}"
    )]
    Form {
        /// What was given.
        found: String,
    },
    /// A path segment that whoever stands between would take for a step within the path, or fold away.
    #[error("expected a path segment with a value other than `.` and `..`, found {found:?}")]
    Segment {
        /// What was given.
        found: String,
    },
}

impl Target {
    /// The path that consists of these segments, each percent-encoded once: everything except the unreserved
    /// characters `A-Z a-z 0-9 - . _ ~`.
    ///
    /// ```
    /// use wechatpay_client::Target;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let target = Target::from_segments(["v3", "codes", "a/b 会员"])?;
    /// assert_eq!(target.as_str(), "/v3/codes/a%2Fb%20%E4%BC%9A%E5%91%98");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TargetError::Segment`] for a segment that is empty, `.` or `..`; [`TargetError::Form`] if the path
    /// becomes too long.
    pub fn from_segments<'a>(segments: impl IntoIterator<Item = &'a str>) -> Result<Self, TargetError> {
        let mut path = String::new();
        for segment in segments {
            if matches!(segment, "" | "." | "..") {
                return Err(TargetError::Segment { found: segment.into() });
            }
            path.push('/');
            path.extend(utf8_percent_encode(segment, RESERVED));
        }
        path.parse()
    }

    /// The bytes of the request line and of the signed message.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn path_and_query(&self) -> &PathAndQuery {
        &self.0
    }
}

/// Takes path and query as they are, percent-encoded.
impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let path_and_query = (text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()))
            .then(|| text.parse::<PathAndQuery>().ok())
            .flatten()
            // A fragment would have been dropped.
            .filter(|parsed| parsed.as_str() == text);
        path_and_query.map(Self).ok_or_else(|| TargetError::Form { found: text.into() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_unreserved_characters_is_percent_encoded() {
        let target = Target::from_segments(["v3", "pb-._~", "a b|c/d?e#f%20g+卡"]).unwrap();
        assert_eq!(target.as_str(), "/v3/pb-._~/a%20b%7Cc%2Fd%3Fe%23f%2520g%2B%E5%8D%A1");
    }

    #[test]
    fn a_segment_cannot_change_the_path_around_it() {
        for segment in ["", ".", ".."] {
            let error = Target::from_segments(["v3", segment, "rights"]).unwrap_err();
            assert_eq!(error, TargetError::Segment { found: segment.into() });
        }
    }

    #[test]
    fn a_target_that_is_given_whole_keeps_its_bytes() {
        for text in ["/", "/v3/certificates?algorithm_type=RSA", "/v3/a%2fb?c=d|e&f", "//v3"] {
            assert_eq!(text.parse::<Target>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_could_not_be_sent_as_it_is_signed_is_no_target() {
        let too_long = format!("/{}", "a".repeat(65_535));
        for text in ["", "v3", "http://localhost/v3", "/v3#top", "/v3 /", "/v3\r\n", "/会员", &too_long] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }
}
