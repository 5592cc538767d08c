//! `completions`: prints a completion script for a shell.

use clap::Args;
use clap_complete::Shell;

use crate::{
    args,
    output::{Failure, print},
};

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(options: &Completions) -> Result<(), Failure> {
    let mut command = args::command_line();
    // clap_complete panics if it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "wechatpay-mock", &mut script);
    print(|out| out.write_all(&script))
}
