//! Vectors of sensitive fields.

use serde::Deserialize;
use wechatpay_protocol::{DecryptingKey, SensitiveError};

use super::{
    files::pem,
    kind::{Bytes, Divergence, Kind, Verdict, compare},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Oaep {
    private_key: String,
    ciphertext: String,
    plaintext: Bytes,
}

/// The error, as far as it may be revealed.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Base64,
    TooLong,
    Unauthentic,
}

impl Kind for Oaep {
    const FOLDER: &'static str = "oaep";

    fn check(&self, verdict: &Verdict) -> Result<(), Divergence> {
        let key = DecryptingKey::from_pem(&pem(&self.private_key)?);
        let key = key.map_err(|error| Divergence::new("key", &self.private_key, error))?;
        let expected = match verdict {
            Verdict::Valid => Ok(self.plaintext.clone()),
            Verdict::Invalid { fault } if fault == "not-base64" => Err(Refusal::Base64),
            Verdict::Invalid { .. } => Err(Refusal::Unauthentic),
        };
        let decrypted = key.decrypt(&self.ciphertext).map(Bytes).map_err(|error| match error {
            SensitiveError::Ciphertext(_) => Refusal::Base64,
            SensitiveError::TooLong { .. } => Refusal::TooLong,
            SensitiveError::Unauthentic => Refusal::Unauthentic,
        });
        compare("decryption", expected, decrypted)
    }
}
