//! Sends requests for some time, over connections that each have one on its way at most.

mod pacer;
mod worker;

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

pub(super) use worker::{Worker, once};

use self::pacer::Pacer;
use super::{Load, Pace, Schedule, asked::PATIENCE, requests::Requests, tally::Tally};

/// How often whoever watches is told how far it is.
const TELL: Duration = Duration::from_millis(100);

/// Some time in which requests are sent: the warm-up, or what is measured.
pub(super) struct Phase<'a> {
    requests: &'a Requests,
    verify_every: Option<NonZero<u64>>,
    start: Instant,
    length: Duration,
    turns: Turns<'a>,
    /// Whether nobody sleeps meanwhile.
    is_busy_polling: bool,
    /// How many turns were taken.
    taken: AtomicU64,
    /// How many answers there are, for whoever watches.
    answered: AtomicU64,
}

/// Whose turn it is to send.
enum Turns<'a> {
    /// Whoever has an answer, until the time is over.
    Closed,
    /// Whoever has waited longest, each time a request is due.
    Open {
        schedule: &'a Schedule,
        /// How many requests will be due.
        of: u64,
        /// As many as are due and not yet sent.
        due: Arc<Semaphore>,
    },
}

/// What came of it.
pub(super) struct Outcome {
    pub(super) tally: Tally,
    /// How many requests were sent or due.
    pub(super) requests: u64,
    /// From the start to the last answer, and not less than was asked for.
    pub(super) took: Duration,
}

impl<'a> Phase<'a> {
    /// Begins now.
    pub(super) fn new(
        requests: &'a Requests,
        load: &'a Load,
        length: Duration,
        verify_every: Option<NonZero<u64>>,
    ) -> Self {
        let turns = match &load.pace {
            Pace::Closed => Turns::Closed,
            Pace::Open(schedule) => {
                Turns::Open { schedule, of: schedule.due_within(length), due: Arc::new(Semaphore::new(0)) }
            }
        };
        Self {
            requests,
            verify_every,
            start: Instant::now(),
            length,
            turns,
            is_busy_polling: load.is_busy_polling,
            taken: AtomicU64::new(0),
            answered: AtomicU64::new(0),
        }
    }

    /// Sends until the time is over and every answer is there, or has been waited for long enough. Meanwhile tells how much
    /// time has passed and how many answers there are.
    pub(super) fn run(&self, workers: &mut [Worker<'_>], tell: impl Fn(Duration, u64)) -> Outcome {
        let mut pacer = self.pacer(workers.iter().map(Worker::connections).sum());
        let tallies = thread::scope(|scope| {
            // Threads that never sleep leave it no core: then the first of them does its work.
            if !self.is_busy_polling
                && let Some(pacer) = pacer.take()
            {
                scope.spawn(|| pacer.sleep_and_release());
            }
            let (done, finished) = mpsc::channel();
            for worker in workers {
                let (done, pacer) = (done.clone(), pacer.take());
                scope.spawn(move || {
                    // The other end is there until all have sent.
                    let _ = done.send(worker.run(self, pacer));
                });
            }
            drop(done);
            let mut tallies = Vec::new();
            loop {
                match finished.recv_timeout(TELL) {
                    Ok(tally) => tallies.push(tally),
                    Err(RecvTimeoutError::Timeout) => {
                        tell(self.start.elapsed(), self.answered.load(Ordering::Relaxed));
                    }
                    Err(RecvTimeoutError::Disconnected) => break tallies,
                }
            }
        });
        self.outcome(tallies)
    }

    fn pacer(&self, connections: usize) -> Option<Pacer> {
        match &self.turns {
            Turns::Closed => None,
            Turns::Open { schedule, of, due } => {
                let (schedule, due) = ((*schedule).clone(), due.clone());
                Some(Pacer { schedule, of: *of, start: self.start, due, connections, released: 0 })
            }
        }
    }

    fn outcome(&self, tallies: Vec<(Tally, Instant)>) -> Outcome {
        let end = tallies.iter().map(|(_, end)| *end).max().unwrap_or(self.start);
        let mut tally = tallies.into_iter().map(|(tally, _)| tally).fold(Tally::new(), Tally::merge);
        let sent = self.taken.load(Ordering::Relaxed);
        let requests = match self.turns {
            Turns::Closed => sent,
            Turns::Open { of, .. } => of,
        };
        let sent = sent.min(requests);
        let patience = PATIENCE.as_secs();
        tally.failures.add(format!("no answer within {patience} s of the end"), sent - tally.settled());
        tally.failures.add(format!("no connection was free within {patience} s of the end"), requests - sent);
        Outcome { tally, requests, took: (end - self.start).max(self.length) }
    }

    /// Waits until a request may be sent, and gives the moment from which its time counts; `None` when it is over.
    async fn turn(&self) -> Option<Instant> {
        match &self.turns {
            Turns::Closed => {
                let now = Instant::now();
                (now < self.start + self.length).then(|| {
                    self.taken.fetch_add(1, Ordering::Relaxed);
                    now
                })
            }
            Turns::Open { schedule, of, due } => {
                due.acquire().await.ok()?.forget();
                let number = self.taken.fetch_add(1, Ordering::Relaxed);
                (number < *of).then(|| self.start + schedule.due(number))
            }
        }
    }

    /// When answers are no longer waited for.
    fn gives_up(&self) -> Instant {
        self.start + self.length + PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use tokio::task::spawn_blocking;
    use wechatpay_mock::MockServer;

    use super::*;
    use crate::{load::requests::Maker, run::send::Host};

    /// How often a thread slept while it sent ten requests in a tenth of a second.
    fn sleeps(mock: &MockServer, is_busy_polling: bool) -> u64 {
        let url = mock.url();
        let length = Duration::from_millis(100);
        let pace = Pace::Open(Schedule::Rate(100.try_into().unwrap()));
        let signed = NonZero::new(10);
        let load = Load { pace, signed, is_busy_polling, ..Load::of(url.parse().unwrap()) };
        let host = Host::of(&url).unwrap();
        let requests = Maker::new(&load, &mock.credentials(), &host).unwrap().sign(length, &|_| ()).unwrap();
        let mut worker = Worker::new(&host, 2).unwrap();
        let phase = Phase::new(&requests, &load, length, None);
        let outcome = phase.run(slice::from_mut(&mut worker), |_, _| ());
        assert_eq!((outcome.tally.answered(), outcome.tally.failures.count()), (10, 0));
        worker.sleeps()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_thread_that_polls_never_sleeps_while_it_sends_what_is_due() {
        let mock = MockServer::builder().start().await.unwrap();
        let [polling, sleeping] =
            spawn_blocking(move || [true, false].map(|is_busy| sleeps(&mock, is_busy))).await.unwrap();
        assert_eq!(polling, 0);
        assert!(sleeping > 0, "without it, it sleeps");
    }
}
