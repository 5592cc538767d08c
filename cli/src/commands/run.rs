//! `run`: runs a command, in any language, whose requests reach a mock instead of the gateway.

use std::{ffi::OsString, path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use wechatpay_contract::environment;
use wechatpay_mock::{Clock, MockServer};
use wechatpay_protocol::PublicKeyId;
use wechatpay_texts::{Phrase, Text, phrase, text};

use crate::{
    commands::signing_keys,
    logging,
    options::{LogFormat, MockConfiguration},
    output::{CHECK_FAILED, Failure},
    process::{Ended, run_to_end},
    signals::Signals,
};

/// The most requests to list at the end.
const MAX_SHOWN: usize = 20;

/// How long a peer's last TLS alert may take to arrive.
const ALERT_DELAY: Duration = Duration::from_millis(200);

/// Clients that read no proxy variable, and the line that makes each use the proxy.
const WITHOUT_PROXY: [(Phrase, &str); 3] = [
    (phrase!("Python's aiohttp"), "aiohttp.ClientSession(trust_env=True)"),
    (
        phrase!("PHP's streams"),
        "stream_context_set_default(['http' => ['proxy' => str_replace('http:', 'tcp:', getenv('HTTPS_PROXY'))]]);",
    ),
    (phrase!("an http.Transport in Go"), "Proxy: http.ProxyFromEnvironment"),
];

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock run -- go test ./...
  wechatpay-mock run -- mvn -o test
  wechatpay-mock run --contract -- npm test
  wechatpay-mock run --expect set_rights=1 -- ./update-rights
  wechatpay-mock run -- curl -i https://api.mch.weixin.qq.com/v3/certificates

Starts a mock on a free port of the loopback interface. It is also a proxy that stands in for https://api.mch.weixin.qq.com, \
with a certificate authority created for this run and deleted after it. To point the command at it, `run` sets HTTPS_PROXY, \
NO_PROXY, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, NODE_OPTIONS, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, PHP_INI_SCAN_DIR and \
JAVA_TOOL_OPTIONS, and WECHATPAY_BASE_URL for code that takes a base URL. The merchant's credentials are in WECHATPAY_MCHID \
and so on, the variables that `wechatpay-mock keys` writes to `env`. If the command fails, `run` lists the rejected requests \
and why, and which key signed each response: a client that has the public key must ask for it in Wechatpay-Serial.

Exit codes: the command's own; 1 if no request arrives, or --contract or --expect fails; 2 wrong usage or configuration; 126 \
or 127 if it cannot be run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Run {
    #[command(flatten)]
    configuration: MockConfiguration,
    /// JSON file with operations of your own, as OpenAPI 3.0 or 3.1; can be repeated. One of the same method and path
    /// replaces the gateway's
    #[arg(
        long = "contract-file",
        value_name = "FILE",
        env = "WECHATPAY_MOCK_CONTRACT",
        value_delimiter = ','
    )]
    contract_files: Vec<PathBuf>,
    /// Merchant whose credentials the command gets [default: the first]
    #[arg(long)]
    mchid: Option<String>,
    /// Fail, even if the command succeeds, if a request breaks the contract
    #[arg(long)]
    contract: bool,
    /// Fail, even if the command succeeds, unless it makes this many requests of this operation, such as set_rights=1; can be
    /// repeated
    #[arg(long, value_name = "OPERATION=NUMBER", value_parser = expected)]
    expect: Vec<Expected>,
    /// Do not fail if no request arrives
    #[arg(long)]
    allow_none: bool,
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

/// How many requests of an operation must arrive, whether or not they are refused.
#[derive(Clone, Debug)]
struct Expected {
    operation: String,
    times: u64,
}

const EXPECTED: Phrase =
    phrase!("expected OPERATION=NUMBER with an id of `wechatpay-mock operations --json`");

/// An operation that is expected and does not exist.
#[derive(Debug, Text, thiserror::Error)]
#[text("invalid value '{operation}={times}' for '--expect <OPERATION=NUMBER>': {EXPECTED}")]
struct UnknownOperation {
    operation: String,
    times: u64,
}

