//! What a client needs to call the mock, for tests that cannot read its files: a merchant's credentials, and the
//! certificate authority for HTTPS.

use std::{path::Path, pin::Pin, sync::Arc};

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use wechatpay_protocol::CredentialsFile;
use wechatpay_texts::phrase;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        exchanges::MerchantQuery,
        extract::{Query, parameter},
        json::Json,
    },
    merchants::{
        Merchant,
        credentials_dir::{credentials_env, export_lines},
    },
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

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct FormatQuery {
    /// json, or env for export lines of a POSIX shell, which name the files relative to the current folder. Default: json.
    #[serde(deserialize_with = "format")]
    #[param(inline, example = "env")]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    Json,
    Env,
}

/// Shows a merchant's credentials: the first configured merchant's, or those of the given one.
///
/// With its private key and APIv3 key if it was created at run time or has the development merchant's keys. A configured
/// merchant's own secrets are never shown.
#[utoipa::path(
    get,
    path = "/__mock/credentials",
    params(MerchantQuery, FormatQuery),
    responses((
        status = 200,
        description = "Its credentials, in the format of credentials.json, or as the file env that wechatpay-mock keys writes.",
        content((KnownCredentials = "application/json"), (String = "text/plain"))
    ))
)]
pub(super) async fn show_credentials(
    State(control): State<Arc<Control>>,
    Query(merchant): Query<MerchantQuery>,
    Query(FormatQuery { format }): Query<FormatQuery>,
) -> Result<Response, AdminError> {
    let merchant = merchant.known(&control)?;
    let (known, has_secrets) = known(&merchant, &control);
    if format != Some(Format::Env) {
        return Ok(Json::of(&KnownCredentials::of(&known, has_secrets)).into_response());
    }
    let is_secret = |variable: &str| {
        SECRETS.iter().any(|(secret, _)| variable == format!("WECHATPAY_{}", secret.to_uppercase()))
    };
    let mut variables = credentials_env(&known, Path::new(""));
    variables.retain(|(name, _)| has_secrets || !is_secret(name));
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], export_lines(variables)).into_response())
}

fn format<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Format>, D::Error> {
    parameter(text, phrase!("json or env"), |text| match text {
        "json" => Some(Format::Json),
        "env" => Some(Format::Env),
        _ => None,
    })
}

/// A merchant's credentials, and whether they have its secrets: these may not be shown, or the mock does not have them.
fn known(merchant: &Merchant, control: &Control) -> (wechatpay_protocol::Credentials, bool) {
    let (merchants, now) = (&control.gateway.merchants, control.gateway.clock.now());
    let is_secret = merchants.is_configured(&merchant.mchid) && !merchant.has_development_keys();
    match merchants.credentials(merchant, now).ok().filter(|_| !is_secret) {
        Some(credentials) => (credentials, true),
        None => (merchants.credentials_with_key(merchant, String::new(), now), false),
    }
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
        (status = 503, description = "The authority in the folder of --ca-dir can't be used; the message says what to do.", body = Error)
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
    fn of(known: &wechatpay_protocol::Credentials, has_secrets: bool) -> Self {
        let mut known = json!(known.to_inline());
        if let Some(fields) = known.as_object_mut() {
            fields.retain(|name, _| has_secrets || SECRETS.iter().all(|(secret, _)| name != secret));
        }
        Self(known)
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
