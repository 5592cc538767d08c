//! The client over a real socket, against canned responses that are written by hand, byte by byte.
#![expect(clippy::unwrap_used, reason = "clippy takes only test functions themselves for tests")]

mod calls;
mod certificates;
mod gateway;
mod verify;
