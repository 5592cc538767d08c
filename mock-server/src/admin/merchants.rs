//! The merchants: those that are configured, and those that are created at run time for a test.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;
use wechatpay_protocol::{Mchid, display::quoted};

use crate::{
    admin::{
        control::{Control, NewMerchant},
        credentials::Credentials,
        error::{AdminError, Error},
        extract::{OptionalBody, Segment},
        json::{Deleted, Json},
        long::Long,
    },
    api::non_null::non_null,
    merchants::{Merchant, TrustMode},
    operations::seed::SeedMerchant,
};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MerchantOrder {
    /// Its mchid. Default: one that no other merchant has.
    #[serde(deserialize_with = "non_null")]
    #[schema(pattern = "^[0-9]{1,32}$")]
    mchid: Option<String>,
    trust: TrustMode,
    /// Whether to generate a private key and an APIv3 key, which takes up to a second. Otherwise it has the development
    /// merchant's.
    new_key: bool,
    /// Its initial state. Default: the documentation's sample card.
    #[serde(deserialize_with = "non_null")]
    seed: Option<SeedMerchant>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MerchantList {
    merchants: Vec<MerchantState>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Merchant)]
struct MerchantState {
    #[schema(pattern = "^[0-9]{1,32}$")]
    mchid: String,
    /// The serial number of its certificate.
    #[schema(pattern = "^[0-9A-F]+$")]
    serial_no: String,
    trust: TrustMode,
    /// Whether it was created at run time, and can be deleted.
    made: bool,
}

/// How long a call waits while keys are generated for other calls. (own choice)
const KEY_TIMEOUT: Duration = Duration::from_secs(60);

/// Lists the merchants, sorted by mchid.
#[utoipa::path(get, path = "/__mock/merchants", responses(
    (status = 200, description = "The merchants.", body = MerchantList),
    (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
))]
pub(super) async fn list_merchants(State(control): State<Arc<Control>>) -> Result<Long, AdminError> {
    let merchants = control.gateway.merchants.merchants();
    let merchants = merchants.iter().map(|merchant| MerchantState::of(merchant, &control)).collect();
    Long::of(&control, &MerchantList { merchants })
}

/// Creates a merchant for one test.
///
/// It shares no state, exchanges or fault rules with other merchants. It exists until it is deleted, or the mock is
/// reset or stops.
#[utoipa::path(
    post,
    path = "/__mock/merchants",
    request_body(content = Option<MerchantOrder>, example = json!({ "trust": "public-key" })),
    responses(
        (status = 201, description = "Its credentials, in the format of credentials.json.", body = Credentials),
        (status = 409, description = "The mchid is taken, or there are too many merchants.", body = Error),
        (status = 503, description = "The store can't be reached, or can't keep the merchant.", body = Error)
    )
)]
pub(super) async fn make_merchant(
    State(control): State<Arc<Control>>,
    OptionalBody(order): OptionalBody<MerchantOrder>,
) -> Result<(StatusCode, Json), AdminError> {
    let MerchantOrder { mchid, trust, new_key, seed } = order;
    let mchid = mchid.map(|mchid| mchid.parse::<Mchid>()).transpose();
    let mchid = mchid.map_err(|error| AdminError::Body(error.to_string()))?;
    let new = NewMerchant { mchid, trust, new_key, seed };
    // It is in memory until it is its turn.
    let size = new.seed.as_ref().map_or(0, SeedMerchant::size);
    let _room = control.room_for(size).map_err(|_| AdminError::KeysBusy)?;
    // One at a time: a new key keeps a core busy for up to a second.
    let _turn = if new_key {
        let turn = timeout(KEY_TIMEOUT, control.new_keys.acquire()).await;
        Some(turn.map_err(|_| AdminError::KeysBusy)?)
    } else {
        None
    };
    let made = control.on_thread(move |control, _| Some(control.make_merchant(new))).await;
    let credentials = made.map_err(|_| AdminError::KeysBusy)??;
    Ok((StatusCode::CREATED, Json::of(&Credentials::of(&credentials))))
}

/// Shows a merchant.
#[utoipa::path(
    get,
    path = "/__mock/merchants/{mchid}",
    params((
        "mchid" = String, Path, description = "The merchant's mchid.", pattern = "^[0-9]{1,32}$", example = "1900000001"
    )),
    responses((status = 200, description = "The merchant.", body = MerchantState))
)]
pub(super) async fn show_merchant(
    State(control): State<Arc<Control>>,
    Segment(mchid): Segment,
) -> Result<Json, AdminError> {
    let merchant = control.gateway.merchants.merchant(&mchid);
    let merchant = merchant.ok_or_else(|| AdminError::NoMerchant { found: quoted(&mchid) })?;
    Ok(Json::of(&MerchantState::of(&merchant, &control)))
}

/// Deletes a merchant that was created at run time, with all its data.
#[utoipa::path(
    delete,
    path = "/__mock/merchants/{mchid}",
    params((
        "mchid" = String, Path, description = "The merchant's mchid.", pattern = "^[0-9]{1,32}$", example = "1900000001"
    )),
    responses(
        (status = 200, description = "The merchant is deleted.", body = Deleted),
        (status = 409, description = "The merchant is configured.", body = Error)
    )
)]
pub(super) async fn delete_merchant(
    State(control): State<Arc<Control>>,
    Segment(mchid): Segment,
) -> Result<Json, AdminError> {
    let unknown = || AdminError::NoMerchant { found: quoted(&mchid) };
    let mchid: Mchid = mchid.parse().map_err(|_| unknown())?;
    if control.gateway.merchants.is_configured(&mchid) {
        return Err(AdminError::Configured { mchid });
    }
    if control.remove_merchant(&mchid)? { Ok(Json::of(&Deleted { deleted: 1 })) } else { Err(unknown()) }
}

impl MerchantState {
    fn of(merchant: &Merchant, control: &Control) -> Self {
        Self {
            mchid: merchant.mchid.to_string(),
            serial_no: merchant.serial_no().to_string(),
            trust: merchant.trust,
            made: !control.gateway.merchants.is_configured(&merchant.mchid),
        }
    }
}
