//! The mock, the client and the wire format, tested against the contract.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod admin;
mod bills;
mod callbacks;
mod case_format;
mod cases;
mod clock;
mod diagnosis;
mod documents;
mod ending;
mod expectations;
mod faults;
mod forgeries;
mod generated;
mod http2;
mod limits;
mod member_card;
mod metrics;
mod model;
mod openssl_curl;
mod own;
mod pay_score;
mod payments;
mod properties;
mod prove;
mod prove_receiver;
mod proxy;
mod real;
mod robustness;
mod second_opinion;
mod sensitive;
mod sharing;
mod snapshots;
mod support;
mod tls;
mod transfers;
mod trust;
mod unseen;
mod vectors;
mod verify;
mod wire;
