//! The contract kit: tests whether servers and clients keep to the contract of WeChat Pay APIv3.
//!
//! A [`case::Case`] is a file in `fixtures/cases/` with the requests to send, how to sign them, and the expected
//! responses. [`run::run`] runs one against a server and [`verify`] runs all of them; [`prove`] tests a client instead.
//! [`generate`] makes requests for any operation from its description: valid ones, and ones that violate a single rule.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

wechatpay_texts::catalogue!();

pub mod case;
mod data_text;
mod described;
pub mod environment;
pub mod generate;
mod keys;
pub mod prove;
pub mod real;
pub mod report;
pub mod report_file;
pub mod run;
pub mod sign;
pub mod table;
pub mod verify;

pub use data_text::DataText;
