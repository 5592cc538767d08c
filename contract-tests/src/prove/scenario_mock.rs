//! The mock in a scenario.

use std::{io, net::SocketAddr, time::Duration};

use wechatpay_mock::{
    Applied, Config, Fault, FaultMatch, FaultRule, Limits, MerchantConfig, MockServer, PlatformCertificate,
    PlatformCertificates, TrustMode, policies::SignedRefusals,
};
use wechatpay_protocol::Timestamp;

use super::{GatewayKeys, InjectedFault, Keys, Scenario};

/// A mock with the keys of a scenario.
#[derive(Debug)]
pub(super) struct ScenarioMock {
    pub(super) server: MockServer,
    keys: Keys,
    gateway_keys: GatewayKeys,
}

/// The operation of the sample call.
pub(super) const SAMPLE_OPERATION: &str = "set_rights";
/// The operation that lists platform certificates.
pub(super) const LIST_OPERATION: &str = "list_certificates";

/// How many seconds further ahead a future timestamp is, so that it is still too far ahead when a slow machine checks it.
const FUTURE_MARGIN: i64 = 60;

impl ScenarioMock {
    /// Starts a mock with these keys at this address, for a client with those keys.
    pub(super) async fn start(listen: SocketAddr, keys: Keys, gateway_keys: GatewayKeys) -> io::Result<Self> {
        let merchant = MerchantConfig { trust: trust(keys, gateway_keys), ..MerchantConfig::development() };
        let mut config = Config::default().with_merchants([merchant]);
        config.platform_certificates = platform_certificates(gateway_keys);
        // A client that demands a signature of a refusal does not show the gateway's error.
        config.policies.signed_refusals = SignedRefusals::None;
        // A client that still waits at shutdown has exceeded its time limit.
        config.limits = Limits::default().with_shutdown(1).map_err(io::Error::other)?;
        let server = MockServer::builder().config(config).listen(listen).start().await?;
        Ok(Self { server, keys, gateway_keys })
    }

    /// Whether a scenario with these keys can run here.
    pub(super) fn has(&self, keys: Keys, gateway_keys: GatewayKeys) -> bool {
        (self.keys, self.gateway_keys) == (keys, gateway_keys)
    }

    /// Resets the mock and injects the scenario's fault. `silence` is how long a mock that does not respond waits; it
    /// must exceed the client's time limit.
    pub(super) fn prepare(&self, scenario: &Scenario, silence: Duration) -> io::Result<()> {
        self.server.reset();
        let (operation, rule) = match scenario.fault {
            None => return Ok(()),
            Some(InjectedFault::ClockSkew(seconds)) => {
                self.server.clock().skew(seconds);
                return Ok(());
            }
            Some(InjectedFault::Always(fault)) => (SAMPLE_OPERATION, FaultRule::of(fault)),
            Some(InjectedFault::CertificateList(fault)) => (LIST_OPERATION, FaultRule::of(fault)),
            Some(InjectedFault::Once(fault)) => {
                // If only the response is wrong, the request is applied anyway, and the rule must not set `applied`.
                let applied = (fault.applied() != Applied::Always).then_some(true);
                (SAMPLE_OPERATION, FaultRule { times: Some(1), applied, ..FaultRule::of(fault) })
            }
        };
        if rule.fault == Some(Fault::FutureTimestamp) {
            self.server.clock().skew(FUTURE_MARGIN);
        }
        let when = FaultMatch { operation: Some(operation.into()), ..FaultMatch::default() };
        let is_silence = rule.fault == Some(Fault::NoAnswer);
        let milliseconds = is_silence.then(|| u64::try_from(silence.as_millis()).unwrap_or(u64::MAX));
        self.server.add_fault(FaultRule { when, milliseconds, ..rule }).map_err(io::Error::other)?;
        Ok(())
    }

    /// Whether the sample call has a fault that no request has met. A fault of the certificate list does not count,
    /// because not every client downloads it.
    pub(super) fn has_unmet_fault(&self) -> bool {
        let is_of_call = |rule: &FaultRule| rule.when.operation.as_deref() == Some(SAMPLE_OPERATION);
        self.server.faults().iter().any(|state| state.struck == 0 && is_of_call(&state.rule))
    }
}

fn trust(keys: Keys, gateway_keys: GatewayKeys) -> TrustMode {
    match (gateway_keys, keys) {
        (GatewayKeys::Known, Keys::Both) => TrustMode::Both,
        (GatewayKeys::Known, Keys::PublicKey) | (GatewayKeys::PublicKeyOnly, _) => TrustMode::PublicKey,
        (GatewayKeys::Known, Keys::Certificate) | (GatewayKeys::ChangeOver | GatewayKeys::Replaced, _) => {
            TrustMode::PlatformCertificate
        }
    }
}

fn platform_certificates(gateway_keys: GatewayKeys) -> PlatformCertificates {
    let old = PlatformCertificate::development();
    match gateway_keys {
        GatewayKeys::Known | GatewayKeys::PublicKeyOnly => PlatformCertificates::One(old),
        GatewayKeys::Replaced => PlatformCertificates::One(new_certificate()),
        GatewayKeys::ChangeOver => PlatformCertificates::ChangeOver {
            old,
            new: new_certificate(),
            signs_from: Timestamp::from_unix(0),
        },
    }
}

/// A platform certificate that no client has.
fn new_certificate() -> PlatformCertificate {
    let certificate = include_str!("../../../fixtures/credentials/other_cert.pem");
    let key = include_str!("../../../fixtures/credentials/other_key.pem");
    PlatformCertificate::new(certificate, key).expect("the development keys are valid")
}
