//! Deliberate misbehaviour: rules that say which requests it strikes, and what happens then.
//!
//! A fault strikes only a request that is signed and valid, so that it never hides a mistake of the client's. What the
//! request does to the state is said for each fault: a 500 that was applied all the same is the interesting one.

mod catalogue;
mod display;
mod error;
mod line;
mod magic;
mod rule;
mod rules;
mod signature;
mod strike;

pub use catalogue::{Applied, FAULTS, Fault, UnknownFault};
pub use error::{CustomError, DocumentedError, InjectedError};
pub(crate) use line::{Line, Socket, Steered};
pub use magic::{MAGIC_FORMS, MagicForm};
pub use rule::{FaultMatch, FaultRule, Latency, RuleError};
pub(crate) use rules::{Facts, Rules};
pub use rules::{FaultId, RuleState};
pub use strike::{Strike, StruckBy};
