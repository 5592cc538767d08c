//! The command `wechatpay-contract`.
#![forbid(unsafe_code)]

mod cli;
mod demo;
mod proving;
mod terminal;
mod verifying;

use std::{error::Error, io::Write, iter, path::Path, process::ExitCode};

use clap::Parser;
use wechatpay_contract::{case, fault_table, table};

use crate::cli::{Cli, Command};

/// Exit code for wrong usage or configuration.
const WRONG_USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let (done, failure) = match Cli::parse().command {
        Command::Demo => (demo::run().await.map(|()| true), ExitCode::FAILURE),
        Command::Verify(options) => (verifying::run(&options).await, ExitCode::from(WRONG_USAGE)),
        Command::ProveClient(options) => (proving::run(*options).await, ExitCode::from(WRONG_USAGE)),
        Command::Behaviour { cases } => (behaviour(&cases).map(|()| true), ExitCode::from(WRONG_USAGE)),
        Command::Faults => (print(&fault_table::markdown()).map(|()| true), ExitCode::FAILURE),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            for cause in iter::successors(error.source(), |&cause| cause.source()) {
                anstream::eprintln!("  because: {cause}");
            }
            failure
        }
    }
}

fn behaviour(cases: &Path) -> Result<(), Box<dyn Error>> {
    print(&table::markdown(&case::load(cases)?, "../fixtures/cases"))
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
