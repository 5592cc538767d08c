//! A mock with a file of its own, killed at random moments.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    chance, full, one_at_a_time,
    town::{Town, finish, is_whole},
};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::await_holding_lock, reason = "no other test may run meanwhile")]
async fn a_mock_on_sqlite_that_is_killed_at_any_moment_loses_nothing_and_does_nothing_twice() {
    let _turn = one_at_a_time();
    let (kills, changes) = full((10, 2000), (200, 10_000));
    let town = Town::new(1, 12, changes).await;
    let file = town.folder.path().join("state.db");
    let store = format!("sqlite:{}", file.display());
    let mut mock = town.mock(&store);
    town.open(0, &mock);
    let shoppers = town.shop();
    for kill in 1..=kills {
        town.has_done(changes * kill / (kills + 1)).await;
        // At any moment of what follows, not when it is known to be done.
        sleep(Duration::from_micros(chance(20_000))).await;
        mock.kill();
        town.close(0);
        // Also while it reads the file.
        if kill % 4 == 0 {
            let beginning = town.begin_mock(&store);
            sleep(Duration::from_micros(chance(60_000))).await;
            beginning.kill();
        }
        mock = town.mock(&store);
        town.open(0, &mock);
    }
    print!("{kills} kills, {} of them soon after another: ", kills / 4);
    finish(&town, shoppers).await;
    mock.end();
    assert!(is_whole(&file));
}
