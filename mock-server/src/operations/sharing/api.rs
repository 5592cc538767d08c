//! What differs between the ordinary API and that of ecommerce platforms: names, days and messages.

use wechatpay_protocol::Timestamp;

use crate::{
    api::operation_error::OperationError,
    operations::payment::{order::DAY, shared::SharingApi},
    request::validate::ValidRequest,
};

impl SharingApi {
    /// The API that a request belongs to.
    pub(super) fn of(request: &ValidRequest<'_>) -> Self {
        match request.operation().id().contains("_ecommerce_") {
            true => Self::Ecommerce,
            false => Self::Ordinary,
        }
    }

    /// How long after its payment an order can be shared, in seconds: then what is left is the merchant's. (documented)
    pub(super) fn lasts(self) -> u64 {
        match self {
            Self::Ordinary => 30 * DAY,
            Self::Ecommerce => 180 * DAY,
        }
    }

    /// The name of a receiver's account in requests and answers.
    pub(super) fn account(self) -> &'static str {
        match self {
            Self::Ordinary => "account",
            Self::Ecommerce => "receiver_account",
        }
    }

    /// The name of a receiver's name in requests to share.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "name",
            Self::Ecommerce => "receiver_name",
        }
    }

    /// The name of the field that releases what is left.
    pub(super) fn finish(self) -> &'static str {
        match self {
            Self::Ordinary => "unfreeze_unsplit",
            Self::Ecommerce => "finish",
        }
    }

    /// The name of the state in answers.
    pub(super) fn state(self) -> &'static str {
        match self {
            Self::Ordinary => "state",
            Self::Ecommerce => "status",
        }
    }

    /// The name of the gateway's number of a return.
    pub(super) fn return_number(self) -> &'static str {
        match self {
            Self::Ordinary => "return_id",
            Self::Ecommerce => "return_no",
        }
    }

    /// The result of a return that failed.
    pub(super) fn failed(self) -> &'static str {
        match self {
            Self::Ordinary => "FAILED",
            Self::Ecommerce => "FAIL",
        }
    }

    /// The refusal of an order that was paid less than a minute ago. (wild)
    pub(super) fn too_early(self) -> OperationError {
        match self {
            Self::Ordinary => OperationError::SharingProcessing,
            Self::Ecommerce => OperationError::SharingProcessingEcommerce,
        }
    }

    /// # Errors
    /// If what a request is about belongs to the other API. (documented)
    pub(super) fn check(self, known: Option<Self>) -> Result<(), OperationError> {
        match (self, known) {
            (Self::Ecommerce, Some(Self::Ordinary)) => Err(OperationError::SharingNotEcommerce),
            (Self::Ordinary, Some(Self::Ecommerce)) => Err(OperationError::SharingOnlyEcommerce),
            _ => Ok(()),
        }
    }
}

/// When a receiver that still waits has got its money, according to the gateway. (wild)
const NEVER: u64 = 0;

/// A time in answers; the beginning of 1970 if it has not come.
pub(super) fn time(unix: Option<u64>) -> String {
    Timestamp::from_unix(unix.unwrap_or(NEVER)).to_rfc3339()
}
