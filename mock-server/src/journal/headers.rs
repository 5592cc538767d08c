//! Headers in little room, as the journal keeps thousands of them.

use std::{fmt, str};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The headers of a request or an answer, in order: names in lower case, values as sent.
///
/// All of them are in one piece of memory, a quarter of what a [`HeaderMap`] takes; [`Headers::to_map`] makes one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Box<[u8]>);

/// Names that nearly every exchange has, the short ones first: one byte stands for each, its place here and the highest bit,
/// which no other name begins with.
const USUAL: [&str; 22] = [
    "date",
    "host",
    "accept",
    "server",
    "connection",
    "keep-alive",
    "request-id",
    "user-agent",
    "content-type",
    "authorization",
    "cache-control",
    "content-length",
    "accept-encoding",
    "accept-language",
    "wechatpay-nonce",
    "content-language",
    "wechatpay-serial",
    "transfer-encoding",
    "wechatpay-signature",
    "wechatpay-timestamp",
    "x-content-type-options",
    "wechatpay-signature-type",
];
const IS_USUAL: u8 = 0x80;

/// How many usual names are shorter than so many bytes: those of one length are looked through, and no others.
const SHORTER: [usize; 26] = {
    let mut shorter = [0; 26];
    let mut length = 0;
    while length < shorter.len() {
        while shorter[length] < USUAL.len() && USUAL[shorter[length]].len() < length {
            shorter[length] += 1;
        }
        length += 1;
    }
    shorter
};

/// Stands behind any other name, which has none.
const BEHIND_NAME: u8 = b':';
/// Stands behind a value, which has none.
const BEHIND_VALUE: u8 = b'\n';

impl Headers {
    /// The value of the first header with that name.
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.iter().find_map(|(known, value)| (known == name.as_str()).then_some(value))
    }

    /// The same, if it is visible ASCII.
    pub fn text(&self, name: &HeaderName) -> Option<&str> {
        let value = str::from_utf8(self.get(name)?).ok()?;
        value.bytes().all(|byte| byte == b'\t' || byte == b' ' || byte.is_ascii_graphic()).then_some(value)
    }

    /// Each header's name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let lines = self.0.split(|byte| *byte == BEHIND_VALUE).filter(|line| !line.is_empty());
        lines.filter_map(|line| {
            let (first, value) = line.split_first()?;
            if first & IS_USUAL != 0 {
                return Some((*USUAL.get(usize::from(first ^ IS_USUAL))?, value));
            }
            let at = line.iter().position(|byte| *byte == BEHIND_NAME)?;
            Some((str::from_utf8(&line[..at]).ok()?, &line[at + 1..]))
        })
    }

    /// The same as HTTP's own type.
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

    /// How many bytes they take, beside the value itself.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }
}

impl From<&HeaderMap> for Headers {
    fn from(map: &HeaderMap) -> Self {
        let headers: Vec<_> =
            map.iter().map(|(name, value)| (Name::of(name.as_str()), value.as_bytes())).collect();
        let length = headers.iter().map(|(name, value)| name.size() + value.len() + 1).sum();
        let mut lines = Vec::with_capacity(length);
        for (name, value) in headers {
            match name {
                Name::Usual(byte) => lines.push(byte),
                Name::Other(name) => {
                    lines.extend_from_slice(name.as_bytes());
                    lines.push(BEHIND_NAME);
                }
            }
            lines.extend_from_slice(value);
            lines.push(BEHIND_VALUE);
        }
        Self(lines.into_boxed_slice())
    }
}

/// A name, as it is kept.
enum Name<'a> {
    Usual(u8),
    Other(&'a str),
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Self {
        let [begin, end] = [0, 1].map(|more| SHORTER.get(name.len() + more).copied().unwrap_or(USUAL.len()));
        let place = USUAL[begin..end].iter().position(|usual| *usual == name);
        place.map_or(Self::Other(name), |place| Self::Usual(IS_USUAL | (begin + place) as u8))
    }

    /// Bytes that it takes, with what stands behind it.
    fn size(&self) -> usize {
        match self {
            Self::Usual(_) => 1,
            Self::Other(name) => name.len() + 1,
        }
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
    fn the_first_of_several_is_found_and_all_are_there() {
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
    fn a_usual_name_takes_one_byte() {
        for name in USUAL {
            let map =
                HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static("value"))]);
            assert_eq!(Headers::from(&map).size(), 1 + "value".len() + 1, "{name}");
        }
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z-]{1,20}", proptest::sample::select(&USUAL[..]).prop_map(String::from)]
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_was_sent(
            sent in proptest::collection::vec((name(), "[ -~\u{80}-\u{ff}]{0,40}"), 0..20),
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
