//! The command line of `wechatpay-mock`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock                            serve on http://127.0.0.1:8080
  wechatpay-mock --listen 127.0.0.1:0       serve on a free port, named in the first line of output
  wechatpay-mock keys ./dev                 write the development merchant's credentials

The merchant it knows is a development merchant whose keys are public. They protect nothing.";

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
    /// Write the development merchant's credentials as files
    Keys(Keys),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 picks a free one
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8080",
        env = "WECHATPAY_MOCK_LISTEN"
    )]
    pub(crate) listen: SocketAddr,
    /// Do not log exchanges
    #[arg(long, short, env = "WECHATPAY_MOCK_QUIET")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// Folder to write to; made if need be
    pub(crate) dir: PathBuf,
    /// Overwrite files that are there
    #[arg(long)]
    pub(crate) force: bool,
}
