//! Four mocks on one Redis.

use std::time::Instant;

use crate::{
    RECOVERS_WITHIN, full, one_at_a_time,
    process::Redis,
    skipped,
    town::{Town, finish},
    until,
};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::await_holding_lock, reason = "no other test may run meanwhile")]
async fn of_four_mocks_on_one_redis_one_dies_and_others_send_its_callbacks() {
    let _turn = one_at_a_time();
    let Some(redis) = Redis::start() else { return skipped("redis-server") };
    let changes = full(3000, 30_000);
    let town = Town::new(2, 64, changes).await;
    let store = format!("redis://127.0.0.1:{}/0", redis.port);
    let mut mocks: Vec<_> = (0..4).map(|_| town.mock(&store)).collect();
    mocks.iter().enumerate().for_each(|(nth, mock)| town.open(nth, mock));
    let shoppers = town.shop();
    town.has_done(changes / 3).await;

    // The one that dies is sending callbacks.
    town.receiver.hold();
    town.receiver.holds(24).await;
    let died = Instant::now();
    mocks.remove(0).kill();
    until("callbacks whose mock has died", async || !town.receiver.broken().is_empty()).await;
    town.receiver.release();
    let broken = town.receiver.broken();
    let mut took = Default::default();
    until("the callbacks again", async || {
        let arrived = town.receiver.arrived();
        let last = broken
            .iter()
            .map(|about| arrived.get(about).filter(|again| again.count > 1).map(|again| again.last));
        let last: Option<Vec<_>> = last.collect();
        took = last.iter().flatten().max().map(|last| last.duration_since(died)).unwrap_or_default();
        last.is_some()
    })
    .await;
    print!("{} callbacks of a dead mock arrived {} ms after it died; ", broken.len(), took.as_millis());
    assert!(took < RECOVERS_WITHIN, "{took:?}");

    // Another one comes in its place.
    let fresh = town.mock(&store);
    town.open(0, &fresh);
    finish(&town, shoppers).await;
    fresh.end();
    mocks.into_iter().for_each(crate::process::Mock::end);
}
