//! Refusals that nothing in a request asks for.

use std::{fmt, sync::Arc};

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::api::{language::Language, operation_error::OperationError, provenance::Provenance};

/// A refusal that a fault rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InjectedError {
    /// One that is documented.
    Documented(DocumentedError),
    /// One that the operations' own rules have too.
    Business(OperationError),
    /// A page of HTML with this status.
    Page(StatusCode),
    /// One in the rule's own words.
    Custom(Arc<CustomError>),
}

/// A documented refusal that a mock has no reason for by itself, or no single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the codes")]
pub enum DocumentedError {
    ParamError,
    InvalidRequest,
    SignError,
    RuleLimit,
    ResourceNotExists,
    FrequencyLimited,
    RatelimitExceeded,
    SystemError,
    BadGateway,
    ServiceUnavailable,
}

/// A refusal in somebody's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomError {
    /// The status, 400 to 599.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// The code.
    #[schema(pattern = "^[A-Z0-9_]{1,64}$")]
    pub code: String,
    /// The message.
    #[schema(min_length = 1, max_length = 1024)]
    pub message: String,
}

impl DocumentedError {
    /// Status, code, and the message in Chinese, English and traditional Chinese.
    fn row(self) -> (u16, &'static str, [&'static str; 3]) {
        match self {
            Self::ParamError => (400, "PARAM_ERROR", ["参数错误", "parameter error", "參數錯誤"]),
            Self::InvalidRequest => (
                400,
                "INVALID_REQUEST",
                ["请求不符合业务规则", "the request breaks a rule of the operation", "請求不符合業務規則"],
            ),
            Self::SignError => (401, "SIGN_ERROR", ["签名错误", "signature error", "簽名錯誤"]),
            Self::RuleLimit => {
                (403, "RULE_LIMIT", ["业务规则限制", "a rule of the business forbids it", "業務規則限制"])
            }
            Self::ResourceNotExists => {
                (404, "RESOURCE_NOT_EXISTS", ["资源不存在", "the resource does not exist", "資源不存在"])
            }
            Self::FrequencyLimited => {
                (429, "FREQUENCY_LIMITED", ["频率超限", "too many requests", "頻率超限"])
            }
            Self::RatelimitExceeded => (
                429,
                "RATELIMIT_EXCEEDED",
                ["请求频率超过限制", "the request rate is over the limit", "請求頻率超過限制"],
            ),
            Self::SystemError => (
                500,
                "SYSTEM_ERROR",
                ["系统异常，请稍后重试", "system error, try again later", "系統異常，請稍後重試"],
            ),
            Self::BadGateway => (502, "SERVICE_UNAVAILABLE", UNAVAILABLE),
            Self::ServiceUnavailable => (503, "SERVICE_UNAVAILABLE", UNAVAILABLE),
        }
    }
}

const UNAVAILABLE: [&str; 3] =
    ["服务暂不可用，请稍后重试", "the service is unavailable, try again later", "服務暫不可用，請稍後重試"];

impl InjectedError {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        let status = match self {
            Self::Documented(error) => error.row().0,
            Self::Business(refusal) => return refusal.status(),
            Self::Page(status) => return *status,
            Self::Custom(error) => error.status,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The code in the answer's body, unless that is a page of HTML.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Custom(error) => Some(&error.code),
            Self::Documented(_) | Self::Business(_) | Self::Page(_) => self.listed_code(),
        }
    }

    /// The same, but `custom` for any code in a rule's own words.
    pub(crate) fn listed_code(&self) -> Option<&'static str> {
        match self {
            Self::Documented(error) => Some(error.row().1),
            Self::Business(refusal) => Some(refusal.code()),
            Self::Page(_) => None,
            Self::Custom(_) => Some("custom"),
        }
    }

    /// The message in the answer's body.
    pub(crate) fn message(&self, language: Language) -> &str {
        match self {
            Self::Documented(error) => {
                let (.., [simplified, english, traditional]) = error.row();
                language.pick(simplified, english, traditional)
            }
            Self::Business(refusal) => refusal.message(language),
            Self::Page(_) => "",
            Self::Custom(error) => &error.message,
        }
    }

    /// About how many bytes it takes in memory beside those of its own.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Documented(_) | Self::Business(_) | Self::Page(_) => 0,
            Self::Custom(error) => size_of::<CustomError>() + error.code.len() + error.message.len(),
        }
    }

    /// The page, if the answer is one.
    pub(crate) fn page(&self) -> Option<String> {
        let Self::Page(status) = self else { return None };
        Some(format!(
            "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        ))
    }

    /// How sure it is that the gateway has such an answer. Of some, only status and code are known, and the text is the
    /// mock's.
    pub(crate) fn standing(&self) -> Provenance {
        match self {
            Self::Documented(_) => Provenance::Documented,
            Self::Business(refusal) => refusal.standing(),
            Self::Page(_) | Self::Custom(_) => Provenance::OwnChoice,
        }
    }
}

impl fmt::Display for InjectedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, code) = (self.status().as_u16(), self.code().unwrap_or("and a page of HTML"));
        write!(f, "{status} {code}")
    }
}
