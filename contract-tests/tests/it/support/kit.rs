//! The command `wechatpay-contract`, run as users run it.

use std::{path::Path, process::Output};

use tokio::process::Command;

/// How a run of the command ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command of the kit with these options, and nothing from the environment but, if named, the authorities in that file
/// in place of the machine's.
pub(crate) async fn kit<I: AsRef<str>>(
    name: &str,
    authorities: Option<&Path>,
    options: impl IntoIterator<Item = I>,
) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wechatpay-contract"));
    command.arg(name).args(options.into_iter().map(|option| option.as_ref().to_owned()));
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
