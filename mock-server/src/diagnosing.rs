//! Finding out what is wrong with a signature, away from the connections.

use std::{fmt, sync::Arc, time::Duration};

use serde::Deserialize;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::{
    contract::Contract,
    forensics::{Diagnosis, diagnose_request},
    merchants::Merchants,
    request::receive::RawRequest,
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

/// How long a request waits for its turn. With more wrong signatures than can be diagnosed, some are not tried, which is
/// told as well.
const TURN: Duration = Duration::from_millis(250);

impl Diagnosing {
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

/// Why this request's signature does not match; `None` if that is not asked for.
pub(crate) async fn diagnose(
    received: &Arc<RawRequest>,
    mode: Diagnosing,
    contract: &'static Contract,
    merchants: &Arc<Merchants>,
    turns: &Semaphore,
) -> Option<Diagnosis> {
    if mode == Diagnosing::Off {
        return None;
    }
    let Ok(_turn) = timeout(TURN, turns.acquire()).await else {
        return Some(Diagnosis::not_tried());
    };
    let (merchants, received) = (Arc::clone(merchants), Arc::clone(received));
    // On a thread of its own, so that no other exchange waits for it.
    spawn_blocking(move || diagnose_request(&received, contract, &merchants)).await.ok()?
}
