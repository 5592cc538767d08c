//! Fault injection: rules select requests or callbacks, and say what goes wrong with them.
//!
//! Faults apply only to requests that are correctly signed and valid, so they never hide a bug in the client. Each
//! fault says whether the request still takes effect: the interesting case is a 500 for a change that was made.

pub(crate) mod accept_gate;
mod active;
mod callback;
mod catalogue;
pub(crate) mod connection;
mod display;
mod fault_match;
mod latency;
mod request_fields;
mod rule;
mod rule_error;
mod rule_set;
mod rules;
mod signature;
mod trigger;

pub(crate) use active::Cleared;
pub use active::{ActiveFault, FaultSource};
pub(crate) use callback::CallbackFault;
pub use catalogue::{Applied, FAULTS, Fault, On, UnknownFault};
pub(crate) use connection::ConnectionControl;
pub use fault_match::FaultMatch;
pub use latency::Latency;
pub(crate) use request_fields::RequestFields;
pub use rule::{FaultId, FaultRule, RuleState};
pub use rule_error::RuleError;
pub(crate) use rules::Faults;
pub use trigger::{TRIGGER_FORMS, TriggerForm};
