//! QR codes, for a page that shows a `code_url`.

use qrcode::{Color, QrCode};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use wechatpay_texts::{phrase, text};

use crate::admin::{
    error::AdminError,
    extract::{Query, parameter},
    json::Json,
};

/// The most bytes of a text: a `code_url` may have. (own choice)
const LONGEST: usize = 512;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct QrQuery {
    /// What the code says, 1 to 512 bytes.
    #[serde(deserialize_with = "text")]
    #[param(value_type = String, required, min_length = 1, max_length = 512, example = "weixin://wxpay/bizpayurl?pr=IcXgoEAzz")]
    text: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Qr {
    /// The number of rows, and of modules in a row.
    #[schema(minimum = 21, maximum = 177)]
    size: usize,
    /// From top to bottom, 1 for each dark module and 0 for each light one. The margin of four light modules around it, which a
    /// code needs, is not in it.
    rows: Vec<String>,
}

/// Shows a text as a QR code, of error correction M.
#[utoipa::path(
    get,
    path = "/__mock/qr",
    params(QrQuery),
    responses((status = 200, description = "The modules of the code.", body = Qr))
)]
pub(super) async fn show_qr(Query(QrQuery { text }): Query<QrQuery>) -> Result<Json, AdminError> {
    let refused =
        |what: String| AdminError::Query(text!("text: expected 1 to {LONGEST} bytes, found {what}"));
    let text = text.ok_or_else(|| refused(phrase!("none").to_string()))?;
    // Any such text fits.
    let code = QrCode::new(&text).map_err(|error| refused(error.to_string()))?;
    let dark = |module: &Color| if *module == Color::Dark { '1' } else { '0' };
    let size = code.width();
    let rows = code.to_colors().chunks(size).map(|row| row.iter().map(dark).collect()).collect();
    Ok(Json::of(&Qr { size, rows }))
}

fn text<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    let is_right = |text: &str| (1..=LONGEST).contains(&text.len());
    parameter(text, phrase!("1 to 512 bytes"), |text| is_right(text).then(|| text.into()))
}
