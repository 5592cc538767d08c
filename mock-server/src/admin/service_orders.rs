//! The user of pay score: what happens to a service order or a permission.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use wechatpay_texts::phrase;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        extract::{Body, only},
        json::Json,
    },
    api::non_null::non_null,
    operations::pay_score::{ServiceAction, ServiceTarget},
    payer::ServiceOrderCall,
};

/// What a user does with a service order. One of out_order_no, authorization_code,
/// package and apply_permissions_token names it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewServiceAction {
    /// The number of a service order.
    #[serde(deserialize_with = "non_null")]
    #[schema(example = "1234323JKHDFE1243252")]
    out_order_no: Option<String>,
    /// The code of a permission, whose service the user opens.
    #[serde(deserialize_with = "non_null")]
    authorization_code: Option<String>,
    /// What a front end opens the page of a service order with.
    #[serde(deserialize_with = "non_null")]
    package: Option<String>,
    /// What a front end opens the page of a permission with.
    #[serde(deserialize_with = "non_null")]
    apply_permissions_token: Option<String>,
    /// What the user does: confirms the order, or opens the service; pays what is completed; or leaves it as it is. Default:
    /// pays an order that is completed, confirms everything else.
    #[serde(deserialize_with = "non_null")]
    action: Option<ServiceAction>,
    /// The merchant whose order it is, by mchid. Default: the one that has such an order.
    #[serde(deserialize_with = "non_null")]
    #[schema(value_type = Option<String>, pattern = "^[0-9]{1,32}$")]
    merchant: Option<String>,
    /// The user. Default: the one that was ordered for, or a new one.
    #[serde(deserialize_with = "non_null")]
    openid: Option<String>,
}

/// Does what a user does with a service order or a permission. Its callback is sent as the gateway sends it.
#[utoipa::path(
    post,
    path = "/__mock/service-orders",
    request_body(content = NewServiceAction, example = json!({ "out_order_no": "1234323JKHDFE1243252", "action": "confirm" })),
    responses(
        (status = 200, description = "The service order or the permission as a query shows it, and its merchant.", body = Object),
        (status = 404, description = "There is no such order or permission, or no such merchant.", body = Error),
        (status = 409, description = "The order is in another state; the message also has what the user sees. Or several merchants have such an order.", body = Error)
    )
)]
pub(super) async fn act(
    State(control): State<Arc<Control>>,
    Body(action): Body<NewServiceAction>,
) -> Result<Json, AdminError> {
    let call = action.named()?;
    let shown: Value = control.payer.act_on_service(&call)?;
    Ok(Json::of(&shown))
}

impl NewServiceAction {
    fn named(self) -> Result<ServiceOrderCall, AdminError> {
        let names = [
            self.out_order_no.map(ServiceTarget::OutOrderNo),
            self.authorization_code.map(ServiceTarget::AuthorizationCode),
            self.package.map(ServiceTarget::Package),
            self.apply_permissions_token.map(ServiceTarget::ApplyPermissionsToken),
        ];
        let target =
            only(names, phrase!("out_order_no, authorization_code, package and apply_permissions_token"))?;
        Ok(ServiceOrderCall { target, action: self.action, merchant: self.merchant, openid: self.openid })
    }
}
