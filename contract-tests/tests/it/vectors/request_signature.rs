//! Vectors of request signatures: the signed message and its verification.

use serde::Deserialize;
use wechatpay_protocol::{
    Authorization, Credentials, RequestMessage, Signature, SigningKey, Timestamp, VerifyingKey,
};

use super::{
    files::pem,
    kind::{Bytes, Divergence, Kind, Verdict, compare},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestSignature {
    key: String,
    request: Request,
    message: Bytes,
    sha256: String,
    signed_message: Bytes,
    signature: String,
    authorization: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    target: String,
    timestamp: String,
    nonce_str: String,
    body: Bytes,
}

impl Kind for RequestSignature {
    const FOLDER: &'static str = "request-signature";

    fn check(&self, verdict: &Verdict) -> Result<(), Divergence> {
        let message = self.request.message()?;
        compare("message", &self.message, &message)?;
        compare("sha256", &self.sha256, &message.sha256())?;
        self.check_authorization()?;
        let key = VerifyingKey::from_pem(&pem(&self.key)?);
        let key = key.map_err(|error| Divergence::new("key", &self.key, error))?;
        let is_valid = *verdict == Verdict::Valid;
        compare("verdict", is_valid, self.verifies(&key, &message))?;
        if is_valid { self.check_signing(&message) } else { self.check_fault(&key) }
    }
}

impl RequestSignature {
    fn verifies(&self, key: &VerifyingKey, message: &Bytes) -> bool {
        let signature = self.signature.parse::<Signature>();
        signature.is_ok_and(|signature| key.verify(&message.0, &signature).is_ok())
    }

    /// The header agrees with the other fields, unless its signature is not allowed in a header.
    fn check_authorization(&self) -> Result<(), Divergence> {
        let authorization = match Authorization::parse(self.authorization.as_bytes()) {
            Ok(authorization) => authorization,
            Err(_) if self.signature.contains(['\r', '\n']) => return Ok(()),
            Err(error) => return Err(Divergence::new("authorization", &self.authorization, error)),
        };
        let merchant = Credentials::development();
        compare("mchid", merchant.mchid.as_str(), authorization.mchid())?;
        compare("serial_no", merchant.merchant_serial.as_str(), authorization.serial_no())?;
        compare("timestamp", &self.request.timestamp, &authorization.timestamp().to_string())?;
        compare("nonce_str", self.request.nonce_str.as_str(), authorization.nonce_str())?;
        compare("signature", self.signature.as_str(), authorization.signature())?;
        compare("printed authorization", &self.authorization, &authorization.to_string())
    }

    /// With PKCS#1 v1.5 a message has only one signature, so ours must equal the vector's.
    fn check_signing(&self, message: &Bytes) -> Result<(), Divergence> {
        compare("signed message", &self.signed_message, message)?;
        let merchant = SigningKey::from_pem(&Credentials::development().merchant_key);
        let merchant = merchant.map_err(|error| Divergence::new("merchant's key", "a key", error))?;
        compare("signing", &self.signature, &merchant.sign(&message.0).to_string())
    }

    /// If another message was signed, nothing else is wrong.
    fn check_fault(&self, key: &VerifyingKey) -> Result<(), Divergence> {
        let is_only_the_message = self.signed_message != self.message;
        compare("signed message", is_only_the_message, self.verifies(key, &self.signed_message))
    }
}

impl Request {
    fn message(&self) -> Result<Bytes, Divergence> {
        let timestamp = self.timestamp.parse::<Timestamp>();
        let message = RequestMessage {
            method: &self.method,
            target: &self.target,
            timestamp: timestamp.map_err(|error| Divergence::new("timestamp", &self.timestamp, error))?,
            nonce_str: &self.nonce_str,
            body: &self.body.0,
        };
        Ok(Bytes(message.to_bytes()))
    }
}
