//! `prove-client`: tests whether a client rejects bad responses.

use std::{ffi::OsString, net::SocketAddr, num::NonZero, time::Duration};

use clap::{ArgGroup, Args};
use http::Method;
use wechatpay_contract::prove::{Keys, Prover, ReportFile, TestedClient, Trigger};
use wechatpay_texts::text;

use crate::{
    commands::proving::{all_passed, list},
    options::address,
    output::Failure,
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock prove-client -- ./pay
      test a command, which runs once for each probe with its own mock
  wechatpay-mock prove-client --filter signature --report junit=prove.xml -- python3 pay.py
      run only the probes about signatures, and write a report for CI
  wechatpay-mock prove-client --url http://127.0.0.1:3000/probe --listen 127.0.0.1:8080
      test a running application, which has the development merchant's credentials and calls
      http://127.0.0.1:8080 when it gets GET /probe

The client makes the sample call, PATCH /v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights \
with an out_request_no of its choice. A command exits with 0 if it accepts the response, and with any other code if it \
rejects it; an application returns a 2xx, or any other status.

A command gets the merchant's credentials in WECHATPAY_MCHID and so on, the variables that `wechatpay-mock keys` writes to \
`env`. The mock's address is in WECHATPAY_BASE_URL and, as a proxy, in HTTPS_PROXY, as with `wechatpay-mock run`. \
WECHATPAY_TIMEOUT is how many seconds a call may take.

Exit codes:
  0  the client passed every probe
  1  the client failed a probe
  2  wrong usage, or the client fails against a mock that does nothing wrong";

/// The longest time limit for a client, in seconds. The mock's longest fault lasts 600 s, and must outlast the client.
const MOST_SECONDS: f64 = 590.0;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("client").required(true).multiple(true).args(["url", "command", "list"]))]
pub(crate) struct ProveClient {
    /// URL of a running application: a request to it triggers the call, and a 2xx means that it accepts the response
    #[arg(long, value_name = "URL", requires = "listen", conflicts_with = "command")]
    url: Option<Trigger>,

    /// With --url: the method of that request
    #[arg(long, default_value = "GET", requires = "url")]
    method: Method,

    /// With --url: the address that the application calls
    #[arg(long, value_name = "ADDRESS:PORT", requires = "url", value_parser = address)]
    listen: Option<SocketAddr>,

    /// Which of the gateway's keys the client has: both, certificate or public-key
    ///
    /// A command gets these keys. With both, it is also tested with each alone.
    #[arg(long, default_value = "both")]
    keys: Keys,

    /// Time limit for each probe
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    timeout: Duration,

    /// How many probes to run at once; always one with --url [default: the number of processors]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,

    /// Run only probes whose id contains this, or of this group; may be repeated
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,

    /// List the probes without running them
    #[arg(long)]
    list: bool,

    /// Also write a report: junit=FILE or json=FILE, - for stdout; may be repeated. It contains the whole command line
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<ReportFile>,

    /// The client and its arguments, after --
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Returns whether the client passed every probe.
pub(crate) async fn run(options: &ProveClient) -> Result<bool, Failure> {
    let prover = prover(options);
    let plan = prover.plan(&options.filter)?;
    if options.list {
        list(plan.iter().map(|(probe, skipped)| (&probe.about, *skipped)))?;
        return Ok(true);
    }
    all_passed(plan.len(), &options.report, async |on_done| prover.run(&options.filter, on_done).await).await
}

fn prover(options: &ProveClient) -> Prover {
    let client = match (&options.url, options.listen) {
        (Some(url), Some(listen)) => {
            TestedClient::Application { trigger: url.clone().method(options.method.clone()), listen }
        }
        _ => TestedClient::Command(options.command.clone()),
    };
    let usual = Prover::new(client);
    Prover { keys: options.keys, timeout: options.timeout, jobs: options.jobs.unwrap_or(usual.jobs), ..usual }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|seconds| (0.1..=MOST_SECONDS).contains(seconds));
    let number = number.ok_or_else(|| text!("expected 0.1 to {MOST_SECONDS} seconds, found {text:?}"))?;
    Ok(Duration::from_secs_f64(number))
}
