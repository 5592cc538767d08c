//! A probe: what the mock does, and what the client must do.

use std::fmt;

use wechatpay_mock::Fault;

use super::{Keys, Severity};

/// One question to a client.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Its name.
    pub id: &'static str,
    /// What it belongs to; probes of a group stand together.
    pub group: &'static str,
    /// What the mock does.
    pub title: &'static str,
    /// How bad it is if the client does not do what it must.
    pub severity: Severity,
    /// What the client meets.
    pub scene: Scene,
    /// What it must do.
    pub must: Must,
    /// Why that matters.
    pub why: &'static str,
    /// How to mend a client that does otherwise.
    pub mend: &'static str,
}

/// What a client meets.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// Which of the gateway's keys the client is given; all that it shall have, where nothing is said.
    pub keys: Option<Keys>,
    /// What the gateway signs with.
    pub world: World,
    /// What it does wrong.
    pub misbehaviour: Misbehaviour,
}

/// What the gateway signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// The keys that the client has.
    ClientsKeys,
    /// Two platform certificates are in force, and the one that the client does not have signs, unless the other is asked
    /// for.
    ChangeOver,
    /// The platform certificate that the client has is gone, and another signs.
    Replaced,
    /// The public key alone.
    PublicKeyOnly,
}

/// What the gateway does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Nothing.
    None,
    /// This happens to the sample call, each time.
    Fault(Fault),
    /// The call is carried out and then this happens, the first time only.
    Once(Fault),
    /// This happens to the list of platform certificates, each time.
    OfList(Fault),
    /// Its clock, or the client's, is so many seconds off.
    Skew(i64),
}

/// What a client must do. To end within the time limit is part of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// Accept the answer.
    Accept,
    /// Refuse it. It may try again.
    Refuse,
    /// Either of the two.
    EndInTime,
    /// Refuse it, and show the gateway's own code or message.
    ShowError {
        /// This code.
        code: &'static str,
        /// Whether it may send the request again.
        may_repeat: bool,
    },
    /// Refuse, or send the request again with the same number and accept that answer.
    RepeatAlike,
    /// Refuse, or accept the new certificate's signature after it has downloaded that; it must, if it downloads.
    FollowCertificates,
}

impl Scene {
    /// Everything is as it should be.
    pub(super) const HONEST: Self =
        Self { keys: None, world: World::ClientsKeys, misbehaviour: Misbehaviour::None };

    pub(super) const fn with(misbehaviour: Misbehaviour) -> Self {
        Self { misbehaviour, ..Self::HONEST }
    }

    pub(super) const fn of(keys: Keys, world: World) -> Self {
        Self { keys: Some(keys), world, ..Self::HONEST }
    }
}

impl fmt::Display for Must {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("accept the answer"),
            Self::Refuse => f.write_str("refuse the answer"),
            Self::EndInTime => f.write_str("accept or refuse the answer in time"),
            Self::ShowError { code, may_repeat: true } => write!(f, "refuse and show {code}"),
            Self::ShowError { code, may_repeat: false } => {
                write!(f, "refuse, show {code}, and not send the request again")
            }
            Self::RepeatAlike => f.write_str("refuse, or send the request again with the same number"),
            Self::FollowCertificates => f.write_str("refuse the answer, or download the certificate first"),
        }
    }
}
