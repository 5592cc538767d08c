//! A disk that fills up, and has room again.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use crate::{
    full, one_at_a_time,
    process::Mock,
    town::{Town, finish, is_whole},
    until,
};

/// How a file is kept from growing.
trait Shortage {
    fn begin(&mut self, mock: &Mock);
    /// The mock is `None` if it has died meanwhile: another one has no limit of its own.
    fn end(&mut self, mock: Option<&Mock>);
}

/// No file of the mock's may grow beyond this: less than what a few changes write to SQLite's log.
struct Limit(u64);

/// A small disk in memory, filled by a file of somebody else.
struct SmallDisk {
    at: PathBuf,
}

impl Shortage for Limit {
    fn begin(&mut self, mock: &Mock) {
        let maximum = getrlimit(Resource::Fsize).maximum;
        prlimit(Some(mock.pid()), Resource::Fsize, Rlimit { current: Some(self.0), maximum }).unwrap();
    }

    fn end(&mut self, mock: Option<&Mock>) {
        let Some(mock) = mock else { return };
        let maximum = getrlimit(Resource::Fsize).maximum;
        prlimit(Some(mock.pid()), Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    }
}

impl SmallDisk {
    /// `None` if this user may not mount one.
    fn mount(folder: &Path) -> Option<Self> {
        let at = folder.join("disk");
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=48m", "tmpfs"]).arg(&at);
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self { at })
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }
}

impl Shortage for SmallDisk {
    fn begin(&mut self, _: &Mock) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let full = loop {
            if let Err(error) = ballast.write_all(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    }

    fn end(&mut self, _: Option<&Mock>) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}

async fn fills_up(town: &Arc<Town>, file: &Path, mut shortage: impl Shortage) {
    let store = format!("sqlite:{}", file.display());
    let mut mock = town.mock(&store);
    town.open(0, &mock);
    let shoppers = town.shop();
    for time in 1..=3 {
        town.has_done(town.done() + 60).await;
        let before = town.refused();
        shortage.begin(&mock);
        town.has_refused(before + 30).await;
        until("an unhealthy mock", async || !town.is_healthy(0).await).await;
        // Once, it also dies meanwhile.
        if time == 2 {
            mock.kill();
            town.close(0);
            shortage.end(None);
            mock = town.mock(&store);
            town.open(0, &mock);
        } else {
            shortage.end(Some(&mock));
        }
        let (done, healthy) = (town.done(), async || town.is_healthy(0).await);
        let after = until("a healthy mock", healthy).await;
        town.has_done(done + 20).await;
        println!("full after {done} changes, healthy {} ms after there was room", after.as_millis());
    }
    finish(town, shoppers).await;
    mock.end();
    assert!(is_whole(file));
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::await_holding_lock, reason = "no other test may run meanwhile")]
async fn a_file_that_can_not_grow_is_503_until_it_can_and_nothing_is_lost() {
    let _turn = one_at_a_time();
    let changes = full(2000, 6000);
    let town = Town::new(1, 12, changes).await;
    let file = town.folder.path().join("state.db");
    fills_up(&town, &file, Limit(100_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::await_holding_lock, reason = "no other test may run meanwhile")]
async fn a_full_disk_is_503_until_there_is_room_and_nothing_is_lost() {
    let _turn = one_at_a_time();
    let changes = full(2000, 6000);
    let town = Town::new(1, 12, changes).await;
    let Some(disk) = SmallDisk::mount(town.folder.path()) else {
        println!("skipped: only root can mount a small disk");
        return;
    };
    let file = disk.at.join("state.db");
    fills_up(&town, &file, disk).await;
}
