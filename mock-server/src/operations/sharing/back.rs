//! Returns: what a merchant has received goes back to the order.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

use super::{
    api::time,
    kind,
    magic::FailReason,
    notice::{Notice, RETURNED},
    order::check_sub_mchid,
    request::text,
    share::{self, Sharing},
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{
        Context, content_of,
        payment::{
            ledger::Ledger,
            numbers,
            order::{DAY, Order},
            parties,
            shared::SharingApi,
        },
        resource,
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// How long after it was shared something can be returned, in seconds. (documented)
const RETURNABLE: u64 = 180 * DAY;

/// A return as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::operations) struct Return {
    /// Its ID in the store.
    id: String,
    pub(in crate::operations) out_return_no: String,
    pub(in crate::operations) return_id: String,
    /// The ID of the request that shared it.
    sharing: String,
    /// The ID of the order.
    order: String,
    out_order_no: String,
    order_id: String,
    pub(in crate::operations) transaction_id: String,
    /// The order's total, in fen.
    pub(in crate::operations) total: u64,
    /// The merchant that gets it back.
    pub(in crate::operations) payee: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::operations) sub_mchid: Option<String>,
    api: SharingApi,
    /// The merchant that returns it.
    pub(in crate::operations) return_mchid: String,
    pub(in crate::operations) amount: u64,
    pub(in crate::operations) description: String,
    /// The fingerprint of the request.
    content: String,
    created: u64,
    /// When it is done, as long as it is `PROCESSING`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finished: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fail_reason: Option<FailReason>,
}

impl Return {
    /// When the money was back, if it is.
    pub(in crate::operations) fn succeeded(&self) -> Option<u64> {
        self.finished.filter(|_| self.fail_reason.is_none())
    }

    /// What the return and its queries answer.
    fn answer(&self) -> Value {
        let result = match (self.finished, self.fail_reason) {
            (None, _) => "PROCESSING",
            (Some(_), None) => "SUCCESS",
            (Some(_), Some(_)) => self.api.failed(),
        };
        let mut answer = json!({
            "amount": self.amount,
            "finish_time": time(self.finished),
            "order_id": self.order_id,
            "out_order_no": self.out_order_no,
            "out_return_no": self.out_return_no,
            "result": result,
            "return_mchid": self.return_mchid,
        });
        answer[self.api.return_number()] = self.return_id.as_str().into();
        if self.api == SharingApi::Ordinary {
            answer["create_time"] = time(Some(self.created)).into();
            answer["description"] = self.description.as_str().into();
        }
        if let Some(sub_mchid) = &self.sub_mchid {
            answer["sub_mchid"] = sub_mchid.as_str().into();
        }
        if let Some(reason) = self.fail_reason {
            answer["fail_reason"] = json!(reason);
        }
        answer
    }
}

/// `POST …/return-orders`.
pub(super) fn give_back(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check(context, request)?;
    let (api, body) = (SharingApi::of(request), request.body());
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let number = text(body, "out_return_no");
    let id = Order::id(&request.merchant().mchid, parties::payee(request), number);
    let content = content_of(request);
    if let Some(known) = read(&mut ledger, &id) {
        if known.content != content {
            return Err(OperationError::ReturnDifferent.into());
        }
        let mut response = OperationResponse::ok(known.answer());
        response.warnings.push(Warning::Repeated);
        return Ok(response);
    }
    let Some(mut sharing) = sharing_of(&mut ledger, request)? else {
        let names = ["order_id", "out_order_no"];
        return resource::sample_or(context, request, &names, OperationError::ReturnUnknown);
    };
    let (return_mchid, amount) = (text(body, "return_mchid"), body["amount"].as_u64().unwrap_or_default());
    check(&ledger, &sharing, return_mchid, amount)?;
    // What is being returned can't be returned again.
    let returned = sharing.returned.entry(return_mchid.into()).or_default();
    *returned = returned.saturating_add(amount);
    share::put(&mut ledger, &sharing);
    let now = ledger.now();
    let back = Return {
        id,
        out_return_no: number.into(),
        // A return's number has the same form as a sharing's. (own choice)
        return_id: numbers::dated("3000", (6, 11), now, context.randomness),
        sharing: sharing.id,
        order: sharing.order,
        out_order_no: sharing.out_order_no,
        order_id: sharing.order_id,
        transaction_id: sharing.transaction_id,
        total: sharing.total,
        payee: sharing.payee,
        sub_mchid: sharing.sub_mchid,
        api,
        return_mchid: return_mchid.into(),
        amount,
        description: text(body, "description").into(),
        content,
        created: now.as_unix(),
        due: Some(now.as_unix().saturating_add(context.payments.sharing_delay.as_secs())),
        finished: None,
        fail_reason: None,
    };
    put(&mut ledger, &back);
    if let Some(due) = back.due {
        ledger.documents.remind(Timestamp::from_unix(due), kind::RETURN, &back.id);
    }
    // The answer has the result, unless it takes a while. (documented)
    let back = settled(&mut ledger, back);
    Ok(OperationResponse::ok(back.answer()))
}

