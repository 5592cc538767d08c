//! The command line of `wechatpay-contract`.

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  wechatpay-contract demo      watch one call from both sides, from signature to verified 204";

/// Holds clients and servers to the contract of WeChat Pay APIv3.
#[derive(Debug, Parser)]
#[command(name = "wechatpay-contract", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a mock, send it the sample call, and print both sides step by step
    Demo,
}
