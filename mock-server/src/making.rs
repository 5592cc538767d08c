//! Merchants that are made while the mock runs, each with a number and a certificate of its own.

use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize, SerialNumber,
    date_time_ymd,
};
use wechatpay_protocol::{Apiv3Key, Credentials, Mchid};

use crate::{
    config::{ApiCertificate, MerchantConfig},
    gateway::Gateway,
    identity::{Merchant, NotMade, TrustMode},
    seed::SeedMerchant,
    state::Ledger,
};

/// A merchant to be made. The default has a number that no other has, the development key, and the documentation's
/// sample card.
#[derive(Clone, Debug, Default)]
pub struct NewMerchant {
    /// Its number. Without one, it is given one.
    pub mchid: Option<Mchid>,
    /// Which of the gateway's keys it trusts.
    pub trust: TrustMode,
    /// Whether it gets a private key of its own, which takes up to a second. Otherwise it has the development
    /// merchant's, with a certificate of its own.
    pub new_key: bool,
    /// What it has to start with.
    pub seed: Option<SeedMerchant>,
}

/// Where the numbers begin that are given to merchants who bring none.
const FIRST_MCHID: u64 = 1_980_000_001;

impl Gateway {
    /// Makes a merchant, and says what it needs to call the mock. Without a new key it takes a millisecond.
    pub(crate) fn make_merchant(&self, new: NewMerchant) -> Result<Credentials, NotMade> {
        let mchid = new.mchid.unwrap_or_else(|| self.free_mchid());
        // Before a key is made, which may take a second. Looked at again when the merchant is taken in.
        self.identity.check_room(&mchid, self.limits.merchants)?;
        let (certificate, apiv3_key) = self.issue(&mchid, new.new_key)?;
        let config =
            MerchantConfig { trust: new.trust, certificate, apiv3_key, ..MerchantConfig::new(mchid) };
        let seed = new.seed.unwrap_or_else(SeedMerchant::sample);
        let merchant = Arc::new(Merchant::new(config, Ledger::seeded(seed, self.limits.request_numbers)));
        self.identity.add(Arc::clone(&merchant), self.limits.merchants)?;
        Ok(self.identity.credentials(&merchant, self.clock.now()).expect("it was made with its private key"))
    }

    /// Removes a merchant that was made, with everything that is kept for it. Whether there was one.
    pub(crate) fn remove_merchant(&self, mchid: &Mchid) -> bool {
        let Some(merchant) = self.identity.remove(mchid) else { return false };
        merchant.faults.clear();
        self.journal.clear(Some(mchid));
        true
    }

    fn free_mchid(&self) -> Mchid {
        loop {
            let number = FIRST_MCHID + self.next_merchant();
            let mchid: Mchid = number.to_string().parse().expect("ten digits are a merchant number");
            if self.identity.merchant(mchid.as_str()).is_none() {
                return mchid;
            }
        }
    }

    /// A certificate of its own, for a key of its own or the development merchant's; with a new key, a new APIv3 key.
    fn issue(&self, mchid: &Mchid, new_key: bool) -> Result<(ApiCertificate, Apiv3Key), NotMade> {
        let development = Credentials::development();
        let (key, apiv3_key) = if new_key {
            let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
            let letters = base16ct::lower::encode_string(&self.randomness.bytes());
            (key, letters.parse().map_err(|_| NotMade::NoCertificate)?)
        } else {
            (KeyPair::from_pem(&development.merchant_key), development.apiv3_key)
        };
        let key = key.map_err(|_| NotMade::NoCertificate)?;
        let mut params = CertificateParams::default();
        params.serial_number = Some(self.serial_number());
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2099, 12, 31);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, mchid.as_str());
        params.distinguished_name.push(DnType::OrganizationName, "wechatpay-mock (TEST ONLY)");
        let certificate = params.self_signed(&key).map_err(|_| NotMade::NoCertificate)?;
        let certificate = ApiCertificate::new(&certificate.pem(), Some(&key.serialize_pem()));
        Ok((certificate.map_err(|_| NotMade::NoCertificate)?, apiv3_key))
    }

    /// 20 bytes that begin with a digit other than 0, as the serial numbers of real certificates do: so the number has
    /// 40 hex digits and is positive.
    fn serial_number(&self) -> SerialNumber {
        let mut bytes = [0; 20];
        bytes[..16].copy_from_slice(&self.randomness.bytes());
        bytes[16..].copy_from_slice(&(self.next_merchant() as u32).to_be_bytes());
        bytes[0] = 0x40 | (bytes[0] & 0x3f);
        SerialNumber::from_slice(&bytes)
    }
}
