//! The configuration of a merchant.

use std::{fmt, sync::LazyLock};

use serde::{Deserialize, Serialize};
use wechatpay_protocol::{Apiv3Key, Certificate, Credentials, Mchid, Timestamp};
use wechatpay_texts::{Text, phrase};

use crate::merchants::{KeyPairError, PlatformCertificates, PublicKeyPair, TrustMode, pair};

/// The configuration of a merchant.
///
/// ```
/// use wechatpay_mock::{MerchantConfig, TrustMode};
///
/// let mchid = "1900000002".parse()?;
/// let merchant = MerchantConfig { trust: TrustMode::PublicKey, ..MerchantConfig::new(mchid) };
/// # Ok::<(), wechatpay_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MerchantConfig {
    /// The merchant number, `mchid` in requests.
    pub mchid: Mchid,
    /// Whether it is a direct merchant or a service provider.
    pub kind: MerchantKind,
    /// The gateway's keys that the merchant trusts.
    pub trust: TrustMode,
    /// The API certificate that the merchant's requests are verified with.
    pub certificate: ApiCertificate,
    /// Whether that certificate can still be used.
    pub certificate_status: CertificateStatus,
    /// The key that both sides encrypt with.
    pub apiv3_key: Apiv3Key,
    /// The key of API v2, by which the mock recognises what a front end signs as in API v2.
    pub apiv2_key: Option<Apiv2Key>,
    /// Where callbacks go whose operation names no URL.
    pub notify_url: Option<String>,
    /// Its appids. Without any, every appid is taken for its own.
    pub appids: Vec<String>,
    /// What it can refund from, in fen. Payments do not add to it. `None` lets it refund without limit.
    pub balance: Option<u64>,
}

/// Whether a merchant's certificate can be used, apart from its dates. (documented)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateStatus {
    /// It can be used.
    #[default]
    InForce,
    /// It was revoked on the merchant platform.
    Revoked,
    /// It was replaced by a new certificate.
    Replaced,
}

/// Whether a merchant calls for itself or for others. Both kinds may use every operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MerchantKind {
    /// A direct merchant, which calls for itself.
    #[default]
    Direct,
    /// A service provider, which calls for its sub-merchants.
    ServiceProvider,
}

/// A merchant's API certificate, and optionally its private key.
///
/// The gateway needs only the certificate. `Debug` does not show the private key.
#[derive(Clone)]
pub struct ApiCertificate {
    certificate: Certificate,
    private_key: Option<String>,
}

/// A merchant's key of API v2: 32 visible ASCII characters. (documented)
///
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Apiv2Key(String);

/// Why a merchant's credentials are not available.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum NoCredentials {
    /// No merchant has this mchid.
    #[text("expected the mchid of a merchant ({known}), found {mchid}", known = known.join(phrase!(", ").text()))]
    UnknownMchid {
        /// The requested mchid.
        mchid: String,
        /// The known mchids.
        known: Vec<String>,
    },
    /// The merchant was configured without its private key.
    #[text(
        "the credentials of merchant {mchid} include its private key, which is not configured; \
         add private_key next to its certificate"
    )]
    NoPrivateKey {
        /// The merchant's mchid.
        mchid: Mchid,
    },
}

impl fmt::Display for CertificateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InForce => "in-force",
            Self::Revoked => "revoked",
            Self::Replaced => "replaced",
        })
    }
}

impl Apiv2Key {
    const LENGTH: usize = 32;

