//! The contract kit: holds a server or a client to the contract of WeChat Pay APIv3.
//!
//! A [`case::Case`] is a file in `fixtures/cases/`: what to send, how to sign it, and what must come back.
//! [`run::run`] sends it to any base URL and says what differs; [`verify`] does so with all of them, and reports.
//!
//! [`generate`] generates requests of any operation from the contract: valid ones, and ones that break one rule of it.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod case;
mod described;
pub mod environment;
pub mod generate;
mod keys;
pub mod prove;
pub mod report_file;
pub mod run;
pub mod sign;
pub mod table;
pub mod verify;
