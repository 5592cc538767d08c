//! The command line of `wechatpay-contract`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  wechatpay-contract demo      watch one call from both sides, from signature to verified 204

Exit codes: 0 good, 1 the check failed, 2 wrong usage or configuration.";

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
    /// Print the table of behaviours, made of the cases, as Markdown
    Behaviour {
        /// Folder of the cases
        #[arg(long, value_name = "DIR", default_value = "fixtures/cases")]
        cases: PathBuf,
    },
    /// Print the table of faults, as Markdown
    Faults,
}
