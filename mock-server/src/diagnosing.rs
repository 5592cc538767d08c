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

/// How long a request waits for its turn. With more wrong signatures than can be diagnosed, some are not tried, which is
/// told as well.
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
    /// Why this request's signature does not match; `None` if that is not asked for.
    pub(crate) async fn diagnose(self: &Arc<Self>, received: &Arc<Received>) -> Option<Diagnosis> {
        if self.diagnosis == Diagnosing::Off {
            return None;
        }
        let Ok(_turn) = timeout(TURN, self.diagnoses.acquire()).await else {
            return Some(Diagnosis::not_tried());
        };
        let (gateway, received) = (Arc::clone(self), Arc::clone(received));
        // On a thread of its own, so that no other exchange waits for it.
        spawn_blocking(move || diagnose_request(&received, gateway.contract, &gateway.identity)).await.ok()?
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, Version};

    use super::*;
    use crate::{
        clock::Clock, config::Config, connections::Addresses, forensics::Verdict, randomness::Randomness,
        stages::receive::Peer,
    };

    fn received() -> Arc<Received> {
        Arc::new(Received {
            method: Method::GET,
            target: "/v3/certificates".into(),
            headers: HeaderMap::new(),
            version: Version::HTTP_11,
            body: Vec::new().into(),
            body_length: 0,
            peer: Peer { address: None, is_tls: false },
            keeps_alive: true,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_signature_that_there_is_no_time_for_is_told_from_one_that_nobody_asked_about() {
        for (diagnosis, verdict) in [(Diagnosing::Journal, Some(Verdict::NotTried)), (Diagnosing::Off, None)]
        {
            let mut config = Config::default();
            config.diagnosis = diagnosis;
            let addresses = Addresses { either: ([127, 0, 0, 1], 1).into(), tls_alone: None };
            let gateway = Gateway::new(&config, addresses, Clock::system(), Randomness::system()).unwrap();
            let gateway = Arc::new(gateway);
            let _another = gateway.diagnoses.acquire().await.unwrap();
            let told = gateway.diagnose(&received()).await;
            assert_eq!(told.map(|told| told.verdict), verdict);
        }
    }
}
