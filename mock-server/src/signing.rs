//! How an answer comes by its signature: the one place that decides so.
//!
//! The gateway signs each answer by itself, and so does the mock, unless it is told otherwise. What a client would not see
//! at the gateway is announced when the mock starts, and marked in the journal.

mod shared;

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use wechatpay_protocol::{KeyId, Nonce, ResponseMessage, ResponseSignature, Timestamp};

use crate::{
    identity::PlatformKey,
    limits::{LimitError, within},
    randomness::Randomness,
};
use shared::Shared;

/// Which signatures are verified, and how answers are signed. (own choice)
///
/// The default is as the gateway: each request is verified, and each answer is signed by itself.
///
/// ```
/// use wechatpay_mock::Signatures;
///
/// assert_eq!(Signatures::default(), Signatures::fresh());
/// assert_eq!(Signatures::reused_for(10)?.to_string(), "reused for 10 s by answers without a body");
/// assert!(Signatures::reused_for(0).is_err());
/// # Ok::<(), wechatpay_mock::LimitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signatures(Mode);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Fresh,
    /// For so many seconds.
    Reused(u64),
    Off,
}

/// How an answer came by its signature, before a fault spoilt it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerSignature {
    /// It has none, as refusals have none.
    #[default]
    None,
    /// It was signed by itself, as the gateway does.
    Fresh,
    /// It shares the signature of another answer without a body.
    Reused,
    /// It has none because signatures are off. Nor was that of the request verified.
    Off,
}

/// The headers that sign an answer.
type Headers = [(HeaderName, HeaderValue); 5];

/// Signs the answers of one mock.
#[derive(Debug)]
pub(crate) struct Signing {
    signatures: Signatures,
    randomness: Randomness,
    shared: Shared,
}

impl Signatures {
    /// Each answer is signed by itself, as the gateway does.
    pub fn fresh() -> Self {
        Self(Mode::Fresh)
    }

    /// Answers without a body share a signature for so many seconds of the mock's clock: 1 to 60.
    ///
    /// Such a signature covers nothing but time and nonce, so it holds for all of them. It is unlike the gateway, which
    /// uses no nonce twice, and is there for load tests of what is behind a client: the mock then costs a fraction. Each of
    /// the gateway's keys has its own.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range. Clients refuse what is older than 300 seconds.
    pub fn reused_for(seconds: u64) -> Result<Self, LimitError> {
        Ok(Self(Mode::Reused(within(1..=60, "seconds", seconds)?)))
    }

    /// No request's signature is verified, and no answer is signed: only to compare with servers that do neither.
    ///
    /// `Authorization` must still be well formed and name a merchant, its certificate and a time within five minutes. No
    /// exchange counts as authenticated. Faults that spoil signatures do nothing.
    pub fn off() -> Self {
        Self(Mode::Off)
    }

    /// Whether the signatures of requests are verified.
    pub(crate) fn are_verified(self) -> bool {
        self.0 != Mode::Off
    }

    /// Its name: `reused`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Mode::Fresh => "fresh",
            Mode::Reused(_) => "reused",
            Mode::Off => "off",
        }
    }

    /// Warns whoever runs a mock that it is not like the gateway, if it isn't. The command shows the warnings of this module
    /// even where it shall be quiet.
    pub(crate) fn announce(self) {
        match self.0 {
            Mode::Fresh => {}
            Mode::Reused(seconds) => tracing::warn!(
                "UNLIKE THE GATEWAY, for load tests: answers without a body share a signature for {seconds} s"
            ),
            Mode::Off => tracing::warn!(
                "UNLIKE THE GATEWAY, for comparison only: no signature is verified, and no answer is signed"
            ),
        }
    }
}

impl fmt::Display for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Mode::Fresh => f.write_str("each answer by itself"),
            Mode::Reused(seconds) => write!(f, "reused for {seconds} s by answers without a body"),
            Mode::Off => f.write_str("off: none is verified, none is made"),
        }
    }
}

impl AnswerSignature {
    /// Its name: `reused`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fresh => "fresh",
            Self::Reused => "reused",
            Self::Off => "off",
        }
    }
}

impl Signing {
    /// With these of the gateway's keys.
    pub(crate) fn new(
        signatures: Signatures,
        keys: impl IntoIterator<Item = KeyId>,
        randomness: Randomness,
    ) -> Self {
        Self { signatures, randomness, shared: Shared::by(keys) }
    }

    pub(crate) fn signatures(&self) -> Signatures {
        self.signatures
    }

    /// Adds to the answer's headers what signs its body, and says how that came about.
    pub(crate) fn sign(
        &self,
        headers: &mut HeaderMap,
        body: &[u8],
        key: &PlatformKey,
        now: Timestamp,
    ) -> AnswerSignature {
        let (signed, how) = match self.signatures.0 {
            Mode::Off => return AnswerSignature::Off,
            Mode::Reused(seconds) if body.is_empty() => {
                let signed = self.shared.within(seconds, &key.id, now, || self.signed(body, key, now));
                (signed, AnswerSignature::Reused)
            }
            Mode::Reused(_) | Mode::Fresh => (self.signed(body, key, now), AnswerSignature::Fresh),
        };
        headers.extend(signed);
        how
    }

    /// A signature of its own.
    fn signed(&self, body: &[u8], key: &PlatformKey, now: Timestamp) -> Headers {
        let nonce = Nonce::from_random(self.randomness.bytes());
        let message = ResponseMessage { timestamp: now, nonce: nonce.as_str(), body };
        let signature = key.key.sign(&message.to_bytes()).to_string();
        ResponseSignature { timestamp: now, serial: key.id.clone(), signature, nonce }.to_headers()
    }
}
