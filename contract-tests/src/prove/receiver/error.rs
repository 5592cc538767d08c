//! Why a receiver cannot be tested.

use std::{fmt, io};

use wechatpay_mock::NoCredentials;
use wechatpay_texts::{Text, phrase, text};

use crate::{
    environment::EnvironmentError,
    prove::{RunError, SelectionError},
};

/// Why the probes did not run.
#[derive(Debug, Text, thiserror::Error)]
pub enum ReceiverError {
    /// No probe was selected.
    #[text(transparent)]
    Selection(#[from] SelectionError),
    /// A URL may not be called.
    #[text(transparent)]
    Destination(#[from] DestinationError),
    /// The URL has port 0, which stands for the port of an application that is started.
    #[text(
        "port 0 stands for the port of an application that is started; give a command after --, or the port"
    )]
    AnyPort,
    /// There is no free port.
    #[text("cannot find a free port")]
    Port(#[source] io::Error),
    /// Nothing listens there.
    #[text(
        "nothing can be reached at {url}: {reason}; start the receiver, or give a command that does after --"
    )]
    Unreachable {
        /// The URL.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The application is a command that cannot be run.
    #[text(transparent)]
    Run(#[from] RunError),
    /// The application does not listen at its URL.
    #[text("{0}")]
    Application(Box<ApplicationError>),
    /// Something else listens at the application's URL.
    #[text("something listens at {url} already; end it, or use port 0, which stands for a free port")]
    PortTaken {
        /// The URL.
        url: String,
    },
    /// All selected probes are skipped.
    #[text("expected a probe that can run, found none; --list says why each is skipped")]
    AllSkipped,
    /// The application does not say how often it acted, or does not forget.
    #[text("the application's {option}: {reason}")]
    Question {
        /// The option with the URL.
        option: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// There is no such merchant, or its private key is unknown.
    #[text(transparent)]
    Credentials(#[from] NoCredentials),
    /// A mock for the application cannot be started.
    #[text("cannot start a mock for the application")]
    Mock(#[source] io::Error),
    /// There is no folder for the application's credentials.
    #[text("cannot create a folder for credentials")]
    Folder(#[source] io::Error),
    /// The application's environment cannot be prepared.
    #[text(transparent)]
    Environment(#[from] EnvironmentError),
}

/// Why a URL may not be called, or cannot be.
#[derive(Debug, Text, thiserror::Error)]
pub enum DestinationError {
    /// The host is neither this machine nor allowed.
    #[text("{host} is not this machine; allow it with --allow-host {host} if it is yours")]
    NotAllowed {
        /// The host.
        host: String,
    },
    /// The host has no address.
    #[text("cannot find the address of {host}")]
    Unknown {
        /// The host.
        host: String,
        /// Why not.
        source: io::Error,
    },
    /// A name of this machine leads elsewhere.
    #[text("{host} does not lead to this machine; allow it with --allow-host {host} if that is right")]
    Elsewhere {
        /// The host.
        host: String,
    },
}

/// The application was started and does not listen.
#[derive(Debug)]
pub struct ApplicationError {
    pub(super) url: String,
    /// How it ended; `None` if it still runs.
    pub(super) ended: Option<String>,
    /// How long it may take, in seconds.
    pub(super) seconds: u64,
    /// The last lines of its output.
    pub(super) output: Vec<String>,
}

impl fmt::Display for ApplicationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ended {
            Some(ended) => f.write_str(&text!(
                "the application ended before it listened at {url}: {ended}",
                url = self.url
            ))?,
            None => f.write_str(&text!(
                "the application did not listen at {url} within {seconds} s",
                url = self.url,
                seconds = self.seconds
            ))?,
        }
        write!(f, "\n  {}", text!("its port is in PORT, and in place of {{port}} in its arguments"))?;
        self.output.iter().try_for_each(|line| write!(f, "\n  {}  {line}", phrase!("application")))
    }
}
