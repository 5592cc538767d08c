//! `run`: runs a command, in any language, whose requests reach a mock instead of the gateway.

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use wechatpay_contract::environment;
use wechatpay_mock::{Clock, MockServer};

use crate::{
    logging,
    options::{LogFormat, MockConfiguration},
    output::{CHECK_FAILED, Failure},
    process::{Ended, run_to_end},
};

/// The most requests to list at the end.
const MAX_SHOWN: usize = 20;

/// How long a peer's last TLS alert may take to arrive.
const ALERT_DELAY: Duration = Duration::from_millis(200);

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock run -- go test ./...
  wechatpay-mock run -- mvn -o test
  wechatpay-mock run --contract -- npm test
  wechatpay-mock run -- curl -i https://api.mch.weixin.qq.com/v3/certificates

Starts a mock on a free port of the loopback interface. It is also a proxy that stands in for https://api.mch.weixin.qq.com, \
with a certificate authority created for this run and deleted after it. To point the command at it, `run` sets HTTPS_PROXY, \
NO_PROXY, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, PHP_INI_SCAN_DIR and JAVA_TOOL_OPTIONS, \
and WECHATPAY_BASE_URL for code that takes a base URL. The merchant's credentials are in WECHATPAY_MCHID and so on, the \
variables that `wechatpay-mock keys` writes to `env`. If the command fails, `run` lists the rejected requests and why.

Exit codes: the command's own; 1 if --contract fails; 2 wrong usage or configuration; 126 or 127 if it cannot be run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Run {
    #[command(flatten)]
    configuration: MockConfiguration,
    /// Merchant whose credentials the command gets [default: the first]
    #[arg(long)]
    mchid: Option<String>,
    /// Fail, even if the command succeeds, if a request breaks the contract or no request arrives
    #[arg(long)]
    contract: bool,
    /// Log each request on stderr, as `serve` does
    #[arg(long, short)]
    verbose: bool,
    /// Log format, with --verbose
    #[arg(long, value_name = "FORMAT", env = "WECHATPAY_MOCK_LOG", default_value = "text")]
    log: LogFormat,
    /// The command and its arguments, after --
    #[arg(required = true, last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Starts a mock, runs the command against it, and lists the requests that went wrong.
///
/// # Errors
/// If the mock or the command cannot be started.
pub(crate) async fn run(options: &Run) -> Result<ExitCode, Failure> {
    let mut config = options.configuration.read()?;
    // The mock is for this run alone: on a free port, with its own authority.
    (config.listen, config.tls_listen, config.ca_dir) = (None, None, None);
    logging::start(options.log, !options.verbose)?;
    let credentials = config.credentials(options.mchid.as_deref(), Clock::system().now())?;
    let started = MockServer::builder().config(config).start().await;
    let mock = started.map_err(Failure::context("cannot start a mock"))?;
    let folder = tempfile::Builder::new().prefix("wechatpay-mock-").tempdir();
    let folder = folder.map_err(Failure::context("cannot make a folder for credentials"))?;
    let variables = environment::prepare(&mock, &credentials, folder.path()).await?;

    let ended = run_to_end(&options.command, variables).await.map_err(|error| {
        let code = error.exit_code();
        Failure::from(error).with_code(code)
    })?;
    let is_contract_broken = report(&mock, ended, options.contract).await;
    Ok(ExitCode::from(if ended.code == 0 && is_contract_broken { CHECK_FAILED } else { ended.code }))
}

/// Lists the requests that went wrong, if the command failed or `--contract` is given and the contract was broken.
/// Returns whether it was broken.
async fn report(mock: &MockServer, ended: Ended, is_checked: bool) -> bool {
    let exchanges = mock.exchanges();
    let is_broken =
        is_checked && (exchanges.is_empty() || exchanges.iter().any(|exchange| exchange.breaks_contract()));
    let is_failed = ended.code != 0 || is_broken;
    let rejected_connections = if exchanges.is_empty() && !ended.is_interrupted {
        mock.rejected_connections_within(ALERT_DELAY).await
    } else {
        mock.rejected_connections()
    };
    let mut text = String::new();
    let mut say = |line: String| text += &format!("wechatpay-mock: {line}\n");
    if is_failed || exchanges.is_empty() {
        for reason in &rejected_connections {
            say(format!("rejected connection: {reason}"));
        }
    }
    if exchanges.is_empty() && rejected_connections.is_empty() && !ended.is_interrupted {
        say("no request reached the mock; does the command read HTTPS_PROXY? docs/sdks shows how to point each SDK at it".into());
    }
    if !exchanges.is_empty() && is_failed {
        let is_wrong = |exchange: &wechatpay_mock::Exchange| {
            exchange.error.is_some() || exchange.fault.is_some() || exchange.breaks_contract()
        };
        let wrong: Vec<_> = exchanges.iter().filter(|exchange| is_wrong(exchange)).collect();
        say(format!("requests: {}, with problems: {}", exchanges.len(), wrong.len()));
        let left_out = wrong.len().saturating_sub(MAX_SHOWN);
        if left_out > 0 {
            say(format!("the first {left_out} of them are not shown"));
        }
        for exchange in &wrong[left_out..] {
            say(format!("  {exchange}"));
        }
    }
    if is_broken && ended.code == 0 {
        say("--contract: the command succeeded, but a request broke the contract or none arrived".into());
    }
    // stderr may be closed.
    let _ = io::stderr().write_all(text.as_bytes());
    is_broken
}
