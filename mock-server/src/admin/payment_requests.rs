//! What clients said to front ends: `requestPayment`, `openBusinessView` and `requestMerchantTransfer`.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wechatpay_protocol::Mchid;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        exchanges::MerchantQuery,
        extract::Query,
        long::Long,
    },
    journal::PaymentRequest,
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct AfterQuery {
    /// Only those with a number above this one.
    #[serde(deserialize_with = "crate::admin::exchanges::after")]
    #[param(example = 100)]
    after: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PaymentRequestPage<'a> {
    /// Oldest first.
    #[schema(max_items = 100)]
    payment_requests: Vec<PaymentRequestLine<'a>>,
    /// The value of after for the next call.
    last: u64,
}

/// What a client said to a front end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentRequest)]
pub(super) struct PaymentRequestLine<'a> {
    /// Counts those of a mock from 1.
    #[schema(minimum = 1)]
    number: u64,
    /// In Unix seconds of the mock's clock.
    at: u64,
    /// What the front end called.
    #[schema(pattern = "^(requestPayment|openBusinessView|requestMerchantTransfer)$")]
    call: &'static str,
    /// The merchant whose order it is, by mchid; null if the parameters lead to no merchant.
    #[schema(required, pattern = "^[0-9]{1,32}$")]
    merchant: Option<&'a str>,
    /// Whether errMsg is ok: everything was right, and the user did it.
    ok: bool,
    /// What the front end got.
    #[serde(rename = "errMsg")]
    #[schema(max_length = 513)]
    err_msg: &'a str,
    /// What is wrong, and what to do; null if nothing is.
    #[schema(required)]
    message: Option<&'a str>,
    /// The same in Chinese, if there is a diagnosis.
    #[schema(required)]
    chinese: Option<&'a str>,
    /// The merchant's number of the order, the transfer, the authorization or the service order, or the authorization_code of the
    /// permission; null if the parameters lead to none.
    #[schema(required, max_length = 129)]
    order: Option<&'a str>,
}

/// Lists what clients last said to front ends, oldest first: what request-payment, open-business-view and
/// request-merchant-transfer answered.
#[utoipa::path(get, path = "/__mock/payment-requests", params(MerchantQuery, AfterQuery), responses(
    (status = 200, description = "The last 100 at most. For the next ones, pass last as after.", body = PaymentRequestPage),
    (status = 503, description = "Too many responses wait to be read.", body = Error)
))]
pub(super) async fn list_payment_requests(
    State(control): State<Arc<Control>>,
    Query(MerchantQuery { merchant }): Query<MerchantQuery>,
    Query(AfterQuery { after }): Query<AfterQuery>,
) -> Result<Long, AdminError> {
    let (requests, last) =
        control.gateway.journal.payment_requests.after(merchant.as_ref(), after.unwrap_or_default());
    let payment_requests = requests.iter().map(|request| PaymentRequestLine::of(request)).collect();
    Long::of(&control, &PaymentRequestPage { payment_requests, last })
}

impl<'a> PaymentRequestLine<'a> {
    pub(super) fn of(request: &'a PaymentRequest) -> Self {
        Self {
            number: request.number,
            at: request.at.as_unix(),
            call: request.call,
            merchant: request.merchant.as_ref().map(Mchid::as_str),
            ok: request.err_msg.ends_with(":ok"),
            err_msg: &request.err_msg,
            message: request.message.as_deref(),
            chinese: request.chinese.as_deref(),
            order: request.order.as_deref(),
        }
    }
}

/// Records what a client says about an order.
pub(super) struct Record<'c> {
    pub(super) control: &'c Control,
    /// What the front end calls.
    pub(super) call: &'static str,
    pub(super) merchant: Option<Mchid>,
    pub(super) order: Option<String>,
}

impl Record<'_> {
    pub(super) fn said(self, err_msg: String, message: Option<&str>, chinese: Option<&str>) {
        let gateway = &self.control.gateway;
        gateway.journal.payment_requests.keep(PaymentRequest {
            number: 0,
            at: gateway.clock.now(),
            call: self.call,
            merchant: self.merchant,
            order: self.order,
            err_msg,
            message: message.map(str::to_owned),
            chinese: chinese.map(str::to_owned),
        });
    }
}
