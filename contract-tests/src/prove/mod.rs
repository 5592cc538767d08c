//! Checks whether a client is safe to use with the real gateway: runs it against a correct mock, then against mocks
//! that each do one thing wrong, and reports what it fails to reject.
//!
//! The command `prove-client` uses this. [`PROBES`] says what the mock does and what the client must do; [`Prover`]
//! runs the probes and compares the client's reaction and the mock's journal with that; [`table`] and [`ReportFile`]
//! show the results. [`receiver`] does the same with receivers of callbacks. The mock without faults comes first in every run: a client that rejects everything would pass the
//! rest.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wechatpay_contract::prove::{Prover, TestedClient};
//!
//! let prover = Prover::new(TestedClient::Command(vec!["./pay".into()]));
//! let results = prover.run(&["signature".into()], |_| {}).await?;
//! assert_eq!(results.counts().failed, 0);
//! # Ok(())
//! # }
//! ```

mod about;
mod application;
mod client;
mod command;
mod error;
mod finding;
mod keys;
mod observation;
mod probe;
mod probes;
mod prover;
mod reaction;
pub mod receiver;
mod report;
mod results;
mod scenario_mock;
pub mod table;

pub use about::{About, PlannedProbe, SelectionError, Severity};
pub use application::{Trigger, TriggerError};
pub use client::TestedClient;
pub use command::RunError;
pub use error::{HonestMockError, StopError};
pub use finding::{Finding, FindingKind};
pub use keys::{Keys, KeysError};
pub use probe::{GatewayKeys, InjectedFault, Probe, Requirement, Scenario};
pub use probes::PROBES;
pub use prover::Prover;
pub use report::{Format, ReportFile};
pub use results::{Outcome, ProbeResult, Results, Tested};
