//! What a front end calls to open a page of pay score: `wx.openBusinessView` and its like.

use std::{collections::HashMap, sync::Arc};

use axum::extract::State;
use http::StatusCode;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wechatpay_diagnosis::BusinessView;
use wechatpay_texts::phrase;

use crate::{
    admin::{
        control::Control,
        error::AdminError,
        extract::{Body, only},
        json::Json,
        payment_requests::Record,
        request_payment::{PaymentRefusal, answer},
    },
    api::non_null::non_null,
    operations::pay_score::ServiceAction,
    payer::{OpenedView, Said},
};

/// What a front end hands to `openBusinessView`, as it is, and what the user then does. The parameters are in extraData, or in
/// queryString.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenedBusinessView {
    /// The page.
    #[serde(rename = "businessType")]
    business_type: BusinessType,
    /// What a mini program hands over.
    #[serde(rename = "extraData", default, deserialize_with = "non_null")]
    #[schema(value_type = Option<Object>)]
    extra_data: Option<HashMap<String, Value>>,
    /// What a page or an app hands over.
    #[serde(rename = "queryString", default, deserialize_with = "non_null")]
    query_string: Option<String>,
    /// What the user does. Default: confirms the order, or opens the service; of wxpayScoreDetail, looks at the order.
    #[serde(default, deserialize_with = "non_null")]
    action: Option<ServiceAction>,
    /// The user. Default: the one that was ordered for, or a new one.
    #[serde(default, deserialize_with = "non_null")]
    openid: Option<String>,
}

/// The page.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::enum_variant_names, reason = "these are the names that a front end uses")]
enum BusinessType {
    /// The user confirms an order.
    WxpayScoreUse,
    /// The user looks at an order, and pays it.
    WxpayScoreDetail,
    /// The user opens a service.
    WxpayScoreEnable,
}

/// The name of the call in its errMsg.
const CALL: &str = "openBusinessView";

/// Checks what a front end hands to openBusinessView as the client does it, above all the sign. If it is right, the user
/// confirms, or does what else is wanted.
#[utoipa::path(
    post,
    path = "/__mock/open-business-view",
    request_body(content = OpenedBusinessView, example = json!({
        "businessType": "wxpayScoreUse",
        "extraData": {
            "mch_id": "1900000001",
            "package": "DJIOSQPYWDxsjdldeuwhdodwxasddDiodnwjh9we",
            "timestamp": "1756951532",
            "nonce_str": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
            "sign_type": "HMAC-SHA256",
            "sign": "029B52F67573D7E3BE74904BF9AEA029B52F67573D7E3BE74904BF9AEA029B52"
        }
    })),
    responses(
        (status = 200, description = "The order or the permission as a query shows it, its merchant, errMsg, and in extraData the query_id with which the front end asks for the order.", body = Object),
        (status = 400, description = "The parameters or the sign are wrong. Or the query, the headers or the body do not match this document.", body = PaymentRefusal),
        (status = 409, description = "The order is in another state, or the token of the permission is too old.", body = PaymentRefusal)
    )
)]
pub(super) async fn open_business_view(
    State(control): State<Arc<Control>>,
    Body(opened): Body<OpenedBusinessView>,
) -> Result<Json, Result<(StatusCode, Json), AdminError>> {
    let opened = opened.opened().map_err(Err)?;
    let fails = opened.action == Some(ServiceAction::Fail);
    let Said { merchant, order, outcome } =
        control.on_thread(move |control, _| Some(control.payer.open_view(opened))).await.map_err(Err)?;
    let record = Record { control: &control, call: CALL, merchant, order };
    answer(record, outcome, false, |shown| {
        let err_msg = format!("{CALL}:{}", if fails { "fail cancel" } else { "ok" });
        shown["errMsg"] = err_msg.as_str().into();
        err_msg
    })
}

impl OpenedBusinessView {
    fn opened(self) -> Result<OpenedView, AdminError> {
        let view = match self.business_type {
            BusinessType::WxpayScoreUse => BusinessView::Use,
            BusinessType::WxpayScoreDetail => BusinessView::Detail,
            BusinessType::WxpayScoreEnable => BusinessView::Enable,
        };
        let data = self.extra_data.map(|data| data.into_iter().collect());
        let parameters =
            only([data, self.query_string.as_deref().map(pairs)], phrase!("extraData and queryString"))?;
        Ok(OpenedView { view, parameters, action: self.action, openid: self.openid })
    }
}

/// The pairs of a query.
fn pairs(query: &str) -> Map<String, Value> {
    let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    pairs.map(|(name, value)| (decoded(name), decoded(value).into())).collect()
}
