//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::{comparison::Part, growth::Axis};

const COMPARE_EXAMPLES: &str = "\
Examples:
  benches/compare                       everything, as docs/performance.md has it but for a million requests
  benches/compare --only start          what belongs to one goal
  benches/compare --duration 1 --repeats 1 --requests 10000
                                        quickly, to see it run
  benches/compare --full --report json=docs/performance/compare.json --write docs/performance.md
                                        the documentation's figures, anew
  benches/compare --from docs/performance/compare.json --write docs/performance.md
                                        the documentation's tables from its figures, measuring nothing

Exit codes: 0 all goals were measured and reached, 1 one was missed or could not be measured, 2 wrong usage, or nothing could be measured.";

const GROWTH_EXAMPLES: &str = "\
Examples:
  benches/growth --only connections
  benches/growth --report json=docs/performance/growth.json --write docs/performance.md
  benches/growth --from docs/performance/growth.json --write docs/performance.md

Exit codes: 0 all was measured, 1 some of it could not be, 2 wrong usage, or nothing could be measured.";

/// Measures the mock beside its peers, and how its cost grows.
#[derive(Debug, Parser)]
#[command(name = "wechatpay-measure", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the mock and the peers that are installed, and print the table of ratios
    Compare(Compare),
    /// Measure requests a second against connections, member codes and the size of bodies
    Growth(Growth),
    /// Print how long a verification and a signature take, as JSON
    Keys,
}

#[derive(Debug, Args)]
#[command(after_help = COMPARE_EXAMPLES)]
pub(crate) struct Compare {
    /// Measure only this; may be given several times
    #[arg(long, value_enum)]
    pub(crate) only: Vec<Part>,

    /// How long each load lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=12))]
    pub(crate) duration: u64,

    /// How often each is measured; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repeats: u32,

    /// How often each server is started
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) starts: u32,

    /// After how many requests memory is looked at
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) requests: u64,

    /// The same as --requests 1000000
    #[arg(long, conflicts_with = "requests")]
    pub(crate) full: bool,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = GROWTH_EXAMPLES)]
pub(crate) struct Growth {
    /// Measure only this; may be given several times
    #[arg(long, value_enum)]
    pub(crate) only: Vec<Axis>,

    /// How long each load lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=12))]
    pub(crate) duration: u64,

    /// How often each is measured; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repeats: u32,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Where figures come from and go to.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Write the figures as well: json=FILE
    #[arg(long, value_name = "json=FILE", value_parser = report)]
    pub(crate) report: Option<PathBuf>,

    /// Take the figures of such a report, and measure nothing
    #[arg(long, value_name = "FILE", conflicts_with = "report")]
    pub(crate) from: Option<PathBuf>,

    /// Put the tables into this document, and plots into the folder beside it that has its name
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    pub(crate) write: Option<PathBuf>,
}

fn report(text: &str) -> Result<PathBuf, String> {
    let file = text.strip_prefix("json=").filter(|file| !file.is_empty());
    file.map(|file| OsString::from(file).into()).ok_or_else(|| format!("expected json=FILE, found {text:?}"))
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
