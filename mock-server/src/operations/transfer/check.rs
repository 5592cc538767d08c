//! Whether a merchant may transfer what it asks for. The order of the checks is an own choice.

use serde_json::Value;

use super::kind;
use crate::{
    api::operation_error::OperationError,
    operations::{Context, magic, payment::ledger::Ledger},
};

/// From how much on a transfer names its user, in fen. (documented)
const NAMED_FROM: u64 = 200_000;

/// The operation that has the scenes of all transfers, in `x-mock.scenes`.
const SCENES: &str = "post_fund_app_mch_transfer_transfer_bills";

/// # Errors
/// If the appid is not one of the merchant's. (wild)
pub(super) fn appid(ledger: &Ledger<'_, '_>, fields: &Value) -> Result<(), OperationError> {
    let known = &ledger.merchant.appids;
    let is_own = |appid: &str| known.is_empty() || known.iter().any(|known| known == appid);
    fields["appid"].as_str().is_none_or(is_own).then_some(()).ok_or(OperationError::TransferAppid)
}

/// # Errors
/// If the merchant does not have the scene, or users can't be told this there.
pub(super) fn scene(context: &Context<'_>, fields: &Value) -> Result<(), OperationError> {
    let Some(id) = fields["transfer_scene_id"].as_str() else { return Ok(()) };
    let own = &context.transfers.scenes;
    if !own.is_empty() && !own.iter().any(|own| own == id) {
        return Err(OperationError::TransferScene);
    }
    let perception = fields["user_recv_perception"].as_str().filter(|text| !text.is_empty());
    let known = &of_scene(context, id)["perceptions"];
    match (perception, known.as_array()) {
        (Some(perception), Some(known)) if !known.iter().any(|known| known == perception) => {
            Err(OperationError::TransferPerception)
        }
        _ => Ok(()),
    }
}

/// # Errors
/// If something is not reported that the scene needs, or something else is.
pub(super) fn reports(context: &Context<'_>, fields: &Value) -> Result<(), OperationError> {
    let reported = fields["transfer_scene_report_infos"].as_array();
    let reported: Vec<_> = reported.into_iter().flatten().map(|one| &one["info_type"]).collect();
    if reported.is_empty() {
        return Err(OperationError::TransferReportsAbsent);
    }
    let needed = &of_scene(context, fields["transfer_scene_id"].as_str().unwrap_or_default())["reports"];
    let Some(needed) = needed.as_array() else { return Ok(()) };
    let is_complete = needed.len() == reported.len() && needed.iter().all(|one| reported.contains(&one));
    is_complete.then_some(()).ok_or(OperationError::TransferReports)
}

fn of_scene<'c>(context: &'c Context<'_>, id: &str) -> &'c Value {
    let operation = context.contract.operation(SCENES);
    operation.map_or(&Value::Null, |operation| &operation.mock()["scenes"][id])
}

/// # Errors
/// If a large transfer does not name its user.
pub(super) fn user_name(amount: u64, fields: &Value) -> Result<(), OperationError> {
    let is_named = fields["user_name"].as_str().is_some_and(|name| !name.is_empty());
    (is_named || amount < NAMED_FROM).then_some(()).ok_or(OperationError::TransferUserName)
}

/// What a number refuses by itself.
///
/// # Errors
/// The error that it names.
pub(super) fn number(number: &str) -> Result<(), OperationError> {
    match magic::name_in(number) {
        Some(magic::ADDRESS) => Err(OperationError::TransferAddress),
        Some(magic::USER_ERROR) => Err(OperationError::TransferUserError),
        Some(magic::NOT_ENOUGH) => Err(OperationError::TransferNotEnough),
        _ => Ok(()),
    }
}

/// Counts the amount among those of the day.
///
/// # Errors
/// If it is more than one transfer may be, or all of a day. (wild)
pub(super) fn limits(ledger: &mut Ledger<'_, '_>, amount: u64) -> Result<(), OperationError> {
    let transfers = ledger.context.transfers;
    if transfers.limit.is_some_and(|limit| amount > limit) {
        return Err(OperationError::TransferLimit);
    }
    if let Some(limit) = transfers.daily_limit {
        // A day is one in Beijing. Transfers that fail count, too. (own choice)
        let day: String = ledger.now().to_rfc3339().chars().take(10).collect();
        let before: u64 = ledger.documents.get(kind::DAY, &day).unwrap_or_default();
        let all = before.saturating_add(amount);
        if all > limit {
            return Err(OperationError::TransferDailyLimit);
        }
        ledger.documents.put(kind::DAY, &day, &all);
    }
    Ok(())
}
