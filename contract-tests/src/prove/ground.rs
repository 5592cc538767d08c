//! The mock that a client meets, with the keys of a scene.

use std::{fmt, io, net::SocketAddr, str::FromStr, time::Duration};

use wechatpay_mock::{
    Applied, Config, Fault, FaultMatch, FaultRule, Limits, MerchantConfig, MockServer, PlatformCertificate,
    PlatformCertificates, TrustMode,
};
use wechatpay_protocol::{Credentials, Timestamp};

use super::{Misbehaviour, World, probe::Scene};

/// Which of the gateway's keys a client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Platform certificate and public key.
    Both,
    /// The platform certificate.
    Certificate,
    /// The public key.
    PublicKey,
}

/// Text is not the name of [`Keys`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected both, certificate or public-key, found {found:?}")]
pub struct KeysError {
    found: String,
}

/// The mock that a client meets in some scene.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) mock: MockServer,
    keys: Keys,
    world: World,
}

/// The operation of the sample call.
pub(super) const SAMPLE_OPERATION: &str = "set_rights";
/// The operation that lists platform certificates.
pub(super) const LIST_OPERATION: &str = "list_certificates";

/// Seconds by which a clock is ahead without being wrong.
const AHEAD: i64 = 60;

const VALID: &str = "the development keys are valid";

impl FromStr for Keys {
    type Err = KeysError;

    fn from_str(text: &str) -> Result<Self, KeysError> {
        match text {
            "both" => Ok(Self::Both),
            "certificate" => Ok(Self::Certificate),
            "public-key" => Ok(Self::PublicKey),
            _ => Err(KeysError { found: text.into() }),
        }
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Both => "both",
            Self::Certificate => "certificate",
            Self::PublicKey => "public-key",
        })
    }
}

impl Keys {
    /// The development merchant's credentials, with these keys of the gateway's.
    pub(super) fn credentials(self) -> Credentials {
        let all = Credentials::development();
        match self {
            Self::Both => all,
            Self::Certificate => Credentials { public_key: None, ..all },
            Self::PublicKey => Credentials { platform_certificate: None, ..all },
        }
    }

    fn trust(self) -> TrustMode {
        match self {
            Self::Both => TrustMode::Both,
            Self::Certificate => TrustMode::PlatformCertificate,
            Self::PublicKey => TrustMode::PublicKey,
        }
    }
}

impl Ground {
    /// Starts a mock of that world at that address, for a client with these keys.
    pub(super) async fn start(listen: SocketAddr, keys: Keys, world: World) -> io::Result<Self> {
        let merchant = MerchantConfig { trust: trust(keys, world), ..MerchantConfig::development() };
        let mut config = Config::default().with_merchants([merchant]);
        config.platform_certificates = certificates(world);
        // A client that still waits has had its time.
        config.limits = Limits::default().with_shutdown(1).map_err(io::Error::other)?;
        let mock = MockServer::builder().config(config).listen(listen).start().await?;
        Ok(Self { mock, keys, world })
    }

    /// Whether a scene can be had here, with another misbehaviour.
    pub(super) fn suits(&self, keys: Keys, world: World) -> bool {
        (self.keys, self.world) == (keys, world)
    }

    /// Forgets everything and misbehaves as the scene says. What lasts, lasts longer than the client may.
    pub(super) fn set(&self, scene: &Scene, lasts: Duration) -> io::Result<()> {
        self.mock.reset();
        let rule = match scene.misbehaviour {
            Misbehaviour::None => return Ok(()),
            Misbehaviour::Skew(seconds) => {
                self.mock.clock().skew(seconds);
                return Ok(());
            }
            Misbehaviour::Fault(fault) | Misbehaviour::OfList(fault) => FaultRule::of(fault),
            Misbehaviour::Once(fault) => {
                FaultRule { times: Some(1), applied: applied(fault), ..FaultRule::of(fault) }
            }
        };
        if rule.fault == Some(Fault::FutureTimestamp) {
            // So that it still lies too far ahead when a slow machine comes to look at it.
            self.mock.clock().skew(AHEAD);
        }
        let operation = match scene.misbehaviour {
            Misbehaviour::OfList(_) => LIST_OPERATION,
            _ => SAMPLE_OPERATION,
        };
        let when = FaultMatch { operation: Some(operation.into()), ..FaultMatch::default() };
        let is_silence = rule.fault == Some(Fault::NoAnswer);
        let milliseconds = is_silence.then(|| u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX));
        self.mock.add_fault(FaultRule { when, milliseconds, ..rule }).map_err(io::Error::other)?;
        Ok(())
    }

    /// Whether a fault of the sample call was asked for and never struck. Not every client asks for a list.
    pub(super) fn missed(&self) -> bool {
        let is_of_call = |rule: &FaultRule| rule.when.operation.as_deref() == Some(SAMPLE_OPERATION);
        self.mock.faults().iter().any(|state| state.struck == 0 && is_of_call(&state.rule))
    }
}

/// A call whose answer is lost shall have been carried out. Where only the answer is odd, it is in any case.
fn applied(fault: Fault) -> Option<bool> {
    (fault.applied() != Applied::Always).then_some(true)
}

fn trust(keys: Keys, world: World) -> TrustMode {
    match world {
        World::ClientsKeys => keys.trust(),
        World::ChangeOver | World::Replaced => TrustMode::PlatformCertificate,
        World::PublicKeyOnly => TrustMode::PublicKey,
    }
}

fn certificates(world: World) -> PlatformCertificates {
    let old = PlatformCertificate::development();
    match world {
        World::ClientsKeys | World::PublicKeyOnly => PlatformCertificates::One(old),
        World::ChangeOver => PlatformCertificates::ChangeOver {
            old,
            new: new_certificate(),
            signs_from: Timestamp::from_unix(0),
        },
        World::Replaced => PlatformCertificates::One(new_certificate()),
    }
}

/// A platform certificate that no client has.
fn new_certificate() -> PlatformCertificate {
    let [certificate, key] = [
        include_str!("../../../fixtures/credentials/other_cert.pem"),
        include_str!("../../../fixtures/credentials/other_key.pem"),
    ];
    PlatformCertificate::new(certificate, key).expect(VALID)
}
