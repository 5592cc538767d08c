//! The user of a transfer: confirms or declines it, also from a front end.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wechatpay_protocol::display::truncate;
use wechatpay_texts::{phrase, text};

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error, LONGEST},
        extract::Body,
        json::Json,
        payment_requests::Record,
    },
    api::non_null::non_null,
    operations::transfer::{TransferAction, TransferName},
    payer::{Confirmation, PaymentError, RequestTransferError, Said},
};

/// What a user does with a transfer, or with an authorization of transfers. One of out_bill_no and out_authorization_no names it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewConfirmation {
    /// The merchant's number of a transfer.
    #[serde(deserialize_with = "non_null")]
    #[schema(example = "plfk2020042013")]
    out_bill_no: Option<String>,
    /// The merchant's number of an authorization.
    #[serde(deserialize_with = "non_null")]
    out_authorization_no: Option<String>,
    /// What the user does. An authorization that was confirmed is taken back by declining it.
    action: TransferAction,
    /// The merchant whose transfer it is, by mchid. Default: the one that has such a transfer.
    #[serde(deserialize_with = "non_null")]
    #[schema(value_type = Option<String>, pattern = "^[0-9]{1,32}$")]
    merchant: Option<String>,
    /// The user's real name. A transfer that names another fails with NAME_NOT_CORRECT. Default: the one in the transfer.
    #[serde(deserialize_with = "non_null")]
    user_name: Option<String>,
}

/// Does what a user does with a transfer, or with an authorization. Its callback is sent as the gateway sends it.
#[utoipa::path(
    post,
    path = "/__mock/transfers",
    request_body(content = NewConfirmation, example = json!({ "out_bill_no": "plfk2020042013" })),
    responses(
        (status = 200, description = "The transfer or the authorization as a query shows it, and its merchant.", body = Object),
        (status = 404, description = "There is no such transfer or authorization, or no such merchant.", body = Error),
        (status = 409, description = "It is in a state in which there is nothing to confirm or to decline. Or several merchants have such a transfer.", body = Error)
    )
)]
pub(super) async fn confirm(
    State(control): State<Arc<Control>>,
    Body(confirmation): Body<NewConfirmation>,
) -> Result<Json, AdminError> {
    let confirmation = confirmation.named()?;
    let shown: Value = control.payer.confirm(&confirmation)?;
    Ok(Json::of(&shown))
}

impl NewConfirmation {
    fn named(self) -> Result<Confirmation, AdminError> {
        let Self { out_bill_no, out_authorization_no, action, merchant, user_name } = self;
        let transfer = match (out_bill_no, out_authorization_no) {
            (Some(number), None) => TransferName::OutBillNo(number),
            (None, Some(number)) => TransferName::OutAuthorizationNo(number),
            (first, _) => {
                let found = if first.is_none() { phrase!("none") } else { phrase!("both") };
                let names = phrase!("out_bill_no and out_authorization_no");
                return Err(AdminError::Body(text!("the body: expected one of {names}, found {found}")));
            }
        };
        Ok(Confirmation { transfer, action, merchant, user_name })
    }
}

/// What a front end hands to wx.requestMerchantTransfer, as it is, and what the user then does.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RequestedTransfer {
    /// What the user does.
    #[serde(default)]
    action: TransferAction,
    /// The user's real name. A transfer that names another fails with NAME_NOT_CORRECT. Default: the one in the transfer.
    #[serde(default, deserialize_with = "non_null")]
    user_name: Option<String>,
    #[serde(flatten)]
    parameters: Map<String, Value>,
}

/// Why the user is not asked. If the body itself is wrong, there is only a message.
#[derive(Debug, Serialize, ToSchema)]
struct TransferRefusal {
    /// What is wrong, and what to do.
    message: String,
    /// What `wx.requestMerchantTransfer` fails with.
    #[serde(rename = "errMsg")]
    #[schema(required = false, pattern = "^requestMerchantTransfer:fail ")]
    err_msg: String,
}

/// Checks what a front end hands to the client, as the client does: mchId, appId and package. If it is right, the user confirms,
/// or declines.
#[utoipa::path(
    post,
    path = "/__mock/request-merchant-transfer",
    request_body(content = RequestedTransfer, example = json!({
        "mchId": "1900000001",
        "appId": "wxd678efh567hg6787",
        "package": "ABBQO+oYAAABAAAAAACqjW7RAQIDBA=="
    })),
    responses(
        (status = 200, description = "The transfer as a query shows it, its merchant, and errMsg: requestMerchantTransfer:ok, or requestMerchantTransfer:cancel if the user declines.", body = Object),
        (status = 400, description = "The parameters are wrong. Or the query, the headers or the body do not match this document.", body = TransferRefusal),
        (status = 409, description = "There is nothing to confirm.", body = TransferRefusal)
    )
)]
pub(super) async fn request_merchant_transfer(
    State(control): State<Arc<Control>>,
    Body(requested): Body<RequestedTransfer>,
) -> Result<Json, Result<(StatusCode, Json), AdminError>> {
    let RequestedTransfer { action, user_name, parameters } = requested;
    let Said { merchant, order, outcome } = control.payer.request_transfer(&parameters, action, user_name);
    let record = Record { control: &control, call: CALL, merchant, order };
    let (status, reason) = match outcome {
        Ok(mut shown) => {
            let end = match action {
                TransferAction::Confirm => "ok",
                TransferAction::Decline => "cancel",
            };
            let err_msg = format!("{CALL}:{end}");
            shown["errMsg"] = err_msg.as_str().into();
            record.said(err_msg, None, None);
            return Ok(Json::of(&shown));
        }
        Err(RequestTransferError::Wrong(reason)) => (StatusCode::BAD_REQUEST, reason),
        Err(RequestTransferError::Payment(PaymentError::Refused { reason, .. })) => {
            (StatusCode::CONFLICT, reason)
        }
        Err(RequestTransferError::Payment(error)) => return Err(Err(error.into())),
    };
    let [english, chinese] = [&reason.english, &reason.chinese].map(|text| truncate(text, LONGEST));
    let message = truncate(&reason.to_string(), LONGEST).into_owned();
    let err_msg = format!("{CALL}:fail {message}");
    record.said(err_msg.clone(), Some(&english), Some(&chinese));
    Err(Ok((status, Json::of(&TransferRefusal { message, err_msg }))))
}

/// The name of the call in its errMsg.
const CALL: &str = "requestMerchantTransfer";
