//! `GET …/cards/{card_id}/codes/{code}`: the member's card, as it is stored.

use serde_json::json;

use super::Outcome;
use crate::{gateway::Gateway, rejection::Rejection, stages::validate::ValidRequest, state::MemberId};

pub(super) fn show(gateway: &Gateway, request: &ValidRequest) -> Result<Outcome, Rejection> {
    let id = MemberId { card_id: request.parameter("card_id"), code: request.parameter("code") };
    let member = request.merchant().ledger.member(id, gateway.policies.unknown_card);
    let mut body = json!(member.map_err(Rejection::Business)?.card(id.code));
    body["card_id"] = id.card_id.into();
    Ok(Outcome::ok(body))
}
