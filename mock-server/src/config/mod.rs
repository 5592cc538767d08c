//! The configuration of a mock: merchants, the gateway's keys, policies, limits, fault rules and initial state.
//!
//! ```toml
//! [[merchant]]
//! mchid = "1900000002"
//! trust = "public-key"
//! ```
//!
//! `fixtures/config/example.toml` shows every key. Omitted keys have their defaults. Mistakes are reported together, up to 50,
//! with their lines, and the mock does not start.

mod error;
mod explain;
mod keys;
mod own;
mod read;
mod seed;
mod source;
mod summary;

use std::{
    collections::HashSet,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use wechatpay_openapi::Contract;
use wechatpay_protocol::{Credentials, Timestamp};
use wechatpay_texts::{phrase, text};

use crate::{
    admin::{AdminToken, advertised::Advertised},
    api::host::Host,
    clock::Clock,
    faults::FaultRule,
    limits::Limits,
    merchants::{MerchantConfig, NoCredentials, PlatformCertificate, PlatformCertificates, PublicKeyPair},
    notify::NotifyHosts,
    operations::{Operations, payment::Payments, seed::Seed, transfer::Transfers},
    policies::Policies,
    request::diagnose::DiagnosisMode,
    store::StorePlace,
};

pub use crate::config::error::{ConfigError, ConfigErrors};

/// A checked configuration: keys belong to their certificates, and every merchant has a unique mchid.
///
/// The default has the development merchant and the gateway's development keys.
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
    /// The address to listen on for TLS only.
    pub tls_listen: Option<SocketAddr>,
    /// More hosts that the mock answers for, besides the gateway's and this machine's usual names.
    pub hosts: Vec<Host>,
    /// Hosts to which the proxy passes requests through.
    pub proxy_passthrough: Vec<Host>,
    /// Where callbacks may be sent, besides this machine.
    pub notify: NotifyHosts,
    /// The folder of the certificate authority for HTTPS; `None` creates one in memory.
    pub ca_dir: Option<PathBuf>,
    /// Where the state is kept.
    pub store: StorePlace,
    /// Whether all mocks of one store share their clock, their fault rules and the merchants created at run time.
    pub shared: bool,
    /// Where other mocks of the same Redis can call this one. Default: where it listens.
    pub advertise: Option<Advertised>,
    /// The initial state; `None` gives every merchant the documentation's sample card.
    pub seed: Option<Seed>,
    /// Size, count and time limits.
    pub limits: Limits,
    /// Behaviour that the documentation leaves open.
    pub policies: Policies,
    /// What happens to payments by itself.
    pub payments: Payments,
    /// What merchants may transfer, and what happens to transfers by itself.
    pub transfers: Transfers,
    /// Whether wrong signatures are diagnosed, and where the diagnosis is shown.
    pub diagnosis: DiagnosisMode,
    /// The token that `/__mock/` requires. Without one, it is open on loopback only.
    pub admin_token: Option<AdminToken>,
    /// Initial fault rules.
    pub faults: Vec<FaultRule>,
    /// The gateway's certificates and their private keys.
    pub platform_certificates: PlatformCertificates,
    /// The gateway's key pair that has an ID instead of a certificate.
    pub public_key: PublicKeyPair,
    /// At least one, each with a unique mchid.
    merchants: Vec<MerchantConfig>,
    /// The gateway's operations and the user's own.
    pub(crate) operations: Operations,
    /// The user's contract files, and how many operations each has.
    contract_files: Vec<(PathBuf, usize)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: None,
            tls_listen: None,
            hosts: Vec::new(),
            proxy_passthrough: Vec::new(),
            notify: NotifyHosts::default(),
            ca_dir: None,
            store: StorePlace::Memory,
            shared: false,
            advertise: None,
            seed: None,
            limits: Limits::default(),
            policies: Policies::default(),
            payments: Payments::default(),
            transfers: Transfers::default(),
            diagnosis: DiagnosisMode::default(),
            admin_token: None,
            faults: Vec::new(),
            platform_certificates: PlatformCertificates::One(PlatformCertificate::development()),
            public_key: PublicKeyPair::development(),
            merchants: vec![MerchantConfig::development()],
            operations: Operations::default(),
            contract_files: Vec::new(),
        }
    }
}

