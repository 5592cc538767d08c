//! The command `wechatpay-contract`.
#![forbid(unsafe_code)]

mod cli;
mod demo;

use std::{error::Error, io::Write, path::Path, process::ExitCode};

use clap::Parser;
use wechatpay_contract::{case, table};

use crate::cli::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Demo => demo::run().await,
        Command::Behaviour { cases } => behaviour(&cases),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn behaviour(cases: &Path) -> Result<(), Box<dyn Error>> {
    let table = table::markdown(&case::load(cases)?, "../fixtures/cases");
    Ok(std::io::stdout().write_all(table.as_bytes())?)
}
