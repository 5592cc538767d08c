//! `check-config`: prints every error in a configuration, or the settings it results in.

use std::path::PathBuf;

use clap::Args;
use wechatpay_mock::Config;
use wechatpay_texts::text;

use crate::output::{Failure, print};

#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    /// The configuration, TOML
    file: PathBuf,
}

pub(crate) fn run(options: &CheckConfig) -> Result<(), Failure> {
    let config = Config::from_file(&options.file)?;
    print(|out| writeln!(out, "{}\n\n{config}", text!("{file} is valid", file = options.file.display())))
}
