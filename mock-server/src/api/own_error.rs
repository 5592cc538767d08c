//! Errors as an operation itself has them: those of its `x-errors`.

use http::StatusCode;
use wechatpay_openapi::{Operation, OperationError};

use crate::policies::Provenance;

use super::{language::Language, messages::Row};

/// An error in the words of an operation: with its status and its spelling of the code, and with its text if that is
/// known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnError {
    /// The name of the usual error's row in `messages.toml`.
    name: &'static str,
    own: Box<OperationError>,
}

impl OwnError {
    /// The first of the operation's own errors that this is true of, in place of the error of this name.
    pub(super) fn first(
        name: &'static str,
        operation: &Operation,
        is_own: impl Fn(&OperationError) -> bool,
    ) -> Option<Self> {
        let own = operation.errors().iter().find(|own| is_own(own))?;
        Some(Self { name, own: Box::new(own.clone()) })
    }

    /// The operation's own error with the same status as the error of this name, and the same code or another that means
    /// the same. Where several have the code, it is unknown which text is meant: none is used. `None` also if the error
    /// is not a general one.
    pub(super) fn general(name: &'static str, operation: &Operation) -> Option<Self> {
        let row = Row::of(name);
        let mut codes = row.code.iter().chain(row.own_codes.as_ref()?);
        let of_status = || operation.errors().iter().filter(|error| error.status == row.status);
        let own = codes.find_map(|code| of_status().find(|error| error.code == *code))?;
        let is_only = of_status().all(|error| error.code != own.code || error.message == own.message);
        let own = OperationError { message: own.message.clone().filter(|_| is_only), ..own.clone() };
        Some(Self { name, own: Box::new(own) })
    }

    pub(super) fn row(&self) -> &'static Row {
        Row::of(self.name)
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        self.own.status
    }

    /// The code in the response's body.
    pub fn code(&self) -> &str {
        &self.own.code
    }

    /// The message in the response's body: the operation's own text in simplified Chinese, if that is known.
    pub(super) fn message(&self, language: Language) -> &str {
        match &self.own.message {
            Some(message) if language == Language::ZhCn => message,
            _ => self.row().text(language),
        }
    }

    /// The provenance of the response.
    pub(super) fn provenance(&self) -> Provenance {
        if self.own.message.is_some() { Provenance::Documented } else { self.row().provenance }
    }
}

#[cfg(test)]
mod tests {
    use wechatpay_openapi::Contract;

    use super::*;

    fn operation(id: &str) -> &'static Operation {
        Contract::current().operation(id).unwrap()
    }

    #[test]
    fn a_general_error_is_the_operations_own_of_the_same_status_and_meaning() {
        let own = OwnError::general("system_error", operation("post_combine_transactions_jsapi")).unwrap();
        assert_eq!((own.code(), own.message(Language::ZhCn)), ("SYSTEMERROR", "系统错误"));
        assert_eq!(own.message(Language::En), "system error, try again later");
        assert_eq!(own.provenance(), Provenance::Documented);
    }

    #[test]
    fn an_error_of_one_family_is_none() {
        assert_eq!(OwnError::general("unknown_card", operation("set_rights")), None);
    }
}
