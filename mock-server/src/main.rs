//! The command `wechatpay-mock`.
#![forbid(unsafe_code)]

mod cli;
mod fault_list;
mod healthcheck;
mod logging;
mod run;
mod signals;

use std::{
    error::Error,
    io::{self, Write},
    iter,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
};

use clap::Parser;
use wechatpay_mock::{
    AdminTokenError, Authority, Clock, Config, ConfigErrors, MockServer,
    policies::{POLICIES, Policy},
    write_credentials,
};

use crate::{
    cli::{AuthorityOptions, Ca, CheckConfig, Cli, Command, Configuration, Healthcheck, Keys, Run, Serve},
    healthcheck::{BaseUrl, Unhealthy},
    signals::Signals,
};

/// Exit code for a check that failed.
const CHECK_FAILED: u8 = 1;

/// Exit code for wrong usage or configuration.
const WRONG_USAGE: u8 = 2;

/// Where the mock listens, told nothing else.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => serve(&cli.serve).map(good),
        Some(Command::Serve(options)) => serve(&options).map(good),
        Some(Command::Run(options)) => run_command(&options),
        Some(Command::Keys(options)) => keys(&options).map(good),
        Some(Command::Ca(options)) => ca(&options).map(good),
        Some(Command::Healthcheck(options)) => healthcheck(options).map(good),
        Some(Command::CheckConfig(options)) => check_config(&options).map(good),
        Some(Command::Policies) => list_policies().map(good).map_err(Into::into),
        Some(Command::Faults) => list_faults().map(good).map_err(Into::into),
    };
    match done {
        Ok(code) => code,
        // Whoever read the output has read enough.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            for cause in iter::successors(error.source(), |&cause| cause.source()) {
                anstream::eprintln!("  because: {cause}");
            }
            ExitCode::from(if error.is::<Unhealthy>() { CHECK_FAILED } else { WRONG_USAGE })
        }
    }
}

fn good((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let failure = error.downcast_ref::<Failure>();
    failure.is_some_and(|failure| failure.source.kind() == io::ErrorKind::BrokenPipe)
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

/// What can go wrong with whatever is printed.
const STDOUT: &str = "cannot write to stdout";

/// What is wrong with the token.
#[derive(Debug, thiserror::Error)]
#[error("--admin-token or WECHATPAY_MOCK_ADMIN_TOKEN: {0}; openssl rand -hex 32 makes one")]
struct BadToken(AdminTokenError);

fn serve(options: &Serve) -> Result<(), Box<dyn Error>> {
    let mut config = seeded(config(&options.configuration)?, options.seed.as_deref())?;
    if let Some(diagnosis) = options.diagnosis {
        config.diagnosis = diagnosis.into();
    }
    if let Some(token) = &options.admin_token {
        config.admin_token = Some(token.clone().map_err(BadToken)?);
    }
    with_authority(&mut config, &options.authority);
    config.proxy_passthrough.extend_from_slice(&options.proxy_passthrough);
    config.tls_listen = options.tls_listen.or(config.tls_listen);
    let listen = options.listen.or(config.listen).unwrap_or(LISTEN);
    let listens_on =
        config.tls_listen.map_or_else(|| listen.to_string(), |tls| format!("{listen} and {tls}"));
    logging::start(options.log, options.quiet)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Failure::new("cannot start"))?.block_on(async {
        let signals = Signals::new().map_err(Failure::new("cannot wait for signals"))?;
        let started = MockServer::builder().config(config).listen(listen).start().await;
        let server = started
            .map_err(Failure::new(format!("cannot listen on {listens_on} (port 0 picks a free one)")))?;
        announce(&server).map_err(Failure::new(STDOUT))?;
        run(server, signals).await.map_err(Failure::new("cannot wait for a signal"))?;
        Ok(())
    })
}

/// Runs until it is asked to end. What is on its way then ends by itself, unless it takes too long or it is asked again.
/// That is what was asked for, and no failure.
async fn run(server: MockServer, mut signals: Signals) -> io::Result<()> {
    let signal = signals.next().await?;
    tracing::info!("ending, as {signal} asks; a second one ends at once");
    tokio::select! {
        _ = server.shutdown() => tracing::info!("ended"),
        signal = signals.next() => tracing::warn!("ended at once, as another {} asks", signal?),
    }
    Ok(())
}

fn run_command(options: &Run) -> Result<ExitCode, Box<dyn Error>> {
    let mut config = seeded(config(&options.configuration)?, options.seed.as_deref())?;
    config.proxy_passthrough.extend_from_slice(&options.proxy_passthrough);
    // It is for this run alone: on a port of its own, with an authority of its own.
    (config.listen, config.tls_listen, config.ca_dir) = (None, None, None);
    logging::start(options.log, !options.verbose)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Failure::new("cannot start"))?.block_on(run::run(config, options))
}

