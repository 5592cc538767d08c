//! Tests of the command `wechatpay-mock`, as users run it.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod ca;
mod call;
mod command;
mod command_line;
mod configuration;
mod demo;
#[cfg(unix)] // Commands of a shell.
mod documents;
#[cfg(unix)] // Signals.
mod ending;
#[cfg(unix)] // Commands of a shell.
mod env;
mod explain;
#[cfg(unix)] // Commands of a shell.
mod first_payment;
mod log;
mod own;
mod prove;
mod prove_receiver;
mod replay;
#[cfg(unix)] // Signals, and commands of a shell.
mod run;
mod state;
mod steering;
mod support;
mod verify;
