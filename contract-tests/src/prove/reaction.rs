//! A client's reaction to a response.

/// A client's reaction to a response.
#[derive(Clone, Debug)]
pub(super) struct Reaction {
    pub(super) verdict: Verdict,
    /// How the client showed it: `exit code 1`, `status 502`.
    pub(super) how: String,
    /// The output of a command; the log of an application is unknown.
    pub(super) output: Option<String>,
}

/// Whether a client accepts a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Rejected,
    TimedOut,
    Unreachable { reason: String },
}
