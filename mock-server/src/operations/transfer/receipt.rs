//! Electronic receipts of transfers: applied for, queried, and downloaded as PDF.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use wechatpay_protocol::Timestamp;

use super::{
    answers::time,
    bill::{State, Transfer},
    kind,
    pdf::pdf,
    progress, query,
};
use crate::{
    api::{error::ApiError, host::GATEWAY_HOSTS, operation_error::OperationError},
    operations::{
        Context, example,
        payment::{ledger::Ledger, order::MINUTE},
        resource,
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// How long a receipt can be downloaded from its address, in seconds. (own choice, as of bills)
const LIVES: u64 = 5 * MINUTE;

/// The length of a token: that of 48 bytes in Base64. (own choice, as of bills)
const TOKEN: usize = 64;

/// A receipt that was applied for. It is ready as soon as anybody looks. (own choice)
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Receipt {
    created: u64,
}

/// What a token leads to.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Address {
    out_bill_no: String,
    until: u64,
}

/// `POST …/elecsign/out-bill-no` and `…/transfer-bill-no`.
pub(super) fn apply(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let Some(transfer) = query::find(&mut ledger, request) else {
        return query::unknown(context, request, documents);
    };
    if transfer.state != State::Success {
        return Err(OperationError::ReceiptNotReady.into());
    }
    let known: Option<Receipt> = ledger.documents.get(kind::RECEIPT, &transfer.out_bill_no);
    let receipt = known.unwrap_or(Receipt { created: context.now.as_unix() });
    ledger.documents.put(kind::RECEIPT, &transfer.out_bill_no, &receipt);
    Ok(OperationResponse::ok(json!({ "state": "GENERATING", "create_time": time(receipt.created) })))
}

/// `GET …/elecsign/out-bill-no/{out_bill_no}` and `…/transfer-bill-no/{transfer_bill_no}`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let found = query::find(&mut ledger, request).and_then(|transfer| {
        let receipt: Receipt = ledger.documents.get(kind::RECEIPT, &transfer.out_bill_no)?;
        Some((transfer, receipt))
    });
    let Some((transfer, receipt)) = found else { return query::unknown(context, request, documents) };
    let random: Vec<u8> = (0..3).flat_map(|_| context.randomness.bytes()).collect();
    let token = BASE64_URL_SAFE_NO_PAD.encode(random);
    let address = Address { out_bill_no: transfer.out_bill_no.clone(), until: context.now.as_unix() + LIVES };
    ledger.documents.put(kind::TOKEN, &token, &address);
    let origin = request.own_origin().unwrap_or_else(|| format!("https://{}", GATEWAY_HOSTS[0]));
    let digest = Sha256::digest(file(&transfer, request.merchant().mchid.as_str()));
    Ok(OperationResponse::ok(json!({
        "state": "FINISHED",
        "create_time": time(receipt.created),
        "update_time": time(receipt.created),
        "hash_type": "SHA256",
        "hash_value": base16ct::upper::encode_string(&digest),
        "download_url": format!("{origin}/v3/transferdownload/elecvoucherfile?source=elecsign&token={token}"),
    })))
}

/// `GET /v3/transferdownload/elecvoucherfile`. The tokens of examples lead to the file that all examples have.
pub(super) fn download(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let token = request.parameter("token");
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let Some(address) = ledger.documents.get::<Address>(kind::TOKEN, token) else {
        return match resource::is_sample(request, "token") || token.len() != TOKEN {
            true => example::answer(context, request, documents),
            false => Err(OperationError::BillToken.into()),
        };
    };
    if address.until < context.now.as_unix() {
        return Err(OperationError::BillTokenExpired.into());
    }
    let transfer = progress::transfer(&mut ledger, &address.out_bill_no);
    let transfer = transfer.ok_or(OperationError::UnknownTransfer)?;
    let file = file(&transfer, request.merchant().mchid.as_str());
    Ok(OperationResponse::file(file, request.operation().is_signed()))
}

/// The file: the same as long as the transfer is.
fn file(transfer: &Transfer, mchid: &str) -> Vec<u8> {
    let amount = transfer.amount();
    pdf(&[
        "wechatpay-mock: receipt of a transfer, not of real money".into(),
        format!("mchid {mchid}"),
        format!("out_bill_no {}", transfer.out_bill_no),
        format!("transfer_bill_no {}", transfer.transfer_bill_no),
        format!("openid {}", transfer.openid),
        format!("amount {}.{:02} CNY", amount / 100, amount % 100),
        format!("time {}", Timestamp::from_unix(transfer.updated).to_rfc3339()),
    ])
}
