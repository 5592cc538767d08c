//! Whether signing ahead pays: bursts of requests after idle moments, to a mock that does and to one that doesn't, by
//! turns in one run.
//!
//! ```sh
//! cargo bench -p wechatpay-mock --bench bursts
//! ```
//!
//! Exit code 1 if the 99th percentile does not drop by half.
#![expect(clippy::print_stdout, reason = "it is there to print")]

mod load;

use std::{io, process::ExitCode, sync::Arc, time::Duration};

use load::{Connection, Mock, Signer};
use tokio::{
    sync::Barrier,
    task::JoinSet,
    time::{Instant, sleep},
};

/// Requests at once.
const BURST: usize = 100;
const BURSTS: usize = 30;
const IDLE: Duration = Duration::from_secs(1);
const MOST_LEFT: f64 = 0.5;

/// A mock, and the connections that a burst comes over.
struct Bursts {
    name: &'static str,
    _mock: Mock,
    connections: Vec<Connection>,
    latencies: Vec<Duration>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<ExitCode> {
    let signer = Signer::new();
    let ahead = BURST.to_string();
    let mut both = [Bursts::on("fresh", &[]).await?, Bursts::on("ahead", &["--signed-ahead", &ahead]).await?];
    for number in 0..=BURSTS {
        // Which comes first changes, so that whatever drifts does not favour one.
        both.rotate_left(1);
        for bursts in &mut both {
            let requests: Vec<_> = (0..BURST).map(|_| signer.next()).collect();
            sleep(IDLE).await;
            let latencies = bursts.burst(requests).await?;
            // The first wakes the mock.
            if number > 0 {
                bursts.latencies.extend(latencies);
            }
        }
    }
    both.sort_by_key(|bursts| bursts.name == "ahead");
    println!("{BURSTS} bursts of {BURST}, {} s apart; milliseconds from the burst's begin", IDLE.as_secs());
    println!("answers    p50    p99    max");
    let [fresh, ahead] = both.map(Bursts::report);
    let left = ahead / fresh;
    println!("p99 ahead/fresh {left:.3}");
    Ok(if left <= MOST_LEFT { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Bursts {
    async fn on(name: &'static str, options: &[&str]) -> io::Result<Self> {
        let mock = Mock::start(options)?;
        let mut connections = Vec::new();
        for _ in 0..BURST {
            connections.push(Connection::open(&mock.address).await?);
        }
        Ok(Self { name, _mock: mock, connections, latencies: Vec::new() })
    }

    /// Sends them all at once. How long each took from then on.
    async fn burst(&mut self, requests: Vec<Vec<u8>>) -> io::Result<Vec<Duration>> {
        let mut calls = JoinSet::new();
        let start = Arc::new(Barrier::new(BURST));
        for (mut connection, request) in self.connections.drain(..).zip(requests) {
            let start = Arc::clone(&start);
            calls.spawn(async move {
                start.wait().await;
                let begun = Instant::now();
                connection.call(&request, "204").await?;
                io::Result::Ok((connection, begun, Instant::now()))
            });
        }
        let mut ends = Vec::new();
        let mut first = None;
        for ended in calls.join_all().await {
            let (connection, begun, end) = ended?;
            self.connections.push(connection);
            first = Some(first.map_or(begun, |first: Instant| first.min(begun)));
            ends.push(end);
        }
        Ok(first.map(|first| ends.iter().map(|end| *end - first).collect()).unwrap_or_default())
    }

    /// Prints the percentiles. The 99th, in milliseconds.
    fn report(mut self) -> f64 {
        self.latencies.sort();
        let at = |share: f64| {
            let index = (self.latencies.len() as f64 * share) as usize;
            self.latencies[index.min(self.latencies.len() - 1)].as_secs_f64() * 1000.0
        };
        println!("{:<7} {:>6.2} {:>6.2} {:>6.2}", self.name, at(0.5), at(0.99), at(1.0));
        at(0.99)
    }
}
