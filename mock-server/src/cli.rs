//! The command line of `wechatpay-mock`.

use std::{convert::Infallible, ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::FalseyValueParser};
use wechatpay_mock::{AdminToken, AdminTokenError, DiagnosisMode, Host};

use crate::healthcheck::BaseUrl;

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock                            serve on http://127.0.0.1:8080
  wechatpay-mock --listen 127.0.0.1:0       serve on a free port, named in the first line of output
  wechatpay-mock --config shop.toml         with merchants, keys, policies and limits of your own
  wechatpay-mock --log json                 log an object for each exchange, for programs
  wechatpay-mock run -- npm test            run a command with everything pointed at a mock
  wechatpay-mock ca                         print the path of the authority that HTTPS clients must trust
  wechatpay-mock keys ./dev                 write the development merchant's credentials
  wechatpay-mock healthcheck                ask the mock that listens here whether it is well

SIGINT or SIGTERM ends it once the exchanges on their way have ended; a second one ends it at once.

Exit codes: 0 good, 1 a check failed, 2 wrong usage or configuration.

Told nothing, it knows a development merchant whose keys are public. They protect nothing.";

const RUN_EXAMPLES: &str = "\
Examples:
  wechatpay-mock run -- go test ./...
  wechatpay-mock run -- mvn -o test
  wechatpay-mock run --contract -- npm test
  wechatpay-mock run -- curl -i https://api.mch.weixin.qq.com/v3/certificates

The mock is on a free port of loopback. It answers for https://api.mch.weixin.qq.com as a proxy, with an authority that is
made for this run and gone after it. The command finds HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS,
REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, PHP_INI_SCAN_DIR and JAVA_TOOL_OPTIONS for that; WECHATPAY_BASE_URL for whoever can be
told the host; and the merchant's credentials in WECHATPAY_MCHID and so on, as `wechatpay-mock keys` writes them to `env`.
If it fails, the requests that were refused are said, with what was wrong.

Exit codes: the command's; 1 if --contract fails it; 2 wrong usage or configuration; 126 and 127 it can't be run.";

const CA_EXAMPLES: &str = "\
Examples:
  curl --cacert \"$(wechatpay-mock ca)\" https://localhost:8080/v3/certificates
  wechatpay-mock ca --pem                   print the certificate
  wechatpay-mock ca --delete                remove certificate and key

The authority is made on this machine and never leaves it. It is good for the gateway's hosts, localhost, 127.0.0.1, ::1
and those of --host, for two years. It is not put into any system's store: name its path to each process that is to
trust it, as docs/sdks shows. Exit codes: 0 good, 2 it can't be read or made.";

