//! Is this client safe to point at the real gateway? Runs it against an honest mock and then against a hostile one, a
//! misbehaviour at a time, and says what it let through.
//!
//! One way from the probes to the reports: [`PROBES`] says what the mock does and what the client must do, [`Prover`]
//! plans which of them are run and runs them, each judged as the client's outcome and the mock's journal tell, and
//! [`table`] and [`ReportFile`] tell how it went.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wechatpay_contract::prove::{Prover, Subject};
//!
//! let prover = Prover::new(Subject::Command(vec!["./pay".into()]));
//! let proof = prover.run(&["signature".into()], |_| {}).await?;
//! assert_eq!(proof.not_held(), 0);
//! # Ok(())
//! # }
//! ```

mod application;
mod command;
mod finding;
mod ground;
mod judge;
mod probe;
mod probes;
mod proof;
mod prover;
mod report;
mod subject;

pub use application::{Trigger, TriggerError};
pub use command::NotRun;
pub use finding::{Finding, Kind, Severity};
pub use ground::Keys;
pub use probe::{Misbehaviour, Must, Probe, Scene, World};
pub use probes::PROBES;
pub use proof::{ProbeResult, Proof, Verdict};
pub use prover::{NoneSelected, Prover, Stopped};
pub use report::{Format, ReportFile, table};
pub use subject::Subject;
