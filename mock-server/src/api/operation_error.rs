//! Errors of the operations' own rules: check 12.

use http::StatusCode;
use wechatpay_openapi::Operation;

use crate::policies::Provenance;

use super::{language::Language, messages::Row, own_error::OwnError};

/// Why an operation refuses a request that is correctly signed and well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationError {
    /// The merchant may not use the operation.
    NoPermission,
    /// Another merchant created the card.
    ForeignCard,
    /// No card template has this ID.
    UnknownCard,
    /// No member has this code.
    UnknownCode,
    /// The member's card can't be used now.
    CardNotEffective,
    /// The card's members do not collect points.
    NoPoints,
    /// The request number was used before for the same content.
    Repeated,
    /// The request number was used before for other content.
    RepeatedDifferently,
    /// `before_bonus_value + add_bonus_value` is not `bonus_value`.
    Arithmetic,
    /// `before_bonus_value` differs from the stored points.
    StaleBefore,
    /// The points would become negative.
    NegativeTotal,
    /// No document has this key.
    NoDocument,
    /// The state of the document does not allow the operation.
    WrongState,
    /// The merchant has no platform certificate, only a public key.
    NoPlatformCertificate,
}

impl OperationError {
    /// The name of its row in `messages.toml`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NoPermission => "no_permission",
            Self::ForeignCard => "foreign_card",
            Self::UnknownCard => "unknown_card",
            Self::UnknownCode => "unknown_code",
            Self::CardNotEffective => "card_not_effective",
            Self::NoPoints => "no_points",
            Self::Repeated => "repeated",
            Self::RepeatedDifferently => "repeated_differently",
            Self::Arithmetic => "arithmetic",
            Self::StaleBefore => "stale_before",
            Self::NegativeTotal => "negative_total",
            Self::NoDocument => "no_document",
            Self::WrongState => "wrong_state",
            Self::NoPlatformCertificate => "no_platform_certificate",
        }
    }

    /// The first of the operation's own errors that this is true of, in place of this one.
    pub(crate) fn own(
        self,
        operation: &Operation,
        is_own: impl Fn(&wechatpay_openapi::OperationError) -> bool,
    ) -> Option<OwnError> {
        OwnError::first(self.name(), operation, is_own)
    }

    pub(super) fn row(self) -> &'static Row {
        Row::of(self.name())
    }

    /// The status of the response.
    pub fn status(self) -> StatusCode {
        self.row().status
    }

    /// The code in the response.
    pub fn code(self) -> &'static str {
        self.row().code.as_deref().unwrap_or_default()
    }

    /// The message in the response. In simplified Chinese, it is the gateway's own text if that is known.
    pub fn message(self, language: Language) -> &'static str {
        self.row().text(language)
    }

    /// The provenance of the response.
    pub fn provenance(self) -> Provenance {
        self.row().provenance
    }
}
