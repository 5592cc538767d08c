//! Headers as the journal keeps them: compact, because there are thousands of exchanges.

use std::{borrow::Cow, fmt, str};

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, PROXY_AUTHORIZATION},
};
use wechatpay_protocol::Authorization;

/// The headers of a request or a response, in order: names in lower case, values as sent, but credentials for anything
/// other than the gateway [masked](Authorization::masked).
///
/// All of them share one allocation, which takes a quarter of the memory of a [`HeaderMap`]. [`Headers::to_map`]
/// converts them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Box<[u8]>);

/// Ends a name; no name contains it.
const AFTER_NAME: u8 = b':';
/// Ends a value; no value contains it.
const AFTER_VALUE: u8 = b'\n';

impl Headers {
    /// The value of the first header with this name.
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.iter().find_map(|(known, value)| (known == name.as_str()).then_some(value))
    }

    /// Like [`Headers::get`], but only if the value is visible ASCII.
    pub fn text(&self, name: &HeaderName) -> Option<&str> {
        let value = str::from_utf8(self.get(name)?).ok()?;
        value.bytes().all(|byte| byte == b'\t' || byte == b' ' || byte.is_ascii_graphic()).then_some(value)
    }

    /// Each header's name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.split(|byte| *byte == AFTER_VALUE).filter_map(|line| {
            let end = line.iter().position(|byte| *byte == AFTER_NAME)?;
            Some((str::from_utf8(&line[..end]).ok()?, &line[end + 1..]))
        })
    }

    /// Converts the headers into a [`HeaderMap`].
    pub fn to_map(&self) -> HeaderMap {
        let named = |(name, value): (&str, &[u8])| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value).ok()?))
        };
        let mut map = HeaderMap::new();
        for (name, value) in self.iter().filter_map(named) {
            map.append(name, value);
        }
        map
    }

    /// Their size in bytes.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }
}

impl From<&HeaderMap> for Headers {
    fn from(map: &HeaderMap) -> Self {
        let size = map.iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
        let mut lines = Vec::with_capacity(size);
        for (name, value) in map {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.push(AFTER_NAME);
            lines.extend_from_slice(&kept(name, value));
            lines.push(AFTER_VALUE);
        }
        Self(lines.into_boxed_slice())
    }
}

fn kept<'a>(name: &HeaderName, value: &'a HeaderValue) -> Cow<'a, [u8]> {
    if *name == AUTHORIZATION || *name == PROXY_AUTHORIZATION {
        Authorization::masked(value.as_bytes())
    } else {
        value.as_bytes().into()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|(name, value)| (name, String::from_utf8_lossy(value)));
        f.debug_map().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, HOST, VIA};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn get_finds_the_first_of_several_and_iter_has_all() {
        let mut map = HeaderMap::new();
        map.append(VIA, HeaderValue::from_static("1.1 one"));
        map.append(HOST, HeaderValue::from_static("mock:80"));
        map.append(VIA, HeaderValue::from_static(""));
        let headers = Headers::from(&map);
        assert_eq!(headers.text(&VIA), Some("1.1 one"));
        assert_eq!(headers.text(&HOST), Some("mock:80"));
        assert_eq!((headers.get(&ACCEPT), headers.iter().count()), (None, 3));
    }

    #[test]
    fn only_visible_ascii_is_text() {
        let map = HeaderMap::from_iter([(HOST, HeaderValue::from_bytes("主".as_bytes()).unwrap())]);
        let headers = Headers::from(&map);
        assert_eq!((headers.text(&HOST), headers.get(&HOST)), (None, Some("主".as_bytes())));
    }

    #[test]
    fn of_credentials_for_something_else_only_scheme_and_length_are_kept() {
        let mut map = HeaderMap::new();
        for (name, value) in [
            (AUTHORIZATION, "Bearer correct-horse-battery"),
            (AUTHORIZATION, "correct-horse-battery"),
            (AUTHORIZATION, "WECHATPAY2-SHA256-RSA2048 mchid=\"1\""),
            (PROXY_AUTHORIZATION, "Basic dXNlcjpwdw=="),
        ] {
            map.append(name, HeaderValue::from_static(value));
        }
        let headers = Headers::from(&map);
        let values: Vec<_> = headers.iter().map(|(_, value)| str::from_utf8(value).unwrap()).collect();
        let expected = [
            "Bearer (21 bytes, not shown)",
            "(21 bytes, not shown)",
            "WECHATPAY2-SHA256-RSA2048 mchid=\"1\"",
            "Basic (12 bytes, not shown)",
        ];
        assert_eq!(values, expected);
    }

    proptest! {
        #[test]
        fn the_kept_headers_are_the_sent_ones(
            sent in proptest::collection::vec(("[a-z-]{1,20}", "[ -~\u{80}-\u{ff}]{0,40}"), 0..20),
        ) {
            let mut map = HeaderMap::new();
            for (name, value) in &sent {
                let name = HeaderName::try_from(name.as_str()).unwrap();
                map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            prop_assert_eq!(Headers::from(&map).to_map(), map);
        }
    }
}
