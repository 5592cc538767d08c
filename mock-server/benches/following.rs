//! Whether following the journal slows requests: as many as the mock can take, with and without a follower, by turns in
//! one run.
//!
//! ```sh
//! cargo bench -p wechatpay-mock --bench following
//! ```
//!
//! Exit code 1 if requests are more than 5 % slower with a follower, by the median of the turns.
#![expect(clippy::print_stdout, reason = "it is there to print")]

mod load;

use std::{
    io,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use load::{Connection, Mock, Signer};
use serde_json::Value;

const TURNS: usize = 15;
const TURN: Duration = Duration::from_secs(2);
/// Requests that are signed before the run and sent again and again, so that the load is the mock's, not ours.
const REQUESTS: usize = 4_000;
const MOST_SLOWER: f64 = 0.05;

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let mock = Mock::start(&[])?;
    let signer = Signer::new();
    let requests: Arc<Vec<Vec<u8>>> = Arc::new((0..REQUESTS).map(|_| signer.next()).collect());
    let mut is_good = true;
    println!("clients  alone/s  followed/s  followed/alone  seen by the follower");
    for clients in [1, 64] {
        turn(&mock, &requests, clients, false).await?;
        let mut turns = Vec::new();
        let mut seen = (0, 0);
        for number in 0..TURNS {
            // Which comes first changes, so that whatever drifts does not favour one.
            let order = if number % 2 == 0 { [false, true] } else { [true, false] };
            let mut rates = [0.0; 2];
            for is_followed in order {
                let (answered, followed) = turn(&mock, &requests, clients, is_followed).await?;
                rates[usize::from(is_followed)] = answered as f64 / TURN.as_secs_f64();
                if is_followed {
                    seen = (seen.0 + followed, seen.1 + answered);
                }
            }
            turns.push((rates[1] / rates[0], rates));
        }
        turns.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (ratio, [alone, followed]) = turns[TURNS / 2];
        let (found, all) = seen;
        println!("{clients:>7}  {alone:>7.0}  {followed:>10.0}  {ratio:>14.3}  {found} of {all}");
        is_good &= ratio >= 1.0 - MOST_SLOWER;
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many requests were answered, and how many of them a follower saw.
async fn turn(
    mock: &Mock,
    requests: &Arc<Vec<Vec<u8>>>,
    clients: usize,
    is_followed: bool,
) -> io::Result<(u64, u64)> {
    let (answered, next, ends) =
        (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (requests, address) = (Arc::clone(requests), mock.address.clone());
        let (answered, next, ends) = (Arc::clone(&answered), Arc::clone(&next), Arc::clone(&ends));
        tasks.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            while !ends.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed) as usize % requests.len();
                connection.call(&requests[at], "204").await?;
                answered.fetch_add(1, Ordering::Relaxed);
            }
            io::Result::Ok(())
        });
    }
    let follower = is_followed.then(|| tokio::spawn(follow(mock.address.clone(), Arc::clone(&ends))));
    let begun = Instant::now();
    tokio::time::sleep(TURN).await;
    ends.store(true, Ordering::Relaxed);
    let (answered, elapsed) = (answered.load(Ordering::Relaxed), begun.elapsed());
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    let followed = match follower {
        Some(follower) => follower.await.map_err(io::Error::other)??,
        None => 0,
    };
    Ok(((answered as f64 * TURN.as_secs_f64() / elapsed.as_secs_f64()) as u64, followed))
}

/// Asks for what is new as soon as there is something, until the turn ends.
async fn follow(address: String, ends: Arc<AtomicBool>) -> io::Result<u64> {
    let mut connection = Connection::open(&address).await?;
    let mut after = newest(&mut connection).await?;
    let mut seen = 0;
    while !ends.load(Ordering::Relaxed) {
        let (found, last) = page(&mut connection, &format!("after={after}&limit=1000&wait=1")).await?;
        (seen, after) = (seen + found, last);
    }
    Ok(seen)
}

/// The number of the newest exchange.
async fn newest(connection: &mut Connection) -> io::Result<u64> {
    let (_, last) = page(connection, "order=newest&limit=1").await?;
    Ok(last)
}

async fn page(connection: &mut Connection, query: &str) -> io::Result<(u64, u64)> {
    let request = format!("GET /__mock/exchanges?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let page: Value = serde_json::from_slice(&connection.call(request.as_bytes(), "200").await?)?;
    let found = page["exchanges"].as_array().map_or(0, Vec::len) as u64;
    Ok((found, page["last"].as_u64().unwrap_or(0)))
}