    /// `None` if the text is no such key.
    pub fn new(text: &str) -> Option<Self> {
        let is_key = text.len() == Self::LENGTH && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_key.then(|| Self(text.into()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Apiv2Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Apiv2Key(secret)")
    }
}

impl MerchantConfig {
    /// A direct merchant with this mchid that trusts both kinds of keys. Its certificate and APIv3 key are the
    /// development merchant's.
    pub fn new(mchid: Mchid) -> Self {
        Self {
            mchid,
            kind: MerchantKind::default(),
            trust: TrustMode::default(),
            certificate: ApiCertificate::development(),
            certificate_status: CertificateStatus::default(),
            apiv3_key: Credentials::development().apiv3_key,
            apiv2_key: None,
            notify_url: None,
            appids: Vec::new(),
            balance: None,
        }
    }

    /// The development merchant, owner of the development credentials.
    pub fn development() -> Self {
        Self::new(Credentials::development().mchid)
    }

    /// What this merchant needs to call a gateway with these keys.
    pub(crate) fn credentials(
        &self,
        platform_certificates: &PlatformCertificates,
        public_key: &PublicKeyPair,
        now: Timestamp,
    ) -> Result<Credentials, NoCredentials> {
        let private_key = self.certificate.private_key.clone();
        let private_key =
            private_key.ok_or_else(|| NoCredentials::NoPrivateKey { mchid: self.mchid.clone() })?;
        Ok(self.credentials_with_key(private_key, platform_certificates, public_key, now))
    }

    /// The same with this private key.
    pub(crate) fn credentials_with_key(
        &self,
        merchant_key: String,
        platform_certificates: &PlatformCertificates,
        public_key: &PublicKeyPair,
        now: Timestamp,
    ) -> Credentials {
        let certificate = &self.certificate.certificate;
        let platform_certificate = || {
            let signing = platform_certificates.signing(now).certificate();
            (signing.serial_no().clone(), signing.pem().to_owned())
        };
        let public_key = || (public_key.id().clone(), public_key.to_pem());
        Credentials {
            mchid: self.mchid.clone(),
            merchant_serial: certificate.serial_no().clone(),
            merchant_key,
            merchant_certificate: certificate.pem().into(),
            apiv3_key: self.apiv3_key.clone(),
            platform_certificate: self.trust.has_platform_certificate().then(platform_certificate),
            public_key: self.trust.has_public_key().then(public_key),
        }
    }

    /// Whether its private key and its APIv3 key are the development merchant's, which are public.
    pub(crate) fn has_development_keys(&self) -> bool {
        let development = Credentials::development();
        self.certificate.private_key.as_ref() == Some(&development.merchant_key)
            && self.apiv3_key == development.apiv3_key
    }
}

impl ApiCertificate {
    /// Reads a certificate and, if given, its private key, both PEM.
    ///
    /// # Errors
    /// [`KeyPairError`] if one of them can't be used, or they are not a pair.
    pub fn new(certificate: &str, private_key: Option<&str>) -> Result<Self, KeyPairError> {
        let certificate = match private_key {
            Some(private_key) => pair(certificate, private_key)?.0,
            None => Certificate::from_pem(certificate)?,
        };
        Ok(Self { certificate, private_key: private_key.map(Into::into) })
    }

    /// The development merchant's certificate and private key.
    pub fn development() -> Self {
        // Parsed once. A test checks that the two are a pair, which takes longer than a call.
        static DEVELOPMENT: LazyLock<ApiCertificate> = LazyLock::new(|| {
            let merchant = Credentials::development();
            let certificate = Certificate::from_pem(&merchant.merchant_certificate);
            ApiCertificate {
                certificate: certificate.expect("the development credentials are valid"),
                private_key: Some(merchant.merchant_key),
            }
        });
        DEVELOPMENT.clone()
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn private_key(&self) -> Option<&str> {
        self.private_key.as_deref()
    }
}

impl fmt::Debug for ApiCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiCertificate")
            .field("serial_no", self.certificate.serial_no())
            .field("has_private_key", &self.private_key.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for MerchantKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::ServiceProvider => "service-provider",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_certificate_and_its_private_key_are_a_pair() {
        let ApiCertificate { certificate, private_key } = ApiCertificate::development();
        assert!(pair(certificate.pem(), &private_key.unwrap()).is_ok());
    }
}
