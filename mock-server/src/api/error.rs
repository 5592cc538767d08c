//! Every way to refuse a request, in the order of the gateway's checks.
//!
//! Statuses, codes and texts are in `messages.toml`. Further details, such as which byte of a header is wrong, go to
//! the journal and the log, never into the response.

use std::fmt;

use http::StatusCode;
use serde_json::json;
use wechatpay_openapi::{Constraint, FieldError};
use wechatpay_protocol::{AuthorizationError, ErrorBody, Timestamp, display::quoted};
use wechatpay_texts::{Both, Phrase, phrase, text};

use crate::policies::{MismatchMessage, Provenance};

use super::{
    field_error,
    injected_error::{InjectedError, page},
    language::Language,
    messages::Row,
    operation_error::OperationError,
    own_error::OwnError,
    sign_information::SignInformation,
};

/// The gateway's checks 1 to 12, in its order, each with its requirement.
pub const CHECKS: [Phrase; 12] = [
    phrase!("an operation has this path"),
    phrase!("the operation has this method"),
    phrase!("User-Agent and Accept are present, and Accept-Language is a known one"),
    phrase!("Authorization is present and well formed"),
    phrase!("its scheme is WECHATPAY2-SHA256-RSA2048"),
    phrase!("its timestamp is within 5 minutes"),
    phrase!("a merchant has this mchid"),
    phrase!("serial_no is that of the merchant's certificate"),
    phrase!("the certificate is valid"),
    phrase!("the merchant signed exactly this request"),
    phrase!("the fields match the contract"),
    phrase!("the operation's own rules are met"),
];

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum ApiError {
    /// The request line and headers are larger than `limits.head`, or there are over 100 headers.
    HeadTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body did not arrive completely within `limits.body_timeout`.
    BodyTimeout,
    /// The body is cut off, or its framing is invalid.
    BodyBroken,
    /// The body is larger than `limits.body`.
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The bytes are not an HTTP/1.1 request.
    NotHttp {
        /// What is wrong with them.
        reason: Both,
    },
    /// There is more than one `Authorization`, which the web server in front of the application refuses.
    AuthorizationRepeated {
        /// The number of `Authorization` headers.
        found: usize,
    },
    /// Check 1: no operation has this path.
    UnknownPath {
        /// The operation that is probably meant, if the path is only misspelt.
        near: Option<String>,
    },
    /// Check 2: an operation has this path, but none has it with this method.
    UnknownMethod,
    /// Check 3: `User-Agent` or `Accept` is absent.
    HeaderAbsent {
        /// The first absent one.
        name: &'static str,
    },
    /// Check 3: `Accept-Language` names no language that the gateway has.
    UnknownLanguage {
        /// The header's value.
        found: String,
    },
    /// Check 4: there is no `Authorization`.
    AuthorizationAbsent,
    /// Checks 4 and 5: `Authorization` is malformed, or has another scheme.
    Authorization(AuthorizationError),
    /// Checks 4 and 5 below `/v3/pay/transactions/`, which answers them as it does a wrong signature. (probed)
    AuthorizationOfPayment {
        /// What is wrong with `Authorization`.
        reason: Both,
    },
    /// Check 6: the timestamp is more than five minutes off.
    TimestampSkewed {
        /// The timestamp in the header.
        signed: Timestamp,
        /// The time by the mock's clock.
        now: Timestamp,
    },
    /// Check 7: no merchant has this mchid.
    UnknownMchid {
        /// The mchid in the header.
        found: String,
    },
    /// Check 8: the serial number is not that of the merchant's certificate.
    UnknownSerial {
        /// The serial number in the header.
        found: String,
        /// The serial number of the merchant's certificate.
        expected: String,
    },
    /// Check 9: the merchant's certificate is not valid at this time.
    CertificateNotInForce {
        /// The start of its validity.
        not_before: Timestamp,
        /// The end of its validity.
        not_after: Timestamp,
    },
    /// Check 9: the merchant's certificate was revoked.
    CertificateRevoked,
    /// Check 9: the merchant's certificate was replaced by a new one.
    CertificateReplaced,
    /// Check 10: the signature was not made over this request with the merchant's key.
    SignatureMismatch(SignInformation),
    /// Check 11: the body is not JSON, or that of an upload no form.
    NotJson {
        /// What was expected and what was found; of JSON with line and column. The response has it in English.
        reason: Both,
    },
    /// Check 11: an uploaded file does not have the digest that the request names, or the form does not end.
    FileDigest {
        /// What was expected and what was found.
        reason: Both,
    },
    /// Check 11: a text of the path, the query or the body is not UTF-8 of one to three bytes for each character.
    NotUtf8 {
        /// Which one, and what was found.
        reason: Both,
    },
    /// Check 11: a field of the path, the query or the body breaks another rule.
    Field(Box<FieldError>),
    /// Check 11: a sensitive field, or the name of the key that encrypted it, is wrong.
    Sensitive(SensitiveFault),
    /// Check 12: the request breaks one of the operation's own rules.
    Operation(OperationError),
    /// Check 12: the same, as the operation itself has it.
    Own(OwnError),
    /// Nothing is wrong with the request: the mock's store can't be reached, or can't keep the change. (own choice)
    StoreUnavailable {
        /// Why.
        reason: Both,
    },
    /// Nothing is wrong with the request: a fault caused this error.
    Injected(InjectedError),
}

