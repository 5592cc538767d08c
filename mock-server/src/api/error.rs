//! Every way to refuse a request, in the order in which the gateway looks: the one table of statuses, codes and
//! texts.
//!
//! The texts are the gateway's own, to the letter. What the mock knows beyond them (which byte of a header is
//! wrong, say) goes to the journal and the log, never into the answer.

use http::StatusCode;
use serde_json::{Value, json};
use wechatpay_protocol::{AuthorizationError, ErrorBody, RequestMessage, Timestamp};

use crate::{
    api::{
        injected_error::InjectedError, language::Language, operation_error::OperationError,
        provenance::Provenance,
    },
    field_fault::FieldFault,
};

/// What the gateway looks at, in its order: what holds of a request that passes each check, 1 to 12.
pub const CHECKS: [&str; 12] = [
    "the path is an operation's",
    "the operation has this method",
    "User-Agent and Accept are present",
    "Authorization is present and well formed",
    "its scheme is WECHATPAY2-SHA256-RSA2048",
    "its timestamp is within 5 minutes",
    "the mchid is a merchant's",
    "the serial number is that of the merchant's certificate",
    "the certificate is in force",
    "the signature is the merchant's, over exactly this request",
    "the fields are as the contract says",
    "the operation's own rules hold",
];

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum ApiError {
    /// Request line and headers are larger than the mock takes.
    HeadTooLarge,
    /// The body did not arrive whole in time.
    BodyTimeout,
    /// The body breaks off, or its framing is wrong.
    BodyBroken,
    /// The body is larger than the mock takes.
    BodyTooLarge {
        /// The most it takes, in bytes.
        limit: usize,
    },
    /// Check 1: no operation has this path.
    UnknownPath {
        /// The operation whose path is most like it.
        nearest: String,
    },
    /// Check 2: operations have this path, but not with this method.
    UnknownMethod,
    /// Check 3: `User-Agent` or `Accept` is absent.
    HeaderAbsent {
        /// The first of them that is.
        name: &'static str,
    },
    /// Check 4: no `Authorization`, or more than one.
    AuthorizationAbsent {
        /// How many there are.
        found: usize,
    },
    /// Checks 4 and 5: `Authorization` does not have its form, or another scheme.
    Authorization(AuthorizationError),
    /// Check 6: the timestamp is more than five minutes off.
    TimestampSkewed {
        /// When the request says it was signed.
        signed: Timestamp,
        /// The mock's time.
        now: Timestamp,
    },
    /// Check 7: no merchant has this number.
    UnknownMchid {
        /// The number in the header.
        found: String,
    },
    /// Check 8: the serial number is not that of the merchant's certificate.
    UnknownSerial {
        /// The number in the header.
        found: String,
        /// The merchant's.
        expected: String,
    },
    /// Check 9: the merchant's certificate is not in force.
    CertificateExpired {
        /// The end of its validity.
        not_after: Timestamp,
    },
    /// Check 9: the merchant's certificate was revoked.
    CertificateRevoked,
    /// Check 9: the merchant's certificate was replaced by another one.
    CertificateReplaced,
    /// Check 10: the signature was not made over this request with the merchant's key.
    SignatureMismatch(SignInformation),
    /// Check 11: the body is not JSON.
    NotJson {
        /// Where it stops being JSON, and why.
        reason: String,
    },
    /// Check 11: a field of the path, the query or the body breaks a rule.
    Field(Box<FieldFault>),
    /// Check 11: a sensitive field, or the name of the key it was encrypted for, is not what it should be.
    Sensitive(SensitiveFault),
    /// Check 12: a rule of the operation's own is broken.
    Operation(OperationError),
    /// Nothing is wrong with the request: a fault rule asks for this answer.
    Injected(InjectedError),
}

/// What is wrong about a sensitive field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensitiveFault {
    /// The request does not name the key in `Wechatpay-Serial`. (documented)
    SerialAbsent,
    /// It names a key that the gateway does not have. (documented)
    SerialUnknown,
    /// The named key does not decrypt the field.
    Undecryptable,
}

/// What the gateway tells about a message whose signature did not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInformation {
    method: String,
    url: String,
    /// The first four lines, and the beginning of the body.
    truncated_sign_message: String,
    /// Length of the whole message in bytes.
    sign_message_length: usize,
}

/// Characters of the body that `truncated_sign_message` shows. (wild)
const BODY_CHARACTERS_SHOWN: usize = 8;

