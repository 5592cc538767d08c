//! Bills: applied for by day and type, and downloaded as files in the gateway's form.
//!
//! A bill is made of the merchant's orders and refunds each time that it is asked for. What is kept is only which bill a
//! token leads to.

mod day;
mod download;
mod flow;
mod form;
mod rows;
mod sharing;
mod trade;

use serde_json::json;
use sha1::{Digest, Sha1};

use self::{
    day::Day,
    download::{Bill, Encryption, Statement},
    rows::Wanted,
};
use super::{kind, ledger::Ledger};
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{Context, Handler, example, kinds::Kind, resource},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// Which bill a token leads to.
pub(super) const KIND: Kind = Kind::of::<Bill>(kind::BILL);

/// The handler of an operation of the family.
pub(super) fn rules(operation_id: &str) -> Option<Handler> {
    match operation_id {
        "get_bill_tradebill" => Some(trade),
        "get_bill_fundflowbill" => Some(fund_flow),
        "get_bill_sub_merchant_fundflowbill" => Some(sub_merchant_fund_flow),
        "get_profitsharing_bills" => Some(profit_sharing),
        "get_billdownload_file" => Some(download::download),
        _ => None,
    }
}

/// `GET /v3/bill/tradebill`.
fn trade(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    // The columns of the special bills are not public: they are those of the usual ones. (own choice)
    let wanted = match request.parameter("bill_type") {
        "SUCCESS" | "SUC_SPECIAL" => Wanted::Payments,
        "REFUND" | "REF_SPECIAL" => Wanted::Refunds,
        "RECHARGE_REFUND" => Wanted::RechargeRefunds,
        _ => Wanted::All,
    };
    let sub_mchid = request.sent("sub_mchid").filter(|mchid| !mchid.is_empty()).map(String::from);
    apply(context, request, documents, Statement::Trade { wanted, sub_mchid })
}

/// `GET /v3/bill/fundflowbill`.
fn fund_flow(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    apply(context, request, documents, flow_of(request))
}

/// The flows of the account that a request is for. Only the basic account has any. (own choice)
fn flow_of(request: &ValidRequest<'_>) -> Statement {
    let payee = super::parties::payee(request).to_owned();
    let has_flows = matches!(request.parameter("account_type"), "" | "BASIC");
    Statement::Flow { payee: has_flows.then_some(payee) }
}

/// A bill that is one file, not encrypted.
fn apply(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
    statement: Statement,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let Some((bill, file)) = made(&mut ledger, request, statement)? else {
        return example::answer(context, request, documents);
    };
    Ok(OperationResponse::ok(json!({
        "download_url": download::url(&mut ledger, request, &bill),
        "hash_type": "SHA1",
        "hash_value": digest(&file),
    })))
}

/// `GET /v3/bill/sub-merchant-fundflowbill`: encrypted with a key that the merchant's certificate encrypts.
fn sub_merchant_fund_flow(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let Some((mut bill, file)) = made(&mut ledger, request, flow_of(request))? else {
        return example::answer(context, request, documents);
    };
    if request.parameter("algorithm") != Encryption::ALGORITHM {
        return Err(OperationError::BillAlgorithm.into());
    }
    let encryption = Encryption::new(context.randomness);
    let encrypt_key = encryption.encrypted_key(request.merchant())?;
    let nonce = encryption.nonce.clone();
    bill.encryption = Some(encryption);
    // Real bills are split from 16 GiB on. (documented)
    Ok(OperationResponse::ok(json!({
        "download_bill_count": 1,
        "download_bill_list": [{
            "bill_sequence": 1,
            "download_url": download::url(&mut ledger, request, &bill),
            "encrypt_key": encrypt_key,
            "hash_type": "SHA1",
            "hash_value": digest(&file),
            "nonce": nonce,
        }],
    })))
}

/// `GET /v3/profitsharing/bills`.
fn profit_sharing(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let payee = request.sent("sub_mchid").filter(|mchid| !mchid.is_empty()).map(String::from);
    apply(context, request, documents, Statement::Sharing { payee })
}

const BILL_DATE: &str = "bill_date";

/// The bill that a request asks for, and its file; `None` for the documentation's sample.
///
/// # Errors
/// If there is none, or not now.
fn made(
    ledger: &mut Ledger<'_, '_>,
    request: &ValidRequest<'_>,
    statement: Statement,
) -> Result<Option<(Bill, Vec<u8>)>, OperationError> {
    let now = ledger.now();
    let bill_date = request.parameter(BILL_DATE);
    let day = match Day::of_bill(bill_date, now) {
        Err(_) if resource::is_sample(request, BILL_DATE) => return Ok(None),
        Err(OperationError::StatementCreating) if matches!(statement, Statement::Sharing { .. }) => {
            return Err(OperationError::SharingStatementCreating);
        }
        day => day?,
    };
    match statement.file(ledger, day) {
        Some(file) => Ok(Some((Bill::new(bill_date, statement, now), file))),
        None if resource::is_sample(request, BILL_DATE) => Ok(None),
        None => Err(OperationError::NoStatement),
    }
}

/// The digest of a file that is neither compressed nor encrypted. (wild)
fn digest(file: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha1::digest(file))
}

#[cfg(test)]
mod tests;
