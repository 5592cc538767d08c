//! The mock, the client and the wire format, held to the contract.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod admin;
mod case_format;
mod cases;
mod clock;
mod ending;
mod expectations;
mod faults;
mod forensics;
mod forgeries;
mod generated;
mod http2;
mod limits;
mod metrics;
mod model;
mod openssl_curl;
mod properties;
mod prove;
mod proxy;
mod readme;
mod robustness;
mod second_opinion;
mod snapshots;
mod support;
mod table;
mod tls;
mod trust;
mod vectors;
mod verify;
mod wire;
