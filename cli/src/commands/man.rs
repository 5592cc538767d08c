//! `man`: writes a man page for each command.

use std::{fs, path::PathBuf};

use clap::{Args, Command};
use wechatpay_texts::text;

use crate::output::Failure;

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Folder to write to; created if needed
    dir: PathBuf,
}

pub(crate) fn run(options: &Man, command_line: Command) -> Result<(), Failure> {
    let written = fs::create_dir_all(&options.dir)
        .and_then(|()| clap_mangen::generate_to(command_line.disable_help_subcommand(true), &options.dir));
    written.map_err(Failure::context(text!("cannot write to {path}", path = options.dir.display())))
}
