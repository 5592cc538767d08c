//! A merchant that was created at run time, as a store keeps it.

use serde::{Deserialize, Serialize};
use wechatpay_protocol::{Credentials, Mchid};
use wechatpay_texts::text;

use super::{ApiCertificate, MerchantConfig, MerchantKind, TrustMode};

/// What such a merchant has of its own, besides its mchid.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    kind: MerchantKind,
    trust: TrustMode,
    /// Its certificate, in PEM.
    certificate: String,
    /// Its private key in PEM and its APIv3 key, unless they are the development merchant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    apiv3_key: Option<String>,
}

impl MerchantConfig {
    /// The merchant as a store keeps it.
    pub(crate) fn kept(&self) -> Kept {
        let is_own = !self.has_development_keys();
        Kept {
            kind: self.kind,
            trust: self.trust,
            certificate: self.certificate.certificate().pem().into(),
            private_key: self.certificate.private_key().filter(|_| is_own).map(Into::into),
            apiv3_key: is_own.then(|| self.apiv3_key.expose().into()),
        }
    }
}

impl Kept {
    /// The merchant with this mchid.
    ///
    /// # Errors
    /// What can't be used. No key is shown.
    pub(crate) fn config(&self, mchid: Mchid) -> Result<MerchantConfig, String> {
        let development = Credentials::development();
        let private_key = self.private_key.as_ref().unwrap_or(&development.merchant_key);
        let certificate = ApiCertificate::new(&self.certificate, Some(private_key));
        let certificate = certificate.map_err(|error| error.to_string())?;
        let apiv3_key = self.apiv3_key.as_ref().map(|key| key.parse()).transpose();
        let apiv3_key =
            apiv3_key.map_err(|_| text!("expected an APIv3 key, found something else (not shown)"))?;
        let apiv3_key = apiv3_key.unwrap_or(development.apiv3_key);
        Ok(MerchantConfig {
            kind: self.kind,
            trust: self.trust,
            certificate,
            apiv3_key,
            ..MerchantConfig::new(mchid)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::provision::Provisioner;
    use super::*;
    use crate::random::Randomness;

    #[test]
    fn a_merchant_is_read_as_it_was_kept_and_public_keys_are_not_kept() {
        let provisioner = Provisioner::new(Randomness::system());
        for new_key in [true, false] {
            let mchid: Mchid = "1980000001".parse().unwrap();
            let made = provisioner.provision(mchid.clone(), TrustMode::PublicKey, new_key).unwrap();
            let json = serde_json::to_string(&made.kept()).unwrap();
            assert_eq!(json.contains("PRIVATE KEY"), new_key);
            let read = serde_json::from_str::<Kept>(&json).unwrap().config(mchid).unwrap();
            assert_eq!(read.certificate.certificate().pem(), made.certificate.certificate().pem());
            assert_eq!(read.certificate.private_key(), made.certificate.private_key());
            assert_eq!((read.trust, read.apiv3_key), (made.trust, made.apiv3_key));
        }
    }
}
