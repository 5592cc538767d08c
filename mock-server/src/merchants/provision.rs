//! Creates merchants at run time, each with its own mchid and certificate.

use std::{
    iter,
    sync::atomic::{AtomicU64, Ordering},
};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize, SerialNumber,
    date_time_ymd,
};
use wechatpay_protocol::{Apiv3Key, Credentials, Mchid};
use wechatpay_texts::Text;

use super::{ApiCertificate, MerchantConfig, TrustMode};
use crate::random::Randomness;

/// Why a merchant was not created.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum ProvisionError {
    /// Another merchant has this mchid.
    #[text("expected an unused mchid, found {mchid}; leave it out to get a new one")]
    Taken {
        /// The mchid.
        mchid: Mchid,
    },
    /// The merchant's key or certificate cannot be created.
    #[text("the merchant's key or certificate cannot be created")]
    NoCertificate,
    /// The store can't be reached, or can't keep the merchant.
    #[text(transparent)]
    Store {
        /// Why.
        reason: String,
    },
    /// The limit of merchants that are created at run time is reached.
    #[text(
        "expected at most {most} merchants created at run time, found one more; remove those that you no \
         longer need, or raise limits.merchants"
    )]
    TooMany {
        /// The limit, `limits.merchants`.
        most: usize,
    },
    /// The initial states of all merchants that are created at run time are too large.
    #[text(
        "expected at most {most} bytes of seeds for merchants created at run time, found more; remove those that you no \
         longer need, or raise limits.admin_bytes"
    )]
    TooLarge {
        /// The limit, `limits.admin_bytes`.
        most: usize,
    },
}

/// Creates mchids, keys and certificates for merchants.
#[derive(Debug)]
pub(crate) struct Provisioner {
    randomness: Randomness,
    /// A counter that makes mchids and serial numbers unique.
    count: AtomicU64,
}

/// The first mchid for merchants that are created without one.
const FIRST_MCHID: u64 = 1_980_000_001;

impl Provisioner {
    pub(crate) fn new(randomness: Randomness) -> Self {
        Self { randomness, count: AtomicU64::new(0) }
    }

    /// An endless iterator of mchids, each returned once.
    pub(crate) fn mchids(&self) -> impl Iterator<Item = Mchid> {
        iter::repeat_with(|| {
            let number = FIRST_MCHID + self.next();
            number.to_string().parse().expect("ten digits are a merchant number")
        })
    }

    /// A merchant with its own certificate. With a new key, which takes up to a second, it also has its own APIv3 key;
    /// otherwise it has the development merchant's keys.
    pub(crate) fn provision(
        &self,
        mchid: Mchid,
        trust: TrustMode,
        new_key: bool,
    ) -> Result<MerchantConfig, ProvisionError> {
        let (certificate, apiv3_key) = self.issue(&mchid, new_key)?;
        Ok(MerchantConfig { trust, certificate, apiv3_key, ..MerchantConfig::new(mchid) })
    }

    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// A new certificate for a new key or for the development merchant's key; with a new key, also a new APIv3 key.
    fn issue(&self, mchid: &Mchid, new_key: bool) -> Result<(ApiCertificate, Apiv3Key), ProvisionError> {
        let development = Credentials::development();
        let (key, apiv3_key) = if new_key {
            let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
            let letters = base16ct::lower::encode_string(&self.randomness.bytes());
            (key, letters.parse().map_err(|_| ProvisionError::NoCertificate)?)
        } else {
            (KeyPair::from_pem(&development.merchant_key), development.apiv3_key)
        };
        let key = key.map_err(|_| ProvisionError::NoCertificate)?;
        let mut params = CertificateParams::default();
        params.serial_number = Some(self.serial_number());
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2099, 12, 31);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, mchid.as_str());
        params.distinguished_name.push(DnType::OrganizationName, "wechatpay-mock (TEST ONLY)");
        let certificate = params.self_signed(&key).map_err(|_| ProvisionError::NoCertificate)?;
        let certificate = ApiCertificate::new(&certificate.pem(), Some(&key.serialize_pem()));
        Ok((certificate.map_err(|_| ProvisionError::NoCertificate)?, apiv3_key))
    }

    /// 20 bytes with a first hex digit from 4 to 7, so that the number is positive and has 40 hex digits, like the
    /// serial numbers of real certificates.
    fn serial_number(&self) -> SerialNumber {
        let mut bytes = [0; 20];
        bytes[..16].copy_from_slice(&self.randomness.bytes());
        bytes[16..].copy_from_slice(&(self.next() as u32).to_be_bytes());
        bytes[0] = 0x40 | (bytes[0] & 0x3f);
        SerialNumber::from_slice(&bytes)
    }
}
