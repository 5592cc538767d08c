//! The command `wechatpay-mock`.
#![forbid(unsafe_code)]

mod cli;

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    iter,
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
        Err(error) => {
            anstream::eprintln!("error: {error}");
            for cause in iter::successors(error.source(), |&cause| cause.source()) {
                anstream::eprintln!("  because: {cause}");
            }
            ExitCode::from(WRONG_USAGE)
        }
    }
}

/// What went wrong on this machine, with its cause.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct Failure {
    what: String,
    source: io::Error,
}

impl Failure {
    fn new(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self { what, source }
    }
}

fn serve(options: &Serve) -> Result<(), Box<dyn Error>> {
    start_log(options.quiet);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Failure::new("cannot start"))?.block_on(async {
        let started = MockServer::builder().listen(options.listen).start().await;
        let server = started.map_err(Failure::new(format!(
            "cannot listen on {} (port 0 picks a free one)",
            options.listen
        )))?;
        announce(&server).map_err(Failure::new("cannot write to stdout"))?;
        tokio::signal::ctrl_c().await.map_err(Failure::new("cannot wait for a signal"))?;
        Ok(())
    })
}

/// The line that scripts wait for.
fn announce(server: &MockServer) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on {}", server.url())?;
    stdout.flush()
}

fn keys(options: &Keys) -> Result<(), Box<dyn Error>> {
    for path in write_credentials(&Credentials::development(), &options.dir, options.force)? {
        writeln!(io::stdout(), "{}", path.display()).map_err(Failure::new("cannot write to stdout"))?;
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