/// Why a sensitive field is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SensitiveFault {
    /// The request does not name the key in `Wechatpay-Serial`. (documented)
    SerialAbsent,
    /// It names a key that the gateway does not have for this merchant. (documented)
    SerialUnknown {
        /// What the name is instead.
        reason: Both,
    },
    /// The named key does not decrypt the field. (wild)
    Undecryptable {
        /// How the field was encrypted, as far as the mock can tell.
        reason: Both,
    },
    /// The same, in the words of some operations. (wild)
    NotCiphertext {
        /// How the field was encrypted, as far as the mock can tell.
        reason: Both,
    },
}

/// The inner number of an error whose own one is not known. (own choice)
const OTHER_INNER_NUMBER: u32 = 299_999_999;

impl ApiError {
    /// The name of its row in `messages.toml`; `None` if a fault caused it.
    fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::HeadTooLarge { .. } => "head_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::BodyBroken => "body_broken",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::NotHttp { .. } => "not_http",
            Self::AuthorizationRepeated { .. } => "authorization_repeated",
            Self::UnknownPath { .. } => "unknown_path",
            Self::UnknownMethod => "unknown_method",
            Self::HeaderAbsent { .. } => "header_absent",
            Self::UnknownLanguage { .. } => "unknown_language",
            Self::AuthorizationAbsent | Self::Authorization(AuthorizationError::Malformed(_)) => {
                "authorization_malformed"
            }
            Self::Authorization(AuthorizationError::Scheme { .. }) => "authorization_scheme",
            Self::AuthorizationOfPayment { .. } => "authorization_of_payment",
            Self::TimestampSkewed { .. } => "timestamp_skewed",
            Self::UnknownMchid { .. } => "unknown_mchid",
            Self::UnknownSerial { .. } => "unknown_serial",
            Self::CertificateNotInForce { .. } => "certificate_expired",
            Self::CertificateRevoked => "certificate_revoked",
            Self::CertificateReplaced => "certificate_replaced",
            Self::SignatureMismatch(information) => match information.message {
                MismatchMessage::Wrong => "signature_mismatch",
                MismatchMessage::Information => "signature_mismatch_information",
                MismatchMessage::Check => "signature_mismatch_check",
            },
            Self::NotUtf8 { .. } => "not_utf8",
            Self::NotJson { .. } | Self::Field(_) => "not_json",
            Self::FileDigest { .. } => "file_digest",
            Self::Sensitive(SensitiveFault::SerialAbsent) => "sensitive_serial_absent",
            Self::Sensitive(SensitiveFault::SerialUnknown { .. }) => "sensitive_serial_unknown",
            Self::Sensitive(SensitiveFault::Undecryptable { .. }) => "sensitive_undecryptable",
            Self::Sensitive(SensitiveFault::NotCiphertext { .. }) => "sensitive_not_ciphertext",
            Self::Operation(error) => error.name(),
            Self::Own(error) => error.name(),
            Self::StoreUnavailable { .. } => "store_unavailable",
            Self::Injected(_) => return None,
        })
    }

    fn row(&self) -> Option<&'static Row> {
        self.name().map(Row::of)
    }

    /// The check that failed, 1 to 12; `None` if the exchange ended before the checks, or a fault caused the error.
    pub fn check(&self) -> Option<u8> {
        self.row()?.check
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Injected(error) => error.status(),
            Self::Own(error) => error.status(),
            _ => self.row().map_or(StatusCode::BAD_REQUEST, |row| row.status),
        }
    }

    /// The gateway's own number for the error, with which its `Request-ID` ends. (wild)
    pub(crate) fn inner_number(&self) -> u32 {
        let number = match self {
            Self::Field(error) => Some(field_error::inner_number(error)),
            Self::Injected(error) => error.inner_number(),
            Self::Own(..) => None,
            _ => self.row().and_then(|row| row.inner_number),
        };
        number.unwrap_or(OTHER_INNER_NUMBER)
    }

    /// The provenance of this status, code and text. Which requests get them is another question, which
    /// `fixtures/cases/` answers.
    pub fn provenance(&self) -> Provenance {
        match self {
            Self::Field(error) => field_error::provenance(error),
            Self::Injected(error) => error.provenance(),
            Self::Own(error) => error.provenance(),
            _ => self.row().map_or(Provenance::OwnChoice, |row| row.provenance),
        }
    }

    /// The code in the response's body; `None` if the body is empty or a page of HTML.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Injected(error) => error.code(),
            _ => self.listed_code(),
        }
    }

    /// Like [`ApiError::code`], but `custom` for any code that a fault rule defines, so that the number of codes is
    /// bounded.
    pub(crate) fn listed_code(&self) -> Option<&str> {
        match self {
            Self::Injected(error) => error.listed_code(),
            Self::Own(error) => Some(error.code()),
            _ => self.row()?.code.as_deref(),
        }
    }

    /// The body of the response; `None` if it is empty or a page of HTML.
    pub fn body(&self, language: Language) -> Option<ErrorBody> {
        let code = self.code()?.into();
        let detail = match self {
            Self::SignatureMismatch(information) => Some(information.detail()),
            Self::NotJson { reason } => Some(json!({ "location": "body", "issue": reason.english })),
            Self::Field(error) => Some(field_error::detail(error)),
            _ => None,
        };
        Some(ErrorBody { code, detail, message: self.message(language) })
    }

    /// The page of HTML, if that is the response's body.
    pub(crate) fn page(&self) -> Option<String> {
        match self {
            Self::Injected(error) => error.page(),
            Self::NotHttp { .. } | Self::AuthorizationRepeated { .. } => Some(page(self.status())),
            _ => None,
        }
    }

    /// Whether the response has a `Request-ID`.
    pub(crate) fn has_request_id(&self) -> bool {
        !matches!(self, Self::AuthorizationOfPayment { .. })
    }

    /// Whether a fault caused the error, so that nothing is wrong with the request.
    pub fn is_injected(&self) -> bool {
        matches!(self, Self::Injected(_))
    }

    /// The message in the response. In simplified Chinese, it is the gateway's own text if that is known.
    fn message(&self, language: Language) -> String {
        let text = self.row().map_or("", |row| row.text(language));
        match self {
            Self::Field(error) => field_error::message(error, language),
            Self::Injected(error) => error.message(language).into(),
            Self::Own(error) => error.message(language).into(),
            Self::BodyTooLarge { limit } => text.replace("{limit}", &limit.to_string()),
            _ => text.into(),
        }
    }

    /// A sentence for the developer of the client: what was expected and what was found.
    pub fn reason(&self) -> String {
        match self {
            Self::HeadTooLarge { limit } => text!(
                "expected request line and headers of at most {limit} bytes, and 100 headers, found more"
            ),
            Self::BodyTimeout => text!("expected the whole body in time, but it did not arrive"),
            Self::BodyBroken => text!("expected the whole body, but it is cut off"),
            Self::BodyTooLarge { limit } => text!("expected a body of at most {limit} bytes, found more"),
            Self::NotHttp { reason } => text!("expected an HTTP/1.1 request, found {reason}"),
            Self::AuthorizationRepeated { found } => {
                text!("expected one Authorization header, found {found}")
            }
            Self::UnknownPath { near: None } => {
                text!("no operation has this path; `wechatpay-mock operations` lists all")
            }
            Self::UnknownPath { near: Some(near) } => text!(
                "no operation has this path; did you mean {near}?; `wechatpay-mock operations` lists all"
            ),
            Self::UnknownMethod => text!("the contract has this path, but not with this method"),
            Self::HeaderAbsent { name } => text!("expected the header {name}, found none"),
            Self::UnknownLanguage { found } => text!(
                "expected Accept-Language to be en, zh-CN, zh-HK or zh-TW, or no such header, found {found}; set \
                 Accept-Language: zh-CN, because Node's fetch sends * by itself",
                found = quoted(found)
            ),
            Self::AuthorizationAbsent => text!("expected an Authorization header, found none"),
            Self::Authorization(error) => error.to_string(),
            Self::TimestampSkewed { signed, now } => text!(
                "expected a timestamp within {most} s of {now}, found {signed}, {skew} s off",
                most = Timestamp::MAX_SKEW.as_secs(),
                skew = signed.skew(*now).as_secs()
            ),
            Self::UnknownMchid { found } => text!("no merchant has the mchid {found}"),
            Self::UnknownSerial { found, expected } => {
                text!("expected the serial number {expected} of the merchant's certificate, found {found}")
            }
            Self::CertificateNotInForce { not_before, not_after } => text!(
                "the merchant's certificate is only valid from {not_before} to {not_after}",
                not_before = not_before.to_rfc3339(),
                not_after = not_after.to_rfc3339()
            ),
            Self::CertificateRevoked => text!("the merchant's certificate was revoked"),
            Self::CertificateReplaced => text!("the merchant's certificate was replaced by a new one"),
            Self::SignatureMismatch(information) => match &information.problem {
                None => text!("the signature was not made over this request with the merchant's key"),
                Some(problem) => {
                    text!("the signature was not made over this request with the merchant's key; {problem}")
                }
            },
            Self::Field(error) => field_error::issue(error),
            Self::Sensitive(SensitiveFault::SerialAbsent) => text!(
                "expected the header Wechatpay-Serial to name the key of the sensitive field, found none"
            ),
            Self::AuthorizationOfPayment { reason }
            | Self::NotJson { reason }
            | Self::NotUtf8 { reason }
            | Self::FileDigest { reason }
            | Self::Sensitive(
                SensitiveFault::SerialUnknown { reason }
                | SensitiveFault::Undecryptable { reason }
                | SensitiveFault::NotCiphertext { reason },
            ) => reason.to_string(),
            Self::Operation(error) => error.message(Language::of_reader()).into(),
            Self::Own(error) => error.message(Language::of_reader()).into(),
            Self::StoreUnavailable { reason } => text!("the mock's store is not available: {reason}"),
            Self::Injected(error) => text!("a fault caused {error}"),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())
    }
}

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        Self::Operation(error)
    }
}

