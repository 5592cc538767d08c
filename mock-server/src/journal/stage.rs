//! The stages of an exchange: which ones a request reached, and how long each took.

use std::{
    borrow::Cow,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{api::Warning, faults::ActiveFault, merchants::Merchant, store::Changed};

/// A stage of an exchange, in the order of the exchange.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The whole request is received.
    #[default]
    Receive,
    /// An operation with this path and method is found.
    Route,
    /// The merchant signed exactly this request.
    Authenticate,
    /// The fields match the contract.
    Validate,
    /// The operation is executed.
    Apply,
    /// The result becomes a response. Every request reaches this.
    Respond,
    /// The response is signed, if it is a success. Every request reaches this.
    Sign,
}

/// The result of a stage for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The request went on to the next stage.
    Passed,
    /// The request was refused in this stage.
    Refused,
    /// The request was refused in an earlier stage.
    NotReached,
}

/// How long each stage took; zero for stages that were not reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTimes([u64; Stage::ALL.len()]);

/// The progress of a request: the stage that it has reached, and the facts known so far.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) operation: Option<Cow<'static, str>>,
    /// The merchant that the request names.
    pub(crate) merchant: Option<Arc<Merchant>>,
    pub(crate) is_authenticated: bool,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) fault: Option<ActiveFault>,
    /// The documents that the request has changed.
    pub(crate) changed: Vec<Changed>,
    pub(crate) is_signed: bool,
    /// The exchange that it repeats, if it is a replay from the journal.
    pub(crate) replay_of: Option<u64>,
    /// The last stage before the response.
    pub(super) last: Stage,
    pub(super) times: StageTimes,
    stage: Stage,
    entered: Instant,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 7] = [
        Self::Receive,
        Self::Route,
        Self::Authenticate,
        Self::Validate,
        Self::Apply,
        Self::Respond,
        Self::Sign,
    ];

    /// Its name, such as `authenticate`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Route => "route",
            Self::Authenticate => "authenticate",
            Self::Validate => "validate",
            Self::Apply => "apply",
            Self::Respond => "respond",
            Self::Sign => "sign",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Verdict {
    /// Its name, such as `not-reached`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::NotReached => "not-reached",
        }
    }
}

impl StageTimes {
    /// The time that this stage took.
    pub fn of(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.0[stage as usize])
    }

    /// The time that all stages took together.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.0.iter().sum())
    }
}

impl Progress {
    /// The progress of a request that begins to arrive.
    pub(crate) fn begin() -> Self {
        Self {
            operation: None,
            merchant: None,
            is_authenticated: false,
            warnings: Vec::new(),
            fault: None,
            changed: Vec::new(),
            is_signed: false,
            replay_of: None,
            last: Stage::Receive,
            times: StageTimes::default(),
            stage: Stage::Receive,
            entered: Instant::now(),
        }
    }

    /// Ends the current stage, and begins this one.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.end();
        self.stage = stage;
        if stage < Stage::Respond {
            self.last = stage;
        }
    }

    /// Whether the request has passed this stage, which must be one before the response.
    pub(crate) fn has_passed(&self, stage: Stage) -> bool {
        self.last > stage
    }

    /// Ends the current stage.
    pub(crate) fn end(&mut self) {
        let now = Instant::now();
        // 64 bits of nanoseconds are more than 500 years.
        self.times.0[self.stage as usize] += (now - self.entered).as_nanos() as u64;
        self.entered = now;
    }
}

/// A duration in milliseconds, with fractions.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
