//! What a front end calls to let its user pay: `wx.requestPayment` and its like.

use std::{collections::HashMap, sync::Arc};

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wechatpay_diagnosis::{ParameterProblem, PayClient, PaySignDiagnosis};
use wechatpay_protocol::display::truncate;
use wechatpay_texts::phrase;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, LONGEST},
        exchanges::detail::DiagnosisDetail,
        extract::Body,
        json::Json,
        payment_requests::Record,
    },
    api::non_null::non_null,
    operations::payment::PayerAction,
    payer::{FrontEndError, FrontEndPayment, PaymentError, Said},
};

/// What a front end hands to the client, as it is, and what the user then does.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RequestedPayment {
    /// What opens the payment. Default: app if there is a partnerId, or a sign but no paySign; jsapi if there is an appId; or
    /// else mini-program.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(inline)]
    client: Option<Client>,
    /// What the user does.
    #[serde(default)]
    action: PayerAction,
    /// The user. Default: the one that was ordered for, or a new one.
    #[serde(default, deserialize_with = "non_null")]
    openid: Option<String>,
    #[serde(flatten)]
    parameters: HashMap<String, Value>,
}

/// What opens the payment.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Client {
    /// `WeixinJSBridge.invoke('getBrandWCPayRequest', …)`
    Jsapi,
    /// `wx.chooseWXPay(…)`
    JsSdk,
    /// `wx.requestPayment(…)`
    MiniProgram,
    /// `PayReq` of the SDK for apps.
    App,
}

/// The name of the call in its errMsg.
const CALL: &str = "requestPayment";

/// Why the user does not get to pay. If the body itself is wrong, there is only a message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaymentRefusal<'a> {
    /// What is wrong, and what to do.
    message: String,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    chinese: Option<String>,
    /// What `wx.requestPayment` or `wx.openBusinessView` fails with.
    #[serde(rename = "errMsg")]
    #[schema(required = false, pattern = "^(requestPayment|openBusinessView):fail ")]
    err_msg: String,
    /// What the user sees.
    #[schema(required = false)]
    shown: &'a str,
    /// What is wrong with the parameters or the paySign.
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<PaySignDetail<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PaySignDetail<'a> {
    /// The names of the mistakes, joined by +, and then those of hints.
    name: String,
    /// What is wrong with the parameters.
    parameters: Vec<ParameterDetail<'a>>,
    /// Why the paySign does not match, if it does not.
    #[schema(required)]
    signature: Option<DiagnosisDetail<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ParameterDetail<'a> {
    #[schema(pattern = "^(pay|view)(-[a-z0-9]+)+$")]
    name: &'static str,
    /// The parameter, as the client reads it.
    parameter: &'static str,
    expected: &'a str,
    found: &'a str,
    /// What the user sees, or what the call fails with.
    shown: &'a str,
    english: &'static str,
    chinese: &'static str,
}

/// Checks what a front end hands to the client as the client does, above all the paySign. If it is right, the user pays, or
/// does what else is wanted.
#[utoipa::path(
    post,
    path = "/__mock/request-payment",
    request_body(content = RequestedPayment, example = json!({
        "appId": "wxd678efh567hg6787",
        "timeStamp": "1756951532",
        "nonceStr": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
        "package": "prepay_id=wx1016345501300111d6ae05c06ccf790000",
        "signType": "RSA",
        "paySign": "oR9d8PuhnIc+YZ8cBHFCwfgpaK9gd7vaRvkYD7rthRAZ"
    })),
    responses(
        (status = 200, description = "The order as a query shows it, its merchant, and errMsg: requestPayment:ok, requestPayment:fail if the user can't pay, or requestPayment:fail cancel if the user does not.", body = Object),
        (status = 400, description = "The parameters or the paySign are wrong. Or the query, the headers or the body do not match this document.", body = PaymentRefusal),
        (status = 409, description = "The order can't be paid.", body = PaymentRefusal)
    )
)]
pub(super) async fn request_payment(
    State(control): State<Arc<Control>>,
    Body(requested): Body<RequestedPayment>,
) -> Result<Json, Result<(StatusCode, Json), AdminError>> {
    let may_be_js_sdk = requested.client.is_none() && requested.parameters.contains_key("timestamp");
    let payment = FrontEndPayment::from(requested);
    let action = payment.action;
    let Said { merchant, order, outcome } =
        control.on_thread(move |control, _| Some(control.payer.request(payment))).await.map_err(Err)?;
    let record = Record { control: &control, call: CALL, merchant, order };
    let is_done = |shown: &mut Value| {
        let err_msg = match action {
            PayerAction::Pay => "requestPayment:ok",
            PayerAction::Fail => "requestPayment:fail",
            PayerAction::Cancel | PayerAction::Start | PayerAction::Close => "requestPayment:fail cancel",
        };
        shown["errMsg"] = err_msg.into();
        err_msg.to_owned()
    };
    answer(record, outcome, may_be_js_sdk, is_done)
}

