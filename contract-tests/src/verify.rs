//! Does this server behave like the gateway? Runs the cases against it and reports.
//!
//! One way from the cases to the reports: [`Selection`] says which, [`plan`] where each is run or why it is skipped,
//! [`preflight`] whether the target answers at all, [`run`] runs them, and [`ReportFile`] and [`tree`] tell how it went.
//!
//! In a test, a mock of its own is held to cases, and its journal says what came:
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use wechatpay_contract::{
//!     case,
//!     verify::{self, Ground, Selection},
//! };
//! use wechatpay_mock::MockServer;
//!
//! // As it stands, this is the body of a #[tokio::test].
//! let mock = MockServer::builder().start().await?;
//! let ground = Ground::target(mock.url().parse()?, mock.credentials(), false)?;
//! let selection = Selection { filters: vec!["rights/sample".into()], shard: None };
//! let steps = verify::plan(selection.of(case::embedded()?)?, &ground);
//! let results = verify::run(steps, &ground, |_| {}).await;
//! assert_eq!(results.counts().failed, 0);
//!
//! let exchanges = mock.exchanges();
//! assert_eq!(exchanges[0].operation, Some("set_rights"));
//! assert!(exchanges.iter().all(|exchange| exchange.is_authenticated && exchange.rejection.is_none()));
//! # Ok(())
//! # }
//! ```

mod ground;
mod plan;
mod preflight;
mod report;
mod results;
mod run;
mod select;

pub use ground::{Ground, NotAMock, Target, TargetError};
pub use plan::{Course, SkipReason, Step, plan};
pub use preflight::{PreflightError, preflight};
pub use report::{Format, ReportFile, tree};
pub use results::{CaseResult, Counts, Outcome, Results};
pub use run::run;
pub use select::{NoneSelected, Selection, Shard, ShardError};
