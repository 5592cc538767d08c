//! Four mocks on a cluster of Redis that loses masters.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::sleep;

use crate::{
    full, one_at_a_time,
    process::{Cluster, is_replica, master_of, waits},
    skipped,
    town::{Town, finish},
    until,
};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::await_holding_lock, reason = "no other test may run meanwhile")]
async fn a_cluster_that_loses_masters_loses_nothing_that_was_answered_and_recovers() {
    let _turn = one_at_a_time();
    let Some(cluster) = Cluster::start() else { return skipped("redis-server") };
    let changes = full(2500, 25_000);
    let town = Town::new(4, 64, changes).await;
    let mocks: Vec<_> = (0..4).map(|_| town.mock(&cluster.url)).collect();
    mocks.iter().enumerate().for_each(|(nth, mock)| town.open(nth, mock));
    let shoppers = town.shop();

    // Stopped, it is as if the network to it were cut: it takes connections, and does not answer.
    town.has_done(changes / 4).await;
    let stopped = cluster.busiest();
    assert!(waits(stopped) > 0, "no change on a fresh cluster waits for a replica");
    cluster.signal(stopped, Signal::STOP);
    let failed_over = until("a new master", async || cluster.masters_but(stopped) == 3).await;
    sleep(Duration::from_secs(1)).await;
    cluster.signal(stopped, Signal::CONT);
    // Until it is, there is only one copy of what is answered.
    until("the old master as a replica", async || is_replica(stopped)).await;
    print!("stopped: failed over after {} ms; ", failed_over.as_millis());

    let (done, half, new) = (town.done(), changes / 2, master_of(stopped));
    let before = waits(new);
    town.has_done(half.max(done + 100)).await;
    assert!(waits(new) > before, "no change on the new master waits for a replica");
    let killed = cluster.busiest();
    cluster.signal(killed, Signal::KILL);
    let failed_over = until("a new master", async || cluster.masters_but(killed) == 3).await;
    print!("killed: failed over after {} ms; ", failed_over.as_millis());
    finish(&town, shoppers).await;
    mocks.into_iter().for_each(crate::process::Mock::end);
}
