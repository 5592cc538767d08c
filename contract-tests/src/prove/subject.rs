//! The client that is held to the contract, and how a call of it went.

use std::{ffi::OsString, fmt, net::SocketAddr};

use super::Trigger;

/// A client, and how it is made to call.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A command with its arguments. It makes the sample call once, and exits with 0 if it accepts the answer.
    Command(Vec<OsString>),
    /// An application that runs already and finds the mock at `listen`. It makes the sample call at each request to it,
    /// and answers 2xx if it accepts the answer.
    Application {
        /// The request.
        trigger: Trigger,
        /// Where the mock listens.
        listen: SocketAddr,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(words) => {
                let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
                f.write_str(&words.join(" "))
            }
            Self::Application { trigger, .. } => write!(f, "{trigger}"),
        }
    }
}

/// How a call went, as the client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    Refused,
    Hung,
    Gone { reason: String },
}

/// What a client said about a call.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) outcome: Outcome,
    /// How it said that: `exit code 1`, `status 502`.
    pub(super) how: String,
    /// Its output, where it is for whoever operates the client; of an application, this would be its log.
    pub(super) output: Option<String>,
}
