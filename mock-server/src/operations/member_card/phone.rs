//! Members who are known by a phone number only.

use serde_json::{Value, json};
use wechatpay_protocol::WECHATPAY_SERIAL;

use super::{Member, card, kind, member_key};
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{Context, example, seed::CardStatus},
    policies::UnknownCard,
    request::validate::ValidRequest,
    response::{Content, OperationResponse},
    store::Documents,
};

/// The kind of the documents that lead from a phone number to a code. The ID is that of a member's card, with the phone
/// number as code.
pub(super) const KIND: &str = "member_phone";

/// Remembers the code of the member with this phone number.
pub(super) fn remember(documents: &mut Documents<'_>, card_id: &str, phone_number: &str, code: &str) {
    documents.put(KIND, &member_key(card_id, phone_number), &code);
}

/// `POST …/phonenumber-member/import`: reminds a member to receive the card.
pub(super) fn import(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let information = &request.body()["member_information"];
    let card_id = text(&information["card_id"]);
    card(documents, &card_id, context.policies.unknown_card)?;
    let phone_number = text(&request.plain()["encrypted_phone_number"]);
    remember(documents, &card_id, &phone_number, &text(&information["code"]));
    Ok(OperationResponse::no_content(Vec::new()))
}

/// `GET …/phonenumber-member/search`: whether the member has received the card.
pub(super) fn search(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let (merchant, card_id) = (request.merchant(), request.parameter("card_id"));
    card(documents, card_id, context.policies.unknown_card)?;
    let serial = request.header(&WECHATPAY_SERIAL);
    let key = context.merchants.encryption_key(merchant, serial, context.now).map_err(ApiError::Sensitive)?;
    let encrypted = request.parameter("encrypted_phone_number");
    let phone_number = context.merchants.decrypt(merchant, key, encrypted).map_err(ApiError::Sensitive)?;

    let code: Option<String> = documents.get(KIND, &member_key(card_id, &phone_number));
    let Some(code) = code else {
        return match context.policies.unknown_card {
            UnknownCard::Create => example::answer(context, request, documents),
            UnknownCard::Reject => Err(OperationError::UnknownCode.into()),
        };
    };
    let member: Option<Member> = documents.get(kind::MEMBER, &member_key(card_id, &code));
    let member = member.filter(|member| member.card.user_card_status == CardStatus::Effective);
    let Some(member) = member else {
        return Ok(OperationResponse::ok(json!({ "receive_status": "UNRECEIVED" })));
    };
    let mut response = example::answer(context, request, documents)?;
    if let Content::Json(body) = &mut response.body {
        body["receive_status"] = "RECEIVED".into();
        body["user_card_information"]["code"] = code.into();
        body["user_card_information"]["card_id"] = card_id.into();
        if let Some(openid) = member.card.openid {
            body["user_card_information"]["openid"] = openid.into();
        }
    }
    Ok(response)
}
