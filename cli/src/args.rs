//! The command line: the parts that all commands share. Each command's own options are in its file under `commands/`.

use std::{env, ffi::OsString, net::Ipv4Addr, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{
    Args, CommandFactory, Parser, Subcommand, ValueEnum,
    error::{ContextKind, ContextValue, ErrorKind},
};
use serde_json::json;
use wechatpay_mock::{Authority, Config, ConfigErrors, Host};

use crate::{
    commands::{
        ca::Ca, call::Call, check_config::CheckConfig, clock::Clock, completions::Completions,
        fault::FaultCommand, healthcheck::Healthcheck, keys::Keys, logs::Logs, man::Man,
        prove_client::ProveClient, run::Run, serve::Serve, verify::Verify,
    },
    output,
};

/// Where the mock listens by default, and where commands look for it.
pub(crate) const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock                          serve on http://127.0.0.1:8080
  wechatpay-mock --port 0                 serve on a free port; the first line of output names it
  wechatpay-mock --config shop.toml       serve with your own merchants, keys, policies and limits
  wechatpay-mock demo                     watch one call from both sides, step by step
  wechatpay-mock run -- npm test          run a command against a mock
  wechatpay-mock call rights patch        make a signed call and verify the response
  wechatpay-mock keys ./dev               write the development merchant's credentials
  wechatpay-mock logs -f                  follow the requests of a running mock
  wechatpay-mock prove-client -- ./pay    test whether a client rejects bad responses

Stops on SIGINT or SIGTERM: finishes the requests in flight; a second signal stops it at once.

Exit codes: 0 success, 1 a check or a call failed, 2 wrong usage or configuration.

With no configuration, the mock has one merchant. Its keys are public and protect nothing.";

/// A local mock of the WeChat Pay APIv3 gateway.
///
/// Verifies the merchant's signature, validates the request, keeps state, responds, and signs its responses as the
/// gateway does. Prints `listening on http://…` once it accepts connections, and a line for each request on stderr.
#[derive(Debug, Parser)]
#[command(name = "wechatpay-mock", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the mock (the default)
    Serve(Serve),
    /// Start a mock, send it the sample call, and show both sides step by step
    Demo,
    /// Run a command against a mock, and exit with the command's exit code
    Run(Run),
    /// Make a signed call and verify the response
    Call(Call),
    /// Write a merchant's credentials as files
    Keys(Keys),
    /// Print the path of the HTTPS certificate authority, creating it if needed
    Ca(Ca),
    /// Check a configuration without starting anything
    CheckConfig(CheckConfig),
    /// List behaviours the documentation leaves open, and how to configure them
    Policies(Json),
    /// List the faults that a request number or a rule can trigger
    Faults(Json),
    /// Check that a running mock is healthy
    Healthcheck(Healthcheck),
    /// Show or follow the requests of a running mock
    Logs(Logs),
    /// Show or move the clock of a running mock
    Clock(Clock),
    /// Add, list or remove fault rules of a running mock
    Fault(FaultCommand),
    /// Check a server against the contract, case by case
    Verify(Verify),
    /// Test whether a client, in any language, rejects bad responses
    ProveClient(Box<ProveClient>),
    /// Print completions for a shell
    Completions(Completions),
    /// Write a man page for each command
    Man(Man),
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Json {
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Configuration {
    /// TOML file with merchants, keys, policies and limits [default: a development merchant]
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MockConfiguration {
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    /// JSON file with the initial cards and members [default: the configuration's, or a sample card for each merchant]
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_SEED")]
    seed: Option<PathBuf>,
    /// Host that the proxy may also connect to; may be repeated. The proxy refuses all hosts except these and the gateway's
    #[arg(long, value_name = "HOST", env = "WECHATPAY_MOCK_PROXY_PASSTHROUGH", value_delimiter = ',')]
    proxy_passthrough: Vec<Host>,
}

#[derive(Debug, Args)]
pub(crate) struct AuthorityOptions {
    /// Extra host name or address for the HTTPS certificate; may be repeated
    #[arg(long = "host", value_name = "HOST", env = "WECHATPAY_MOCK_HOST", value_delimiter = ',')]
    hosts: Vec<Host>,
    /// Folder of the HTTPS certificate authority, created on first use [default: the configuration's, or one in your
    /// home folder]
    #[arg(long, value_name = "DIR", env = "WECHATPAY_MOCK_CA_DIR")]
    ca_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// One line of text per request
    Text,
    /// One JSON object per line
    Json,
}

/// Returns the command to run, or the exit code if the arguments are wrong or only ask for help or the version.
pub(crate) fn parse() -> Result<Command, ExitCode> {
    let words: Vec<OsString> = env::args_os().collect();
    match Cli::try_parse_from(&words) {
        Ok(cli) => Ok(cli.command.unwrap_or(Command::Serve(cli.serve))),
        Err(_) if asks_for_version_as_json(&words) => {
            let version = json!({ "name": "wechatpay-mock", "version": env!("CARGO_PKG_VERSION") });
            Err(output::print_json(&version).map_or_else(output::Failure::report, |()| ExitCode::SUCCESS))
        }
        Err(mut error) => {
            suggest_separator(&mut error, &words);
            // Nothing is left to do if this cannot be written.
            let _ = error.print();
            Err(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(output::WRONG_USAGE)))
        }
    }
}

fn asks_for_version_as_json(words: &[OsString]) -> bool {
    let [_, options @ ..] = words else { return false };
    options.len() == 2
        && options.iter().any(|word| word == "--json")
        && options.iter().any(|word| word == "--version" || word == "-V")
}

/// Suggests `--` if it is missing before a command, as in `run npm test`.
fn suggest_separator(error: &mut clap::Error, words: &[OsString]) {
    let takes_command = words.get(1).is_some_and(|word| word == "run" || word == "prove-client");
    let Some(ContextValue::String(unexpected)) = error.get(ContextKind::InvalidArg) else { return };
    if error.kind() != ErrorKind::UnknownArgument || !takes_command || unexpected.starts_with('-') {
        return;
    }
    let Some(at) = words.iter().position(|word| word.to_str() == Some(unexpected.as_str())) else { return };
    let shown: Vec<_> = words.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let (options, command) = shown.split_at(at - 1);
    let tip =
        format!("put `--` before the command: wechatpay-mock {} -- {}", options.join(" "), command.join(" "));
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

/// The whole command line, for completions and man pages.
pub(crate) fn command_line() -> clap::Command {
    Cli::command()
}

impl Configuration {
    /// The configuration in the file, or the default.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every error in the file.
    pub(crate) fn read(&self) -> Result<Config, ConfigErrors> {
        self.config.as_ref().map_or_else(|| Ok(Config::default()), Config::from_file)
    }
}

impl MockConfiguration {
    /// The configuration, with the seed and hosts from the options.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every error in the configuration or the seed.
    pub(crate) fn read(&self) -> Result<Config, ConfigErrors> {
        let mut config = self.configuration.read()?;
        config.proxy_passthrough.extend_from_slice(&self.proxy_passthrough);
        match &self.seed {
            Some(seed) => config.with_seed_file(seed),
            None => Ok(config),
        }
    }
}

impl AuthorityOptions {
    /// Adds the hosts, and sets the folder: from the option, else from the configuration, else the user's own.
    pub(crate) fn apply(&self, config: &mut Config) {
        config.hosts.extend_from_slice(&self.hosts);
        config.ca_dir = self.ca_dir.clone().or(config.ca_dir.take()).or_else(Authority::user_dir);
    }
}

/// Parses an address to listen on: `8080`, `:8080`, `localhost:8080` or `127.0.0.1:8080`. Without a host, it is
/// the loopback address.
///
/// # Errors
/// A message for the user.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = |text: &str| text.parse().ok().map(|port| SocketAddr::new(DEFAULT_ADDRESS.ip(), port));
    let only_port = text.strip_prefix("localhost:").or(text.strip_prefix(':')).unwrap_or(text);
    port(only_port)
        .or_else(|| text.parse().ok())
        .ok_or_else(|| "expected a port, or an IP address and a port, such as 8080 or 127.0.0.1:8080".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_address_may_be_short() {
        for text in ["8080", ":8080", "localhost:8080", "127.0.0.1:8080"] {
            assert_eq!(address(text), Ok(DEFAULT_ADDRESS), "{text}");
        }
        assert_eq!(address("[::]:1").unwrap().to_string(), "[::]:1");
        for text in ["", ":", "localhost", "127.0.0.1", "mock:8080", "65536", "-1", "http://127.0.0.1:8080"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wrong_address_names_its_own_option() {
        for option in ["--listen", "--tls-listen"] {
            let error = Cli::try_parse_from(["wechatpay-mock", option, "nowhere"]).unwrap_err().to_string();
            assert!(error.contains(&format!("'{option} <")), "{error}");
            assert_eq!(error.matches("listen").count(), 1, "{error}");
        }
    }
}
