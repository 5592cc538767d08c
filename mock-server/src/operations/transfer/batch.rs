//! The older batches of transfers: many at once, which no user confirms.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

use super::{
    answers::{self, time},
    bill::Moved,
    check, kind, named,
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{
        Context, content_of,
        payment::ledger::{Direction, Ledger},
    },
    policies::OldTransfers,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// The most transfers of a batch. (documented)
const MOST: usize = 1000;

/// Below how much a transfer must not name its user, in fen. (documented)
const UNNAMED_BELOW: u64 = 30;

/// The operations in whose answers the reasons are.
const DETAIL: &str = "get_transfer_batches_out_batch_no_details_out_detail_no";
const BATCH: &str = "get_transfer_batches_out_batch_no";

/// A batch as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) out_batch_no: String,
    pub(super) batch_id: String,
    /// What was ordered: the request's body, with its encrypted texts decrypted.
    pub(super) fields: Value,
    /// The fingerprint of the request.
    content: String,
    pub(super) state: BatchState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) close_reason: Option<String>,
    pub(super) created: u64,
    /// When it got its state.
    pub(super) updated: u64,
    /// When it ends.
    due: u64,
    pub(super) details: Vec<Detail>,
}

/// A transfer of a batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Detail {
    pub(super) out_detail_no: String,
    pub(super) detail_id: String,
    pub(super) amount: u64,
    pub(super) state: DetailState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fail_reason: Option<String>,
}

/// `batch_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum BatchState {
    /// Somebody of the merchant's has to agree to it.
    WaitPay,
    Accepted,
    /// What a query shows of one that was accepted.
    Processing,
    Finished,
    Closed,
}

/// `detail_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum DetailState {
    WaitPay,
    Processing,
    Success,
    Fail,
}

impl Batch {
    fn is_open(&self) -> bool {
        matches!(self.state, BatchState::WaitPay | BatchState::Accepted)
    }

    fn is_due(&self, now: u64) -> bool {
        self.is_open() && self.due <= now
    }

    /// The state that a query shows: what was accepted is processed from then on. (own choice)
    pub(super) fn queried(&self) -> BatchState {
        match self.state {
            BatchState::Accepted => BatchState::Processing,
            state => state,
        }
    }

    /// The event of its end.
    fn last_event(&self) -> &'static str {
        if self.close_reason.is_some() { "MCHTRANSFER.BATCH.CLOSED" } else { "MCHTRANSFER.BATCH.FINISHED" }
    }

    /// How many transfers have this state, and their amounts together.
    pub(super) fn sum(&self, state: DetailState) -> (usize, u64) {
        let of_state = self.details.iter().filter(|detail| detail.state == state);
        let count = of_state.clone().count();
        (count, of_state.map(|detail| detail.amount).fold(0, u64::saturating_add))
    }

    fn total(&self) -> u64 {
        self.details.iter().map(|detail| detail.amount).fold(0, u64::saturating_add)
    }

    /// The data of its callback. (documented)
    fn told(&self, mchid: &str) -> Value {
        let ((succeeded, success_amount), (failed, fail_amount)) =
            (self.sum(DetailState::Success), self.sum(DetailState::Fail));
        let mut data = json!({
            "mchid": mchid,
            "out_batch_no": self.out_batch_no,
            "batch_id": self.batch_id,
            "batch_status": self.state,
            "total_num": self.details.len(),
            "total_amount": self.total(),
            "success_amount": success_amount,
            "success_num": succeeded,
            "fail_amount": fail_amount,
            "fail_num": failed,
            "update_time": time(self.updated),
        });
        if let Some(reason) = &self.close_reason {
            data["close_reason"] = reason.as_str().into();
        }
        data
    }
}

/// `POST /v3/transfer/batches`.
pub(super) fn place(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    if context.policies.old_transfers == OldTransfers::Refuse {
        return Err(OperationError::TransferUpgraded.into());
    }
    let fields = request.plain();
    let number = fields["out_batch_no"].as_str().unwrap_or_default();
    let content = content_of(request);
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    if let Some(known) = find(&mut ledger, number) {
        if known.content != content {
            return Err(OperationError::TransferRepeated.into());
        }
        let mut response = respond(&known);
        response.warnings.push(Warning::Repeated);
        return Ok(response);
    }
    check::number(number)?;
    check::appid(&ledger, fields)?;
    check_details(&mut ledger, fields)?;
    let batch = new(&ledger, fields, content);
    if batch.state == BatchState::Accepted {
        let total = batch.total();
        if ledger.balance().is_some_and(|balance| balance < i128::from(total)) {
            return Err(OperationError::TransferNotEnough.into());
        }
        ledger.move_money(Direction::Out, total);
    }
    ledger.documents.put(kind::BATCH_ID, &batch.batch_id, &batch.out_batch_no);
    ledger.documents.put(kind::BATCH, &batch.out_batch_no, &batch);
    ledger.documents.remind(Timestamp::from_unix(batch.due), kind::BATCH, &batch.out_batch_no);
    let mut response = respond(&batch);
    response.warnings.extend(answers::no_notify_url(fields, request.merchant(), batch.last_event()));
    Ok(response)
}

fn respond(batch: &Batch) -> OperationResponse {
    OperationResponse::ok(json!({
        "out_batch_no": batch.out_batch_no,
        "batch_id": batch.batch_id,
        "create_time": time(batch.created),
        "batch_status": batch.state,
    }))
}

