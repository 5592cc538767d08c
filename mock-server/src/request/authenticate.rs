//! Verifies who signed a request: the gateway's checks 3 to 10, in its order.

use std::sync::Arc;

use http::{
    HeaderValue,
    header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, USER_AGENT},
};
use wechatpay_openapi::Operation;
use wechatpay_protocol::{Authorization, RequestMessage, SerialNo, Signature, Timestamp, WECHATPAY_SERIAL};
use wechatpay_texts::Both;

use crate::{
    api::{Warning, error::ApiError, language::Language, sign_information::SignInformation},
    clock::CheckTimes,
    merchants::{CertificateStatus, Merchant, Merchants},
    policies::MismatchMessage,
    request::{multipart::signed_body, receive::RawRequest, route::RoutedRequest},
};

/// A request whose every byte a merchant signed. Only [`authenticate`] creates one.
pub(crate) struct AuthenticatedRequest<'c> {
    routed: RoutedRequest<'c>,
    merchant: Arc<Merchant>,
    nonce_str: String,
}

impl<'c> AuthenticatedRequest<'c> {
    pub(crate) fn received(&self) -> &RawRequest {
        &self.routed.received
    }

    pub(crate) fn operation(&self) -> &'c Operation {
        self.routed.operation
    }

    pub(crate) fn merchant(&self) -> &Arc<Merchant> {
        &self.merchant
    }

    /// Warnings about the headers of its signature. Remembers its nonce.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.merchant.use_nonce(&self.nonce_str) {
            warnings.push(Warning::NonceUsedBefore { nonce_str: self.nonce_str.clone() });
        }
        let wanted = self.received().headers.get(WECHATPAY_SERIAL);
        let is_silent = wanted.is_none_or(HeaderValue::is_empty);
        if is_silent && self.merchant.trust.has_public_key() && self.operation().needs_wechatpay_serial() {
            warnings.push(Warning::NoWechatpaySerial);
        }
        warnings
    }
}

/// Who signed a request, as its `Authorization` says: nothing of that is checked.
pub(crate) struct Claim {
    authorization: Result<Authorization, ApiError>,
    /// The merchant that it names.
    pub(crate) merchant: Option<Arc<Merchant>>,
}

impl Claim {
    pub(crate) fn of(received: &RawRequest, merchants: &Merchants) -> Self {
        let header = received.headers.get(AUTHORIZATION).ok_or(ApiError::AuthorizationAbsent);
        let authorization = header
            .and_then(|header| Authorization::parse(header.as_bytes()).map_err(ApiError::Authorization));
        let mchid = authorization.as_ref().ok().map(Authorization::mchid);
        let merchant = mchid.and_then(|mchid| merchants.merchant(mchid));
        Self { authorization, merchant }
    }
}

/// Checks 3 to 10, in the gateway's order.
pub(crate) fn authenticate<'c>(
    request: RoutedRequest<'c>,
    claim: Claim,
    mismatch_message: MismatchMessage,
    checked_at: CheckTimes,
) -> Result<AuthenticatedRequest<'c>, ApiError> {
    let authorization = authorization(&request.received, claim.authorization)?;
    check_timestamp(authorization.timestamp(), checked_at.signing)?;
    // Check 7: a merchant has this mchid.
    let unknown = || ApiError::UnknownMchid { found: authorization.mchid().into() };
    let merchant = claim.merchant.ok_or_else(unknown)?;
    check_serial_no(&merchant, &authorization)?;
    check_validity(&merchant, checked_at.clock)?;
    check_signature(&merchant, &authorization, &request, mismatch_message)?;
    let nonce_str = authorization.nonce_str().into();
    Ok(AuthenticatedRequest { routed: request, merchant, nonce_str })
}

/// Check 3: `Accept` and `User-Agent` are present, and `Accept-Language` names a language of the gateway. That the latter
/// comes before the signature is an own choice.
fn check_headers(received: &RawRequest) -> Result<(), ApiError> {
    for (header, name) in [(ACCEPT, "Accept"), (USER_AGENT, "User-Agent")] {
        if !received.headers.contains_key(header) {
            return Err(ApiError::HeaderAbsent { name });
        }
    }
    if Language::preferred(&received.headers).is_none() {
        let found = received.headers.get(ACCEPT_LANGUAGE).map(HeaderValue::as_bytes).unwrap_or_default();
        return Err(ApiError::UnknownLanguage { found: String::from_utf8_lossy(found).into() });
    }
    Ok(())
}

/// The paths below which checks 3 to 5 differ.
const PAYMENTS: &str = "/v3/pay/transactions/";

/// Checks 3 to 5: the headers, and that `Authorization` is present, well formed, and has the right scheme. For payments,
/// `Authorization` comes first, with an answer of its own. (probed)
fn authorization(
    received: &RawRequest,
    claimed: Result<Authorization, ApiError>,
) -> Result<Authorization, ApiError> {
    if !received.path().starts_with(PAYMENTS) {
        check_headers(received)?;
        return claimed;
    }
    let authorization =
        claimed.map_err(|error| ApiError::AuthorizationOfPayment { reason: Both::of(|| error.reason()) })?;
    check_headers(received)?;
    Ok(authorization)
}

/// Check 6, which comes before the signature. (probed)
fn check_timestamp(signed: Timestamp, now: Timestamp) -> Result<(), ApiError> {
    match signed.skew(now) {
        skew if skew > Timestamp::MAX_SKEW => Err(ApiError::TimestampSkewed { signed, now }),
        _ => Ok(()),
    }
}

/// Check 8. The serial number is case-insensitive. (own choice)
fn check_serial_no(merchant: &Merchant, authorization: &Authorization) -> Result<(), ApiError> {
    let found = authorization.serial_no();
    match found.parse::<SerialNo>() {
        Ok(serial_no) if serial_no == *merchant.serial_no() => Ok(()),
        _ => Err(ApiError::UnknownSerial { found: found.into(), expected: merchant.serial_no().to_string() }),
    }
}

/// Check 9: the merchant's certificate is valid.
fn check_validity(merchant: &Merchant, now: Timestamp) -> Result<(), ApiError> {
    match merchant.certificate_status {
        _ if !merchant.certificate().is_in_force(now) => Err(ApiError::CertificateNotInForce {
            not_before: merchant.certificate().not_before(),
            not_after: merchant.certificate().not_after(),
        }),
        CertificateStatus::InForce => Ok(()),
        CertificateStatus::Revoked => Err(ApiError::CertificateRevoked),
        CertificateStatus::Replaced => Err(ApiError::CertificateReplaced),
    }
}

/// Check 10. A signature that is not Base64 does not match. (own choice)
fn check_signature(
    merchant: &Merchant,
    authorization: &Authorization,
    RoutedRequest { received, operation }: &RoutedRequest<'_>,
    mismatch_message: MismatchMessage,
) -> Result<(), ApiError> {
    let body = signed_body(operation, received);
    let message = RequestMessage {
        method: received.method.as_str(),
        target: &received.target,
        timestamp: authorization.timestamp(),
        nonce_str: authorization.nonce_str(),
        body: body.bytes,
    };
    let signature = authorization.signature().parse::<Signature>().ok();
    match signature.map(|signature| merchant.key().verify(&message.to_bytes(), &signature)) {
        Some(Ok(())) => Ok(()),
        _ => {
            let information = SignInformation::about(&message, mismatch_message);
            let problem = body.problem.map(|problem| Both::of(|| problem.to_string()));
            Err(ApiError::SignatureMismatch(information.with_problem(problem)))
        }
    }
}
