//! The `Authorization` header of a request.

use std::{borrow::Cow, fmt, str};

use wechatpay_texts::{Phrase, Text, phrase, text};

use crate::{Mchid, Nonce, ParseError, SCHEME, SerialNo, Signature, Timestamp};

/// `WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",signature="…",timestamp="…",serial_no="…"`
///
/// Holds the values as sent: the receiver must still check that the merchant, the serial number and the signature are
/// valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    mchid: String,
    nonce_str: String,
    signature: String,
    timestamp: Timestamp,
    serial_no: String,
}

/// Why a header is not an [`Authorization`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum AuthorizationError {
    /// The header is not of the form `SCHEME key="value",…` with each of the five keys once.
    #[text(transparent)]
    Malformed(#[from] ParseError),
    /// The header is well formed, but has another scheme.
    #[text("Authorization header: expected the scheme {SCHEME}, found `{found}` at byte 0")]
    Scheme {
        /// The scheme as sent.
        found: String,
    },
}

impl Authorization {
    /// The header of a request with this signature.
    pub fn new(
        mchid: &Mchid,
        serial_no: &SerialNo,
        timestamp: Timestamp,
        nonce_str: &Nonce,
        signature: &Signature,
    ) -> Self {
        Self {
            mchid: mchid.to_string(),
            nonce_str: nonce_str.to_string(),
            signature: signature.to_string(),
            timestamp,
            serial_no: serial_no.to_string(),
        }
    }

    /// Parses the header's value.
    ///
    /// The five pairs may come in any order. Everything else is strict: one space after the scheme, commas without
    /// spaces, double quotes, no escapes, no sixth pair. This is the only form in the documentation, and any
    /// server accepts it. (own choice)
    ///
    /// # Errors
    /// [`AuthorizationError::Malformed`] names what was expected at which byte. The scheme is checked last, so
    /// [`AuthorizationError::Scheme`] means that everything else is well formed.
    pub fn parse(header: &[u8]) -> Result<Self, AuthorizationError> {
        let space = header.iter().position(|&byte| byte == b' ');
        let space =
            space.ok_or_else(|| malformed(|| text!("a space after the scheme"), header, header.len()))?;

        let mut values: [Option<&str>; PARAMETERS.len()] = [None; PARAMETERS.len()];
        let mut rest = Cursor { header, at: space + 1 };
        loop {
            let (parameter, value) = rest.pair(&values)?;
            values[parameter] = Some(value);
            if rest.is_at_end() {
                break;
            }
            rest.expect(b',', || text!("`,` and no space, or the end"))?;
        }

        if let Some(missing) = values.iter().position(Option::is_none) {
            let expected = || text!("the parameter {name}", name = PARAMETERS[missing]);
            return Err(malformed(expected, header, header.len()).into());
        }
        let [mchid, nonce_str, signature, timestamp, serial_no] = values.map(Option::unwrap_or_default);
        let authorization = Self {
            mchid: mchid.into(),
            nonce_str: nonce_str.into(),
            signature: signature.into(),
            timestamp: timestamp.parse()?,
            serial_no: serial_no.into(),
        };

        match &header[..space] {
            scheme if scheme == SCHEME.as_bytes() => Ok(authorization),
            other => Err(AuthorizationError::Scheme { found: other.escape_ascii().to_string() }),
        }
    }

    /// A header's value as it may be logged and kept: as sent if it has the gateway's scheme, otherwise its scheme and
    /// the length of the rest, which may be a password or a token for something else.
    ///
    /// ```
    /// use wechatpay_protocol::Authorization;
    ///
    /// assert_eq!(*Authorization::masked(b"Bearer secret"), *b"Bearer (6 bytes, not shown)");
    /// assert_eq!(*Authorization::masked(b"secret"), *b"(6 bytes, not shown)");
    /// ```
    pub fn masked(header: &[u8]) -> Cow<'_, [u8]> {
        let (scheme, rest) = split_scheme(header);
        if header.is_empty() || scheme.eq_ignore_ascii_case(SCHEME) {
            return header.into();
        }
        let space = if scheme.is_empty() { "" } else { " " };
        format!("{scheme}{space}({} bytes, not shown)", rest.len()).into_bytes().into()
    }

    /// The merchant that claims to have signed.
    pub fn mchid(&self) -> &str {
        &self.mchid
    }

    /// The random string of the signed message.
    pub fn nonce_str(&self) -> &str {
        &self.nonce_str
    }

    /// The signature, which should be Base64.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// The time at which the merchant claims to have signed.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The serial number of the certificate whose key the merchant claims to have used.
    pub fn serial_no(&self) -> &str {
        &self.serial_no
    }
}

impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mchid, nonce_str, signature, timestamp, serial_no } = self;
        write!(
            f,
            "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce_str}\",signature=\"{signature}\",\
             timestamp=\"{timestamp}\",serial_no=\"{serial_no}\""
        )
    }
}

const PARAMETERS: [&str; 5] = ["mchid", "nonce_str", "signature", "timestamp", "serial_no"];

/// Quotes nothing of another scheme's value.
fn malformed(expected: impl Fn() -> String, header: &[u8], at: usize) -> ParseError {
    const WHAT: Phrase = phrase!("Authorization header");
    match Authorization::masked(header) {
        Cow::Borrowed(header) => ParseError::new(WHAT, expected, header, at),
        Cow::Owned(masked) => {
            let found = || format!("`{}`", String::from_utf8_lossy(&masked));
            ParseError::secret(WHAT, || text!("the scheme {SCHEME}"), found, 0)
        }
    }
}

/// The longest scheme that is taken for one.
const MAX_SCHEME: usize = 32;

/// The scheme and what follows its space. Without a space, or with other characters before it than a scheme has,
/// everything may be secret.
fn split_scheme(header: &[u8]) -> (&str, &[u8]) {
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if header == SCHEME.as_bytes() {
        return (SCHEME, b"");
    }
    let space = header.iter().position(|&byte| byte == b' ').filter(|&space| space <= MAX_SCHEME);
    let scheme = space.map(|space| &header[..space]).filter(|scheme| scheme.iter().all(is_scheme));
    match scheme.and_then(|scheme| str::from_utf8(scheme).ok()) {
        Some(scheme) if !scheme.is_empty() => (scheme, &header[scheme.len() + 1..]),
        _ => ("", header),
    }
}

