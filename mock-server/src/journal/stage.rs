//! How far a request has come, and how long that took.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{api::Warning, faults::ActiveFault, merchants::Merchant};

/// A stage of an exchange, in the order of the exchange.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The bytes are a whole request.
    #[default]
    Receive,
    /// An operation has this path and method.
    Route,
    /// A merchant signed exactly this.
    Authenticate,
    /// The fields are as the contract says.
    Validate,
    /// The operation took effect.
    Apply,
    /// OperationResponse or refusal became an answer. Every request comes to this.
    Respond,
    /// The answer was signed, if it was to be. Every request comes to this.
    Sign,
}

/// What became of a request in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It went on.
    Passed,
    /// It ended there.
    Refused,
    /// It had ended before.
    NotReached,
}

/// How long each stage took, to the nanosecond; nothing for those that were not reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTimes([u64; Stage::ALL.len()]);

/// How far a request has come, and what is known by then.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) operation: Option<&'static str>,
    /// The merchant that the request names.
    pub(crate) merchant: Option<Arc<Merchant>>,
    pub(crate) is_authenticated: bool,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) fault: Option<ActiveFault>,
    pub(crate) is_signed: bool,
    /// The last stage before the answer.
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

    /// Its name: `authenticate`.
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
    /// Its name: `not-reached`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::NotReached => "not-reached",
        }
    }
}

impl StageTimes {
    /// How long this stage took.
    pub fn of(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.0[stage as usize])
    }

    /// How long all of them took together.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.0.iter().sum())
    }
}

impl Progress {
    /// A request begins to arrive.
    pub(crate) fn begin() -> Self {
        Self {
            operation: None,
            merchant: None,
            is_authenticated: false,
            warnings: Vec::new(),
            fault: None,
            is_signed: false,
            last: Stage::Receive,
            times: StageTimes::default(),
            stage: Stage::Receive,
            entered: Instant::now(),
        }
    }

    /// The stage before has ended, this one begins.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.end();
        self.stage = stage;
        if stage < Stage::Respond {
            self.last = stage;
        }
    }

    /// Whether the request came beyond that stage, which is one before the answer.
    pub(crate) fn has_passed(&self, stage: Stage) -> bool {
        self.last > stage
    }

    /// The stage has ended.
    pub(crate) fn end(&mut self) {
        let now = Instant::now();
        // Within 500 years.
        self.times.0[self.stage as usize] += (now - self.entered).as_nanos() as u64;
        self.entered = now;
    }
}

/// Milliseconds with their fractions.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
