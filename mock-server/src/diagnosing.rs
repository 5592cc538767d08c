//! Finding out what is wrong with a signature, away from the connections.

use std::{fmt, sync::Arc, time::Duration};

use serde::Deserialize;
use tokio::{task::spawn_blocking, time::timeout};

use crate::{
    forensics::{Diagnosis, diagnose_request},
    gateway::Gateway,
    stages::receive::Received,
};

/// Whether signatures that don't match are diagnosed, and where that is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Diagnosing {
    /// In the journal, the log, and the header `Mock-Diagnosis`, which no real gateway sends.
    #[default]
    Header,
    /// In the journal and the log.
    Journal,
    /// Not at all.
    Off,
}

/// Diagnoses at once. Each takes a core for up to 25 ms.
pub(crate) const AT_ONCE: usize = 1;

/// How long a request waits for its turn. With more wrong signatures than can be diagnosed, some stay without.
const TURN: Duration = Duration::from_millis(250);

impl Diagnosing {
    pub(crate) const ALL: [Self; 3] = [Self::Header, Self::Journal, Self::Off];

    /// Whether the answer says it.
    pub(crate) fn is_told(self) -> bool {
        self == Self::Header
    }
}

impl fmt::Display for Diagnosing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Journal => "journal",
            Self::Off => "off",
        })
    }
}

impl Gateway {
    /// Why this request's signature does not match; `None` if that is not asked for, or there is no time for it.
    pub(crate) async fn diagnose(self: &Arc<Self>, received: &Arc<Received>) -> Option<Diagnosis> {
        if self.diagnosis == Diagnosing::Off {
            return None;
        }
        let _turn = timeout(TURN, self.diagnoses.acquire()).await.ok()?.ok()?;
        let (gateway, received) = (Arc::clone(self), Arc::clone(received));
        // On a thread of its own, so that no other exchange waits for it.
        spawn_blocking(move || diagnose_request(&received, gateway.contract, &gateway.identity)).await.ok()?
    }
}
