//! Merchants that are made while the mock runs, each with a number and a certificate of its own.

use std::{
    iter,
    sync::atomic::{AtomicU64, Ordering},
};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize, SerialNumber,
    date_time_ymd,
};
use wechatpay_protocol::{Apiv3Key, Credentials, Mchid};

use super::{ApiCertificate, MerchantConfig, TrustMode};
use crate::random::Randomness;

/// Why a merchant was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProvisionError {
    /// There is one with that number.
    #[error("expected an mchid that no merchant has, found {mchid}; leave it out to be given one")]
    Taken {
        /// The number.
        mchid: Mchid,
    },
    /// No certificate can be made for it.
    #[error("its key or its certificate can't be made")]
    NoCertificate,
    /// There are as many as there may be.
    #[error(
        "expected at most {most} merchants made at run time, found one more; remove those that are done with, or raise limits.merchants"
    )]
    TooMany {
        /// The most there may be.
        most: usize,
    },
}

/// Makes numbers, keys and certificates for merchants.
#[derive(Debug)]
pub(crate) struct Provisioner {
    randomness: Randomness,
    /// Counts what must be there once: numbers and serial numbers.
    count: AtomicU64,
}

/// Where the numbers begin that are given to merchants who bring none.
const FIRST_MCHID: u64 = 1_980_000_001;

impl Provisioner {
    pub(crate) fn new(randomness: Randomness) -> Self {
        Self { randomness, count: AtomicU64::new(0) }
    }

    /// Numbers for a merchant, each given once.
    pub(crate) fn mchids(&self) -> impl Iterator<Item = Mchid> {
        iter::repeat_with(|| {
            let number = FIRST_MCHID + self.next();
            number.to_string().parse().expect("ten digits are a merchant number")
        })
    }

    /// A merchant with a certificate of its own. With a new key, which takes up to a second, it has its own APIv3 key as
    /// well; otherwise it has the keys of the development merchant.
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

    /// A certificate of its own, for a key of its own or the development merchant's; with a new key, a new APIv3 key.
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

    /// 20 bytes that begin with a digit other than 0, as the serial numbers of real certificates do: so the number has
    /// 40 hex digits and is positive.
    fn serial_number(&self) -> SerialNumber {
        let mut bytes = [0; 20];
        bytes[..16].copy_from_slice(&self.randomness.bytes());
        bytes[16..].copy_from_slice(&(self.next() as u32).to_be_bytes());
        bytes[0] = 0x40 | (bytes[0] & 0x3f);
        SerialNumber::from_slice(&bytes)
    }
}
