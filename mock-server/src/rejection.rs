//! Every way to refuse a request, in the order in which the gateway looks: the one table of statuses, codes and
//! texts.
//!
//! The texts are the gateway's own, to the letter. What the mock knows beyond them (which byte of a header is
//! wrong, say) goes to the journal and the log, never into the answer.

use http::StatusCode;
use serde_json::{Value, json};
use wechatpay_protocol::{AuthorizationError, ErrorBody, RequestMessage, Timestamp};

use crate::{field_fault::FieldFault, standing::Standing};

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
pub enum Rejection {
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
    UnknownPath,
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
    /// Check 10: the signature was not made over this request with the merchant's key.
    SignatureMismatch(SignInformation),
    /// Check 11: the body is not JSON.
    NotJson {
        /// Where it stops being JSON, and why.
        reason: String,
    },
    /// Check 11: a field of the path, the query or the body breaks a rule.
    Field(FieldFault),
    /// Check 12: the request number was used before, for something else.
    RepeatedDifferently,
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

impl Rejection {
    /// The row of the gateway's order of checks, 1 to 12; `None` for what ends an exchange before they begin.
    pub fn check(&self) -> Option<u8> {
        use Rejection::*;
        match self {
            HeadTooLarge | BodyTimeout | BodyBroken | BodyTooLarge { .. } => None,
            UnknownPath => Some(1),
            UnknownMethod => Some(2),
            HeaderAbsent { .. } => Some(3),
            AuthorizationAbsent { .. } | Authorization(AuthorizationError::Malformed(_)) => Some(4),
            Authorization(AuthorizationError::Scheme { .. }) => Some(5),
            TimestampSkewed { .. } => Some(6),
            UnknownMchid { .. } => Some(7),
            UnknownSerial { .. } => Some(8),
            CertificateExpired { .. } => Some(9),
            SignatureMismatch(_) => Some(10),
            NotJson { .. } | Field(_) => Some(11),
            RepeatedDifferently => Some(12),
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        use Rejection::*;
        match self {
            HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            UnknownPath => StatusCode::NOT_FOUND,
            UnknownMethod => StatusCode::METHOD_NOT_ALLOWED,
            BodyBroken | HeaderAbsent { .. } | NotJson { .. } | Field(_) | RepeatedDifferently => {
                StatusCode::BAD_REQUEST
            }
            AuthorizationAbsent { .. }
            | Authorization(_)
            | TimestampSkewed { .. }
            | UnknownMchid { .. }
            | UnknownSerial { .. }
            | CertificateExpired { .. }
            | SignatureMismatch(_) => StatusCode::UNAUTHORIZED,
        }
    }

    /// How sure it is that the gateway answers so.
    pub fn standing(&self) -> Standing {
        use Rejection::*;
        match self {
            HeadTooLarge
            | BodyTimeout
            | BodyBroken
            | BodyTooLarge { .. }
            | RepeatedDifferently
            | NotJson { .. } => Standing::OwnChoice,
            UnknownPath
            | UnknownMethod
            | HeaderAbsent { .. }
            | AuthorizationAbsent { .. }
            | Authorization(AuthorizationError::Malformed(_))
            | TimestampSkewed { .. }
            | UnknownMchid { .. } => Standing::Probed,
            Authorization(AuthorizationError::Scheme { .. }) | CertificateExpired { .. } => {
                Standing::Documented
            }
            UnknownSerial { .. } | SignatureMismatch(_) => Standing::Wild,
            Field(fault) => fault.standing(),
        }
    }

    /// The body of the answer; `None` where it is empty.
    pub fn body(&self) -> Option<ErrorBody> {
        use Rejection::*;
        let (code, message, detail): (_, String, _) = match self {
            HeadTooLarge | UnknownPath | UnknownMethod => return None,
            BodyTimeout => ("INVALID_REQUEST", "请求体接收超时".into(), None),
            BodyBroken => ("INVALID_REQUEST", "请求体不完整".into(), None),
            BodyTooLarge { limit } => ("INVALID_REQUEST", format!("请求体过大，最大为 {limit} 字节"), None),
            HeaderAbsent { .. } => ("INVALID_REQUEST", "Http头缺少Accept或User-Agent".into(), None),
            AuthorizationAbsent { .. } | Authorization(AuthorizationError::Malformed(_)) => (
                "SIGN_ERROR",
                "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》".into(),
                None,
            ),
            Authorization(AuthorizationError::Scheme { .. }) => {
                ("SIGN_ERROR", "Http头Authorization认证类型不正确".into(), None)
            }
            TimestampSkewed { .. } => {
                ("SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟".into(), None)
            }
            UnknownMchid { .. } => ("SIGN_ERROR", "签名错误".into(), None),
            UnknownSerial { .. } => {
                ("SIGN_ERROR", "商户证书序列号有误。请使用签名私钥匹配的证书序列号".into(), None)
            }
            CertificateExpired { .. } => ("SIGN_ERROR", "商户证书已过期".into(), None),
            SignatureMismatch(information) => {
                ("SIGN_ERROR", "错误的签名，验签失败".into(), Some(information.detail()))
            }
            NotJson { reason } => {
                ("PARAM_ERROR", "参数错误".into(), Some(json!({ "location": "body", "issue": reason })))
            }
            Field(fault) => ("PARAM_ERROR", fault.message(), Some(fault.detail())),
            RepeatedDifferently => ("INVALID_REQUEST", "请求内容和上次请求不一致,请核实后再试".into(), None),
        };
        Some(ErrorBody { code: code.into(), detail, message })
    }

    /// A sentence for the developer whose request it was: what was expected, what was found.
    pub fn reason(&self) -> String {
        use Rejection::*;
        match self {
            HeadTooLarge => "expected request line and headers of at most 64 KiB, found more".into(),
            BodyTimeout => "expected the whole body in time, it did not come".into(),
            BodyBroken => "expected the whole body, it breaks off".into(),
            BodyTooLarge { limit } => format!("expected a body of at most {limit} bytes, found more"),
            UnknownPath => "no operation of the contract has this path".into(),
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
            SignatureMismatch(_) => {
                "the signature was not made over this request with the merchant's key".into()
            }
            NotJson { reason } => reason.clone(),
            Field(fault) => fault.issue(),
            RepeatedDifferently => "this out_request_no was used before, with other content".into(),
        }
    }
}

impl SignInformation {
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
