//! Errors that faults cause, whatever the request is.

use std::{fmt, sync::Arc};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use wechatpay_openapi::Operation;
use wechatpay_texts::phrase;

use crate::policies::Provenance;

use super::{language::Language, messages::Row, operation_error::OperationError, own_error::OwnError};

/// An error that a fault causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InjectedError {
    /// A documented error.
    Documented(DocumentedError),
    /// An error that an operation's own rules also cause.
    Operation(OperationError),
    /// A page of HTML with this status.
    Page(StatusCode),
    /// One of these as the operation itself has it.
    Own(OwnError),
    /// An error that the fault rule defines.
    Custom(Arc<CustomError>),
}

/// A documented error that no check causes by itself, or that several checks cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the codes")]
pub enum DocumentedError {
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
}

/// An error that a fault rule defines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomError {
    /// The status of the response, 400 to 599.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// The code in the response's body.
    #[schema(pattern = "^[A-Z0-9_]{1,64}$")]
    pub code: String,
    /// The message in the response's body, in any language.
    #[schema(min_length = 1, max_length = 1024)]
    pub message: String,
}

impl DocumentedError {
    /// The name of its row in `messages.toml`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ParamError => "param_error",
            Self::InvalidRequest => "invalid_request",
            Self::SignError => "sign_error",
            Self::RuleLimit => "rule_limit",
            Self::FrequencyLimited => "frequency_limited",
            Self::RatelimitExceed => "ratelimit_exceed",
            Self::RatelimitExceeded => "ratelimit_exceeded",
            Self::RateLimited => "rate_limited",
            Self::SystemError => "system_error",
            Self::BadGateway => "bad_gateway",
            Self::ServiceUnavailable => "service_unavailable",
        }
    }

    fn row(self) -> &'static Row {
        Row::of(self.name())
    }
}

impl InjectedError {
    /// The same error as the operation has it among its own: with the same status, and the same code or another that
    /// means the same. The error itself if it is not a general one, or the operation has none like it.
    pub(crate) fn in_words_of(self, operation: &Operation) -> Self {
        let name = match &self {
            Self::Documented(error) => error.name(),
            Self::Operation(error) => error.name(),
            Self::Page(_) | Self::Own(_) | Self::Custom(_) => return self,
        };
        OwnError::general(name, operation).map_or(self, Self::Own)
    }

    fn row(&self) -> Option<&'static Row> {
        match self {
            Self::Documented(error) => Some(error.row()),
            Self::Operation(error) => Some(error.row()),
            Self::Own(error) => Some(error.row()),
            Self::Page(_) | Self::Custom(_) => None,
        }
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Documented(error) => error.row().status,
            Self::Operation(error) => error.status(),
            Self::Own(error) => error.status(),
            Self::Page(status) => *status,
            Self::Custom(error) => {
                StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// The code in the response's body; `None` for a page of HTML.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Custom(error) => Some(&error.code),
            Self::Documented(_) | Self::Operation(_) | Self::Own(_) | Self::Page(_) => self.listed_code(),
        }
    }

    /// Like [`InjectedError::code`], but `custom` for any code that a rule defines.
    pub(crate) fn listed_code(&self) -> Option<&str> {
        match self {
            Self::Custom(_) => Some("custom"),
            Self::Own(error) => Some(error.code()),
            _ => self.row()?.code.as_deref(),
        }
    }

    /// The message in the response's body.
    pub(crate) fn message(&self, language: Language) -> &str {
        match self {
            Self::Custom(error) => &error.message,
            Self::Own(error) => error.message(language),
            _ => self.row().map_or("", |row| row.text(language)),
        }
    }

    /// The page of HTML, if that is the response's body.
    pub(crate) fn page(&self) -> Option<String> {
        let Self::Page(status) = self else { return None };
        Some(page(*status))
    }

    /// The gateway's own number for the error, if it is known.
    pub(crate) fn inner_number(&self) -> Option<u32> {
        self.row()?.inner_number
    }

    /// The provenance of the response.
    pub(crate) fn provenance(&self) -> Provenance {
        self.row().map_or(Provenance::OwnChoice, |row| row.provenance)
    }
}

/// The page that the web server in front of the application sends with this status. (wild)
pub(crate) fn page(status: StatusCode) -> String {
    format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}

impl fmt::Display for InjectedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, code) =
            (self.status().as_u16(), self.code().unwrap_or(phrase!("and a page of HTML").text()));
        write!(f, "{status} {code}")
    }
}

#[cfg(test)]
mod tests {
    use wechatpay_openapi::Contract;

    use super::*;

    fn shown(error: InjectedError, operation: &str) -> String {
        let error = error.in_words_of(Contract::current().operation(operation).unwrap());
        format!("{error} {}", error.message(Language::ZhCn))
    }

    #[test]
    fn an_error_is_the_operations_own_where_it_has_one_with_the_same_status() {
        let combined = "post_combine_transactions_jsapi";
        let system_error = InjectedError::Documented(DocumentedError::SystemError);
        assert_eq!(shown(system_error.clone(), combined), "500 SYSTEMERROR 系统错误");
        assert_eq!(shown(system_error, "echo"), "500 SYSTEM_ERROR 系统异常，请稍后重试");
    }

    #[test]
    fn of_several_own_errors_with_the_code_none_is_meant() {
        let invalid = InjectedError::Documented(DocumentedError::InvalidRequest);
        assert_eq!(shown(invalid, "set_rights"), "400 INVALID_REQUEST 请求不符合业务规则");
    }

    #[test]
    fn an_error_of_one_family_stays_as_it_is() {
        let unknown_card = InjectedError::Operation(OperationError::UnknownCard);
        assert_eq!(shown(unknown_card, "post_pay_transactions_native"), "400 INVALID_REQUEST 会员卡ID无效");
    }
}
