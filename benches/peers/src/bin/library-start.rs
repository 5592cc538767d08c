//! How long a server takes to start within a test, the first one of a process left out: the mock's library and
//! wiremock's, one after the other. Prints the median of each in microseconds as JSON.
//!
//! ```sh
//! library-start 200
//! ```
#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::{
    env,
    error::Error,
    time::{Duration, Instant},
};

/// As in a test: `#[tokio::test]` has one thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = env::args().nth(1).ok_or("expected how many starts, found nothing")?.parse()?;
    let (mut mock, mut wiremock) = (Vec::new(), Vec::new());
    for _ in 0..=count {
        let begun = Instant::now();
        let server = wechatpay_mock::MockServer::builder().start().await?;
        mock.push(begun.elapsed());
        drop(server);

        let begun = Instant::now();
        let server = wiremock::MockServer::builder().start().await;
        wiremock.push(begun.elapsed());
        drop(server);

        // Ends what was dropped. And wiremock's drop would wait for ever in a task that has not waited for long.
        tokio::task::yield_now().await;
    }
    let figures = serde_json::json!({
        "starts": count,
        "mock_us": median(mock.split_off(1)),
        "wiremock_us": median(wiremock.split_off(1)),
        "mock_first_us": micros(mock[0]),
        "wiremock_first_us": micros(wiremock[0]),
    });
    println!("{figures}");
    Ok(())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, |&time| micros(time))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
