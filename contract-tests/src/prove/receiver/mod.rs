//! Checks whether a receiver of callbacks is safe: sends it honest callbacks in every spelling that the gateway may use, and
//! forged ones, one at a time, and reports what it lets through or wrongly refuses.
//!
//! The command `prove-receiver` uses this. [`PROBES`] says what is sent and what the receiver must do; [`ReceiverProver`]
//! sends it and compares the answers with that. An ordinary callback comes first in every run: a receiver that refuses
//! everything passes no probe.
//!
//! Nothing is sent to a host that is neither this machine nor allowed by name, and no redirect is followed.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wechatpay_contract::prove::receiver::ReceiverProver;
//!
//! let prover = ReceiverProver::new("http://127.0.0.1:3000/notify".parse()?);
//! let results = prover.run(&["signature".into()], |_| {}).await?;
//! assert_eq!(results.counts().failed, 0);
//! # Ok(())
//! # }
//! ```

mod application;
mod destination;
mod error;
mod gateway;
mod judge;
mod order;
mod probe;
mod probes;
mod prover;
mod sample;
mod sending;
mod url;

pub use error::{DestinationError, ReceiverError};
pub use order::{KnownOrder, KnownOrderError};
pub use probe::{Need, ReceiverProbe};
pub use probes::PROBES;
pub use prover::ReceiverProver;
pub use sending::Must;
pub use url::{ReceiverUrl, ReceiverUrlError};
