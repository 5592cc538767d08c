//! The `Authorization` header of a request.

use std::fmt;

use crate::{Malformed, Mchid, Nonce, SCHEME, SerialNo, Signature, Timestamp};

/// `WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",signature="…",timestamp="…",serial_no="…"`
///
/// Holds the values as they were sent. That the merchant, the serial number and the signature mean anything is
/// for whoever receives the header to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    mchid: String,
    nonce_str: String,
    signature: String,
    timestamp: Timestamp,
    serial_no: String,
}

/// Why a header is not an [`Authorization`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// The header does not have the form `SCHEME key="value",…` with each of the five keys once.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The form is right, the scheme is another one.
    #[error("Authorization header: expected the scheme {SCHEME}, found `{found}` at byte 0")]
    Scheme {
        /// The scheme that was sent.
        found: String,
    },
}

impl Authorization {
    /// The header for a request that was signed with `signature`.
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

    /// Reads the header's value.
    ///
    /// The five pairs may stand in any order. Nothing else is tolerated: one space after the scheme, commas
    /// without spaces, double quotes, no escapes, no sixth pair. The documentation shows this form only, and what
    /// passes here passes everywhere. (own choice)
    ///
    /// # Errors
    /// [`AuthorizationError::Malformed`] says what was expected at which byte. The scheme is judged last, so
    /// [`AuthorizationError::Scheme`] means that everything else is well formed.
    pub fn parse(header: &[u8]) -> Result<Self, AuthorizationError> {
        let space = header.iter().position(|&byte| byte == b' ');
        let space = space.ok_or_else(|| malformed("a space after the scheme", header, header.len()))?;

        let mut values: [Option<&str>; PARAMETERS.len()] = [None; PARAMETERS.len()];
        let mut rest = Cursor { header, at: space + 1 };
        loop {
            let (parameter, value) = rest.pair(&values)?;
            values[parameter] = Some(value);
            if rest.is_at_end() {
                break;
            }
            rest.expect(b',', "`,` and no space, or the end")?;
        }

        let value = |parameter: usize| {
            let expected = || format!("the parameter {}", PARAMETERS[parameter]);
            values[parameter].ok_or_else(|| malformed(expected(), header, header.len()))
        };
        let [mchid, nonce_str, signature, timestamp, serial_no] =
            [value(MCHID)?, value(NONCE_STR)?, value(SIGNATURE)?, value(TIMESTAMP)?, value(SERIAL_NO)?];
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

    /// The merchant who claims to have signed.
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

    /// When the merchant claims to have signed.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The certificate whose key claims to have signed.
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
const MCHID: usize = 0;
const NONCE_STR: usize = 1;
const SIGNATURE: usize = 2;
const TIMESTAMP: usize = 3;
const SERIAL_NO: usize = 4;

fn malformed(expected: impl Into<String>, header: &[u8], at: usize) -> Malformed {
    Malformed::new("Authorization header", expected, header, at)
}

/// A place in the header, moving to its end.
struct Cursor<'a> {
    header: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Reads `key="value"`, where the key has no value in `seen` yet.
    fn pair(&mut self, seen: &[Option<&str>; PARAMETERS.len()]) -> Result<(usize, &'a str), Malformed> {
        let start = self.at;
        let key = self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let known = PARAMETERS.iter().position(|parameter| *parameter == key);
        let parameter =
            known.ok_or_else(|| self.wrong("mchid, nonce_str, signature, timestamp or serial_no", start))?;
        if seen[parameter].is_some() {
            return Err(self.wrong("each parameter once", start));
        }
        self.expect(b'=', "`=`")?;
        self.expect(b'"', "`\"`")?;
        let value_start = self.at;
        let value = self.take_while(|byte| byte.is_ascii_graphic() && byte != b'"');
        if value.is_empty() {
            return Err(self.wrong("a value of visible ASCII characters", value_start));
        }
        if parameter == TIMESTAMP && value.parse::<Timestamp>().is_err() {
            return Err(self.wrong("seconds since 1970 in digits", value_start));
        }
        self.expect(b'"', "visible ASCII characters and a closing `\"`")?;
        Ok((parameter, value))
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.header[self.at..];
        let length = rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len());
        self.at += length;
        // Both callers take ASCII only, which is UTF-8.
        std::str::from_utf8(&rest[..length]).unwrap_or_default()
    }

    fn expect(&mut self, byte: u8, expected: &str) -> Result<(), Malformed> {
        if self.header.get(self.at) != Some(&byte) {
            return Err(self.wrong(expected, self.at));
        }
        self.at += 1;
        Ok(())
    }

    fn wrong(&self, expected: &str, at: usize) -> Malformed {
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
    fn a_complaint_names_what_was_expected_and_the_byte() {
        let spaced = HEADER.replace("\",nonce", "\", nonce");
        let complaint = Authorization::parse(spaced.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            complaint,
            "Authorization header: expected mchid, nonce_str, signature, timestamp or serial_no, \
             found ` nonce_str=\"a\",signature…` at byte 45"
        );
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
        fn what_is_printed_parses_to_itself(header in authorizations()) {
            prop_assert_eq!(Authorization::parse(header.to_string().as_bytes()), Ok(header));
        }

        #[test]
        fn no_bytes_make_parsing_panic(bytes: Vec<u8>) {
            let _ = Authorization::parse(&bytes);
        }

        #[test]
        fn no_single_change_of_a_byte_makes_parsing_panic(at in 0..HEADER.len(), byte: u8) {
            let mut header = HEADER.as_bytes().to_vec();
            header[at] = byte;
            let _ = Authorization::parse(&header);
        }
    }
}
