//! The command `verify`: it fails when it should, says why in every form, and does no harm.

mod faults;
mod on_targets;
mod reports;

use std::path::Path;

use crate::support::kit::{Run, kit};

/// Runs `wechatpay-contract verify` with these options, and nothing from the environment.
async fn verify<I: AsRef<str>>(options: impl IntoIterator<Item = I>) -> Run {
    kit("verify", None, options).await
}

/// The same, with the authorities in this file in place of the machine's.
async fn verify_trusting<I: AsRef<str>>(
    authorities: Option<&Path>,
    options: impl IntoIterator<Item = I>,
) -> Run {
    kit("verify", authorities, options).await
}

/// A path as an option has it.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
