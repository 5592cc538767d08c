//! Electronic receipts of transfers: applied for, queried, and downloaded as PDF.

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
    api::{error::ApiError, operation_error::OperationError},
    operations::{
        Context,
        download::{self, LIVES},
        example,
        kinds::Kind,
        payment::ledger::Ledger,
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

pub(super) const RECEIPT: Kind = Kind::of::<Receipt>(kind::RECEIPT);
pub(super) const TOKEN: Kind = Kind::of::<Address>(kind::TOKEN);

/// A receipt that was applied for. It is ready as soon as anybody looks. (own choice)
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Receipt {
    created: u64,
    /// The last token that leads to it, and until when. There is one at a time. (own choice)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<(String, u64)>,
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
        return query::unknown(context, request);
    };
    if transfer.state != State::Success {
        return Err(OperationError::ReceiptNotReady.into());
    }
    let known: Option<Receipt> = ledger.documents.get(kind::RECEIPT, &transfer.out_bill_no);
    let receipt = known.unwrap_or(Receipt { created: context.now.as_unix(), token: None });
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
    let Some((transfer, mut receipt)) = found else { return query::unknown(context, request) };
    let token = token(&mut ledger, &transfer.out_bill_no, &mut receipt);
    let target = format!("/v3/transferdownload/elecvoucherfile?source=elecsign&token={token}");
    let digest = Sha256::digest(file(&transfer, request.merchant().mchid.as_str()));
    Ok(OperationResponse::ok(json!({
        "state": "FINISHED",
        "create_time": time(receipt.created),
        "update_time": time(receipt.created),
        "hash_type": "SHA256",
        "hash_value": base16ct::upper::encode_string(&digest),
        "download_url": download::address(request, &target),
    })))
}

/// The token that leads to a receipt: the last one while it holds, or else a new one.
fn token(ledger: &mut Ledger<'_, '_>, out_bill_no: &str, receipt: &mut Receipt) -> String {
    let now = ledger.now().as_unix();
    if let Some((token, _)) = receipt.token.as_ref().filter(|(_, until)| now <= *until) {
        return token.clone();
    }
    let (token, until) = (download::token(ledger.context.randomness), now.saturating_add(LIVES));
    ledger.documents.put(kind::TOKEN, &token, &Address { out_bill_no: out_bill_no.into(), until });
    receipt.token = Some((token.clone(), until));
    ledger.documents.put(kind::RECEIPT, out_bill_no, receipt);
    token
}

/// `GET /v3/transferdownload/elecvoucherfile`. The tokens of examples lead to the file that all examples have.
pub(super) fn download(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let now = context.now.as_unix();
    let address = download::read(request, documents, kind::TOKEN, now, |address: &Address| address.until)?;
    let Some(address) = address else { return example::answer(context, request, documents) };
    let mut ledger = Ledger::new(context, request.merchant(), documents);
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
