//! `completions`: prints a completion script for a shell.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::output::{Failure, print};

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(options: &Completions, mut command_line: Command) -> Result<(), Failure> {
    // clap_complete panics if it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command_line, "wechatpay-mock", &mut script);
    print(|out| out.write_all(&script))
}
