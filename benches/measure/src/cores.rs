//! Which cores a process may use.

use std::{env, path::Path};

use tokio::process::Command;

/// Whether server and generator have a core each, or share all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cores {
    /// Core 0 for the server, core 1 for the generator.
    Apart,
    /// All for both.
    Shared,
}

/// On which side a process is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Server,
    Generator,
}

impl Cores {
    /// A command that runs on that side's cores: `taskset` becomes the program, with the same process id. It knows nothing
    /// of other mocks and merchants that this process was told of.
    pub(crate) fn command(self, side: Side, program: &Path) -> Command {
        let core = match (self, side) {
            (Self::Shared, _) => None,
            (Self::Apart, Side::Server) => Some("0"),
            (Self::Apart, Side::Generator) => Some("1"),
        };
        let mut command = Command::new(if core.is_some() { "taskset".as_ref() } else { program });
        if let Some(core) = core {
            command.args(["--cpu-list", core]).arg(program);
        }
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WECHATPAY_")) {
            command.env_remove(name);
        }
        command
    }
}
