//! `verify`: it fails when it should, explains failures in every report, and does no harm.

mod on_targets;
mod reports;

use std::path::Path;

use crate::support::{Ended, command, run_beside};

/// Runs `wechatpay-mock verify` with these options.
async fn verify<I: AsRef<str>>(options: impl IntoIterator<Item = I>) -> Ended {
    verify_trusting(None, options).await
}

/// Runs `verify` with the authorities in this file instead of the system's.
async fn verify_trusting<I: AsRef<str>>(
    authorities: Option<&Path>,
    options: impl IntoIterator<Item = I>,
) -> Ended {
    let mut command = command();
    command.arg("verify").args(options.into_iter().map(|option| option.as_ref().to_owned()));
    command.env_remove("SSL_CERT_DIR").envs(authorities.map(|file| ("SSL_CERT_FILE", file)));
    run_beside(command).await
}

/// A path as the value of an option.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
