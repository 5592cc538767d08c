//! `keys`: writes a merchant's credentials as files.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use wechatpay_mock::{Clock, write_credentials};

use crate::{
    args::{Configuration, Json},
    output::{Failure, print, print_json},
};

#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// Folder to write to; created if needed
    dir: PathBuf,
    #[command(flatten)]
    configuration: Configuration,
    /// Which merchant [default: the first]
    #[arg(long)]
    mchid: Option<String>,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: Json,
}

pub(crate) fn run(options: &Keys) -> Result<(), Failure> {
    let config = options.configuration.read()?;
    let credentials = config.credentials(options.mchid.as_deref(), Clock::system().now())?;
    let files = write_credentials(&credentials, &options.dir, options.force)?;
    if options.output.json {
        return print_json(&json!({ "mchid": credentials.mchid.to_string(), "files": files }));
    }
    print(|out| files.iter().try_for_each(|path| writeln!(out, "{}", path.display())))
}
