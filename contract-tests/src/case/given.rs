//! The state before: how a mock differs from one that is told nothing.

use serde::Deserialize;
use wechatpay_mock::{CertificateStatus, Clock, Config, MerchantConfig, Seed, TrustMode, policies::Policies};
use wechatpay_protocol::Timestamp;

use super::strict;

/// How a mock differs from one that is told nothing. With nothing in it, it asks for a mock that nobody has used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// What nothing public decides.
    #[serde(deserialize_with = "strict::not_default")]
    pub policies: Policies,
    /// Cards and members, by merchant.
    #[serde(deserialize_with = "strict::not_default")]
    pub seed: Option<Seed>,
    /// The time, in Unix seconds: the mock's clock stands still, and requests are signed then.
    #[serde(deserialize_with = "strict::not_default")]
    pub now: Option<u64>,
    /// Which of the gateway's keys the merchant trusts.
    #[serde(deserialize_with = "strict::not_default")]
    pub trust: TrustMode,
    /// What has become of the merchant's certificate.
    #[serde(deserialize_with = "strict::not_default")]
    pub certificate_status: CertificateStatus,
}

impl Given {
    /// A mock's configuration that says so.
    pub fn config(&self) -> Config {
        let merchant = MerchantConfig {
            trust: self.trust,
            certificate_status: self.certificate_status,
            ..MerchantConfig::development()
        };
        let mut config = Config::default().with_merchants([merchant]);
        config.policies = self.policies.clone();
        config.seed.clone_from(&self.seed);
        config
    }

    /// The mock's clock.
    pub fn clock(&self) -> Clock {
        self.now.map_or_else(Clock::system, |now| Clock::fixed(Timestamp::from_unix(now)))
    }
}
