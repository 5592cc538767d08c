//! One call before the cases, so that a wrong address or wrong keys cause one clear error, not a failure of every case.

use http::StatusCode;
use wechatpay_protocol::{BaseUrl, Credentials, WECHATPAY_SERIAL};
use wechatpay_texts::{Text, phrase};

use super::TestEnvironment;
use crate::{
    case::{BuiltRequest, CaseRequest},
    run::Caller,
    sign::Sign,
};

/// The target of the call, which changes nothing and which every merchant may make.
const TARGET: &str = "/v3/certificates";

/// Why no case can be run.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum PreflightError {
    /// The server does not respond.
    #[text("expected a response of {url} to GET {TARGET}, found {found}; is the server running there?")]
    Unreachable {
        /// The server.
        url: BaseUrl,
        /// What was found in place of a response.
        found: String,
    },
    /// The server does not accept the merchant's signature.
    #[text(
        "{url} does not accept the signature of merchant {mchid}, certificate {serial_no}: {response}; are these the \
         credentials of a merchant that it knows?"
    )]
    Unauthorized {
        /// The server.
        url: BaseUrl,
        /// The merchant.
        mchid: String,
        /// The merchant's certificate.
        serial_no: String,
        /// The status and the body of the response.
        response: String,
    },
    /// The server signs with a key that the merchant does not know.
    #[text(
        "{url} signs with the key {found}, but the credentials have {known}; are they those of another gateway?"
    )]
    UnknownKey {
        /// The server.
        url: BaseUrl,
        /// The key that the response names.
        found: String,
        /// The keys that the merchant knows.
        known: String,
    },
}

/// Checks that the server responds, accepts the merchant's signature, and signs with a key that the merchant knows.
///
/// # Errors
/// [`PreflightError`]. The cases find any other problem.
pub async fn preflight(environment: &TestEnvironment) -> Result<(), PreflightError> {
    let (url, merchant) = (environment.url(), environment.credentials());
    let request = CaseRequest::Built(BuiltRequest::get(TARGET));
    let exchange = Caller::new(url, merchant).send(&request, &Sign::Valid, None).await;
    let exchange = exchange.map_err(|found| PreflightError::Unreachable { url: url.clone(), found })?;
    let response = exchange.response;

    if response.status == StatusCode::UNAUTHORIZED {
        return Err(PreflightError::Unauthorized {
            url: url.clone(),
            mchid: merchant.mchid.to_string(),
            serial_no: merchant.merchant_serial.to_string(),
            response: format!("{} {}", response.status.as_u16(), String::from_utf8_lossy(&response.body)),
        });
    }
    let known = known_keys(merchant);
    match response.headers.get(WECHATPAY_SERIAL).and_then(|serial| serial.to_str().ok()) {
        Some(serial) if !known.iter().any(|known| known == serial) => {
            let (found, known) = (serial.into(), known.join(phrase!(" and ").text()));
            Err(PreflightError::UnknownKey { url: url.clone(), found, known })
        }
        _ => Ok(()),
    }
}

/// The ids of the gateway keys that the merchant knows.
fn known_keys(merchant: &Credentials) -> Vec<String> {
    let certificate = merchant.platform_certificate.iter().map(|(serial_no, _)| serial_no.to_string());
    let public_key = merchant.public_key.iter().map(|(id, _)| id.to_string());
    certificate.chain(public_key).collect()
}
