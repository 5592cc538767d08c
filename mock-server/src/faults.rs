//! Deliberate misbehaviour: rules that say which requests it strikes, and what happens then.
//!
//! A fault strikes only a request that is signed and valid, so it never hides a mistake of the client. Each fault says
//! whether the request takes effect all the same: a 500 for a change that was made is the interesting one.

pub(crate) mod accept_gate;
mod active;
mod catalogue;
pub(crate) mod connection;
mod display;
mod fault_match;
mod latency;
mod rule;
mod rule_error;
mod rules;
mod signature;
mod trigger;

pub use active::{ActiveFault, FaultSource};
pub use catalogue::{Applied, FAULTS, Fault, UnknownFault};
pub(crate) use connection::ConnectionControl;
pub use fault_match::FaultMatch;
pub use latency::Latency;
pub use rule::FaultRule;
pub use rule_error::RuleError;
pub(crate) use rules::{Cleared, Faults, RequestFields};
pub use rules::{FaultId, RuleState};
pub use trigger::{TRIGGER_FORMS, TriggerForm};