impl SignInformation {
    pub(crate) fn about(message: &RequestMessage<'_>) -> Self {
        let without_body = RequestMessage { body: b"", ..*message }.to_bytes();
        let body = String::from_utf8_lossy(message.body);
        // The message without a body ends in the body's own `\n`, which here comes after its beginning.
        let mut shown = String::from_utf8_lossy(&without_body[..without_body.len() - 1]).into_owned();
        shown.extend(body.chars().take(BODY_CHARACTERS_SHOWN));
        shown.push('\n');
        Self {
            method: message.method.into(),
            url: message.target.into(),
            truncated_sign_message: shown,
            sign_message_length: without_body.len() + message.body.len(),
        }
    }
}

impl ApiError {
    /// The row of the gateway's order of checks, 1 to 12; `None` for what ends an exchange before they begin.
    pub fn check(&self) -> Option<u8> {
        use ApiError::*;
        match self {
            HeadTooLarge | BodyTimeout | BodyBroken | BodyTooLarge { .. } | Injected(_) => None,
            UnknownPath { .. } => Some(1),
            UnknownMethod => Some(2),
            HeaderAbsent { .. } => Some(3),
            AuthorizationAbsent { .. } | Authorization(AuthorizationError::Malformed(_)) => Some(4),
            Authorization(AuthorizationError::Scheme { .. }) => Some(5),
            TimestampSkewed { .. } => Some(6),
            UnknownMchid { .. } => Some(7),
            UnknownSerial { .. } => Some(8),
            CertificateExpired { .. } | CertificateRevoked | CertificateReplaced => Some(9),
            SignatureMismatch(_) => Some(10),
            NotJson { .. } | Field(_) | Sensitive(_) => Some(11),
            Operation(_) => Some(12),
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        use ApiError::*;
        match self {
            HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            UnknownPath { .. } => StatusCode::NOT_FOUND,
            UnknownMethod => StatusCode::METHOD_NOT_ALLOWED,
            BodyBroken | HeaderAbsent { .. } | NotJson { .. } | Field(_) | Sensitive(_) => {
                StatusCode::BAD_REQUEST
            }
            Operation(refusal) => refusal.status(),
            Injected(error) => error.status(),
            AuthorizationAbsent { .. }
            | Authorization(_)
            | TimestampSkewed { .. }
            | UnknownMchid { .. }
            | UnknownSerial { .. }
            | CertificateExpired { .. }
            | CertificateRevoked
            | CertificateReplaced
            | SignatureMismatch(_) => StatusCode::UNAUTHORIZED,
        }
    }

    /// How sure it is that the gateway has an answer of this wording. Whether a certain request gets it is another
    /// question, which `fixtures/cases/` answer.
    pub fn standing(&self) -> Provenance {
        use ApiError::*;
        match self {
            HeadTooLarge
            | BodyTimeout
            | BodyBroken
            | BodyTooLarge { .. }
            | NotJson { .. }
            | Sensitive(SensitiveFault::Undecryptable) => Provenance::OwnChoice,
            UnknownPath { .. }
            | UnknownMethod
            | HeaderAbsent { .. }
            | AuthorizationAbsent { .. }
            | Authorization(AuthorizationError::Malformed(_))
            | TimestampSkewed { .. }
            | UnknownMchid { .. } => Provenance::Probed,
            Authorization(AuthorizationError::Scheme { .. })
            | CertificateExpired { .. }
            | CertificateRevoked
            | CertificateReplaced
            | Sensitive(SensitiveFault::SerialAbsent | SensitiveFault::SerialUnknown) => {
                Provenance::Documented
            }
            UnknownSerial { .. } | SignatureMismatch(_) => Provenance::Wild,
            Field(fault) => fault.standing(),
            Operation(refusal) => refusal.standing(),
            Injected(error) => error.standing(),
        }
    }

    /// The code in the answer's body; `None` where that is empty.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Injected(error) => error.code(),
            _ => self.listed_code(),
        }
    }

    /// The same, but `custom` for any code in a fault rule's own words, so that there are only so many.
    pub(crate) fn listed_code(&self) -> Option<&'static str> {
        use ApiError::*;
        Some(match self {
            HeadTooLarge | UnknownPath { .. } | UnknownMethod => return None,
            BodyTimeout | BodyBroken | BodyTooLarge { .. } | HeaderAbsent { .. } => "INVALID_REQUEST",
            AuthorizationAbsent { .. }
            | Authorization(_)
            | TimestampSkewed { .. }
            | UnknownMchid { .. }
            | UnknownSerial { .. }
            | CertificateExpired { .. }
            | CertificateRevoked
            | CertificateReplaced
            | SignatureMismatch(_) => "SIGN_ERROR",
            NotJson { .. } | Field(_) | Sensitive(_) => "PARAM_ERROR",
            Operation(refusal) => refusal.code(),
            Injected(error) => return error.listed_code(),
        })
    }

    /// The body of the answer; `None` where it is empty, or a page of HTML.
    pub fn body(&self, language: Language) -> Option<ErrorBody> {
        use ApiError::*;
        let code = self.code()?.into();
        let detail = match self {
            SignatureMismatch(information) => Some(information.detail()),
            NotJson { reason } => Some(json!({ "location": "body", "issue": reason })),
            Field(fault) => Some(fault.detail()),
            _ => None,
        };
        Some(ErrorBody { code, detail, message: self.message(language) })
    }

    /// The answer's page of HTML, where that is its body.
    pub(crate) fn page(&self) -> Option<String> {
        match self {
            Self::Injected(error) => error.page(),
            _ => None,
        }
    }

    /// Whether it is no fault of the request's: a fault rule asked for it.
    pub fn is_injected(&self) -> bool {
        matches!(self, Self::Injected(_))
    }

    /// About how many bytes it takes in memory beside those of its own.
    pub(crate) fn size(&self) -> usize {
        use ApiError::*;
        match self {
            HeadTooLarge
            | BodyTimeout
            | BodyBroken
            | BodyTooLarge { .. }
            | UnknownMethod
            | HeaderAbsent { .. }
            | AuthorizationAbsent { .. }
            | TimestampSkewed { .. }
            | CertificateExpired { .. }
            | CertificateRevoked
            | CertificateReplaced
            | Sensitive(_)
            | Operation(_) => 0,
            UnknownPath { nearest: text } | UnknownMchid { found: text } | NotJson { reason: text } => {
                text.len()
            }
            UnknownSerial { found, expected } => found.len() + expected.len(),
            Authorization(error) => error.to_string().len(),
            SignatureMismatch(information) => information.size(),
            Field(fault) => fault.size(),
            Injected(error) => error.size(),
        }
    }

    /// The message of the answer; in Chinese, the gateway's own where it is known.
    fn message(&self, language: Language) -> String {
        use ApiError::*;
        let (simplified, english, traditional) = match self {
            Field(fault) => return fault.message(language),
            Operation(refusal) => return refusal.message(language).into(),
            Injected(error) => return error.message(language).into(),
            BodyTooLarge { limit } => {
                return language.pick(
                    format!("请求体过大，最大为 {limit} 字节"),
                    format!("the body is too large, at most {limit} bytes"),
                    format!("請求體過大，最大為 {limit} 字節"),
                );
            }
            HeadTooLarge | UnknownPath { .. } | UnknownMethod => ("", "", ""),
            BodyTimeout => ("请求体接收超时", "the body did not arrive in time", "請求體接收超時"),
            BodyBroken => ("请求体不完整", "the body is not complete", "請求體不完整"),
            HeaderAbsent { .. } => (
                "Http头缺少Accept或User-Agent",
                "the HTTP header Accept or User-Agent is missing",
                "Http頭缺少Accept或User-Agent",
            ),
            AuthorizationAbsent { .. } | Authorization(AuthorizationError::Malformed(_)) => (
                "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
                "the HTTP header Authorization is malformed, see the signature rules of the WeChat Pay merchant REST API",
                "Http頭Authorization值格式錯誤，請參考《微信支付商戶REST API簽名規則》",
            ),
            Authorization(AuthorizationError::Scheme { .. }) => (
                "Http头Authorization认证类型不正确",
                "the HTTP header Authorization has a wrong authentication type",
                "Http頭Authorization認證類型不正確",
            ),
            TimestampSkewed { .. } => (
                "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
                "the timestamp in the HTTP header Authorization must be within 5 minutes of the request",
                "Http頭Authorization中的timestamp與發起請求的時間不得超過5分鐘",
            ),
            UnknownMchid { .. } => ("签名错误", "signature error", "簽名錯誤"),
            UnknownSerial { .. } => (
                "商户证书序列号有误。请使用签名私钥匹配的证书序列号",
                "the merchant certificate's serial number is wrong, use the one that matches the signing private key",
                "商戶證書序列號有誤。請使用簽名私鑰匹配的證書序列號",
            ),
            CertificateExpired { .. } => {
                ("商户证书已过期", "the merchant certificate has expired", "商戶證書已過期")
            }
            CertificateRevoked => {
                ("商户证书已作废", "the merchant certificate has been revoked", "商戶證書已作廢")
            }
            CertificateReplaced => (
                "已更换证书，请使用新证书",
                "the certificate has been replaced, use the new one",
                "已更換證書，請使用新證書",
            ),
            SignatureMismatch(_) => {
                ("错误的签名，验签失败", "wrong signature, verification failed", "錯誤的簽名，驗簽失敗")
            }
            NotJson { .. } => ("参数错误", "parameter error", "參數錯誤"),
            Sensitive(SensitiveFault::SerialAbsent) => (
                "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)",
                "the HTTP header lacks the serial number of the WeChat Pay platform certificate (Wechatpay-Serial)",
                "HTTP header缺少微信支付平台證書序列號(Wechatpay-Serial)",
            ),
            Sensitive(SensitiveFault::SerialUnknown) => (
                "平台证书序列号Wechatpay-Serial错误",
                "the platform certificate's serial number Wechatpay-Serial is wrong",
                "平台證書序列號Wechatpay-Serial錯誤",
            ),
            Sensitive(SensitiveFault::Undecryptable) => {
                ("敏感字段解密失败", "the sensitive field could not be decrypted", "敏感字段解密失敗")
            }
        };
        language.pick(simplified, english, traditional).into()
    }

    /// A sentence for the developer whose request it was: what was expected, what was found.
    pub fn reason(&self) -> String {
        use ApiError::*;
        match self {
            HeadTooLarge => {
                "expected request line and headers within the limit (64 KiB, unless configured), found more"
                    .into()
            }
            BodyTimeout => "expected the whole body in time, it did not come".into(),
            BodyBroken => "expected the whole body, it breaks off".into(),
            BodyTooLarge { limit } => format!("expected a body of at most {limit} bytes, found more"),
            UnknownPath { nearest } => {
                format!("no operation of the contract has this path; the nearest is {nearest}")
            }
            UnknownMethod => "the contract has this path, but not with this method".into(),
            HeaderAbsent { name } => format!("expected the header {name}, found none"),
            AuthorizationAbsent { found } => format!("expected one Authorization header, found {found}"),
            Authorization(error) => error.to_string(),
            TimestampSkewed { signed, now } => format!(
                "expected a timestamp within {} s of {now}, found {signed}, {} s off",
                Timestamp::MAX_SKEW.as_secs(),
                signed.skew(*now).as_secs()
            ),
            UnknownMchid { found } => format!("no merchant has the mchid {found}"),
            UnknownSerial { found, expected } => {
                format!("expected the serial number {expected} of the merchant's certificate, found {found}")
            }
            CertificateExpired { not_after } => {
                format!("the merchant's certificate was in force until {}", not_after.to_rfc3339())
            }
            CertificateRevoked => "the merchant's certificate was revoked".into(),
            CertificateReplaced => "the merchant's certificate was replaced by a new one".into(),
            SignatureMismatch(_) => {
                "the signature was not made over this request with the merchant's key".into()
            }
            NotJson { reason } => reason.clone(),
            Field(fault) => fault.issue(),
            Sensitive(SensitiveFault::SerialAbsent) => {
                "expected the header Wechatpay-Serial to name the key of the sensitive field, found none"
                    .into()
            }
            Sensitive(SensitiveFault::SerialUnknown) => {
                "expected Wechatpay-Serial to name a key of the gateway's, found another".into()
            }
            Sensitive(SensitiveFault::Undecryptable) => {
                "the sensitive field was not encrypted for the key that Wechatpay-Serial names".into()
            }
            Operation(refusal) => refusal.message(Language::En).into(),
            Injected(error) => format!("a fault rule asked for {error}"),
        }
    }
}

impl SignInformation {
    fn size(&self) -> usize {
        self.method.len() + self.url.len() + self.truncated_sign_message.len()
    }

    /// The detail of a real refusal, its issue nested once more than the documentation shows. (wild)
    fn detail(&self) -> Value {
        json!({
            "detail": { "issue": "sign not match" },
            "field": "signature",
            "location": "authorization",
            "sign_information": {
                "method": self.method,
                "sign_message_length": self.sign_message_length,
                "truncated_sign_message": self.truncated_sign_message,
                "url": self.url,
            },
        })
    }
}
