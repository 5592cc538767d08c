//! Why a client cannot be tested.

use std::{fmt, io, net::SocketAddr};

use super::{Keys, RunError};
use crate::environment::EnvironmentError;

/// Why the probes stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// No probe was selected.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The client fails with a correct mock.
    #[error(transparent)]
    HonestMock(Box<HonestMockError>),
    /// The client is a command that cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A mock cannot be started.
    #[error("cannot start a mock on {listen}")]
    Mock {
        /// The address.
        listen: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// All selected probes need other keys.
    #[error("expected a probe that can run with --keys {keys}, found none; --list says why each is skipped")]
    AllSkipped {
        /// The client's keys.
        keys: Keys,
    },
    /// There is no folder for the client's credentials.
    #[error("cannot create a folder for credentials")]
    Folder(#[source] io::Error),
    /// The client's environment cannot be prepared.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// No probe matches the filters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no probe has {} in its id or group; --list shows all", .filters.join(" or "))]
pub struct SelectionError {
    pub(super) filters: Vec<String>,
}

/// What happened between a client and a correct mock.
#[derive(Debug)]
pub struct HonestMockError {
    pub(super) reaction: String,
    pub(super) findings: Vec<String>,
    pub(super) rejected_connections: Vec<String>,
    pub(super) exchanges: Vec<String>,
    /// The last lines of the client's output.
    pub(super) output: Vec<String>,
}

impl std::error::Error for HonestMockError {}

impl fmt::Display for HonestMockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the client fails with a mock that does nothing wrong, so nothing else was tried")?;
        write!(f, "\n  {}: {}", self.reaction, self.findings.join("; "))?;
        if self.exchanges.is_empty() && self.rejected_connections.is_empty() {
            let hint = "does the client read WECHATPAY_BASE_URL or HTTPS_PROXY?";
            write!(f, "\n  no request reached the mock; {hint}")?;
        }
        let mut rejected = self.rejected_connections.iter();
        rejected.try_for_each(|reason| write!(f, "\n  mock    rejected a connection: {reason}"))?;
        self.exchanges.iter().try_for_each(|exchange| write!(f, "\n  mock    {exchange}"))?;
        self.output.iter().try_for_each(|line| write!(f, "\n  client  {line}"))
    }
}
