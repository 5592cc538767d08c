//! How an answer comes by its signature: the one place that decides so. Whether it has one, [`crate::stages::sign`] decides.
//!
//! The gateway signs each answer by itself, and so does the mock, unless it is told otherwise. What a client would not see
//! at the gateway is announced when the mock starts, and marked in the journal.

mod ahead;
mod shared;

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use wechatpay_protocol::{KeyId, Nonce, ResponseMessage, ResponseSignature, Timestamp};

use crate::{
    clock::Clock,
    identity::PlatformKey,
    limits::{LimitError, within},
    randomness::Randomness,
};
use ahead::Ahead;
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
    /// So many at most.
    Ahead(usize),
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
    /// It was signed by itself, in an idle moment up to 5 seconds before.
    Ahead,
    /// It shares the signature of another answer without a body.
    Reused,
    /// It has none because signatures are off. Nor was that of the request verified.
    Off,
}

/// The headers that sign an answer.
type Headers = [(HeaderName, HeaderValue); 5];

/// What signs any answer without a body.
#[derive(Debug)]
struct EmptySigned {
    at: Timestamp,
    headers: Headers,
}

/// One for each of the gateway's keys, of which there are two or three.
#[derive(Debug)]
struct ByKey<T>(Vec<(KeyId, T)>);

/// Signs the answers of one mock.
#[derive(Debug)]
pub(crate) struct Signing {
    signatures: Signatures,
    way: Way,
    clock: Clock,
    randomness: Randomness,
}

/// The mode, with what it needs.
#[derive(Debug)]
enum Way {
    Fresh,
    Ahead(Ahead),
    Reused(Shared),
    Off,
}

impl Signatures {
    /// Each answer is signed by itself, as the gateway does.
    pub fn fresh() -> Self {
        Self(Mode::Fresh)
    }

    /// As fresh, but up to so many answers without a body may find their signature ready: 0 to 1000; 0 is none.
    ///
    /// Such a signature covers nothing but time and nonce. So it is made in an idle moment, for a single answer, and used within
    /// 5 seconds: a client sees nothing but a timestamp that is a little older. A burst is then answered as fast as requests are
    /// verified. It goes on for 30 seconds after the last answer, for each of the gateway's keys that signed since, and takes about
    /// 1 % of a core for each hundred. It rests where the clock is no running clock of the machine's, or randomness is fixed.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn ahead(most: u64) -> Result<Self, LimitError> {
        Ok(match within(0..=1000, "signatures", most)? {
            0 => Self(Mode::Fresh),
            most => Self(Mode::Ahead(most as usize)),
        })
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
            Mode::Ahead(_) => "ahead",
            Mode::Reused(_) => "reused",
            Mode::Off => "off",
        }
    }

    /// Warns whoever runs a mock that it is not like the gateway, if it isn't. The command shows the warnings of this module
    /// even where it shall be quiet.
    pub(crate) fn announce(self) {
        match self.0 {
            Mode::Fresh | Mode::Ahead(_) => {}
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
            Mode::Ahead(most) => write!(f, "each answer by itself, up to {most} without a body ahead"),
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
            Self::Ahead => "ahead",
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
        clock: Clock,
        randomness: Randomness,
    ) -> Self {
        let way = match signatures.0 {
            Mode::Fresh => Way::Fresh,
            Mode::Ahead(most) => Way::Ahead(Ahead::by(keys, most)),
            Mode::Reused(seconds) => Way::Reused(Shared::by(keys, seconds)),
            Mode::Off => Way::Off,
        };
        Self { signatures, way, clock, randomness }
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
        if let Way::Ahead(ahead) = &self.way {
            ahead.ask();
        }
        let ready = match &self.way {
            Way::Off => return AnswerSignature::Off,
            Way::Reused(shared) if body.is_empty() => {
                let shared = shared.get_or(&key.id, now, || self.signed(body, key, now));
                Some((shared, AnswerSignature::Reused))
            }
            Way::Ahead(ahead) if body.is_empty() && self.may_sign_ahead() => {
                ahead.take(&key.id, now).map(|signed| (signed, AnswerSignature::Ahead))
            }
            Way::Fresh | Way::Reused(_) | Way::Ahead(_) => None,
        };
        let (signed, how) = ready.unwrap_or_else(|| (self.signed(body, key, now), AnswerSignature::Fresh));
        headers.extend(signed);
        how
    }

    /// How many signatures are ready that were made ahead.
    pub(crate) fn ready(&self) -> usize {
        self.ahead().map_or(0, Ahead::len)
    }

    fn ahead(&self) -> Option<&Ahead> {
        match &self.way {
            Way::Ahead(ahead) => Some(ahead),
            Way::Fresh | Way::Reused(_) | Way::Off => None,
        }
    }

    /// Not where somebody wants to know beforehand when and with what an answer is signed.
    fn may_sign_ahead(&self) -> bool {
        self.clock.runs_with_the_machine() && !self.randomness.is_fixed()
    }

    /// A signature of its own.
    fn signed(&self, body: &[u8], key: &PlatformKey, now: Timestamp) -> Headers {
        let nonce = Nonce::from_random(self.randomness.bytes());
        let message = ResponseMessage { timestamp: now, nonce: nonce.as_str(), body };
        let signature = key.key.sign(&message.to_bytes()).to_string();
        ResponseSignature { timestamp: now, serial: key.id.clone(), signature, nonce }.to_headers()
    }
}

impl EmptySigned {
    /// In seconds; `None` if it is from the future.
    fn age(&self, now: Timestamp) -> Option<u64> {
        now.as_unix().checked_sub(self.at.as_unix())
    }
}

impl<T> ByKey<T> {
    fn of(keys: impl IntoIterator<Item = KeyId>) -> Self
    where
        T: Default,
    {
        Self(keys.into_iter().map(|key| (key, T::default())).collect())
    }

    fn get(&self, key: &KeyId) -> Option<&T> {
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    fn iter(&self) -> impl Iterator<Item = (&KeyId, &T)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }
}
