//! Merchants: those that there are, and those that are made for a test.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use wechatpay_protocol::Mchid;

use crate::{
    admin::{
        answer::{Answer, Deleted},
        call::Call,
        control::{Control, NewMerchant},
        refusal::{Refusal, quoted},
    },
    merchants::{Merchant, TrustMode},
    non_null::present,
    operations::seed::SeedMerchant,
};

/// How a merchant shall be.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MerchantOrder {
    #[serde(deserialize_with = "present")]
    mchid: Option<String>,
    trust: TrustMode,
    new_key: bool,
    #[serde(deserialize_with = "present")]
    seed: Option<SeedMerchant>,
}

#[derive(Debug, Serialize)]
struct MerchantList {
    merchants: Vec<MerchantState>,
}

#[derive(Debug, Serialize)]
struct MerchantState {
    mchid: String,
    serial_no: String,
    trust: String,
    made: bool,
}

/// How long somebody waits whose new key is to be made after those of others. (own choice)
const TURN: Duration = Duration::from_secs(60);

/// `GET /__mock/merchants`
pub(super) fn list(call: &Call<'_>) -> Answer {
    let merchants = call.control.gateway.merchants.merchants();
    let states = merchants.iter().map(|merchant| MerchantState::of(merchant, call.control));
    Answer::ok(&MerchantList { merchants: states.collect() })
}

/// `POST /__mock/merchants`
pub(super) async fn make(call: &Call<'_>) -> Result<Answer, Refusal> {
    let MerchantOrder { mchid, trust, new_key, seed } = call.body_if_any()?;
    let malformed = |error| Refusal::Body(format!("{error}"));
    let mchid = mchid.map(|mchid| mchid.parse::<Mchid>()).transpose().map_err(malformed)?;
    let new = NewMerchant { mchid, trust, new_key, seed };
    // One at a time: a new key keeps a core busy for up to a second.
    let _turn = if new_key {
        let turn = timeout(TURN, call.control.new_keys.acquire()).await;
        Some(turn.map_err(|_| Refusal::NoTurn)?)
    } else {
        None
    };
    let credentials = call.apart(move |control| control.make_merchant(new)).await?;
    Ok(Answer::json(StatusCode::CREATED, &credentials.to_inline()))
}

/// `GET /__mock/merchants/{mchid}`
pub(super) fn show(call: &Call<'_>) -> Result<Answer, Refusal> {
    let merchant = call.control.gateway.merchants.merchant(call.value).ok_or_else(|| unknown(call))?;
    Ok(Answer::ok(&MerchantState::of(&merchant, call.control)))
}

/// `DELETE /__mock/merchants/{mchid}`
pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mchid: Mchid = call.value.parse().map_err(|_| unknown(call))?;
    if call.control.gateway.merchants.is_configured(&mchid) {
        return Err(Refusal::Configured { mchid });
    }
    if call.control.remove_merchant(&mchid) {
        Ok(Answer::ok(&Deleted { deleted: 1 }))
    } else {
        Err(unknown(call))
    }
}

impl MerchantState {
    fn of(merchant: &Merchant, control: &Control) -> Self {
        Self {
            mchid: merchant.mchid.to_string(),
            serial_no: merchant.serial_no().to_string(),
            trust: merchant.trust.to_string(),
            made: !control.gateway.merchants.is_configured(&merchant.mchid),
        }
    }
}

fn unknown(call: &Call<'_>) -> Refusal {
    Refusal::NoMerchant { found: quoted(call.value) }
}
