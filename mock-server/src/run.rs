//! `wechatpay-mock run`: a command that reaches a mock in place of the gateway, whatever it is written in.

mod process;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use wechatpay_mock::{Clock, Config, MockServer, environment};

use crate::{Failure, cli::Run};
use process::{NotRun, run_to_end};

/// How many exchanges are shown at the end.
const SHOWN: usize = 20;

/// How long the last word of a peer may be on its way.
const HEARD: Duration = Duration::from_millis(200);

/// What `--contract` found.
const CONTRACT_BROKEN: u8 = 1;

/// Starts a mock, runs the command with everything pointed at it, and says what went wrong between the two.
///
/// # Errors
/// If the mock can't be started, or what the command needs can't be written.
pub(crate) async fn run(config: Config, options: &Run) -> Result<ExitCode, Box<dyn Error>> {
    let credentials = config.credentials(options.mchid.as_deref(), Clock::system().now())?;
    let started = MockServer::builder().config(config).start().await;
    let mock = started.map_err(Failure::new("cannot start a mock"))?;
    let folder = tempfile::Builder::new().prefix("wechatpay-mock-").tempdir();
    let folder = folder.map_err(Failure::new("cannot make a folder for credentials"))?;
    let variables = environment::prepare(&mock, &credentials, folder.path()).await?;

    let code = match run_to_end(&options.command, variables).await {
        Ok(code) => code,
        Err(error) => return Ok(not_run(&error)),
    };
    let is_contract_broken = report(&mock, code, options.contract).await;
    Ok(ExitCode::from(if code == 0 && is_contract_broken { CONTRACT_BROKEN } else { code }))
}

fn not_run(error: &NotRun) -> ExitCode {
    anstream::eprintln!("error: {error}");
    ExitCode::from(error.exit_code())
}

/// Says which exchanges went wrong, if the command failed or the contract counts. Whether the contract was broken.
async fn report(mock: &MockServer, code: u8, contract: bool) -> bool {
    let exchanges = mock.exchanges();
    let breaks = exchanges.is_empty() || exchanges.iter().any(|exchange| exchange.breaks_contract());
    let is_broken = contract && breaks;
    let wrong: Vec<_> = exchanges
        .iter()
        .filter(|exchange| {
            exchange.rejection.is_some() || exchange.fault.is_some() || exchange.breaks_contract()
        })
        .collect();
    let mut text = String::new();
    let mut say = |line: String| text += &format!("wechatpay-mock: {line}\n");
    let rejected_connections = if exchanges.is_empty() {
        mock.rejected_connections_within(HEARD).await
    } else {
        mock.rejected_connections()
    };
    if code != 0 || is_broken || exchanges.is_empty() {
        for reason in &rejected_connections {
            say(format!("turned away: {reason}"));
        }
    }
    if exchanges.is_empty() && rejected_connections.is_empty() {
        say("no request reached the mock; does the command read HTTPS_PROXY? docs/sdks says how each SDK is pointed here".into());
    }
    if !exchanges.is_empty() && (code != 0 || is_broken) {
        say(format!("requests: {}, refused or odd: {}", exchanges.len(), wrong.len()));
        let left_out = wrong.len().saturating_sub(SHOWN);
        if left_out > 0 {
            say(format!("the first {left_out} of these are left out"));
        }
        for exchange in &wrong[left_out..] {
            say(format!("  {exchange}"));
        }
    }
    if is_broken && code == 0 {
        say("--contract: the command ended well, but not every request was as the contract says".into());
    }
    // There may be nobody who reads it.
    let _ = io::stderr().write_all(text.as_bytes());
    is_broken
}
