//! Checks whether a server behaves like the gateway: runs the cases against it and reports the differences.
//!
//! The command `verify` uses this, and so can a test: [`Selection`] chooses the cases, [`plan`] decides where each
//! runs, [`preflight`] makes sure that the target responds at all, [`run`] runs them, and [`tree`] and [`ReportFile`]
//! show the results. A target that is not on this machine may be a real gateway, so [`TestEnvironment::target`] needs
//! an explicit permission for it and only harmless cases run there.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use wechatpay_contract::{
//!     case,
//!     verify::{self, Selection, TestEnvironment},
//! };
//! use wechatpay_mock::MockServer;
//!
//! // This is the body of a #[tokio::test].
//! let mock = MockServer::builder().start().await?;
//! let environment = TestEnvironment::target(mock.url().parse()?, mock.credentials(), false)?;
//! let selection = Selection { filters: vec!["rights/sample".into()], shard: None };
//! let plan = verify::plan(selection.of(case::embedded()?)?, &environment);
//! let results = verify::run(plan, &environment, |_| {}).await;
//! assert_eq!(results.counts().failed, 0);
//!
//! let exchanges = mock.exchanges();
//! assert_eq!(exchanges[0].operation.as_deref(), Some("set_rights"));
//! assert!(exchanges.iter().all(|exchange| exchange.is_authenticated && exchange.error.is_none()));
//! # Ok(())
//! # }
//! ```

pub(crate) mod environment;
mod plan;
mod preflight;
mod report;
mod results;
mod run;
mod select;
mod tap;
pub mod tree;

pub use environment::{RemoteTargetError, TestEnvironment};
pub use plan::{Placement, PlannedCase, SkipReason, plan};
pub use preflight::{PreflightError, preflight};
pub use report::{Format, ReportFile};
pub use results::{CaseResult, Outcome, Results};
pub use run::run;
pub use select::{Selection, SelectionError, Shard, ShardError};