impl Config {
    /// Reads a TOML file, and the files that it names.
    ///
    /// # Errors
    /// [`ConfigErrors`] lists every mistake with file and line. A certificate that is not valid now is a mistake.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigErrors> {
        Self::from_file_at(path, Clock::system().now())
    }

    /// Like [`Config::from_file`], with certificates checked at `now`.
    ///
    /// # Errors
    /// The same [`ConfigErrors`].
    pub fn from_file_at(path: impl AsRef<Path>, now: Timestamp) -> Result<Self, ConfigErrors> {
        Self::from_files_at(path, &[], now)
    }

    /// Like [`Config::from_file`], with these contract files besides those that it names.
    ///
    /// # Errors
    /// The same [`ConfigErrors`].
    pub fn from_files(path: impl AsRef<Path>, contracts: &[PathBuf]) -> Result<Self, ConfigErrors> {
        Self::from_files_at(path, contracts, Clock::system().now())
    }

    fn from_files_at(
        path: impl AsRef<Path>,
        contracts: &[PathBuf],
        now: Timestamp,
    ) -> Result<Self, ConfigErrors> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| {
            let problem = text!("expected a configuration file that can be read: {error}");
            let advice = phrase!("name a TOML file; fixtures/config/example.toml shows every key");
            ConfigError::new(path, None, problem, advice)
        })?;
        read::config(path, &text, contracts, now)
    }

    /// Adds the operations of these files: OpenAPI 3.0 or 3.1 in JSON, with the keywords of the built-in contract. An
    /// operation of the same method and path replaces the built-in one.
    ///
    /// # Errors
    /// [`ConfigErrors`] if a file cannot be read, is not such a document, or describes an operation that another one has.
    pub fn with_contract_files(mut self, paths: &[PathBuf]) -> Result<Self, ConfigErrors> {
        let errors = paths.iter().filter_map(|path| self.add_contract_file(path.clone()).err()).collect();
        ConfigErrors::or(errors, self)
    }

    fn add_contract_file(&mut self, path: PathBuf) -> Result<(), ConfigError> {
        let (contract, count) = own::add_file(&self.operations.contract, &path)?;
        self.operations.contract = Arc::new(contract);
        self.contract_files.push((path, count));
        Ok(())
    }

    /// The gateway's operations, and those that were added.
    pub fn contract(&self) -> &Contract {
        &self.operations.contract
    }

    /// Reads the initial state from this JSON file.
    ///
    /// # Errors
    /// [`ConfigErrors`] if the file cannot be read, is not a seed, or names a merchant that is not configured.
    pub fn with_seed_file(self, path: impl AsRef<Path>) -> Result<Self, ConfigErrors> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| {
            let problem = text!("expected a seed file that can be read: {error}");
            let advice = phrase!("name a JSON file; fixtures/config/seed.json is one");
            ConfigError::new(path, None, problem, advice)
        })?;
        let seed = seed::parse(path, &text)?;
        seed::check(&seed, &self, path, &text)?;
        Ok(Self { seed: Some(seed), ..self })
    }

    /// Replaces the merchants. If two have the same mchid, the later one counts. Without any, the development merchant
    /// is used.
    #[must_use]
    pub fn with_merchants(self, merchants: impl IntoIterator<Item = MerchantConfig>) -> Self {
        let merchants: Vec<_> = merchants.into_iter().collect();
        let mut mchids = HashSet::new();
        let is_last = |merchant: &MerchantConfig| mchids.insert(merchant.mchid.clone());
        let mut known: Vec<_> = merchants.into_iter().rev().filter(is_last).collect();
        known.reverse();
        if known.is_empty() {
            known.push(MerchantConfig::development());
        }
        Self { merchants: known, ..self }
    }

    /// The merchants; at least one.
    pub fn merchants(&self) -> &[MerchantConfig] {
        &self.merchants
    }

    /// A merchant's credentials: its own keys, and the gateway's keys that it trusts. During a change-over, the
    /// platform certificate is the one that signs at `at`. Without an mchid, the first merchant's.
    ///
    /// # Errors
    /// [`NoCredentials`] if there is no such merchant, or the configuration does not have its private key.
    pub fn credentials(&self, mchid: Option<&str>, at: Timestamp) -> Result<Credentials, NoCredentials> {
        let is_selected =
            |merchant: &&MerchantConfig| mchid.is_none_or(|mchid| merchant.mchid.as_str() == mchid);
        let merchant =
            self.merchants.iter().find(is_selected).ok_or_else(|| NoCredentials::UnknownMchid {
                mchid: mchid.unwrap_or_default().into(),
                known: self.merchants.iter().map(|merchant| merchant.mchid.to_string()).collect(),
            })?;
        merchant.credentials(&self.platform_certificates, &self.public_key, at)
    }
}

#[cfg(test)]
mod tests {
    use wechatpay_texts::Language;

    use super::*;

    fn merchant(mchid: &str) -> MerchantConfig {
        MerchantConfig::new(mchid.parse().unwrap())
    }

    #[test]
    fn mchids_are_unique_and_there_is_always_a_merchant() {
        let config = Config::default().with_merchants(["1", "2", "1"].map(merchant));
        assert_eq!(config.merchants().iter().map(|one| one.mchid.as_str()).collect::<Vec<_>>(), ["2", "1"]);
        let config = config.with_merchants([]);
        assert_eq!(config.merchants()[0].mchid, Credentials::development().mchid);
    }

    #[test]
    fn mistakes_and_the_summary_are_in_the_current_language() {
        let text = "listen = 1\nshared = \"yes\"\n[[fault]]\nfault = \"reset\"\nerror = { status = 500, code = \"E\", message = \"e\" }";
        let read = || read::config("shop.toml".as_ref(), text, &[], Timestamp::from_unix(0)).unwrap_err();
        assert_eq!(
            Language::Chinese.within(|| read().to_string()),
            "配置有 3 处错误\n\
             shop.toml:1: listen：应为字符串，实际是：1\n    请加上双引号\n\
             shop.toml:2: shared：应为布尔值，实际是：字符串\n    请去掉引号\n\
             shop.toml:3: [[fault]]: 应有 fault、error 或 latency，且 fault 与 error 不能并存，实际同时有 fault 和 error\n    \
             fixtures/config/example.toml 列出了 [[fault]] 的所有键"
        );
        let summary = Language::Chinese.within(|| Config::default().to_string());
        assert!(summary.contains("签名密钥        证书 "), "{summary}");
    }

    #[test]
    fn debug_and_display_show_no_key() {
        let merchant = Credentials::development();
        let shown = format!("{0:?} {0}", Config::default());
        assert!(!shown.contains("PRIVATE KEY") && !shown.contains(merchant.apiv3_key.expose()), "{shown}");
    }
}