/// Starts a mock, runs the command against it, and lists the requests that went wrong.
///
/// # Errors
/// If the mock or the command cannot be started.
pub(crate) async fn run(options: &Run) -> Result<ExitCode, Failure> {
    let mut config = options.configuration.read_with(&options.contract_files)?;
    let is_known = |expected: &&Expected| config.contract().operation(&expected.operation).is_some();
    if let Some(unknown) = options.expect.iter().find(|expected| !is_known(expected)) {
        return Err(UnknownOperation { operation: unknown.operation.clone(), times: unknown.times }.into());
    }
    // The mock is for this run alone: on a free port, with its own authority.
    (config.listen, config.tls_listen, config.ca_dir) = (None, None, None);
    let log = logging::start(options.log, !options.verbose)?;
    let credentials = config.credentials(options.mchid.as_deref(), Clock::system().now())?;
    let started = MockServer::builder().config(config).start().await;
    let mock = started.map_err(Failure::context(phrase!("cannot start a mock")))?;
    // From here on, signals are for the command, so that none ends this process before it removes the folder.
    let signals = Signals::all().map_err(Failure::context(phrase!("cannot wait for signals")))?;
    let folder =
        environment::folder().map_err(Failure::context(phrase!("cannot make a folder for credentials")))?;
    let variables = environment::prepare(&mock, &credentials, folder.path()).await?;

    let ended = run_to_end(&options.command, variables, signals).await.map_err(|error| {
        let code = error.exit_code();
        Failure::from(error).with_code(code)
    })?;
    // Before anything else can go wrong.
    drop(folder);
    let failures = failures(&mock, ended, options);
    let public_key = credentials.public_key.as_ref().map(|(id, _)| id);
    log.print(&report(&mock, ended, &failures, public_key).await);
    Ok(ExitCode::from(if ended.code == 0 && !failures.is_empty() { CHECK_FAILED } else { ended.code }))
}

/// Why the run fails even if the command succeeds.
fn failures(mock: &MockServer, ended: Ended, options: &Run) -> Vec<String> {
    let mut failures = Vec::new();
    if mock.requests() == 0 && !options.allow_none && !ended.is_interrupted {
        failures.push(text!("no request arrived, which only --allow-none permits"));
    }
    if options.contract && mock.exchanges().iter().any(|exchange| exchange.breaks_contract()) {
        failures.push(text!("a request broke the contract, which --contract forbids"));
    }
    for Expected { operation, times } in &options.expect {
        let found = mock.requests_of(operation);
        if found != *times {
            failures.push(text!("--expect {operation}={times} is not met: {operation}={found}"));
        }
    }
    failures
}

/// Lists the requests that went wrong if the run failed, and what to do if no request arrived. If the command failed, it
/// also says which key signed each response.
async fn report(
    mock: &MockServer,
    ended: Ended,
    failures: &[String],
    public_key: Option<&PublicKeyId>,
) -> String {
    let exchanges = mock.exchanges();
    let is_failed = ended.code != 0 || !failures.is_empty();
    let is_none = mock.requests() == 0;
    let rejected_connections = if is_none && !ended.is_interrupted {
        mock.rejected_connections_within(ALERT_DELAY).await
    } else {
        mock.rejected_connections()
    };
    let mut text = String::new();
    let mut say = |line: String| text += &format!("wechatpay-mock: {line}\n");
    if is_failed || is_none {
        for reason in &rejected_connections {
            say(text!("rejected connection: {reason}"));
        }
    }
    if is_none && is_failed && rejected_connections.is_empty() && !ended.is_interrupted {
        say(text!(
            "no request reached the mock; does the command read HTTPS_PROXY? docs/en/sdks shows how to point each SDK at it"
        ));
        for (client, line) in WITHOUT_PROXY {
            say(format!("  {client}{}{line}", phrase!(": ")));
        }
    }
    if !exchanges.is_empty() && is_failed {
        let is_wrong = |exchange: &wechatpay_mock::Exchange| {
            exchange.error.is_some() || exchange.fault.is_some() || exchange.breaks_contract()
        };
        let wrong: Vec<_> = exchanges.iter().filter(|exchange| is_wrong(exchange)).collect();
        say(text!("requests: {all}, with problems: {wrong}", all = exchanges.len(), wrong = wrong.len()));
        let left_out = wrong.len().saturating_sub(MAX_SHOWN);
        if left_out > 0 {
            say(text!("the first {left_out} of them are not shown"));
        }
        for exchange in &wrong[left_out..] {
            say(format!("  {exchange}"));
        }
    }
    if ended.code != 0 && !ended.is_interrupted {
        let exchanges = exchanges.iter().map(|exchange| &**exchange);
        signing_keys::lines(exchanges, public_key).into_iter().for_each(&mut say);
    }
    if ended.code == 0 {
        for failure in failures {
            say(text!("the command succeeded, but {failure}"));
        }
    }
    text
}

/// Reads `set_rights=1`.
fn expected(text: &str) -> Result<Expected, String> {
    let parts = text.split_once('=').map(|(operation, times)| (operation, times.parse()));
    match parts {
        Some((operation, Ok(times))) => Ok(Expected { operation: operation.into(), times }),
        _ => Err(EXPECTED.into()),
    }
}