/// What a client says: what a query shows then, with the errMsg that `done` puts into it, or why the user does nothing.
pub(super) fn answer(
    record: Record<'_>,
    outcome: Result<Value, FrontEndError>,
    may_be_js_sdk: bool,
    done: impl FnOnce(&mut Value) -> String,
) -> Result<Json, Result<(StatusCode, Json), AdminError>> {
    let refuse = |status, refusal: &PaymentRefusal| Err(Ok((status, Json::of(refusal))));
    let call = record.call;
    match outcome {
        Ok(mut shown) => {
            record.said(done(&mut shown), None, None);
            Ok(Json::of(&shown))
        }
        Err(FrontEndError::Wrong(diagnosis)) => {
            let refusal = PaymentRefusal::wrong(call, &diagnosis, may_be_js_sdk);
            record.said(refusal.err_msg.clone(), Some(&refusal.message), refusal.chinese.as_deref());
            refuse(StatusCode::BAD_REQUEST, &refusal)
        }
        Err(FrontEndError::Payment(PaymentError::Refused { shown, reason })) => {
            let refusal = PaymentRefusal::new(call, shown, &reason.to_string());
            let [english, chinese] = [&reason.english, &reason.chinese].map(|text| truncate(text, LONGEST));
            record.said(refusal.err_msg.clone(), Some(&english), Some(&chinese));
            refuse(StatusCode::CONFLICT, &refusal)
        }
        Err(FrontEndError::Payment(error)) => Err(Err(error.into())),
    }
}

impl From<RequestedPayment> for FrontEndPayment {
    fn from(RequestedPayment { client, action, openid, parameters }: RequestedPayment) -> Self {
        let parameters = parameters.into_iter().collect();
        let client = match client {
            None => PayClient::of(&parameters),
            Some(Client::Jsapi) => PayClient::JsapiBridge,
            Some(Client::JsSdk) => PayClient::JsSdk,
            Some(Client::MiniProgram) => PayClient::MiniProgram,
            Some(Client::App) => PayClient::App,
        };
        Self { client, parameters, action, openid }
    }
}

impl<'a> PaymentRefusal<'a> {
    /// The refusal of a call with this name.
    pub(super) fn new(call: &str, shown: &'a str, message: &str) -> Self {
        let detail = shown.strip_prefix("requestPayment:fail ").unwrap_or(shown);
        let err_msg = format!("{call}:fail {detail}");
        let message = truncate(message, LONGEST).into_owned();
        Self { message, chinese: None, err_msg, shown, diagnosis: None }
    }

    /// `wx.chooseWXPay` has another name for `timeStamp` than all others.
    pub(super) fn wrong(call: &str, diagnosis: &'a PaySignDiagnosis, may_be_js_sdk: bool) -> Self {
        let (mut message, mut chinese) = (diagnosis.to_string(), diagnosis.chinese());
        if may_be_js_sdk {
            let hint = phrase!("; if this is for wx.chooseWXPay, add \"client\": \"js-sdk\"");
            message += hint.text();
            chinese += hint.chinese;
        }
        let chinese = truncate(&chinese, LONGEST).into_owned();
        Self {
            chinese: Some(chinese),
            diagnosis: Some(PaySignDetail {
                name: diagnosis.name(),
                parameters: diagnosis.parameters.iter().map(ParameterDetail::of).collect(),
                signature: diagnosis.signature.as_ref().map(DiagnosisDetail::of),
            }),
            ..Self::new(call, diagnosis.shown(), &message)
        }
    }
}

impl<'a> ParameterDetail<'a> {
    fn of(problem: &'a ParameterProblem) -> Self {
        let ParameterProblem { mistake, parameter, expected, found, shown } = problem;
        let known = mistake.known;
        Self {
            name: known.name,
            parameter,
            expected,
            found,
            shown,
            english: known.english,
            chinese: known.chinese,
        }
    }
}