/// # Errors
/// If the transfers of a batch do not add up, have a number twice, or are over a limit. What the gateway says to all of it is not
/// published, so it is the one known error of batches. (own choice)
fn check_details(ledger: &mut Ledger<'_, '_>, fields: &Value) -> Result<(), OperationError> {
    let details = fields["transfer_detail_list"].as_array().map(Vec::as_slice).unwrap_or_default();
    let amounts: Option<Vec<u64>> = details.iter().map(|one| one["transfer_amount"].as_u64()).collect();
    let amounts = amounts.filter(|amounts| !amounts.contains(&0)).ok_or(OperationError::TransferBatch)?;
    let total = amounts.iter().copied().fold(0, u64::saturating_add);
    let numbers: HashSet<_> = details.iter().map(|one| &one["out_detail_no"]).collect();
    let is_right = (1..=MOST).contains(&details.len())
        && numbers.len() == details.len()
        && fields["total_num"].as_u64() == u64::try_from(details.len()).ok()
        && fields["total_amount"].as_u64() == Some(total);
    if !is_right {
        return Err(OperationError::TransferBatch);
    }
    for (detail, amount) in details.iter().zip(&amounts) {
        check::user_name(*amount, detail)?;
        let is_named = detail["user_name"].as_str().is_some_and(|name| !name.is_empty());
        if is_named && *amount < UNNAMED_BELOW {
            return Err(OperationError::TransferBatch);
        }
        check::limits(ledger, *amount)?;
    }
    Ok(())
}

fn new(ledger: &Ledger<'_, '_>, fields: &Value, content: String) -> Batch {
    let (context, now) = (ledger.context, ledger.now());
    let number = fields["out_batch_no"].as_str().unwrap_or_default();
    let close_reason = reason_in(context, BATCH, "/transfer_batch/close_reason", number);
    let state = if close_reason.is_some() { BatchState::WaitPay } else { BatchState::Accepted };
    let detail = |sent: &Value| {
        let number = sent["out_detail_no"].as_str().unwrap_or_default();
        Detail {
            out_detail_no: number.into(),
            detail_id: named::bill_no("104", now, context.randomness),
            amount: sent["transfer_amount"].as_u64().unwrap_or_default(),
            state: match state {
                BatchState::WaitPay => DetailState::WaitPay,
                _ => DetailState::Processing,
            },
            fail_reason: reason_in(context, DETAIL, "/fail_reason", number),
        }
    };
    Batch {
        out_batch_no: number.into(),
        batch_id: named::bill_no("103", now, context.randomness),
        fields: fields.clone(),
        content,
        state,
        close_reason,
        created: now.as_unix(),
        updated: now.as_unix(),
        due: now.as_unix().saturating_add(context.transfers.delay.as_secs()),
        details: fields["transfer_detail_list"].as_array().into_iter().flatten().map(detail).collect(),
    }
}

/// The reason that a number names, of those in a field of an operation's answer.
fn reason_in(context: &Context<'_>, operation: &str, place: &str, number: &str) -> Option<String> {
    let (_, answer) = context.contract.operation(operation)?.success()?;
    answers::reason_in(answer.schema()?.as_value(), place, number)
}

/// The batch with this number, after what was due.
pub(super) fn find(ledger: &mut Ledger<'_, '_>, out_batch_no: &str) -> Option<Batch> {
    let mut batch: Batch = ledger.documents.get(kind::BATCH, out_batch_no)?;
    if batch.is_due(ledger.now().as_unix()) {
        end(ledger, &mut batch);
    }
    Some(batch)
}

fn end(ledger: &mut Ledger<'_, '_>, batch: &mut Batch) {
    batch.updated = batch.due;
    if let Some(reason) = &batch.close_reason {
        batch.state = BatchState::Closed;
        for detail in &mut batch.details {
            detail.state = DetailState::Fail;
            detail.fail_reason = Some(reason.clone());
        }
    } else {
        batch.state = BatchState::Finished;
        for detail in &mut batch.details {
            let fails = detail.fail_reason.is_some();
            detail.state = if fails { DetailState::Fail } else { DetailState::Success };
        }
        let (_, failed) = batch.sum(DetailState::Fail);
        ledger.move_money(Direction::In, failed);
    }
    ledger.documents.put(kind::BATCH, &batch.out_batch_no, batch);
    if let Some(url) = answers::notify_url(&batch.fields, ledger.merchant).map(String::from) {
        let told = batch.told(ledger.merchant.mchid.as_str());
        ledger.send(batch.last_event(), &url, &told, batch.due);
    }
}

/// What batches have moved until now, after what was due.
pub(super) fn moved(ledger: &mut Ledger<'_, '_>) -> Vec<Moved> {
    let mut all = Vec::new();
    ledger.for_each(kind::BATCH, Batch::is_due, find, |batch| {
        if batch.close_reason.is_some() {
            return;
        }
        let moved = |at, is_back, amount| Moved {
            at,
            is_back,
            amount,
            bill_no: batch.batch_id.clone(),
            out_bill_no: batch.out_batch_no.clone(),
        };
        all.push(moved(batch.created, false, batch.total()));
        let (failed, amount) = batch.sum(DetailState::Fail);
        all.extend((failed > 0).then(|| moved(batch.updated, true, amount)));
    });
    all
}
