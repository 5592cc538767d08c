//! Queries and cancellations of transfers.

use super::{
    bill::{State, Transfer},
    kind, progress,
};
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{
        Context,
        payment::{ledger::Ledger, order::DAY},
        resource,
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// For how long a transfer can be queried. (documented)
const QUERIED: u64 = 30 * DAY;

/// `GET …/out-bill-no/{out_bill_no}` and `…/transfer-bill-no/{transfer_bill_no}`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let is_recent = |transfer: &Transfer| context.now.as_unix() <= transfer.created.saturating_add(QUERIED);
    match find(&mut ledger, request).filter(is_recent) {
        Some(transfer) => Ok(OperationResponse::ok(transfer.shown(request.merchant()))),
        None => unknown(context, request),
    }
}

/// `POST …/out-bill-no/{out_bill_no}/cancel`.
pub(super) fn cancel(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let Some(mut transfer) = find(&mut ledger, request) else { return unknown(context, request) };
    match transfer.state {
        State::Processing | State::WaitUserConfirm => progress::cancel(&mut ledger, &mut transfer),
        // Cancelled again: today's state. (own choice)
        State::Cancelling | State::Cancelled => {}
        State::Transferring | State::Success | State::Fail => {
            return Err(OperationError::TransferNotCancellable.into());
        }
    }
    Ok(OperationResponse::ok(transfer.cancelled()))
}

/// The transfer that a request names by either number.
pub(super) fn find(ledger: &mut Ledger<'_, '_>, request: &ValidRequest<'_>) -> Option<Transfer> {
    let value = |name: &str| request.plain()[name].as_str().or_else(|| request.sent(name));
    if let Some(number) = value("out_bill_no") {
        return progress::transfer(ledger, number);
    }
    let number: String = ledger.documents.get(kind::BILL_NO, value("transfer_bill_no")?)?;
    progress::transfer(ledger, &number)
}

/// What the documentation's sample answers, and the error of any other number that is unknown.
pub(super) fn unknown(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
) -> Result<OperationResponse, ApiError> {
    let names = ["out_bill_no", "transfer_bill_no", "out_authorization_no", "out_batch_no", "batch_id"];
    resource::sample_or(context, request, &names, OperationError::UnknownTransfer)
}
