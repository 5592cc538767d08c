//! The command line of `wechatpay-mock`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, builder::FalseyValueParser};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock                            serve on http://127.0.0.1:8080
  wechatpay-mock --listen 127.0.0.1:0       serve on a free port, named in the first line of output
  wechatpay-mock --config shop.toml         with merchants, keys, policies and limits of your own
  wechatpay-mock keys ./dev                 write the development merchant's credentials

Exit codes: 0 good, 2 wrong usage or configuration.

Told nothing, it knows a development merchant whose keys are public. They protect nothing.";

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
    /// List what nothing public decides, and the values that the configuration can set
    Policies,
    /// Check a configuration, and do nothing else: exit code 0 if it is good, 2 if not
    CheckConfig(CheckConfig),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 picks a free one [default: the configuration's, or 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT", env = "WECHATPAY_MOCK_LISTEN", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    /// State to start with, JSON [default: the configuration's, or a sample card for each merchant]
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_SEED")]
    pub(crate) seed: Option<PathBuf>,
    /// Do not log exchanges
    #[arg(long, short, env = "WECHATPAY_MOCK_QUIET", value_parser = FalseyValueParser::new())]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Configuration {
    /// Merchants, keys, policies and limits, TOML [default: a development merchant]
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_CONFIG")]
    pub(crate) config: Option<PathBuf>,
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
pub(crate) struct CheckConfig {
    /// The configuration, TOML
    pub(crate) file: PathBuf,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "expected an IP address and a port, such as 127.0.0.1:8080 (in --listen or WECHATPAY_MOCK_LISTEN)"
            .into()
    })
}
