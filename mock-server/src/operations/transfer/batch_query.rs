//! Queries of batches of transfers.

use serde_json::{Value, json};

use super::{
    answers::time,
    batch::{self, Batch, BatchState, Detail, DetailState},
    kind, query,
};
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    merchants::Merchant,
    operations::{Context, encrypted, payment::ledger::Ledger},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// How many transfers of a batch are answered, unless the request says it. (documented)
const LIMIT: usize = 20;

/// The most that a request can ask for. (documented)
const MOST: usize = 100;

/// `GET …/out-batch-no/{out_batch_no}` and `…/batch-id/{batch_id}`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let Some(batch) = find(&mut ledger, request) else { return query::unknown(context, request) };
    let mut answer = json!({ "transfer_batch": shown(&batch, request.merchant()) });
    if request.parameter("need_query_detail") == "true" {
        let number = |name: &str| request.sent(name).and_then(|text| text.parse::<usize>().ok());
        let (offset, limit) =
            (number("offset").unwrap_or_default(), number("limit").unwrap_or(LIMIT).min(MOST));
        let wanted = request.parameter("detail_status");
        let is_wanted = |detail: &&Detail| match wanted {
            "SUCCESS" => detail.state == DetailState::Success,
            "FAIL" => detail.state == DetailState::Fail,
            _ => true,
        };
        let details = batch.details.iter().filter(is_wanted).skip(offset).take(limit).map(|detail| {
            json!({
                "detail_id": detail.detail_id,
                "out_detail_no": detail.out_detail_no,
                "detail_status": detail.state,
            })
        });
        answer["transfer_detail_list"] = details.collect();
        answer["offset"] = offset.into();
        answer["limit"] = limit.into();
    }
    Ok(OperationResponse::ok(answer))
}

/// `GET …/details/out-detail-no/{out_detail_no}` and `…/details/detail-id/{detail_id}`.
pub(super) fn show_detail(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let Some(batch) = find(&mut ledger, request) else { return query::unknown(context, request) };
    let is_wanted = |detail: &Detail| match request.sent("out_detail_no") {
        Some(number) => detail.out_detail_no == number,
        None => detail.detail_id == request.parameter("detail_id"),
    };
    let at = batch.details.iter().position(is_wanted).ok_or(OperationError::UnknownTransfer)?;
    Ok(OperationResponse::ok(shown_detail(&batch, at, request.merchant())))
}

fn find(ledger: &mut Ledger<'_, '_>, request: &ValidRequest<'_>) -> Option<Batch> {
    if let Some(number) = request.sent("out_batch_no") {
        return batch::find(ledger, number);
    }
    let number: String = ledger.documents.get(kind::BATCH_ID, request.parameter("batch_id"))?;
    batch::find(ledger, &number)
}

fn shown(batch: &Batch, merchant: &Merchant) -> Value {
    let mut shown = json!({
        "mchid": merchant.mchid.as_str(),
        "out_batch_no": batch.out_batch_no,
        "batch_id": batch.batch_id,
        "batch_status": batch.queried(),
        "batch_type": "API",
        "create_time": time(batch.created),
        "update_time": time(batch.updated),
    });
    for name in ["appid", "batch_name", "batch_remark", "total_amount", "total_num", "transfer_scene_id"] {
        if let Some(value) = batch.fields.get(name) {
            shown[name] = value.clone();
        }
    }
    if let Some(reason) = batch.close_reason.as_deref().filter(|_| batch.state == BatchState::Closed) {
        shown["close_reason"] = reason.into();
    }
    if batch.state == BatchState::Finished {
        let ((succeeded, success_amount), (failed, fail_amount)) =
            (batch.sum(DetailState::Success), batch.sum(DetailState::Fail));
        shown["success_num"] = succeeded.into();
        shown["success_amount"] = success_amount.into();
        shown["fail_num"] = failed.into();
        shown["fail_amount"] = fail_amount.into();
    }
    shown
}

fn shown_detail(batch: &Batch, at: usize, merchant: &Merchant) -> Value {
    let (detail, sent) = (&batch.details[at], &batch.fields["transfer_detail_list"][at]);
    let name = sent["user_name"].as_str().filter(|name| !name.is_empty());
    let mut shown = json!({
        "mchid": merchant.mchid.as_str(),
        "out_batch_no": batch.out_batch_no,
        "batch_id": batch.batch_id,
        "appid": batch.fields["appid"],
        "out_detail_no": detail.out_detail_no,
        "detail_id": detail.detail_id,
        "detail_status": detail.state,
        "transfer_amount": detail.amount,
        "transfer_remark": sent["transfer_remark"],
        "openid": sent["openid"],
        "initiate_time": time(batch.created),
        "update_time": time(batch.updated),
    });
    if let Some(name) = name.and_then(|name| encrypted::for_merchant(merchant, name).ok()) {
        shown["user_name"] = name.into();
    }
    if let Some(reason) = detail.fail_reason.as_deref().filter(|_| detail.state == DetailState::Fail) {
        shown["fail_reason"] = reason.into();
    }
    shown
}
