//! Every named fault: what it does, whether the request takes effect, and how we know about it.

use std::{fmt, str::FromStr};

use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use wechatpay_protocol::display::truncate;
use wechatpay_texts::{Text, phrase};

use crate::{
    api::suggest::{advice, near},
    api::{
        injected_error::{DocumentedError, InjectedError},
        operation_error::OperationError,
    },
    faults::{callback::CallbackFault, connection::ConnectionFault, signature::SignatureFault},
    policies::Provenance,
};

/// What a fault applies to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// Requests of merchants, and the responses to them.
    #[default]
    Request,
    /// Attempts to deliver callbacks.
    Callback,
}

impl On {
    // serde asks with a reference.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
    pub(super) fn is_request(&self) -> bool {
        *self == Self::Request
    }
}

/// Whether a request takes effect despite the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Applied {
    /// No, unless a rule says otherwise.
    No,
    /// Yes, unless a rule says otherwise.
    Yes,
    /// Always: only the response is wrong.
    Always,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::No => phrase!("no"),
            Self::Yes => phrase!("yes"),
            Self::Always => phrase!("always"),
        };
        fmt::Display::fmt(&word, f)
    }
}

/// What a fault does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Responds with this error.
    Error(DocumentedError),
    /// Responds with this error, which the operation can also return by itself.
    Operation(OperationError),
    /// Responds with this status and an HTML page, like the web server in front of the application.
    Page(StatusCode),
    /// Breaks the connection in this way.
    Connection(ConnectionFault),
    /// Corrupts the signature in this way.
    Signature(SignatureFault),
    /// Says that a plain body is compressed.
    FalseGzip,
    /// Does this to a callback.
    Callback(CallbackFault),
}

/// Declares each fault once.
macro_rules! faults {
    (
        requests {
            $( $variant:ident = $name:literal, $kind:expr, $applied:ident, $provenance:ident, $meaning:literal; )+
        }
        callbacks {
            $(
                $callback:ident = $callback_name:literal, $callback_kind:expr, $callback_provenance:ident,
                $callback_meaning:literal;
            )+
        }
    ) => {
        /// A named fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $( #[doc = $meaning] $variant, )+
            $( #[doc = $callback_meaning] $callback, )+
        }

        /// Every fault of requests and their responses, in the order of the documentation.
        pub const FAULTS: &[Fault] = &[ $( Fault::$variant, )+ ];

        /// Every fault that only callbacks can have, in the order of the documentation.
        const OF_CALLBACKS: &[Fault] = &[ $( Fault::$callback, )+ ];

        impl Fault {
            /// Its name, such as `system-error`.
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ $( Self::$callback => $callback_name, )+ }
            }

            /// What happens, in the current language.
            pub fn meaning(self) -> &'static str {
                let meaning = match self {
                    $( Self::$variant => phrase!($meaning), )+
                    $( Self::$callback => phrase!($callback_meaning), )+
                };
                meaning.text()
            }

            /// Whether the request takes effect.
            pub fn applied(self) -> Applied {
                match self { $( Self::$variant => Applied::$applied, )+ $( Self::$callback => Applied::Always, )+ }
            }

            /// How sure we are that the real gateway does this.
            pub fn provenance(self) -> Provenance {
                match self { $( Self::$variant => Provenance::$provenance, )+ $( Self::$callback => Provenance::$callback_provenance, )+ }
            }

            pub(super) fn kind(self) -> Kind {
                match self { $( Self::$variant => $kind, )+ $( Self::$callback => Kind::Callback($callback_kind), )+ }
            }
        }
    };
}