const HEALTHCHECK_EXAMPLES: &str = "\
Examples:
  wechatpay-mock healthcheck
  wechatpay-mock healthcheck --url http://mock:8080
  HEALTHCHECK CMD [\"wechatpay-mock\", \"healthcheck\"]      in a Dockerfile

Prints `healthy`, or why not. It waits for 3 seconds at most.
Exit codes: 0 the mock is well, 1 it is not, or there is none, 2 wrong usage.";

/// A local mock of the WeChat Pay APIv3 gateway.
///
/// Verifies the merchant's signature, validates the body, keeps state, answers, and signs its answers as the gateway
/// does. Prints `listening on http://…` once it accepts, and a line for each exchange on stderr.
#[derive(Debug, Parser)]
#[command(name = "wechatpay-mock", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the mock (the default)
    Serve(Serve),
    /// Write a merchant's credentials as files
    Keys(Keys),
    /// Run a command with everything pointed at a mock, and end with its exit code
    Run(Run),
    /// Print where the certificate authority for HTTPS is, and make it if there is none
    Ca(Ca),
    /// List what nothing public decides, and the values that the configuration can set
    Policies,
    /// List the faults that the mock can be asked for, by request number or by rule
    Faults,
    /// Ask a running mock whether it is well: exit code 0 if it is, 1 if not
    Healthcheck(Healthcheck),
    /// Check a configuration, and do nothing else: exit code 0 if it is good, 2 if not
    CheckConfig(CheckConfig),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 picks a free one [default: the configuration's, or 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT", env = "WECHATPAY_MOCK_LISTEN", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,
    /// Another address to listen on, for TLS alone; the one of --listen takes HTTP and TLS alike [default: the
    /// configuration's, or none]
    #[arg(long, value_name = "ADDRESS:PORT", env = "WECHATPAY_MOCK_TLS_LISTEN", value_parser = address)]
    pub(crate) tls_listen: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    #[command(flatten)]
    pub(crate) authority: AuthorityOptions,
    /// As a proxy, let requests to this host through; may be repeated. Other hosts but the gateway's are refused
    #[arg(long, value_name = "HOST", env = "WECHATPAY_MOCK_PROXY_PASSTHROUGH", value_delimiter = ',')]
    pub(crate) proxy_passthrough: Vec<Host>,
    /// State to start with, JSON [default: the configuration's, or a sample card for each merchant]
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_SEED")]
    pub(crate) seed: Option<PathBuf>,
    /// Whether signatures that do not match are diagnosed, and where that is told [default: the configuration's, or header]
    #[arg(long, value_name = "WHERE", env = "WECHATPAY_MOCK_DIAGNOSIS")]
    pub(crate) diagnosis: Option<Diagnosis>,
    /// What whoever calls /__mock/ must send in Authorization: Bearer …; 16 to 256 visible ASCII characters. Without it,
    /// /__mock/ is open on a loopback address and off on any other [default: the configuration's]
    #[arg(long, value_name = "TOKEN", env = "WECHATPAY_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    #[arg(value_parser = admin_token)]
    pub(crate) admin_token: Option<Result<AdminToken, AdminTokenError>>,
    /// How exchanges are logged on stderr; RUST_LOG says what is logged
    #[arg(long, value_name = "FORM", env = "WECHATPAY_MOCK_LOG", default_value = "text")]
    pub(crate) log: LogForm,
    /// Do not log exchanges
    #[arg(long, short, env = "WECHATPAY_MOCK_QUIET", value_parser = FalseyValueParser::new())]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Diagnosis {
    /// In the journal, the log, and the header Mock-Diagnosis, which no real gateway sends
    Header,
    /// In the journal and the log
    Journal,
    /// Not at all
    Off,
}

impl From<Diagnosis> for DiagnosisMode {
    fn from(diagnosis: Diagnosis) -> Self {
        match diagnosis {
            Diagnosis::Header => Self::Header,
            Diagnosis::Journal => Self::Journal,
            Diagnosis::Off => Self::Off,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogForm {
    /// A line to read
    Text,
    /// A JSON object on a line
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Configuration {
    /// Merchants, keys, policies and limits, TOML [default: a development merchant]
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    /// State to start with, JSON [default: the configuration's, or a sample card for each merchant]
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_SEED")]
    pub(crate) seed: Option<PathBuf>,
    /// Which merchant's credentials the command gets [default: the first]
    #[arg(long)]
    pub(crate) mchid: Option<String>,
    /// As a proxy, let requests to this host through; may be repeated
    #[arg(long, value_name = "HOST", env = "WECHATPAY_MOCK_PROXY_PASSTHROUGH", value_delimiter = ',')]
    pub(crate) proxy_passthrough: Vec<Host>,
    /// Fail, even if the command does not, if a request was not as the contract says, or there was none
    #[arg(long)]
    pub(crate) contract: bool,
    /// Log each exchange on stderr, as `serve` does
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// How exchanges are logged, with --verbose
    #[arg(long, value_name = "FORM", env = "WECHATPAY_MOCK_LOG", default_value = "text")]
    pub(crate) log: LogForm,
    /// The command and its arguments, after --
    #[arg(required = true, last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct AuthorityOptions {
    /// Another name or address that clients call the mock by over HTTPS; may be repeated
    #[arg(long = "host", value_name = "HOST", env = "WECHATPAY_MOCK_HOST", value_delimiter = ',')]
    pub(crate) hosts: Vec<Host>,
    /// Folder of the certificate authority for HTTPS, made there on first use [default: the configuration's, or one that
    /// belongs to the user]
    #[arg(long, value_name = "DIR", env = "WECHATPAY_MOCK_CA_DIR")]
    pub(crate) ca_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = CA_EXAMPLES)]
pub(crate) struct Ca {
    #[command(flatten)]
    pub(crate) authority: AuthorityOptions,
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    /// Print the certificate itself
    #[arg(long, conflicts_with = "delete")]
    pub(crate) pem: bool,
    /// Remove certificate and key; the next use makes others
    #[arg(long)]
    pub(crate) delete: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// Folder to write to; made if need be
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    /// Which merchant [default: the first]
    #[arg(long)]
    pub(crate) mchid: Option<String>,
    /// Overwrite files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = HEALTHCHECK_EXAMPLES)]
pub(crate) struct Healthcheck {
    /// The mock [default: where WECHATPAY_MOCK_LISTEN says, or http://127.0.0.1:8080]
    #[arg(long, value_parser = BaseUrl::parse)]
    pub(crate) url: Option<BaseUrl>,
    /// Where the mock listens, as it was told
    #[arg(long, value_name = "ADDRESS:PORT", env = "WECHATPAY_MOCK_LISTEN", value_parser = address)]
    #[arg(hide = true)]
    pub(crate) listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    /// The configuration, TOML
    pub(crate) file: PathBuf,
}

/// What is wrong with a token is not for clap to say, which would show it.
fn admin_token(text: &str) -> Result<Result<AdminToken, AdminTokenError>, Infallible> {
    Ok(text.parse())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "expected an IP address and a port, such as 127.0.0.1:8080 (in --listen or WECHATPAY_MOCK_LISTEN)"
            .into()
    })
}
