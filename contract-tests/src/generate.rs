//! Requests made from the contract: valid ones of any operation, and such as break exactly one of its rules.
//!
//! Everything comes from an OpenAPI document's schemas, so an operation that is added to the contract is exercised
//! with no new code. What is made are [`proptest`] strategies, which shrink what fails to the least of its kind.
//!
//! ```
//! use proptest::test_runner::TestRunner;
//! use wechatpay_contract::generate::Operation;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let operations = Operation::all(wechatpay_mock::OPENAPI)?;
//! let set_rights = operations.iter().find(|operation| operation.id() == "set_rights").ok_or("not there")?;
//!
//! TestRunner::deterministic().run(&set_rights.valid_requests(), |request| {
//!     // Sign it, send it, and look at the answer.
//!     assert!(request.target.ends_with("/rights"));
//!     Ok(())
//! })?;
//!
//! let invalid = set_rights.invalid_requests();
//! let breaches: Vec<_> = invalid.iter().map(|invalid| invalid.breach.to_string()).collect();
//! assert!(breaches.contains(&"too-long at /body/member_price_word".into()));
//! # Ok(())
//! # }
//! ```
//!
//! A server that refuses an invalid request must say which field broke which rule; [`Breach::check`] says whether it
//! did.

mod breach;
mod broken;
mod json_type;
mod operation;
mod parameter;
mod problem;
mod request;
mod schema;
mod text;
mod valid;

pub use breach::{Breach, BrokenRule};
pub use operation::{Invalid, Operation};
pub use problem::ContractError;
pub use request::GeneratedRequest;
pub use wechatpay_mock::{JsonType, Location};
