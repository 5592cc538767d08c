//! What a mock is told: its merchants, the gateway's keys, policies, limits, and the state to start with.
//!
//! ```toml
//! [[merchant]]
//! mchid = "1900000002"
//! trust = "public-key"
//! ```
//!
//! `fixtures/config/example.toml` has every key. What is left out is as in a mock that is told nothing, and a
//! mistake is said with its line before anything starts.

mod complaint;
mod read;
mod seed_file;
mod summary;
mod table;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use wechatpay_protocol::{Credentials, Timestamp};

use crate::{
    admin::AdminToken,
    clock::Clock,
    faults::FaultRule,
    limits::Limits,
    merchants::{MerchantConfig, NoCredentials, PlatformCertificate, PlatformCertificates, PublicKeyPair},
    net::host::Host,
    operations::seed::Seed,
    policies::Policies,
    request::diagnose::DiagnosisMode,
};

pub use crate::config::complaint::{Complaint, ConfigError};

/// What a mock is told, checked: keys belong to their certificates, and no two merchants have one number.
///
/// The default is a mock that is told nothing: the development merchant, and the development keys of the gateway.
///
/// ```
/// use wechatpay_mock::{Config, MerchantConfig, TrustMode, policies::Arithmetic};
///
/// let merchant = MerchantConfig { trust: TrustMode::PublicKey, ..MerchantConfig::development() };
/// let mut config = Config::default().with_merchants([merchant]);
/// config.policies.arithmetic = Arithmetic::Reject;
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on.
    pub listen: Option<SocketAddr>,
    /// The address to listen on for TLS alone.
    pub tls_listen: Option<SocketAddr>,
    /// Hosts that the mock stands for, beside the gateway's and this machine's usual names.
    pub hosts: Vec<Host>,
    /// Hosts that requests to a proxy are let through to.
    pub proxy_passthrough: Vec<Host>,
    /// The folder of the certificate authority for HTTPS; without it, one is made in memory.
    pub ca_dir: Option<PathBuf>,
    /// The state to start with; without it, every merchant has the documentation's sample card.
    pub seed: Option<Seed>,
    /// What is taken at most.
    pub limits: Limits,
    /// What nothing public decides.
    pub policies: Policies,
    /// Whether signatures that do not match are diagnosed, and where the diagnosis is shown.
    pub diagnosis: DiagnosisMode,
    /// What whoever sees and steers the mock under `/__mock/` must know.
    pub admin_token: Option<AdminToken>,
    /// Misbehaviour to start with.
    pub faults: Vec<FaultRule>,
    /// The gateway's certificates.
    pub platform_certificates: PlatformCertificates,
    /// The gateway's key pair that has an ID in place of a certificate.
    pub public_key: PublicKeyPair,
    /// At least one, each with an mchid of its own.
    merchants: Vec<MerchantConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: None,
            tls_listen: None,
            hosts: Vec::new(),
            proxy_passthrough: Vec::new(),
            ca_dir: None,
            seed: None,
            limits: Limits::default(),
            policies: Policies::default(),
            diagnosis: DiagnosisMode::default(),
            admin_token: None,
            faults: Vec::new(),
            platform_certificates: PlatformCertificates::One(PlatformCertificate::development()),
            public_key: PublicKeyPair::development(),
            merchants: vec![MerchantConfig::development()],
        }
    }
}

impl Config {
    /// Reads a file of TOML, and the files that it names.
    ///
    /// # Errors
    /// [`ConfigError`] lists every mistake with file and line, certificates that are not in force now among them.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::from_file_at(path, Clock::system().now())
    }

    /// Like [`Config::from_file`], with another time than the machine's.
    ///
    /// # Errors
    /// [`ConfigError`], as there.
    pub fn from_file_at(path: impl AsRef<Path>, now: Timestamp) -> Result<Self, ConfigError> {
        read::config(path.as_ref(), now)
    }

    /// Takes the state to start with from this file of JSON.
    ///
    /// # Errors
    /// [`ConfigError`] if it can't be read, is no seed, or has a merchant that is not configured.
    pub fn with_seed_file(self, path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| {
            let problem = format!("expected a seed to read, found none: {error}");
            Complaint::at(path, None, problem, "name a JSON file; fixtures/config/seed.json is one")
        })?;
        let seed = seed_file::parse(path, &text)?;
        seed_file::check(&seed, &self, path, &text)?;
        Ok(Self { seed: Some(seed), ..self })
    }

    /// Knows these merchants and no others; of two with one mchid, the later. Without any, the development merchant.
    #[must_use]
    pub fn with_merchants(self, merchants: impl IntoIterator<Item = MerchantConfig>) -> Self {
        let mut known: Vec<MerchantConfig> = Vec::new();
        for merchant in merchants {
            known.retain(|other| other.mchid != merchant.mchid);
            known.push(merchant);
        }
        if known.is_empty() {
            known.push(MerchantConfig::development());
        }
        Self { merchants: known, ..self }
    }

    /// The merchants, at least one.
    pub fn merchants(&self) -> &[MerchantConfig] {
        &self.merchants
    }

    /// What a merchant needs to call the mock: its own keys, and those of the gateway's that it trusts. During a
    /// change-over, the certificate is the one that signs at that time. Without an mchid, the first merchant's.
    ///
    /// # Errors
    /// [`NoCredentials`] if there is no such merchant, or its private key is not known.
    pub fn credentials(&self, mchid: Option<&str>, at: Timestamp) -> Result<Credentials, NoCredentials> {
        let is_meant =
            |merchant: &&MerchantConfig| mchid.is_none_or(|mchid| merchant.mchid.as_str() == mchid);
        let merchant = self.merchants.iter().find(is_meant).ok_or_else(|| NoCredentials::UnknownMchid {
            mchid: mchid.unwrap_or_default().into(),
            known: self.merchants.iter().map(|merchant| merchant.mchid.to_string()).collect(),
        })?;
        merchant.credentials(&self.platform_certificates, &self.public_key, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(mchid: &str) -> MerchantConfig {
        MerchantConfig::new(mchid.parse().unwrap())
    }

    #[test]
    fn no_two_merchants_have_one_number_and_there_is_always_one() {
        let config = Config::default().with_merchants(["1", "2", "1"].map(merchant));
        assert_eq!(config.merchants().iter().map(|one| one.mchid.as_str()).collect::<Vec<_>>(), ["2", "1"]);
        let config = config.with_merchants([]);
        assert_eq!(config.merchants()[0].mchid, Credentials::development().mchid);
    }

    #[test]
    fn debug_and_display_show_no_key() {
        let merchant = Credentials::development();
        let shown = format!("{0:?} {0}", Config::default());
        assert!(!shown.contains("PRIVATE KEY") && !shown.contains(merchant.apiv3_key.expose()), "{shown}");
    }
}
