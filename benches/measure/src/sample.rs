//! The documentation's sample call, signed by the development merchant.

use std::time::UNIX_EPOCH;

use wechatpay_protocol::{
    Authorization, Credentials, KeyError, Nonce, RequestMessage, SigningKey, Timestamp,
};

pub(crate) const METHOD: &str = "PATCH";
pub(crate) const TARGET: &str =
    "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights";
pub(crate) const BODY: &str = r#"{"before_bonus_value":500,"bonus_value":600,"add_bonus_value":100,"out_request_no":"100002322019090134234sfdf"}"#;

/// The whole request, as bytes; good for five minutes.
///
/// # Errors
/// If the development merchant's key is none.
pub(crate) fn signed() -> Result<Vec<u8>, KeyError> {
    let merchant = Credentials::development();
    let key = SigningKey::from_pem(&merchant.merchant_key)?;
    let since_1970 = UNIX_EPOCH.elapsed().unwrap_or_default();
    let timestamp = Timestamp::from_unix(since_1970.as_secs());
    let nonce = Nonce::from_random(since_1970.as_nanos().to_be_bytes());
    let message = RequestMessage {
        method: METHOD,
        target: TARGET,
        timestamp,
        nonce_str: nonce.as_str(),
        body: BODY.as_bytes(),
    };
    let signature = key.sign(&message.to_bytes());
    let authorization =
        Authorization::new(&merchant.mchid, &merchant.merchant_serial, timestamp, &nonce, &signature);
    let request = format!(
        "{METHOD} {TARGET} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nUser-Agent: measure\r\n\
         Content-Type: application/json\r\nAuthorization: {authorization}\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    Ok(request.into_bytes())
}