faults! {
requests {
    ParamError = "param-error", Kind::Error(DocumentedError::ParamError), No, Documented,
        "400 PARAM_ERROR";
    InvalidRequest = "invalid-request", Kind::Error(DocumentedError::InvalidRequest), No, Documented,
        "400 INVALID_REQUEST";
    UnknownCard = "unknown-card", Kind::Operation(OperationError::UnknownCard), No, Documented,
        "400 INVALID_REQUEST 会员卡ID无效";
    UnknownCode = "unknown-code", Kind::Operation(OperationError::UnknownCode), No, Documented,
        "400 INVALID_REQUEST code不存在";
    CardNotEffective = "card-not-effective", Kind::Operation(OperationError::CardNotEffective), No, Documented,
        "400 INVALID_REQUEST 用户会员卡无效";
    ForeignCard = "foreign-card", Kind::Operation(OperationError::ForeignCard), No, Documented,
        "400 INVALID_REQUEST 会员卡的创建商户号不等于调用方商户号";
    NoPoints = "no-points", Kind::Operation(OperationError::NoPoints), No, Documented,
        "400 INVALID_REQUEST 没有开通会员积分权益服务";
    SignError = "sign-error", Kind::Error(DocumentedError::SignError), No, Documented,
        "401 SIGN_ERROR, although the signature is correct";
    NoAuth = "no-auth", Kind::Operation(OperationError::NoPermission), No, Documented,
        "403 NO_AUTH";
    RuleLimit = "rule-limit", Kind::Error(DocumentedError::RuleLimit), No, Documented,
        "403 RULE_LIMIT";
    ResourceNotExists = "resource-not-exists", Kind::Operation(OperationError::NoDocument), No, Documented,
        "404 RESOURCE_NOT_EXISTS";
    FrequencyLimited = "frequency-limited", Kind::Error(DocumentedError::FrequencyLimited), No, Documented,
        "429 FREQUENCY_LIMITED, or as the operation's own page spells it";
    RatelimitExceed = "ratelimit-exceed", Kind::Error(DocumentedError::RatelimitExceed), No, Documented,
        "429 RATELIMIT_EXCEED, as profit sharing spells it";
    RatelimitExceeded = "ratelimit-exceeded", Kind::Error(DocumentedError::RatelimitExceeded), No, Documented,
        "429 RATELIMIT_EXCEEDED, as the page of status codes spells it";
    RateLimited = "rate-limited", Kind::Error(DocumentedError::RateLimited), No, Documented,
        "429 RATE_LIMITED, as the global error codes spell it";
    SystemError = "system-error", Kind::Error(DocumentedError::SystemError), No, Documented,
        "500 SYSTEM_ERROR";
    SystemErrorApplied = "system-error-applied", Kind::Error(DocumentedError::SystemError), Yes, Documented,
        "500 SYSTEM_ERROR, but the change is made";
    BadGateway = "bad-gateway", Kind::Error(DocumentedError::BadGateway), No, Documented,
        "502 SERVICE_UNAVAILABLE";
    ServiceUnavailable = "service-unavailable", Kind::Error(DocumentedError::ServiceUnavailable), No, Documented,
        "503 SERVICE_UNAVAILABLE";
    SystemErrorHtml = "system-error-html", Kind::Page(StatusCode::INTERNAL_SERVER_ERROR), No, OwnChoice,
        "500 with an HTML page";
    BadGatewayHtml = "bad-gateway-html", Kind::Page(StatusCode::BAD_GATEWAY), No, OwnChoice,
        "502 with an HTML page";
    ServiceUnavailableHtml = "service-unavailable-html", Kind::Page(StatusCode::SERVICE_UNAVAILABLE), No, OwnChoice,
        "503 with an HTML page";

    Refuse = "refuse", Kind::Connection(ConnectionFault::Refuse), No, OwnChoice,
        "the connection is reset, and new connections are refused for one second, or for |MILLISECONDS; the only fault that affects all merchants";
    Reset = "reset", Kind::Connection(ConnectionFault::Reset), No, OwnChoice,
        "the connection is reset before the response begins";
    ResetAfterHeaders = "reset-after-headers", Kind::Connection(ConnectionFault::ResetAfterHeaders), Yes, OwnChoice,
        "the connection is reset after the headers of the response, before its body; an empty response gets an empty JSON object as its body";
    StopInBody = "stop-in-body", Kind::Connection(ConnectionFault::StopInBody), Yes, OwnChoice,
        "the connection is closed in the middle of the body; an empty response gets an empty JSON object as its body";
    NoAnswer = "no-answer", Kind::Connection(ConnectionFault::NoAnswer), Yes, OwnChoice,
        "no response is sent; the connection is closed after 120 seconds, or after |MILLISECONDS";
    LowerCaseHeaders = "lower-case-headers", Kind::Connection(ConnectionFault::LowerCaseHeaders), Always, OwnChoice,
        "the header names are in lower case, and the connection is closed after the response";
    IdleClose = "idle-close", Kind::Connection(ConnectionFault::IdleClose), Always, Wild,
        "the response is good, and the connection is kept, but reset when its next request arrives, which is not processed; HTTP/1.1 only";
    FalseGzip = "false-gzip", Kind::FalseGzip, Always, OwnChoice,
        "the response is good and signed, but says Content-Encoding: gzip about a plain body; an empty response becomes a 200 with an empty JSON object";

    Unsigned = "unsigned", Kind::Signature(SignatureFault::Unsigned), Always, OwnChoice,
        "the response has no Wechatpay-… header";
    WithoutTimestamp = "without-timestamp", Kind::Signature(SignatureFault::WithoutTimestamp), Always, OwnChoice,
        "the response has no Wechatpay-Timestamp";
    WithoutNonce = "without-nonce", Kind::Signature(SignatureFault::WithoutNonce), Always, OwnChoice,
        "the response has no Wechatpay-Nonce";
    WithoutSignature = "without-signature", Kind::Signature(SignatureFault::WithoutSignature), Always, OwnChoice,
        "the response has no Wechatpay-Signature";
    WithoutSerial = "without-serial", Kind::Signature(SignatureFault::WithoutSerial), Always, OwnChoice,
        "the response has no Wechatpay-Serial";
    WithoutSignatureType = "without-signature-type", Kind::Signature(SignatureFault::WithoutSignatureType), Always, OwnChoice,
        "the response has no Wechatpay-Signature-Type";
    WrongSerial = "wrong-serial", Kind::Signature(SignatureFault::WrongSerial), Always, OwnChoice,
        "the response names a different gateway key from the one that signed it";
    UnknownSerial = "unknown-serial", Kind::Signature(SignatureFault::UnknownSerial), Always, OwnChoice,
        "the response names a key that does not exist";
    WrongKey = "wrong-key", Kind::Signature(SignatureFault::WrongKey), Always, OwnChoice,
        "the response names the gateway's key, but is signed with another";
    Signtest = "signtest", Kind::Signature(SignatureFault::Signtest), Always, Wild,
        "the signature begins with WECHATPAY/SIGNTEST/, as in the gateway's own probes of merchants";
    StaleTimestamp = "stale-timestamp", Kind::Signature(SignatureFault::StaleTimestamp), Always, OwnChoice,
        "the response was signed 301 seconds ago";
    FutureTimestamp = "future-timestamp", Kind::Signature(SignatureFault::FutureTimestamp), Always, OwnChoice,
        "the response is signed 301 seconds in the future";
    AlteredNonce = "altered-nonce", Kind::Signature(SignatureFault::AlteredNonce), Always, OwnChoice,
        "the nonce was altered after signing";
    AlteredBody = "altered-body", Kind::Signature(SignatureFault::AlteredBody), Always, OwnChoice,
        "the body was altered after signing; an empty response becomes a 200 with a body";
}

callbacks {
    Lost = "lost", CallbackFault::Lost, OwnChoice,
        "the callback is not sent; the gateway believes that it was, and tries again";
    Twice = "twice", CallbackFault::Twice, Documented,
        "the callback is sent twice at once";
    OutOfOrder = "out-of-order", CallbackFault::OutOfOrder, Documented,
        "the callback waits for a second of the mock's clock, so that the next one overtakes it";
    OtherKindOfKey = "other-kind-of-key", CallbackFault::OtherKindOfKey, Documented,
        "the callback is signed with the public key's pair instead of the certificate's, or the other way round";
    WrongTag = "wrong-tag", CallbackFault::WrongTag, OwnChoice,
        "the ciphertext was altered before signing: the signature is correct, but the resource can't be decrypted";
    OtherAeadKey = "other-aead-key", CallbackFault::OtherAeadKey, OwnChoice,
        "the resource is encrypted with another APIv3 key";
    PlainResource = "plain-resource", CallbackFault::PlainResource, OwnChoice,
        "the resource is not encrypted";
    UnknownEvent = "unknown-event", CallbackFault::UnknownEvent, OwnChoice,
        "the callback has an event type that does not exist, and is otherwise correct";
    OddlyPrinted = "oddly-printed", CallbackFault::OddlyPrinted, OwnChoice,
        "the body is correctly signed, but has spaces, an order of keys and escapes that no JSON serializer would reproduce";
}
}