/// A position in the header, moving towards its end.
struct Cursor<'a> {
    header: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Parses `key="value"` for a key that has no value in `seen` yet.
    fn pair(&mut self, seen: &[Option<&str>; PARAMETERS.len()]) -> Result<(usize, &'a str), ParseError> {
        let start = self.at;
        let key = self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let known = PARAMETERS.iter().position(|parameter| *parameter == key);
        let parameter = known.ok_or_else(|| {
            self.wrong(|| text!("mchid, nonce_str, signature, timestamp or serial_no"), start)
        })?;
        if seen[parameter].is_some() {
            return Err(self.wrong(|| text!("each parameter once"), start));
        }
        self.expect(b'=', || "`=`".into())?;
        self.expect(b'"', || "`\"`".into())?;
        let value_start = self.at;
        let value = self.take_while(|byte| byte.is_ascii_graphic() && byte != b'"');
        if value.is_empty() {
            return Err(self.wrong(|| text!("a value of visible ASCII characters"), value_start));
        }
        if key == "timestamp" && value.parse::<Timestamp>().is_err() {
            return Err(self.wrong(|| text!("seconds since 1970 in digits"), value_start));
        }
        self.expect(b'"', || text!("visible ASCII characters and a closing `\"`"))?;
        Ok((parameter, value))
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.header[self.at..];
        let length = rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len());
        self.at += length;
        // Both callers take only ASCII, which is UTF-8.
        std::str::from_utf8(&rest[..length]).unwrap_or_default()
    }

    fn expect(&mut self, byte: u8, expected: impl Fn() -> String) -> Result<(), ParseError> {
        if self.header.get(self.at) != Some(&byte) {
            return Err(self.wrong(expected, self.at));
        }
        self.at += 1;
        Ok(())
    }

    fn wrong(&self, expected: impl Fn() -> String, at: usize) -> ParseError {
        malformed(expected, self.header, at)
    }

    fn is_at_end(&self) -> bool {
        self.at == self.header.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: &str = "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\",nonce_str=\"a\",signature=\"c2ln\",\
                          timestamp=\"1756951532\",serial_no=\"5E1F\"";

    #[test]
    fn a_header_has_five_values() {
        let parsed = Authorization::parse(HEADER.as_bytes()).unwrap();
        assert_eq!((parsed.mchid(), parsed.nonce_str(), parsed.signature()), ("1900000001", "a", "c2ln"));
        assert_eq!((parsed.timestamp(), parsed.serial_no()), (Timestamp::from_unix(1_756_951_532), "5E1F"));
    }

    #[test]
    fn the_same_values_with_another_scheme_are_refused() {
        let other = HEADER.replace("WECHATPAY2-SHA256-RSA2048", "WECHATPAY2-SM2-WITH-SM3");
        let expected = AuthorizationError::Scheme { found: "WECHATPAY2-SM2-WITH-SM3".into() };
        assert_eq!(Authorization::parse(other.as_bytes()), Err(expected));
    }

    #[test]
    fn an_error_names_what_was_expected_and_the_byte() {
        let spaced = HEADER.replace("\",nonce", "\", nonce");
        let error = Authorization::parse(spaced.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            error,
            "Authorization header: expected mchid, nonce_str, signature, timestamp or serial_no, \
             found ` nonce_str=\"a\",signature…` at byte 45"
        );
    }

    #[test]
    fn no_error_quotes_the_value_of_another_scheme() {
        for header in
            ["Bearer secret", "Basic c2VjcmV0", "secret", "  secret", "Bearer\tsecret", "se.cret secret"]
        {
            let error = Authorization::parse(header.as_bytes()).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("bytes, not shown)"), "{shown}");
            assert!(!shown.contains("secret") && !shown.contains("c2VjcmV0"), "{shown}");
        }
        assert_eq!(
            Authorization::parse(b"Bearer secret").unwrap_err().to_string(),
            "Authorization header: expected the scheme WECHATPAY2-SHA256-RSA2048, \
             found `Bearer (6 bytes, not shown)` at byte 0"
        );
    }

    #[test]
    fn without_a_scheme_every_byte_is_masked() {
        for (header, masked) in [(" secret", "(7 bytes, not shown)"), ("secret", "(6 bytes, not shown)")] {
            assert_eq!(*Authorization::masked(header.as_bytes()), *masked.as_bytes());
        }
    }

    #[test]
    fn the_gateways_own_scheme_is_shown_in_any_case() {
        for header in [HEADER, &HEADER.to_lowercase(), "WECHATPAY2-SHA256-RSA2048 x", SCHEME, ""] {
            assert_eq!(*Authorization::masked(header.as_bytes()), *header.as_bytes());
        }
    }

    fn authorizations() -> impl Strategy<Value = Authorization> {
        let value = || "[!#-~]{1,40}";
        (value(), value(), value(), 1..=u64::MAX / 2, value()).prop_map(
            |(mchid, nonce_str, signature, seconds, serial_no)| Authorization {
                mchid,
                nonce_str,
                signature,
                timestamp: Timestamp::from_unix(seconds),
                serial_no,
            },
        )
    }

    proptest! {
        #[test]
        fn parsing_undoes_printing(header in authorizations()) {
            prop_assert_eq!(Authorization::parse(header.to_string().as_bytes()), Ok(header));
        }

        #[test]
        fn parsing_any_bytes_does_not_panic(bytes: Vec<u8>) {
            let _ = Authorization::parse(&bytes);
        }

        #[test]
        fn parsing_with_any_byte_changed_does_not_panic(at in 0..HEADER.len(), byte: u8) {
            let mut header = HEADER.as_bytes().to_vec();
            header[at] = byte;
            let _ = Authorization::parse(&header);
        }
    }
}
