//! The mock, the client and the wire format, held to the contract.
#![forbid(unsafe_code)]

mod cases;
