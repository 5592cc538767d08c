//! A thread's part of the connections.

use std::{
    cell::RefCell,
    io,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    runtime::{self, Runtime},
    task::yield_now,
    time::{sleep, timeout, timeout_at},
};

use super::{Pacer, Phase};
use crate::{
    load::{
        asked::PATIENCE,
        connection::{Connection, Failure},
        tally::Tally,
    },
    run::send::Host,
};

/// How long a connection that could not be opened waits before it tries again: nothing is learnt from trying faster.
const BEFORE_RECONNECTING: Duration = Duration::from_millis(10);

/// Connections, and the event loop that they belong to.
pub(in crate::load) struct Worker<'a> {
    runtime: Runtime,
    connections: Vec<Connection<'a>>,
}

impl<'a> Worker<'a> {
    /// With so many connections to that server, none of which is open.
    pub(in crate::load) fn new(host: &'a Host, connections: usize) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, connections: (0..connections).map(|_| Connection::to(host)).collect() })
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// How often its thread has waited for something to happen.
    #[cfg(test)]
    pub(super) fn sleeps(&self) -> u64 {
        self.runtime.metrics().worker_park_count(0)
    }

    /// Opens all connections, one after another, so that no server is asked for more than it has room to queue.
    pub(in crate::load) fn open(&mut self) -> Result<(), Failure> {
        let Self { runtime, connections } = self;
        let open = async {
            for connection in connections {
                connection.open().await?;
            }
            Ok(())
        };
        runtime.block_on(async { timeout(PATIENCE, open).await.unwrap_or(Err(Failure::Late)) })
    }

    /// Takes its turns until it is over; what came of them, and when the last was done. A thread that does not sleep can
    /// tell all of them when requests are due.
    pub(super) fn run(&mut self, phase: &Phase<'_>, pacer: Option<Pacer>) -> (Tally, Instant) {
        let polling = phase.is_busy_polling.then(|| self.runtime.spawn(never_sleep(pacer)));
        let tally = RefCell::new(Tally::new());
        let connections = self.connections.iter_mut().map(|connection| drive(connection, phase, &tally));
        let mut all: FuturesUnordered<_> = connections.collect();
        self.runtime.block_on(async {
            // An exchange that is given up takes its connection with it.
            let _ = timeout_at(phase.gives_up().into(), async { while all.next().await.is_some() {} }).await;
        });
        drop(all);
        if let Some(polling) = polling {
            polling.abort();
        }
        (tally.into_inner(), Instant::now())
    }
}

/// As long as this is there to be done, the event loop does not wait for anything to happen, but looks whether it has.
async fn never_sleep(pacer: Option<Pacer>) {
    if let Some(pacer) = pacer {
        pacer.poll_and_release().await;
    }
    loop {
        yield_now().await;
    }
}

/// Sends one request over a connection of its own, and gives its answer's status and bytes.
pub(in crate::load) fn once(host: &Host, request: &[u8]) -> io::Result<Result<(u16, Vec<u8>), Failure>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut connection = Connection::to(host);
    let exchange = async {
        let (status, received) = connection.exchange(request).await?;
        Ok((status, received.to_vec()))
    };
    Ok(runtime.block_on(async { timeout(PATIENCE, exchange).await.unwrap_or(Err(Failure::Late)) }))
}

async fn drive(connection: &mut Connection<'_>, phase: &Phase<'_>, tally: &RefCell<Tally>) {
    while let Some(due) = phase.turn().await {
        let outcome = connection.exchange(phase.requests.next()).await;
        tally.borrow_mut().count(due.elapsed(), &outcome, phase.verify_every);
        phase.answered.fetch_add(1, Ordering::Relaxed);
        if let Err(Failure::Connect(_)) = outcome {
            sleep(BEFORE_RECONNECTING).await;
        }
    }
}
