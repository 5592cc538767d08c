//! The command `prove-client`: from its options to the table, the reports, and the exit code.

use std::{
    error::Error,
    ffi::OsString,
    io::{self, Write},
    net::SocketAddr,
    num::NonZero,
    time::Duration,
};

use clap::{ArgGroup, Args};
use http::Method;
use wechatpay_contract::prove::{Keys, Probe, Prover, ReportFile, Subject, Trigger, table};

use crate::terminal::{progress, unless_nobody_reads};

const EXAMPLES: &str = "\
Examples:
  wechatpay-contract prove-client -- ./pay
      a command, which is run once for each probe with a mock of its own
  wechatpay-contract prove-client --filter signature --report junit=prove.xml -- python3 pay.py
      only the probes about signatures, with a report for CI
  wechatpay-contract prove-client --url http://127.0.0.1:3000/probe --listen 127.0.0.1:8080
      an application that runs already, is the development merchant (`wechatpay-mock keys`), and calls
      http://127.0.0.1:8080 when it gets GET /probe

The client makes the sample call, PATCH /v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights
with an out_request_no of its choice. A command exits with 0 if it accepts the answer, and with anything else if not; an
application answers 2xx, or anything else. A command finds the merchant in WECHATPAY_MCHID and so on, as `wechatpay-mock
keys` writes them to `env`, the mock in WECHATPAY_BASE_URL and as a proxy (as under `wechatpay-mock run`), and in
WECHATPAY_TIMEOUT how many seconds a call should take at most.

Exit codes:
  0  nothing was let through
  1  something was found
  2  wrong usage, or a client that fails with an honest mock, which makes all else worthless";

/// The most seconds that a misbehaviour can last, less those that it lasts longer than the client may.
const MOST_SECONDS: f64 = 590.0;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("subject").required(true).multiple(true).args(["url", "command", "list"]))]
pub(crate) struct ProveClient {
    /// An application that runs already: a request to this URL makes it call, and 2xx says that it accepts the answer
    #[arg(long, value_name = "URL", requires = "listen", conflicts_with = "command")]
    url: Option<Trigger>,

    /// With --url: the method of that request
    #[arg(long, default_value = "GET", requires = "url")]
    method: Method,

    /// With --url: where the application expects the mock
    #[arg(long, value_name = "ADDRESS:PORT", requires = "url")]
    listen: Option<SocketAddr>,

    /// Which of the gateway's keys the client has: both, certificate or public-key
    ///
    /// A command gets these. It is probed with the others as well if it is both.
    #[arg(long, default_value = "both")]
    keys: Keys,

    /// How long the client may take over a probe
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    timeout: Duration,

    /// How many probes are made at the same time; with --url always one [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,

    /// Make only probes with this in their id, or of this group; may be given several times
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,

    /// List the probes, and run nothing
    #[arg(long)]
    list: bool,

    /// Write a report as well: junit=FILE or json=FILE; may be given several times. It names the whole command
    #[arg(long, value_name = "FORM=FILE")]
    report: Vec<ReportFile>,

    /// The client and its arguments, after --
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Somebody asked it to end.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; the client was ended")]
struct Interrupted;

/// Whether nothing was found.
pub(crate) async fn run(options: ProveClient) -> Result<bool, Box<dyn Error>> {
    let prover = prover(&options);
    let plan = prover.plan(&options.filter)?;
    if options.list {
        unless_nobody_reads(list(&plan))?;
        return Ok(true);
    }
    let progress = progress(plan.len());
    let proof = prover.run(&options.filter, |result| {
        if let Some(finding) = result.findings().first() {
            progress.set_message(format!("{}: {}", result.probe.id, finding.kind));
        }
        progress.inc(1);
    });
    // A client in a process group of its own does not hear Ctrl-C; it ends when its run is dropped.
    let proof = tokio::select! {
        proof = proof => proof,
        signal = asked_to_end() => return Err(signal.map_or_else(Into::into, |()| Interrupted.into())),
    };
    progress.finish_and_clear();
    let proof = proof?;

    unless_nobody_reads(table::write(&mut anstream::stdout().lock(), &proof))?;
    for report in &options.report {
        report.write(&proof)?;
    }
    Ok(proof.counts().failed == 0)
}

/// Waits for Ctrl-C, or what ends a job of CI.
async fn asked_to_end() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            signal = tokio::signal::ctrl_c() => signal,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

fn prover(options: &ProveClient) -> Prover {
    let subject = match (&options.url, options.listen) {
        (Some(url), Some(listen)) => {
            Subject::Application { trigger: url.clone().method(options.method.clone()), listen }
        }
        _ => Subject::Command(options.command.clone()),
    };
    let usual = Prover::new(subject);
    Prover { keys: options.keys, timeout: options.timeout, jobs: options.jobs.unwrap_or(usual.jobs), ..usual }
}

/// A line for each probe: its id, how bad it is, what the mock does and what the client must do.
fn list(plan: &[(&Probe, Option<&str>)]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    plan.iter().try_for_each(|(probe, skipped)| {
        let skipped = skipped.map_or(String::new(), |reason| format!(" (skipped: {reason})"));
        writeln!(out, "{} [{}] {}: must {}{skipped}", probe.id, probe.severity, probe.title, probe.must)
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|seconds| (0.1..=MOST_SECONDS).contains(seconds));
    let number = number.ok_or_else(|| format!("expected 0.1 to {MOST_SECONDS} seconds, found {text:?}"))?;
    Ok(Duration::from_secs_f64(number))
}