/// `GET …/return-orders`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let number = request.parameter("out_return_no");
    let id = Order::id(&request.merchant().mchid, parties::payee(request), number);
    let known = read(&mut Ledger::new(context, request.merchant(), documents), &id);
    let is_named = |known: &Return| {
        let is_same =
            |name: &str, value: &str| request.sent(name).is_none_or(|sent| sent.is_empty() || sent == value);
        is_same("out_order_no", &known.out_order_no) && is_same("order_id", &known.order_id)
    };
    SharingApi::of(request).check(known.as_ref().map(|known| known.api))?;
    match known.filter(is_named) {
        Some(known) => Ok(OperationResponse::ok(known.answer())),
        None => resource::sample_or(context, request, &["out_return_no"], OperationError::UnknownSharing),
    }
}

/// The request that shared what is to be returned.
///
/// # Errors
/// If no number names one, or two name different ones, or it is another sub-merchant's, or of the other API.
fn sharing_of(
    ledger: &mut Ledger<'_, '_>,
    request: &ValidRequest<'_>,
) -> Result<Option<Sharing>, OperationError> {
    let body = request.body();
    let sent = |name: &str| body[name].as_str().filter(|number| !number.is_empty());
    let by_number = sent("out_order_no").map(|number| {
        let id = Order::id(&ledger.merchant.mchid, parties::payee(request), number);
        share::read(ledger, &id)
    });
    let by_id = sent("order_id").map(|number| {
        let id: String = ledger.documents.get(kind::NUMBER, number)?;
        share::read(ledger, &id)
    });
    let found = match (by_number, by_id) {
        (None, None) => return Err(OperationError::ReturnWithoutOrder),
        (Some(one), Some(other)) if one.as_ref().map(|one| &one.id) != other.as_ref().map(|one| &one.id) => {
            return Err(OperationError::RefundOtherOrder);
        }
        (by_number, by_id) => by_id.flatten().or(by_number.flatten()),
    };
    let Some(found) = found else { return Ok(None) };
    check_sub_mchid(request, found.sub_mchid.as_deref())?;
    SharingApi::of(request).check(Some(found.api))?;
    Ok(Some(found))
}

/// # Errors
/// If this merchant can't return as much of what was shared.
fn check(
    ledger: &Ledger<'_, '_>,
    sharing: &Sharing,
    return_mchid: &str,
    amount: u64,
) -> Result<(), OperationError> {
    if sharing.is_processing() {
        return Err(sharing.api.too_early());
    }
    let left = sharing.returnable(return_mchid).ok_or(OperationError::ReturnOtherMerchant)?;
    if amount > left {
        return Err(OperationError::ReturnExceeds);
    }
    if sharing.created.saturating_add(RETURNABLE) < ledger.now().as_unix() {
        return Err(OperationError::ReturnTooLate);
    }
    Ok(())
}

/// The return with this ID, after what was due.
pub(super) fn read(ledger: &mut Ledger<'_, '_>, id: &str) -> Option<Return> {
    let back: Return = ledger.documents.get(kind::RETURN, id)?;
    Some(settled(ledger, back))
}

fn put(ledger: &mut Ledger<'_, '_>, back: &Return) {
    ledger.documents.put(kind::RETURN, &back.id, back);
}

/// The return after what was due: the money is the order's again, or stays where it is.
fn settled(ledger: &mut Ledger<'_, '_>, mut back: Return) -> Return {
    let Some(at) = back.due.filter(|at| *at <= ledger.now().as_unix()) else { return back };
    back.due = None;
    back.finished = Some(at);
    back.fail_reason = FailReason::of(&back.out_return_no, back.api);
    if back.fail_reason.is_some() {
        // It can be returned again, unless the mock had to forget what was shared.
        if let Some(mut sharing) = share::read(ledger, &back.sharing) {
            if let Some(returned) = sharing.returned.get_mut(&back.return_mchid) {
                *returned = returned.saturating_sub(back.amount);
            }
            share::put(ledger, &sharing);
        }
    } else {
        if let Some(mut order) = ledger.order(&back.order) {
            order.sharing.held = order.sharing.held.saturating_sub(back.amount);
            ledger.put(&order);
        }
        tell(ledger, &back, at);
    }
    put(ledger, &back);
    back
}

fn tell(ledger: &mut Ledger<'_, '_>, back: &Return, at: u64) {
    let notice = Notice {
        event: RETURNED,
        sub_mchid: back.sub_mchid.as_deref(),
        transaction_id: &back.transaction_id,
        numbers: (&back.return_id, &back.out_return_no),
        account: &back.return_mchid,
        amount: back.amount,
        description: &back.description,
        at,
    };
    notice.send(ledger);
}
