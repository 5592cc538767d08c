//! Vectors of data encrypted with the APIv3 key.

use serde::Deserialize;
use wechatpay_protocol::{Apiv3Key, Resource, ResourceError};

use super::kind::{Bytes, Divergence, Kind, Verdict, compare};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Aead {
    apiv3_key: String,
    resource: Encrypted,
    plaintext: Option<Bytes>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Encrypted {
    algorithm: String,
    nonce: String,
    associated_data: String,
    ciphertext: String,
}

/// The first part that is wrong.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Key,
    Algorithm,
    Nonce,
    Ciphertext,
    Unauthentic,
}

impl Kind for Aead {
    const FOLDER: &'static str = "aead";

    fn check(&self, verdict: &Verdict) -> Result<(), Divergence> {
        match (verdict, &self.plaintext) {
            (Verdict::Valid, Some(plaintext)) => {
                compare("decryption", Ok(plaintext), self.decrypt().as_ref())?;
                self.check_encryption(plaintext)
            }
            (Verdict::Invalid { fault }, None) => {
                compare("decryption", Err(refusal_of(fault)?), self.decrypt())
            }
            (_, plaintext) => Err(Divergence::new("file", "a plaintext if valid, none if not", plaintext)),
        }
    }
}

impl Aead {
    fn resource(&self) -> Resource {
        let Encrypted { algorithm, nonce, associated_data, ciphertext } = self.resource.clone();
        Resource { algorithm, nonce, associated_data, ciphertext }
    }

    fn decrypt(&self) -> Result<Bytes, Refusal> {
        let key: Apiv3Key = self.apiv3_key.parse().map_err(|_| Refusal::Key)?;
        self.resource().decrypt(&key).map(Bytes).map_err(|error| match error {
            ResourceError::Algorithm { .. } => Refusal::Algorithm,
            ResourceError::Nonce { .. } => Refusal::Nonce,
            ResourceError::Ciphertext(_) => Refusal::Ciphertext,
            ResourceError::Unauthentic => Refusal::Unauthentic,
        })
    }

    /// A key, a nonce and a text have only one ciphertext, so ours must equal the vector's.
    fn check_encryption(&self, plaintext: &Bytes) -> Result<(), Divergence> {
        let key: Result<Apiv3Key, _> = self.apiv3_key.parse();
        let key = key.map_err(|error| Divergence::new("key", "32 characters", error))?;
        let Encrypted { nonce, associated_data, .. } = &self.resource;
        let encrypted = Resource::encrypt(&key, nonce, associated_data, &plaintext.0);
        compare("encryption", self.resource(), encrypted)
    }
}

/// The refusal that a fault must cause.
fn refusal_of(fault: &str) -> Result<Refusal, Divergence> {
    Ok(match fault {
        "key-too-short" => Refusal::Key,
        "wrong-algorithm" => Refusal::Algorithm,
        "nonce-too-long" | "nonce-too-short" => Refusal::Nonce,
        "ciphertext-not-base64" => Refusal::Ciphertext,
        "ciphertext-altered"
        | "ciphertext-truncated"
        | "nonce-altered"
        | "tag-altered"
        | "tag-left-out"
        | "wrong-associated-data"
        | "wrong-key" => Refusal::Unauthentic,
        _ => return Err(Divergence::new("fault", "one with a refusal of its own in this test", fault)),
    })
}
