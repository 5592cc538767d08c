//! `prove-receiver`: tests whether a receiver of callbacks lets forged ones through, and takes honest ones.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{ArgGroup, Args};
use wechatpay_contract::prove::{
    Keys, ReportFile,
    receiver::{KnownOrder, ReceiverProver, ReceiverUrl, ReceiverUrlError},
};
use wechatpay_texts::{Text, text};

use crate::{
    commands::proving::{all_passed, list},
    options::Configuration,
    output::Failure,
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock prove-receiver --url http://127.0.0.1:3000/notify
      test an application that runs, with the development merchant's credentials
  wechatpay-mock prove-receiver --url http://127.0.0.1:0/notify -- node server.js --port '{port}'
      start the application on a free port, and end it afterwards
  wechatpay-mock prove-receiver --url http://127.0.0.1:3000/notify --count-url http://127.0.0.1:3000/count
      also test that the same event twice acts once
  wechatpay-mock prove-receiver --url http://127.0.0.1:3000/notify --filter signature --report junit=prove.xml
      run only the probes about signatures, and write a report for CI

Sends an ordinary callback, then honest ones in every spelling that the gateway may use, then forged ones. The receiver \
answers 200 or 204 to those that it must take, and 4xx or 5xx to those that it must refuse, each within 5 seconds.

With a command after --, the application gets the merchant's credentials in WECHATPAY_MCHID and so on, the variables that \
`wechatpay-mock keys` writes to `env`, a mock to call as with `wechatpay-mock run`, and its port in PORT and in place of {port}.

Nothing is sent to a host other than this machine, unless --allow-host names it. Redirects are not followed.

Exit codes:
  0  the receiver passed every probe
  1  the receiver failed a probe
  2  wrong usage, or nothing could be tested";

/// The longest time limit for an answer, in seconds: that of the gateway.
const MOST_SECONDS: f64 = 5.0;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("receiver").required(true).multiple(true).args(["url", "list"]))]
pub(crate) struct ProveReceiver {
    /// Where the receiver takes callbacks. Port 0 is a free one, for a command after --
    // Text, because clap would quote a wrong URL together with its password.
    #[arg(long)]
    url: Option<String>,

    /// Where the application says how often it acted on an event: GET returns a number, or {"count": N}
    #[arg(long, value_name = "URL")]
    count_url: Option<String>,

    /// Where the application forgets what it did: POST before each probe
    #[arg(long, value_name = "URL")]
    reset_url: Option<String>,

    /// JSON file with an order that the application knows, and all callbacks are about: out_trade_no, amount …
    ///
    /// Its members are those of a transaction, and replace those of the sample: out_trade_no, and where they differ amount,
    /// mchid, appid, payer, attach.
    #[arg(long, value_name = "FILE")]
    order: Option<PathBuf>,

    /// Which of the gateway's keys the receiver has: both, certificate or public-key [default: those that the merchant
    /// trusts]
    #[arg(long)]
    keys: Option<Keys>,

    #[command(flatten)]
    configuration: Configuration,

    /// Merchant whose callbacks these are [default: the first]
    #[arg(long)]
    mchid: Option<String>,

    /// Another host that may be called; may be repeated
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,

    /// Time limit for each answer; at most 5, as the gateway has
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    timeout: Duration,

    /// Run only probes whose id contains this, or of this group; may be repeated
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,

    /// List the probes without running them
    #[arg(long)]
    list: bool,

    /// Also write a report: junit=FILE or json=FILE, - for stdout; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<ReportFile>,

    /// The command that starts the application, after --
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// A URL that cannot be used.
#[derive(Debug, Text, thiserror::Error)]
#[text("invalid value for {option}")]
struct UrlError {
    option: &'static str,
    source: ReceiverUrlError,
}

/// Returns whether the receiver passed every probe.
pub(crate) async fn run(options: &ProveReceiver) -> Result<bool, Failure> {
    let prover = prover(options)?;
    let plan = prover.plan(&options.filter)?;
    if options.list {
        list(plan.iter().map(|(probe, skipped)| (&probe.about, *skipped)))?;
        return Ok(true);
    }
    all_passed(plan.len(), &options.report, async |on_done| prover.run(&options.filter, on_done).await).await
}

fn prover(options: &ProveReceiver) -> Result<ReceiverProver, Failure> {
    // Without a URL, the probes are only listed.
    let url = url("--url", options.url.as_deref().unwrap_or("http://127.0.0.1/"))?;
    let question =
        |option, text: &Option<String>| text.as_deref().map(|text| self::url(option, text)).transpose();
    Ok(ReceiverProver {
        command: options.command.clone(),
        count: question("--count-url", &options.count_url)?,
        reset: question("--reset-url", &options.reset_url)?,
        order: options.order.as_deref().map(KnownOrder::read).transpose()?,
        allowed_hosts: options.allow_host.clone(),
        keys: options.keys,
        config: options.configuration.read()?,
        mchid: options.mchid.clone(),
        timeout: options.timeout,
        ..ReceiverProver::new(url)
    })
}

fn url(option: &'static str, text: &str) -> Result<ReceiverUrl, UrlError> {
    text.parse().map_err(|source| UrlError { option, source })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|seconds| (0.1..=MOST_SECONDS).contains(seconds));
    let number = number.ok_or_else(|| text!("expected 0.1 to {MOST_SECONDS} seconds, found {text:?}"))?;
    Ok(Duration::from_secs_f64(number))
}
