//! Takes one step with so many requests, or has them wholly answered, for `check` to count the instructions of that.
//!
//! What is counted happens within [`counted`]. Clock and chance stand still, so that two runs do the same.

use std::{
    env,
    pin::pin,
    process::ExitCode,
    task::{Context, Poll, Waker},
};

use tokio::runtime::Builder;
use wechatpay_mock::{
    Clock, Config, Limits, Randomness,
    measured::{Measured, Passage, Step},
};
use wechatpay_protocol::Timestamp;

/// While the development certificates are in force.
const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// Exchanges that the journal keeps: so few that it is soon full, as it always is after a while.
const JOURNAL: u64 = 2;

const USAGE: &str =
    "expected `exchange`, `verify`, `sign-alone` or the name of a step, and how many requests";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [row, count] = &arguments[..] else { panic!("{USAGE}") };
    let count: usize = count.parse().expect(USAGE);

    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime without sockets");
    let _entered = runtime.enter();
    let mut config = Config::default();
    config.limits = Limits::default().with_journal_exchanges(JOURNAL).expect("within its range");
    let measured = Measured::new(&config, Clock::fixed(NOW), Randomness::fixed([7; 16]));
    let measured = measured.expect("a configuration without fault rules");
    for _ in 0..=JOURNAL {
        ready(measured.exchange(measured.request()));
    }
    run(row, count, &measured);
    ExitCode::SUCCESS
}

fn run(row: &str, count: usize, measured: &Measured) {
    let requests = |prepare: &dyn Fn() -> Passage| (0..count).map(|_| prepare()).collect::<Vec<_>>();
    let cryptography = measured.cryptography();
    match row {
        "verify" => (0..count).for_each(|_| counted(|| cryptography.verify())),
        "sign-alone" => (0..count).for_each(|_| drop(counted(|| cryptography.sign()))),
        "exchange" => {
            for request in requests(&|| measured.request()) {
                counted(|| ready(measured.exchange(request)));
            }
        }
        name => {
            let step = Step::ALL.into_iter().find(|step| step.name() == name).expect(USAGE);
            for request in requests(&|| ready(measured.before(step))) {
                drop(counted(|| ready(measured.step(step, request))));
            }
        }
    }
}

/// What is done within is counted: callgrind knows it by this name.
#[inline(never)]
fn counted<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// What comes of it without a wait.
fn ready<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("expected nothing to wait for, since there is no socket"),
    }
}
