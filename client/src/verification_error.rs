//! Why a response can't be verified.

use wechatpay_protocol::{HeaderError, KeyId, ParseError, SignatureError, Timestamp};
use wechatpay_texts::Text;

/// Why a 2xx response can't be verified.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum VerificationError {
    /// A header of the signature is missing, repeated or malformed.
    #[text(transparent)]
    Headers(#[from] HeaderError),
    /// The signature is too old, or from too far in the future.
    #[text(
        "signed at {signed}, {skew} s from this clock's {now}; at most {most} s are accepted",
        skew = signed.skew(*now).as_secs(),
        most = Timestamp::MAX_SKEW.as_secs()
    )]
    Stale {
        /// The time of the signature.
        signed: Timestamp,
        /// The time by the client's clock.
        now: Timestamp,
    },
    /// The key is not trusted, or is that of a certificate that is not valid now.
    #[text("signed with {named}, which is not a trusted key, or not valid now")]
    UnknownKey {
        /// The key that the response names.
        named: KeyId,
    },
    /// The signature is not Base64, as in the gateway's own probes, `WECHATPAY/SIGNTEST/…`.
    #[text(transparent)]
    SignatureForm(ParseError),
    /// The named key did not sign these bytes.
    #[text("not signed with {named}")]
    Mismatch {
        /// The key that the response names.
        named: KeyId,
        /// The result of the verification.
        source: SignatureError,
    },
}
