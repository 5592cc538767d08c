//! The command line of `wechatpay-contract`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use wechatpay_contract::verify::{ReportFile, Shard};
use wechatpay_protocol::BaseUrl;

use crate::proving::ProveClient;

const EXAMPLES: &str = "\
Examples:
  wechatpay-contract demo      watch one call from both sides, from signature to verified 204
  wechatpay-contract verify    hold a mock to every case
  wechatpay-contract prove-client -- ./pay
                               find out what the client ./pay lets through

Exit codes: 0 good, 1 the check failed, 2 wrong usage or configuration.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  wechatpay-contract verify
      a mock that is started inside, with every case
  wechatpay-contract verify --target http://127.0.0.1:8080 --credentials dev --report junit=verify.xml
      a server of yours, as the merchant whose files are in dev/
  wechatpay-contract verify --filter rights/ --shard 1/4
      the first quarter of the cases about rights

Exit codes:
  0  every case that was run holds
  1  a case does not hold
  2  wrong usage or configuration, a target that is not there, credentials that it does not take, or no case that could
     be run";

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
    /// Run the cases against a server, and say where it does not behave like the gateway
    Verify(Verify),
    /// Run a client against an honest mock and then against a hostile one, and say what it lets through
    ProveClient(Box<ProveClient>),
    /// Print the table of behaviours, made of the cases, as Markdown
    Behaviour {
        /// Folder of the cases
        #[arg(long, value_name = "DIR", default_value = "fixtures/cases")]
        cases: PathBuf,
    },
    /// Print the table of faults, as Markdown
    Faults,
}

#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct Verify {
    /// The server; without it, a mock is started inside
    ///
    /// Cases that need a mock of their own, told their state, policies or time, are skipped on a target.
    #[arg(long, value_name = "URL", env = "WECHATPAY_BASE_URL")]
    pub(crate) target: Option<BaseUrl>,

    /// A folder with credentials.json, or that file: the merchant as which the target is called
    ///
    /// Without it: the environment's WECHATPAY_MCHID, WECHATPAY_MERCHANT_SERIAL and so on, if it has the first of them;
    /// otherwise the development merchant, whom every mock knows. Without a target, it counts for nothing.
    #[arg(long, value_name = "DIR|FILE", env = "WECHATPAY_CREDENTIALS")]
    pub(crate) credentials: Option<PathBuf>,

    /// Run only cases with this in their id; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Vec<String>,

    /// Run only the i-th of n parts of the cases
    #[arg(long, value_name = "i/n")]
    pub(crate) shard: Option<Shard>,

    /// List the cases that would be run, and send nothing
    #[arg(long)]
    pub(crate) list: bool,

    /// Write a report as well: junit=FILE, json=FILE or tap=FILE; may be given several times
    #[arg(long, value_name = "FORM=FILE")]
    pub(crate) report: Vec<ReportFile>,

    /// Folder of the cases, in place of those that are built in
    #[arg(long, value_name = "DIR")]
    pub(crate) cases: Option<PathBuf>,

    /// Allow a target that is not on this machine; only the cases that cannot change anything are then run
    #[arg(long, requires = "target")]
    pub(crate) i_know_this_is_not_a_mock: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Cli::command().debug_assert();
    }
}
