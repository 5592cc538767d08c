//! What a client needs to call the mock, for tests that cannot read its files: a merchant's credentials, and the
//! certificate authority for HTTPS.

use std::{pin::Pin, sync::Arc};

use axum::{Extension, extract::State, response::IntoResponse};
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use wechatpay_protocol::CredentialsFile;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        exchanges::MerchantQuery,
        extract::Query,
        json::Json,
    },
    merchants::Merchant,
};

/// The certificate authority that clients trust.
pub(crate) trait Ca: Send + Sync {
    /// Its certificate, PEM, or why there is none. Creates the authority if necessary.
    fn pem(&self) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>>;
}

/// credentials.json with the contents of the files instead of their names.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Credentials(CredentialsFile);

/// The same, possibly without the merchant's secrets.
#[derive(Serialize)]
#[serde(transparent)]
struct KnownCredentials(Value);

/// The fields that only a merchant and the gateway know.
const SECRETS: [(&str, &str); 2] = [
    ("merchant_key", "Its private key, PEM."),
    ("apiv3_key", "The APIv3 key, which both sides encrypt with."),
];

const REQUIRED: [(&str, &str); 3] = [
    ("mchid", "The merchant's mchid."),
    ("merchant_serial", "The serial number of its certificate."),
    ("merchant_certificate", "Its certificate, PEM."),
];

const OPTIONAL: [(&str, &str); 4] = [
    ("platform_serial", "The serial number of the platform certificate, if the merchant trusts it."),
    ("platform_certificate", "That certificate, PEM."),
    ("public_key_id", "The ID of the gateway's public key, if the merchant trusts it."),
    ("public_key", "That key, PEM."),
];

/// Shows a merchant's credentials: the first configured merchant's, or those of the given one.
///
/// With its private key and APIv3 key if it was created at run time or has the development merchant's keys. A configured
/// merchant's own secrets are never shown.
#[utoipa::path(
    get,
    path = "/__mock/credentials",
    params(MerchantQuery),
    responses((
        status = 200, description = "Its credentials, in the format of credentials.json.", body = KnownCredentials
    ))
)]
pub(super) async fn show_credentials(
    State(control): State<Arc<Control>>,
    Query(merchant): Query<MerchantQuery>,
) -> Result<Json, AdminError> {
    let merchant = merchant.known(&control)?;
    Ok(Json::of(&KnownCredentials::of(&merchant, &control)))
}

/// Shows the certificate authority that clients must trust to call the mock over HTTPS.
#[utoipa::path(
    get,
    path = "/__mock/ca.pem",
    responses(
        (
            status = 200,
            description = "Its certificate, PEM.",
            body = String,
            content_type = "application/pem-certificate-chain"
        ),
        (status = 500, description = "The authority cannot be read or created.", body = Error)
    )
)]
pub(super) async fn show_ca(Extension(ca): Extension<Arc<dyn Ca>>) -> Result<impl IntoResponse, AdminError> {
    let pem = ca.pem().await.map_err(AdminError::Authority)?;
    Ok(([(CONTENT_TYPE, "application/pem-certificate-chain")], pem))
}

impl Credentials {
    pub(super) fn of(credentials: &wechatpay_protocol::Credentials) -> Self {
        Self(credentials.to_inline())
    }
}

impl KnownCredentials {
    fn of(merchant: &Merchant, control: &Control) -> Self {
        let (merchants, now) = (&control.gateway.merchants, control.gateway.clock.now());
        let is_secret = merchants.is_configured(&merchant.mchid) && !merchant.has_development_keys();
        match merchants.credentials(merchant, now).ok().filter(|_| !is_secret) {
            Some(credentials) => Self(json!(credentials.to_inline())),
            None => {
                let mut known =
                    json!(merchants.credentials_with_key(merchant, String::new(), now).to_inline());
                if let Some(fields) = known.as_object_mut() {
                    fields.retain(|name, _| SECRETS.iter().all(|(secret, _)| name != secret));
                }
                Self(known)
            }
        }
    }
}

/// Written by hand, because `wechatpay-protocol` does not depend on utoipa.
fn schema(required: &[(&str, &str)], optional: &[(&str, &str)]) -> RefOr<Schema> {
    let string = |text: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(text));
    let all = required.iter().chain(optional);
    let object = all.fold(ObjectBuilder::new(), |object, (name, text)| object.property(*name, string(text)));
    required.iter().fold(object, |object, (name, _)| object.required(*name)).into()
}

impl ToSchema for Credentials {}

impl PartialSchema for Credentials {
    fn schema() -> RefOr<Schema> {
        schema(&[&REQUIRED[..], &SECRETS].concat(), &OPTIONAL)
    }
}

impl ToSchema for KnownCredentials {}

impl PartialSchema for KnownCredentials {
    fn schema() -> RefOr<Schema> {
        schema(&REQUIRED, &[&SECRETS[..], &OPTIONAL].concat())
    }
}
