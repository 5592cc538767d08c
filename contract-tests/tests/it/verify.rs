//! The command `verify`: it fails when it should, says why in every form, and does no harm.

mod faults;
mod on_targets;
mod reports;

use std::{path::Path, process::Output};

use tokio::process::Command;

/// How a run of the command ended.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs `wechatpay-contract verify` with these options, and nothing from the environment.
async fn verify<I: AsRef<str>>(options: impl IntoIterator<Item = I>) -> Run {
    verify_trusting(None, options).await
}

/// The same, with the authorities in this file in place of the machine's.
async fn verify_trusting<I: AsRef<str>>(
    authorities: Option<&Path>,
    options: impl IntoIterator<Item = I>,
) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wechatpay-contract"));
    command.arg("verify").args(options.into_iter().map(|option| option.as_ref().to_owned()));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WECHATPAY_")) {
        command.env_remove(name);
    }
    command.env_remove("SSL_CERT_DIR").envs(authorities.map(|file| ("SSL_CERT_FILE", file)));
    let Output { status, stdout, stderr } = command.kill_on_drop(true).output().await.unwrap();
    Run {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A path as an option has it.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