/// The line that scripts wait for.
fn announce(server: &MockServer) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on {}", server.url())?;
    if let Some(url) = server.tls_url() {
        writeln!(stdout, "listening on {url}")?;
    }
    stdout.flush()
}

/// The configuration that is named, or that of a mock that is told nothing.
fn config(options: &Configuration) -> Result<Config, ConfigErrors> {
    options.config.as_ref().map_or_else(|| Ok(Config::default()), Config::from_file)
}

/// Adds hosts and folder of the authority: those of the options, then those of the configuration, then the user's.
fn with_authority(config: &mut Config, options: &AuthorityOptions) {
    config.hosts.extend_from_slice(&options.hosts);
    config.ca_dir = options.ca_dir.clone().or(config.ca_dir.take()).or_else(Authority::user_dir);
}

fn ca(options: &Ca) -> Result<(), Box<dyn Error>> {
    let mut config = config(&options.configuration)?;
    with_authority(&mut config, &options.authority);
    let dir = config.ca_dir.as_deref().ok_or(NoHome)?;
    let mut stdout = io::stdout();
    let path = Authority::certificate_path(dir);
    if options.delete {
        let is_deleted = Authority::delete(dir)?;
        let what = if is_deleted { "removed" } else { "nothing to remove:" };
        return Ok(writeln!(stdout, "{what} {}", path.display()).map_err(Failure::new(STDOUT))?);
    }
    let authority = Authority::open(dir, &config.hosts)?;
    let printed = if options.pem {
        write!(stdout, "{}", authority.pem())
    } else {
        writeln!(stdout, "{}", path.display())
    };
    Ok(printed.map_err(Failure::new(STDOUT))?)
}

/// There is nowhere to keep an authority.
#[derive(Debug, thiserror::Error)]
#[error("expected a home folder to keep the certificate authority in, found none; name one with --ca-dir")]
struct NoHome;

fn seeded(config: Config, seed: Option<&Path>) -> Result<Config, ConfigErrors> {
    match seed {
        Some(seed) => config.with_seed_file(seed),
        None => Ok(config),
    }
}

fn check_config(options: &CheckConfig) -> Result<(), Box<dyn Error>> {
    let config = Config::from_file(&options.file)?;
    writeln!(io::stdout(), "{} is good\n\n{config}", options.file.display()).map_err(Failure::new(STDOUT))?;
    Ok(())
}

fn healthcheck(options: Healthcheck) -> Result<(), Box<dyn Error>> {
    let url = options.url.unwrap_or_else(|| BaseUrl::of(options.listen.unwrap_or(LISTEN)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::new("cannot start"))?.block_on(healthcheck::check(&url))?;
    writeln!(io::stdout(), "healthy").map_err(Failure::new(STDOUT))?;
    Ok(())
}

fn list_policies() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut list = || {
        for policy in POLICIES {
            writeln!(out, "{} ({})\n  {}", policy.name, Policy::STANDING, policy.question.trim())?;
            writeln!(out, "  Source: {}.", policy.source)?;
            for (index, value) in policy.values.iter().enumerate() {
                let name = value.name() + if index == 0 { ", the default" } else { "" };
                writeln!(out, "    {name:<21} {}", value.meaning)?;
            }
        }
        Ok(())
    };
    list().map_err(Failure::new(STDOUT))
}

fn list_faults() -> Result<(), Failure> {
    fault_list::write(&mut io::stdout().lock()).map_err(Failure::new(STDOUT))
}

fn keys(options: &Keys) -> Result<(), Box<dyn Error>> {
    let config = config(&options.configuration)?;
    let credentials = config.credentials(options.mchid.as_deref(), Clock::system().now())?;
    for path in write_credentials(&credentials, &options.dir, options.force)? {
        writeln!(io::stdout(), "{}", path.display()).map_err(Failure::new(STDOUT))?;
    }
    Ok(())
}
