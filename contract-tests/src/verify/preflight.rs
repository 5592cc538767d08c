//! One call before all others, so that a wrong address or wrong keys are one clear error, not a failure of every case.

use http::StatusCode;
use wechatpay_protocol::{Credentials, WECHATPAY_SERIAL};

use super::Ground;
use crate::{
    case::{CaseRequest, MadeRequest},
    run::{Caller, Sent},
    sign::Sign,
};

/// The call: it changes nothing, and every merchant may make it.
const TARGET: &str = "/v3/certificates";

/// Why it makes no sense to run any case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    /// There is no answer to be had.
    #[error("expected an answer of {url} to GET {TARGET}, found {found}; is the server running there?")]
    Unreachable {
        /// The server.
        url: String,
        /// What there was.
        found: String,
    },
    /// The server does not take the merchant's signature.
    #[error(
        "{url} does not take the signature of merchant {mchid}, certificate {serial_no}: {answer}; are these the \
         credentials of a merchant that it knows?"
    )]
    Refused {
        /// The server.
        url: String,
        /// The merchant.
        mchid: String,
        /// The merchant's certificate.
        serial_no: String,
        /// What the server said.
        answer: String,
    },
    /// The server signs with a key that the merchant does not know.
    #[error(
        "{url} signs with the key {found}, but the credentials have {known}; are they those of another gateway?"
    )]
    UnknownKey {
        /// The server.
        url: String,
        /// The key that it named.
        found: String,
        /// Those that the merchant knows.
        known: String,
    },
}

/// Whether the server answers, takes the merchant's signature, and signs with a key that the merchant knows.
///
/// # Errors
/// [`PreflightError`] says which of these does not hold. Anything else is for the cases to find.
pub async fn preflight(ground: &Ground) -> Result<(), PreflightError> {
    let (url, merchant) = (ground.url(), ground.credentials());
    let request = CaseRequest::Made(MadeRequest::get(TARGET));
    let sent = Caller::new(&url, merchant).send(&request, &Sign::Valid, None).await;
    let Sent { answer, .. } =
        sent.map_err(|found| PreflightError::Unreachable { url: url.clone(), found })?;

    if answer.status == StatusCode::UNAUTHORIZED {
        return Err(PreflightError::Refused {
            url,
            mchid: merchant.mchid.to_string(),
            serial_no: merchant.merchant_serial.to_string(),
            answer: format!("{} {}", answer.status.as_u16(), String::from_utf8_lossy(&answer.body)),
        });
    }
    let serial = answer.headers.get(WECHATPAY_SERIAL).and_then(|serial| serial.to_str().ok());
    match serial {
        Some(serial) if !keys(merchant).iter().any(|known| known == serial) => {
            Err(PreflightError::UnknownKey { url, found: serial.into(), known: keys(merchant).join(" and ") })
        }
        _ => Ok(()),
    }
}

/// The names of the gateway's keys that the merchant knows.
fn keys(merchant: &Credentials) -> Vec<String> {
    let certificate = merchant.platform_certificate.iter().map(|(serial_no, _)| serial_no.to_string());
    let public_key = merchant.public_key.iter().map(|(id, _)| id.to_string());
    certificate.chain(public_key).collect()
}
