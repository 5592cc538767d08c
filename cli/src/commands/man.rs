//! `man`: writes a man page for each command.

use std::{fs, path::PathBuf};

use clap::Args;

use crate::{args, output::Failure};

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Folder to write to; created if needed
    dir: PathBuf,
}

pub(crate) fn run(options: &Man) -> Result<(), Failure> {
    let written = fs::create_dir_all(&options.dir).and_then(|()| {
        clap_mangen::generate_to(args::command_line().disable_help_subcommand(true), &options.dir)
    });
    written.map_err(Failure::context(format!("cannot write to {}", options.dir.display())))
}
