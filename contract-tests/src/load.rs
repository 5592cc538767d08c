//! How much does a server carry? Sends it as many signed requests as it takes, or as many a second as it shall.
//!
//! One way from what is asked to the figures: [`Load`] says what to send, all of it is signed before anything is sent,
//! one request shows whether the server takes it, a warm-up is not counted, and then the [`Results`] are taken. What the run
//! itself needs of the machine is kept small: ready bytes, one write and mostly one read for an exchange, and no
//! verification before the end.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use wechatpay_contract::load::{self, Load};
//! use wechatpay_mock::MockServer;
//!
//! let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
//! let mock = runtime.block_on(MockServer::builder().start())?;
//! let load = Load {
//!     duration: Duration::from_millis(50),
//!     warm_up: Duration::ZERO,
//!     signed: 20.try_into().ok(),
//!     ..Load::of(mock.url().parse()?)
//! };
//! let results = load::run(&load, &mock.credentials(), &|_| {})?;
//! assert_eq!((results.failures.count(), results.answered()), (0, results.requests));
//! # Ok(())
//! # }
//! ```

mod answer;
mod asked;
mod connection;
mod error;
mod pace;
mod phase;
mod report;
mod requests;
mod results;
mod run;
mod sample;
mod tally;

pub use asked::Load;
pub use error::LoadError;
pub use pace::{Pace, Schedule};
pub use report::{Format, ReportFile, text};
pub use results::Results;
pub use run::{Course, Step, run};
pub use tally::Failures;
