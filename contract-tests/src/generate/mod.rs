//! Generates requests from the contract: valid ones of any operation, and ones that break exactly one rule.
//!
//! A new operation in the contract is covered without new code. Requests are [`proptest`] strategies, which shrink
//! a failure to the smallest one.
//!
//! ```
//! use proptest::test_runner::TestRunner;
//! use wechatpay_contract::generate::Generator;
//! use wechatpay_openapi::Contract;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let set_rights = Contract::current().operation("set_rights").ok_or("unknown operation")?;
//! let generator = Generator::new(set_rights)?;
//!
//! TestRunner::deterministic().run(&generator.valid_requests(), |request| {
//!     // Sign it, send it, and check the response.
//!     assert!(request.target.ends_with("/rights"));
//!     Ok(())
//! })?;
//!
//! let invalid = generator.invalid_requests();
//! let violations: Vec<_> = invalid.iter().map(|invalid| invalid.violation.to_string()).collect();
//! assert!(violations.contains(&"too-long at /body/member_price_word".into()));
//! # Ok(())
//! # }
//! ```
//!
//! The response to an invalid request must name the field and the rule; [`Violation::check`] checks that it does.

mod generator;
mod invalid;
mod json_type;
mod parameter;
mod request;
mod schema;
mod text;
mod valid;
mod violation;

pub use generator::{Generator, InvalidRequests};
pub use request::GeneratedRequest;
pub use violation::{Rule, Violation};
