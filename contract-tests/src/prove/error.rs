//! Why a client cannot be tested.

use std::{fmt, io, net::SocketAddr};
use wechatpay_texts::{Text, phrase, text};

use super::{Keys, RunError, SelectionError};
use crate::environment::EnvironmentError;

/// Why the probes stopped.
#[derive(Debug, Text, thiserror::Error)]
pub enum StopError {
    /// No probe was selected.
    #[text(transparent)]
    Selection(#[from] SelectionError),
    /// The client fails with a correct mock.
    #[text(transparent)]
    HonestMock(Box<HonestMockError>),
    /// The client is a command that cannot be run.
    #[text(transparent)]
    Run(#[from] RunError),
    /// A mock cannot be started.
    #[text("cannot start a mock on {listen}")]
    Mock {
        /// The address.
        listen: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// All selected probes need other keys.
    #[text("expected a probe that can run with --keys {keys}, found none; --list says why each is skipped")]
    AllSkipped {
        /// The client's keys.
        keys: Keys,
    },
    /// There is no folder for the client's credentials.
    #[text("cannot create a folder for credentials")]
    Folder(#[source] io::Error),
    /// The client's environment cannot be prepared.
    #[text(transparent)]
    Environment(#[from] EnvironmentError),
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
        f.write_str(
            phrase!("the client fails with a mock that does nothing wrong, so nothing else was tried").text(),
        )?;
        write!(f, "\n  {}{}{}", self.reaction, phrase!(": "), self.findings.join(phrase!("; ").text()))?;
        if self.exchanges.is_empty() && self.rejected_connections.is_empty() {
            let hint = phrase!(
                "no request reached the mock; does the client read WECHATPAY_BASE_URL or HTTPS_PROXY?"
            );
            write!(f, "\n  {hint}")?;
        }
        let [mock, client] = [phrase!("mock"), phrase!("client")];
        let mut rejected = self.rejected_connections.iter();
        rejected
            .try_for_each(|reason| write!(f, "\n  {mock:10}{}", text!("rejected a connection: {reason}")))?;
        self.exchanges.iter().try_for_each(|exchange| write!(f, "\n  {mock:10}{exchange}"))?;
        self.output.iter().try_for_each(|line| write!(f, "\n  {client:10}{line}"))
    }
}
