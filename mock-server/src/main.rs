//! The command `wechatpay-mock`.
#![forbid(unsafe_code)]

mod cli;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use tracing_subscriber::EnvFilter;
use wechatpay_mock::{MockServer, write_credentials};
use wechatpay_protocol::Credentials;

use crate::cli::{Cli, Command, Keys, Serve};

/// Exit code for wrong usage or configuration.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => serve(&cli.serve),
        Some(Command::Serve(options)) => serve(&options),
        Some(Command::Keys(options)) => keys(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            anstream::eprintln!("error: {message}");
            ExitCode::from(WRONG_USAGE)
        }
    }
}

fn serve(options: &Serve) -> Result<(), String> {
    start_log(options.quiet);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| format!("cannot start: {error}"))?.block_on(async {
        let started = MockServer::builder().listen(options.listen).start().await;
        let server = started.map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
        announce(&server).map_err(|error| format!("cannot write to stdout: {error}"))?;
        let ended = tokio::signal::ctrl_c().await;
        ended.map_err(|error| format!("cannot wait for a signal: {error}"))
    })
}

/// The line that scripts wait for.
fn announce(server: &MockServer) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on {}", server.url())?;
    stdout.flush()
}

fn keys(options: &Keys) -> Result<(), String> {
    let written = write_credentials(&Credentials::development(), &options.dir, options.force);
    for path in written.map_err(|error| error.to_string())? {
        anstream::println!("{}", path.display());
    }
    Ok(())
}

/// The log goes to stderr: a line for each exchange, unless it shall be quiet. `RUST_LOG` changes what is shown.
fn start_log(quiet: bool) {
    let default = if quiet { "error" } else { "info" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
}
