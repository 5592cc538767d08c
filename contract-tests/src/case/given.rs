//! The state before a case: how its own mock differs from a mock without configuration.

use std::time::Duration;

use serde::Deserialize;
use wechatpay_mock::{
    CertificateStatus, Clock, Config, MaxRatio, MerchantConfig, Seed, Transfers, TrustMode,
    policies::Policies,
};
use wechatpay_protocol::Timestamp;

use super::strict;

/// How the mock differs from one without configuration. If empty, the case needs an unused mock.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// Choices for behaviours that the documentation leaves open.
    #[serde(deserialize_with = "strict::not_default")]
    pub policies: Policies,
    /// Cards and members, by merchant.
    #[serde(deserialize_with = "strict::not_default")]
    pub seed: Option<Seed>,
    /// The fixed time of the mock's clock and of the requests' signatures, in Unix seconds.
    #[serde(deserialize_with = "strict::not_default")]
    pub now: Option<u64>,
    /// The gateway keys that the merchant trusts.
    #[serde(deserialize_with = "strict::not_default")]
    pub trust: TrustMode,
    /// Whether the merchant's certificate is still valid.
    #[serde(deserialize_with = "strict::not_default")]
    pub certificate_status: CertificateStatus,
    /// The merchant's appids. Without any, every appid is taken for its own.
    #[serde(deserialize_with = "strict::not_default")]
    pub appids: Vec<String>,
    /// What is in the merchant's account, in fen; without it, refunds and transfers are not limited.
    #[serde(deserialize_with = "strict::not_default")]
    pub balance: Option<u64>,
    /// How many seconds a refund stays `PROCESSING`.
    #[serde(deserialize_with = "strict::not_default")]
    pub refund_delay: u64,
    /// The most that a service of pay score may cost, in fen; without it, there is no limit.
    #[serde(deserialize_with = "strict::not_default")]
    pub service_limit: Option<u64>,
    /// How many seconds receivers wait for their money, and a return takes.
    #[serde(deserialize_with = "strict::not_default")]
    pub sharing_delay: u64,
    /// How much of an order can be shared, in hundredths of a percent.
    #[serde(deserialize_with = "strict::not_default")]
    pub max_ratio: Option<u64>,
    /// How many seconds a transfer stays `TRANSFERING` or `CANCELING`.
    #[serde(deserialize_with = "strict::not_default")]
    pub transfer_delay: u64,
    /// The scenes of transfers that the merchant has. Without any, it has all.
    #[serde(deserialize_with = "strict::not_default")]
    pub transfer_scenes: Vec<String>,
    /// The most that one transfer may be, in fen.
    #[serde(deserialize_with = "strict::not_default")]
    pub transfer_limit: Option<u64>,
    /// The most that all transfers of a day may be, in fen.
    #[serde(deserialize_with = "strict::not_default")]
    pub transfer_daily_limit: Option<u64>,
}

impl Given {
    /// The configuration of the mock.
    pub fn config(&self) -> Config {
        let merchant = MerchantConfig {
            trust: self.trust,
            certificate_status: self.certificate_status,
            appids: self.appids.clone(),
            balance: self.balance,
            ..MerchantConfig::development()
        };
        let mut config = Config::default().with_merchants([merchant]);
        config.policies = self.policies.clone();
        config.seed.clone_from(&self.seed);
        config.payments.refund_delay = Duration::from_secs(self.refund_delay);
        config.payments.service_limit = self.service_limit;
        config.payments.sharing_delay = Duration::from_secs(self.sharing_delay);
        config.payments.max_ratio = self.max_ratio.and_then(MaxRatio::new).unwrap_or_default();
        config.transfers = Transfers {
            delay: Duration::from_secs(self.transfer_delay),
            scenes: self.transfer_scenes.clone(),
            limit: self.transfer_limit,
            daily_limit: self.transfer_daily_limit,
        };
        config
    }

    /// The clock of the mock.
    pub fn clock(&self) -> Clock {
        self.now.map_or_else(Clock::system, |now| Clock::fixed(Timestamp::from_unix(now)))
    }
}
