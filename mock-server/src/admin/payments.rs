//! The payer: what a user does with an order.

use std::sync::Arc;

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wechatpay_protocol::display::truncate;
use wechatpay_texts::phrase;

use crate::{
    admin::{
        Origin,
        control::{Control, Stop},
        error::{AdminError, Error},
        exchanges::MerchantQuery,
        extract::{Body, Query, only},
        json::Json,
        long::Long,
    },
    api::{host::H5_HOST, non_null::non_null},
    operations::{
        payment::{OrderName, PayerAction},
        waiting::Waiting,
    },
    payer::Payment,
};

/// What a payer does with an order. One of out_trade_no, prepay_id, code_url and h5_url names it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewPayment {
    /// The number of an order, or of a combined one.
    #[serde(deserialize_with = "non_null")]
    #[schema(example = "1217752501201407033233368018")]
    out_trade_no: Option<String>,
    /// What a front end pays with.
    #[serde(deserialize_with = "non_null")]
    prepay_id: Option<String>,
    /// The text of a code that the user scans.
    #[serde(deserialize_with = "non_null")]
    code_url: Option<String>,
    /// The address of the page on which a browser pays.
    #[serde(deserialize_with = "non_null")]
    h5_url: Option<String>,
    /// What the payer does: pays, leaves, tries to pay without enough money, begins to pay (the user of a code is asked for
    /// the password), or lets the order be closed.
    action: PayerAction,
    /// The merchant whose order it is, by mchid. Default: the one that has such an order.
    #[serde(deserialize_with = "non_null")]
    #[schema(value_type = Option<String>, pattern = "^[0-9]{1,32}$")]
    merchant: Option<String>,
    /// The user. Default: the one that was ordered for, or a new one.
    #[serde(deserialize_with = "non_null")]
    openid: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WaitingList {
    /// The newest first.
    #[schema(max_items = 100)]
    payments: Vec<Waiting>,
}

/// The most characters of a description. (own choice)
const LONGEST_DESCRIPTION: usize = 256;

/// Lists what waits for its user, the newest first: orders that can be paid, transfers to confirm, and so on.
///
/// Only the newest 2,000 orders, transfers and so on of all merchants are looked at, of each merchant equally many.
#[utoipa::path(get, path = "/__mock/payments", params(MerchantQuery), responses(
    (status = 200, description = "At most 100.", body = WaitingList),
    (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
))]
pub(super) async fn list_payments(
    State(control): State<Arc<Control>>,
    Extension(Origin(origin)): Extension<Origin>,
    Query(MerchantQuery { merchant }): Query<MerchantQuery>,
) -> Result<Long, AdminError> {
    let waiting =
        move |control: &Control, stop: &Stop| control.payer.waiting(merchant.as_ref(), || stop.is_set());
    let mut payments = control.on_thread(waiting).await??;
    let origin = origin.unwrap_or_else(|| format!("https://{H5_HOST}"));
    for one in &mut payments {
        one.h5_url = one.h5_url.take().map(|target| format!("{origin}{target}"));
        one.description = truncate(&one.description, LONGEST_DESCRIPTION).into_owned();
    }
    Long::of(&control, &WaitingList { payments })
}

/// Does what a payer does with an order. Its callback is sent as the gateway sends it.
#[utoipa::path(
    post,
    path = "/__mock/payments",
    request_body(content = NewPayment, example = json!({ "out_trade_no": "1217752501201407033233368018" })),
    responses(
        (status = 200, description = "The order as a query shows it, and its merchant.", body = Object),
        (status = 404, description = "There is no such order, or no such merchant.", body = Error),
        (status = 409, description = "The order can't be paid; the message also has what the user sees. Or several merchants have such an order.", body = Error)
    )
)]
pub(super) async fn pay(
    State(control): State<Arc<Control>>,
    Body(payment): Body<NewPayment>,
) -> Result<Json, AdminError> {
    let payment = payment.named()?;
    let shown: Value = control.payer.act(&payment)?;
    Ok(Json::of(&shown))
}

impl NewPayment {
    fn named(self) -> Result<Payment, AdminError> {
        let names = [
            self.out_trade_no.map(OrderName::OutTradeNo),
            self.prepay_id.map(OrderName::PrepayId),
            self.code_url.map(OrderName::CodeUrl),
            self.h5_url.map(OrderName::H5Url),
        ];
        let order = only(names, phrase!("out_trade_no, prepay_id, code_url and h5_url"))?;
        Ok(Payment { order, action: self.action, merchant: self.merchant, openid: self.openid })
    }
}