/// Text that is not the name of a fault.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text(
    "expected the name of a fault, found {found:?}{advice}",
    advice = advice(near, phrase!("`wechatpay-mock faults` lists them").text())
)]
pub struct UnknownFault {
    found: String,
    near: &'static str,
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let mut all = FAULTS.iter().chain(OF_CALLBACKS).copied();
        all.clone().find(|fault| fault.name() == text).ok_or_else(|| UnknownFault {
            found: truncate(text, 64).into_owned(),
            near: near(text, all.by_ref().map(Fault::name)).unwrap_or_default(),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Fault {
    /// A number that triggers it: `MOCK*system-error*0001`. Anything may follow the second `*`.
    pub fn trigger_number(self) -> String {
        format!("MOCK*{self}*0001")
    }

    /// What happens to a callback. What it does to the signature of a response, it does to a callback's.
    pub fn callback_meaning(self) -> String {
        // No callback is empty.
        let meaning = match self {
            Self::AlteredBody => phrase!("the body was altered after signing").text(),
            _ => self.meaning(),
        };
        meaning.replace("the response", "the callback").replace("应答", "回调")
    }

    /// Every fault that a callback can have: a rule with `"on": "callback"` takes these.
    pub fn of_callbacks() -> impl Iterator<Item = Self> {
        FAULTS.iter().chain(OF_CALLBACKS).copied().filter(|fault| fault.is_of(On::Callback))
    }

    /// Whether a request or a callback can have it.
    pub fn is_of(self, on: On) -> bool {
        match (self.kind(), on) {
            (Kind::Signature(_) | Kind::Connection(ConnectionFault::LowerCaseHeaders), _) => true,
            (Kind::Callback(_), on) => on == On::Callback,
            (_, on) => on == On::Request,
        }
    }

    /// Whether its duration can be set.
    pub(super) fn lasts(self) -> bool {
        matches!(self, Self::NoAnswer | Self::Refuse)
    }

    /// Whether it only corrupts the response's signature.
    pub(super) fn corrupts_signature(self) -> bool {
        matches!(self.kind(), Kind::Signature(_))
    }

    /// The error that the client gets, if any.
    pub(super) fn error(self) -> Option<InjectedError> {
        match self.kind() {
            Kind::Error(error) => Some(InjectedError::Documented(error)),
            Kind::Operation(refusal) => Some(InjectedError::Operation(refusal)),
            Kind::Page(status) => Some(InjectedError::Page(status)),
            Kind::Connection(_) | Kind::Signature(_) | Kind::FalseGzip | Kind::Callback(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_allowed_in_a_request_number() {
        for fault in FAULTS.iter().chain(OF_CALLBACKS) {
            assert_eq!(fault.name().parse(), Ok(*fault));
            assert!(fault.name().chars().all(|one| one.is_ascii_lowercase() || one == '-'), "{fault}");
        }
    }

    #[test]
    fn a_misspelt_name_gets_a_suggestion() {
        let error = "sytem-error".parse::<Fault>().unwrap_err();
        assert!(error.to_string().contains("did you mean system-error?"), "{error}");
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_compared() {
        let text = format!("reset{}system-error-applied", "?".repeat(200));
        let error = text.parse::<Fault>().unwrap_err();
        assert!(error.to_string().contains("did you mean reset"), "{error}");
    }
}