impl From<Box<FieldError>> for ApiError {
    fn from(error: Box<FieldError>) -> Self {
        match error.constraint {
            Constraint::ThreeBytes { .. } => {
                Self::NotUtf8 { reason: Both::of(|| field_error::issue(&error)) }
            }
            _ => Self::Field(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use wechatpay_protocol::RequestMessage;

    use super::*;
    use crate::api::{injected_error::DocumentedError, messages::names};

    /// An error for each row, except for those of operations and faults.
    fn errors() -> Vec<ApiError> {
        let mismatch = |text| {
            let timestamp = Timestamp::from_unix(0);
            let message = RequestMessage { method: "GET", target: "/", timestamp, nonce_str: "", body: b"" };
            ApiError::SignatureMismatch(SignInformation::about(&message, text))
        };
        let now = Timestamp::from_unix(0);
        let malformed = |text: &str| {
            ApiError::Authorization(wechatpay_protocol::Authorization::parse(text.as_bytes()).unwrap_err())
        };
        vec![
            ApiError::HeadTooLarge { limit: 1 },
            ApiError::BodyTimeout,
            ApiError::BodyBroken,
            ApiError::BodyTooLarge { limit: 1 },
            ApiError::NotHttp { reason: Both::of(String::new) },
            ApiError::AuthorizationRepeated { found: 2 },
            ApiError::UnknownPath { near: None },
            ApiError::UnknownMethod,
            ApiError::HeaderAbsent { name: "Accept" },
            ApiError::UnknownLanguage { found: String::new() },
            ApiError::AuthorizationAbsent,
            malformed("Basic mchid=\"1\",nonce_str=\"2\",signature=\"3\",timestamp=\"4\",serial_no=\"5\""),
            ApiError::AuthorizationOfPayment { reason: Both::of(String::new) },
            ApiError::TimestampSkewed { signed: now, now },
            ApiError::UnknownMchid { found: String::new() },
            ApiError::UnknownSerial { found: String::new(), expected: String::new() },
            ApiError::CertificateNotInForce { not_before: now, not_after: now },
            ApiError::CertificateRevoked,
            ApiError::CertificateReplaced,
            mismatch(MismatchMessage::Wrong),
            mismatch(MismatchMessage::Information),
            mismatch(MismatchMessage::Check),
            ApiError::NotUtf8 { reason: Both::of(String::new) },
            ApiError::NotJson { reason: Both::of(String::new) },
            ApiError::FileDigest { reason: Both::of(String::new) },
            ApiError::Sensitive(SensitiveFault::SerialAbsent),
            ApiError::Sensitive(SensitiveFault::SerialUnknown { reason: Both::of(String::new) }),
            ApiError::Sensitive(SensitiveFault::Undecryptable { reason: Both::of(String::new) }),
            ApiError::Sensitive(SensitiveFault::NotCiphertext { reason: Both::of(String::new) }),
            ApiError::StoreUnavailable { reason: Both::of(String::new) },
        ]
    }

    #[test]
    fn every_error_has_a_row_in_the_table_and_every_row_an_error() {
        use DocumentedError::*;
        let documented = [
            ParamError,
            InvalidRequest,
            SignError,
            RuleLimit,
            FrequencyLimited,
            RatelimitExceed,
            RatelimitExceeded,
            RateLimited,
            SystemError,
            BadGateway,
            ServiceUnavailable,
        ];
        let mut used: Vec<_> = errors().iter().filter_map(ApiError::name).collect();
        used.extend(OperationError::ALL.iter().map(|error| error.name()));
        used.extend(documented.map(DocumentedError::name));
        used.sort_unstable();
        let mut listed = names();
        listed.sort_unstable();
        assert_eq!(used, listed);
    }

    #[test]
    fn an_error_with_a_code_has_a_text_in_every_language() {
        for name in names() {
            let row = Row::of(&name);
            for language in [Language::ZhCn, Language::En, Language::ZhHk, Language::ZhTw] {
                assert_eq!(row.text(language).is_empty(), row.code.is_none(), "{name}");
            }
        }
    }

    #[test]
    fn the_table_has_the_listed_checks() {
        let checks: std::collections::BTreeSet<_> = errors().iter().filter_map(ApiError::check).collect();
        assert_eq!(checks, (1..=11).collect());
        assert_eq!(ApiError::Operation(OperationError::UnknownCard).check(), Some(CHECKS.len() as u8));
    }
}
