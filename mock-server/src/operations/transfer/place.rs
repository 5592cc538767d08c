//! Ordering a transfer: one that the user confirms, or one that the user has authorised before.

use serde_json::Value;

use super::{
    answers, authorize,
    bill::{State, Transfer},
    check, kind,
    named::{self, TransferTarget},
    progress,
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{Context, content_of, payment::ledger::Ledger},
    policies::ShortBalance,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// The operation whose transfers the user has authorised before.
const AUTHORIZED: &str = "post_fund_app_mch_transfer_transfer_bills_transfer";

/// `POST …/transfer-bills`, `…/transfer` and `…/pre-transfer-with-authorization`.
pub(super) fn place(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let fields = request.plain();
    let number = fields["out_bill_no"].as_str().unwrap_or_default();
    let needs_authorization = request.operation().id() == AUTHORIZED;
    let content = content_of(request);
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    if let Some(known) = progress::transfer(&mut ledger, number) {
        if known.content != content {
            return Err(OperationError::TransferRepeated.into());
        }
        let mut response = respond(&ledger, &known);
        response.warnings.push(Warning::Repeated);
        return Ok(response);
    }
    let openid = if needs_authorization {
        authorize::user_of(&mut ledger, request)?
    } else {
        fields["openid"].as_str().unwrap_or_default().to_owned()
    };
    check_all(&mut ledger, fields, number)?;
    let mut transfer = new(&ledger, fields, content, openid, !needs_authorization);
    transfer.authorization = authorize::begin_with(&mut ledger, request, number)?;
    // An order is answered before anything happens to it.
    progress::step(&mut ledger, &mut transfer);
    if transfer.state == State::Processing && context.policies.short_balance == ShortBalance::Refuse {
        return Err(OperationError::TransferNotEnough.into());
    }
    progress::keep(&mut ledger, &transfer);
    if needs_authorization {
        progress::go_on(&mut ledger, &mut transfer);
    }
    ledger.documents.put(kind::BILL_NO, &transfer.transfer_bill_no, &transfer.out_bill_no);
    if let Some(package_info) = &transfer.package_info {
        let target = TransferTarget::Transfer(transfer.out_bill_no.clone());
        named::name_package(&mut ledger, package_info, &target);
    }
    let mut response = respond(&ledger, &transfer);
    response.warnings.extend(answers::no_notify_url(fields, request.merchant(), progress::FINISHED));
    Ok(response)
}

fn check_all(ledger: &mut Ledger<'_, '_>, fields: &Value, number: &str) -> Result<(), OperationError> {
    let context = ledger.context;
    let amount = fields["transfer_amount"].as_u64().unwrap_or_default();
    check::number(number)?;
    check::appid(ledger, fields)?;
    check::scene(context, fields)?;
    check::reports(context, fields)?;
    check::user_name(amount, fields)?;
    check::limits(ledger, amount)
}

fn new(
    ledger: &Ledger<'_, '_>,
    fields: &Value,
    content: String,
    openid: String,
    is_confirmed_by_user: bool,
) -> Transfer {
    let (now, randomness) = (ledger.now(), ledger.context.randomness);
    let number = fields["out_bill_no"].as_str().unwrap_or_default();
    Transfer {
        out_bill_no: number.into(),
        transfer_bill_no: named::bill_no("133", now, randomness),
        fields: fields.clone(),
        content,
        openid,
        state: State::Processing,
        fail_reason: None,
        is_confirmed_by_user,
        package_info: is_confirmed_by_user.then(|| named::package_info(randomness)),
        created: now.as_unix(),
        updated: now.as_unix(),
        until: 0,
        will: None,
        due: None,
        will_fail_with: reason_in(ledger.context, number),
        taken: None,
        returned: None,
        authorization: None,
    }
}

/// The reason for which a transfer of this number fails, if the number names one.
fn reason_in(context: &Context<'_>, number: &str) -> Option<String> {
    let event = context.contract.event(progress::FINISHED)?;
    answers::reason_in(event.resource().as_value(), "/fail_reason", number)
}

fn respond(ledger: &Ledger<'_, '_>, transfer: &Transfer) -> OperationResponse {
    OperationResponse::ok(if transfer.is_confirmed_by_user {
        transfer.placed()
    } else {
        transfer.shown(ledger.merchant)
    })
}
