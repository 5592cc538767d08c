//! `wechatpay-client`: calls the gateway, or a mock of it, and says what of the answer was verified.
//!
//! Exit codes: 0 the answer was verified; 1 the call was refused, failed, or was answered by something that can't be
//! verified; 2 wrong usage or configuration, and nothing was sent.
#![forbid(unsafe_code)]

mod cli;
mod report;

use std::{error::Error, process::ExitCode};

use clap::Parser;
use tokio::runtime;
use wechatpay_client::Client;

use crate::cli::{Cli, Command, Rights};

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Call(error)) if !error.is_invalid_input() => {
            report::failure(&error, report::hint(&error));
            ExitCode::from(1)
        }
        Err(Failure::Call(error)) => unusable(&error),
        Err(Failure::Configuration(error)) => unusable(error.as_ref()),
    }
}

fn unusable(error: &(dyn Error + 'static)) -> ExitCode {
    report::failure(error, Some("nothing was sent; --help tells what is expected"));
    ExitCode::from(2)
}

enum Failure {
    /// Before anything was sent.
    Configuration(Box<dyn Error>),
    Call(wechatpay_client::Error),
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let client = cli.connection.client().map_err(Failure::Configuration)?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Configuration(error.into()))?;
    let result = runtime.block_on(call(&client, &cli.command));
    // A name that is still being looked up must not keep the command from ending in time.
    runtime.shutdown_background();
    result.map_err(Failure::Call)
}

async fn call(client: &Client, command: &Command) -> Result<(), wechatpay_client::Error> {
    match command {
        Command::Rights(Rights::Patch(patch)) => {
            let verified = client.set_rights(&patch.card_id, &patch.code, &patch.change()).await?;
            report::verified(&verified);
        }
        Command::Certificates => report::certificates(&client.certificates().await?),
    }
    Ok(())
}
