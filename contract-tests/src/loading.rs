//! The command `load`: from its options to the figures, the report, and the exit code.

mod watcher;

use std::{error::Error, num::NonZero, path::PathBuf, time::Duration};

use clap::Args;
use jiff::SignedDuration;
use wechatpay_client::credentials_dir;
use wechatpay_contract::{
    load::{self, Load, Pace, ReportFile, Schedule, text},
    verify::Target,
};
use wechatpay_protocol::Credentials;

use self::watcher::Watcher;
use crate::terminal::unless_nobody_reads;

const EXAMPLES: &str = "\
Examples:
  wechatpay-contract load
      as much as the mock on port 8080 carries, over 64 connections for ten seconds
  wechatpay-contract load --rate 2000 --duration 30s --report json=load.json
      2,000 requests a second, whether or not the answers keep up: how long do clients wait?
  wechatpay-contract load --burst 100 --every 2s
      100 requests at once, every two seconds: what does the last of them wait?
  wechatpay-contract load --members 1000 --body-bytes 4096 --connections 512 --threads 2
      for a thousand members, with long bodies, over many connections

All requests are signed before the first is sent, so that the run measures the server. They are like the documentation's
sample, each with a number and a nonce of its own. Where signing ends too soon, they are sent again from the first; then the
server sees repeats, and the report says so. A signature is good for 5 minutes, and so is a run.

With --rate or --burst, latency counts from the moment a request is due, even if no connection is free: a server that
stalls is not asked less. With neither, it counts from when the request is sent, and a slow answer delays the next request.

Exit codes:
  0  every answer was a 2xx, and those of the sample are signed as they should be
  1  something failed
  2  wrong usage or configuration, a target that is not there, or credentials that it does not take";

/// The most of what would otherwise fill the machine.
const MOST_CONNECTIONS: u64 = 16_384;
const MOST_MEMBERS: u64 = 100_000_000;
const MOST_SIGNED: u64 = 10_000_000;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LoadOptions {
    /// The server
    #[arg(long, value_name = "URL", env = "WECHATPAY_BASE_URL", default_value = "http://127.0.0.1:8080")]
    target: Target,

    /// Connections, each with one request on its way at most
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u64).range(1..=MOST_CONNECTIONS))]
    connections: u64,

    /// How long requests are sent, such as 10s, 500ms or 2m
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    duration: Duration,

    /// Requests a second, due at even intervals whatever the answers do; without it, each connection waits for its answer
    #[arg(long, value_name = "R")]
    rate: Option<NonZero<u32>>,

    /// Requests that are due at once, each time --every has passed
    #[arg(long, value_name = "N", requires = "every", conflicts_with = "rate")]
    burst: Option<NonZero<u32>>,

    /// With --burst: the time from one burst to the next
    #[arg(long, value_name = "DURATION", requires = "burst", value_parser = duration)]
    every: Option<Duration>,

    /// Different requests to be signed ahead [default: what --rate or --burst needs, at most 200000; otherwise 50000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_SIGNED))]
    signed: Option<u64>,

    /// Member codes that requests are spread over: each in turn, or every n-th if there are more codes than requests
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=MOST_MEMBERS))]
    members: u64,

    /// Pad each body with spaces to so many bytes [default: as long as it is]
    #[arg(long, value_name = "N")]
    body_bytes: Option<usize>,

    /// A folder with credentials.json, or that file: the merchant as which the target is called
    ///
    /// Without it: the environment's WECHATPAY_MCHID, WECHATPAY_MERCHANT_SERIAL and so on, if it has the first of them;
    /// otherwise the development merchant, whom every mock knows.
    #[arg(long, value_name = "DIR|FILE", env = "WECHATPAY_CREDENTIALS")]
    credentials: Option<PathBuf>,

    /// Verify one of so many answers, after the run, at most 10000 for each thread; 0 for none, such as of a server that
    /// signs nothing
    #[arg(long, value_name = "N", default_value = "100")]
    verify_every: u64,

    /// How long requests are sent before that without being counted; 0s for not at all
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration_or_none)]
    warm_up: Duration,

    /// Threads that send, at most one for each connection
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: u64,

    /// Never sleep while sending, but look for answers over and over; only if these threads have cores of their own
    ///
    /// A server that answers a sleeping generator also wakes it, and on a virtual machine that can take more of the server's
    /// time than the answer does. This leaves that out of what is measured. Each thread then takes all of a core even when there
    /// is nothing to do: where the server could have used that core, this makes it slower.
    #[arg(long)]
    busy_poll: bool,

    /// Write a report as well: json=FILE; may be given several times
    #[arg(long, value_name = "json=FILE")]
    report: Vec<ReportFile>,

    /// Allow a target that is not on this machine; the points of its members are changed
    #[arg(long)]
    i_know_this_is_not_a_mock: bool,
}

/// Whether nothing failed.
pub(crate) async fn run(options: LoadOptions) -> Result<bool, Box<dyn Error>> {
    let credentials = match &options.credentials {
        Some(path) => credentials_dir::load(path)?,
        None => credentials_dir::from_env()?.unwrap_or_else(Credentials::development),
    };
    let reports = options.report.clone();
    let load = load(options)?;
    let measured = tokio::task::spawn_blocking(move || {
        let watcher = Watcher::new();
        load::run(&load, &credentials, &|step| watcher.show(step))
    });
    let results = measured.await??;

    unless_nobody_reads(text::write(&mut anstream::stdout().lock(), &results))?;
    for report in reports {
        report.write(&results)?;
    }
    Ok(results.failures.count() == 0)
}

fn load(options: LoadOptions) -> Result<Load, std::num::TryFromIntError> {
    let pace = match (options.rate, options.burst, options.every) {
        (Some(rate), ..) => Pace::Open(Schedule::Rate(rate)),
        (None, Some(size), Some(every)) => Pace::Open(Schedule::Burst { size, every }),
        _ => Pace::Closed,
    };
    Ok(Load {
        may_be_elsewhere: options.i_know_this_is_not_a_mock,
        connections: usize::try_from(options.connections)?.try_into()?,
        threads: usize::try_from(options.threads)?.try_into()?,
        is_busy_polling: options.busy_poll,
        pace,
        duration: options.duration,
        warm_up: options.warm_up,
        signed: options.signed.map(usize::try_from).transpose()?.and_then(NonZero::new),
        members: options.members.try_into()?,
        body_bytes: options.body_bytes,
        verify_every: NonZero::new(options.verify_every),
        ..Load::of(options.target)
    })
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = duration_or_none(text)?;
    if duration.is_zero() { Err("expected more than no time".into()) } else { Ok(duration) }
}

fn duration_or_none(text: &str) -> Result<Duration, String> {
    let duration = text.parse::<SignedDuration>().ok().and_then(|duration| duration.try_into().ok());
    duration.ok_or_else(|| format!("expected a time with its unit, such as 10s or 500ms, found {text:?}"))
}
