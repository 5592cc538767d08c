//! The command `wechatpay-mock`, as tests run it.

use std::process::Command;

/// The command, told nothing by the environment of whoever runs the tests.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wechatpay-mock"));
    let is_for_it = |name: &str| {
        let name = name.to_uppercase();
        name.starts_with("WECHATPAY_") || name.ends_with("_PROXY") || name == "RUST_LOG"
    };
    for (name, _) in std::env::vars().filter(|(name, _)| is_for_it(name)) {
        command.env_remove(name);
    }
    command
}
