//! How much memory the mock takes after a million exchanges, one after another and by 64 clients at once.
//!
//! ```sh
//! cargo bench -p wechatpay-mock --bench endurance            # a million each, about 15 minutes on 2 cores
//! cargo bench -p wechatpay-mock --bench endurance -- 100000
//! cargo bench -p wechatpay-mock --bench endurance -- 100000 64     # by 64 clients alone
//! ```
//!
//! Exit code 1 if it is more than the journal's bound and 32 MiB. Needs Linux, which tells how much a process has.
#![expect(clippy::print_stdout, reason = "it is there to print")]

mod load;

use std::{
    env, fs,
    io::{self, IsTerminal},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use load::{Connection, Mock, Signer};

const JOURNAL: u64 = 32 * 1024;
const ALLOWED: u64 = JOURNAL + 32 * 1024;

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let mut numbers = env::args().filter_map(|argument| argument.parse().ok());
    let count = numbers.next().unwrap_or(1_000_000);
    let clients = numbers.next().map_or_else(|| vec![1, 64], |clients| vec![clients as usize]);
    let mut is_good = true;
    println!("exchanges  clients  seconds  idle KiB  after KiB  most KiB  allowed KiB");
    for clients in clients {
        let mock = Mock::start(&[])?;
        let idle = memory(&mock, "VmRSS").unwrap_or(0);
        let begun = Instant::now();
        run(&mock, clients, count).await?;
        let seconds = begun.elapsed().as_secs_f64();
        let (after, most) = (memory(&mock, "VmRSS").unwrap_or(0), memory(&mock, "VmHWM").unwrap_or(0));
        is_good &= most <= ALLOWED;
        println!("{count:>9}  {clients:>7}  {seconds:>7.1}  {idle:>8}  {after:>9}  {most:>8}  {ALLOWED:>11}");
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(mock: &Mock, clients: usize, count: u64) -> io::Result<()> {
    let (signer, left) = (Arc::new(Signer::new()), Arc::new(AtomicU64::new(count)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (signer, left, address) = (Arc::clone(&signer), Arc::clone(&left), mock.address.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            while let Ok(left) =
                left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            {
                connection.call(&signer.next(), "204").await?;
                if left % 10_000 == 0 && io::stderr().is_terminal() {
                    eprint!("\r{left} left   ");
                }
            }
            io::Result::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

/// A figure of `/proc/PID/status` in KiB: `VmRSS` is the memory that it has, `VmHWM` the most it has had.
fn memory(mock: &Mock, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", mock.process.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}
