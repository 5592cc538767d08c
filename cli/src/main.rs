//! The command `wechatpay-mock`: a mock of the WeChat Pay APIv3 gateway, a client for it, and the contract kit.
#![forbid(unsafe_code)]

mod args;
mod commands;
#[cfg(test)]
mod documented;
mod explain;
mod language;
mod logging;
mod mock_client;
mod options;
mod output;
mod process;
mod signals;

wechatpay_texts::catalogue!();

use std::{mem, process::ExitCode};

use mimalloc::MiMalloc;
use tokio::runtime;

/// That of glibc keeps a pool for each thread, and a mock that is full takes 20 MiB more of it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let command = match args::parse() {
        Ok(command) => command,
        Err(code) => return code,
    };
    let runtime = match runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::Failure::from(error).report(),
    };
    let done = runtime.block_on(commands::run(command));
    // Shut down, it would wait for DNS lookups in progress, or take the timers from tasks that still wait for a server.
    mem::forget(runtime);
    done.unwrap_or_else(output::Failure::report)
}
