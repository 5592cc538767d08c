//! The commands, each in its own file with its options.

pub(crate) mod ca;
pub(crate) mod call;
mod call_report;
pub(crate) mod check_config;
pub(crate) mod clock;
pub(crate) mod completions;
mod demo;
pub(crate) mod env;
pub(crate) mod explain;
pub(crate) mod fault;
mod faults;
pub(crate) mod healthcheck;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod man;
pub(crate) mod open;
pub(crate) mod operations;
pub(crate) mod pay;
mod policies;
pub(crate) mod prove_client;
pub(crate) mod prove_receiver;
mod proving;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod serve;
mod signing_keys;
pub(crate) mod state;
pub(crate) mod trigger;
pub(crate) mod verify;

use std::{io, process::ExitCode};

use indicatif::{ProgressBar, ProgressStyle};
use wechatpay_texts::{phrase, text};

use crate::{
    args::{Command, command_line},
    output::{CHECK_FAILED, Failure},
};

/// Runs the command. Returns its exit code, or the error to report.
pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    let done = match command {
        Command::Serve(options) => serve::run(&options).await,
        Command::Demo => demo::run().await,
        // Only these return an exit code other than 0 without an error.
        Command::Run(options) => return run::run(&options).await,
        Command::Pay(options) => pay::run(&options).await,
        Command::Trigger(options) => trigger::run(&options).await,
        Command::Verify(options) => return verify::run(&options).await.map(exit_code),
        Command::ProveClient(options) => return prove_client::run(&options).await.map(exit_code),
        Command::ProveReceiver(options) => return prove_receiver::run(&options).await.map(exit_code),
        Command::Explain(options) => return explain::run(&options).map(exit_code),
        Command::Replay(options) => return replay::run(&options).await.map(exit_code),
        Command::Healthcheck(options) => return healthcheck::run(&options).await.map(exit_code),
        Command::Call(options) => call::run(&options).await,
        Command::Keys(options) => keys::run(&options),
        Command::Ca(options) => ca::run(&options),
        Command::CheckConfig(options) => check_config::run(&options),
        Command::Policies(options) => policies::run(options),
        Command::Faults(options) => faults::run(options),
        Command::Operations(options) => operations::run(&options),
        Command::Open(options) => open::run(&options).await,
        Command::Logs(options) => logs::run(&options).await,
        Command::Clock(options) => clock::run(&options).await,
        Command::Fault(options) => fault::run(&options).await,
        Command::Env(options) => env::run(&options).await,
        Command::State(options) => state::run(&options).await,
        Command::Completions(options) => completions::run(&options, command_line()),
        Command::Man(options) => man::run(&options, command_line()),
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn exit_code(passed: bool) -> ExitCode {
    if passed { ExitCode::SUCCESS } else { ExitCode::from(CHECK_FAILED) }
}

/// A progress bar on stderr, if that is a terminal.
fn progress(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}");
    let bar = ProgressBar::new(steps.try_into().unwrap_or(u64::MAX));
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// Reads an argument: the text itself, a file after `@`, or stdin for `-`.
fn read_argument(argument: &str) -> Result<Vec<u8>, Failure> {
    match (argument, argument.strip_prefix('@')) {
        ("-", _) => {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut io::stdin(), &mut bytes)
                .map_err(Failure::context(phrase!("cannot read stdin")))?;
            Ok(bytes)
        }
        (_, Some(path)) => std::fs::read(path).map_err(Failure::context(text!("cannot read {path}"))),
        (text, None) => Ok(text.into()),
    }
}
