//! The scripts that the server runs: each does all of its work or none, on the keys of one merchant.

use std::sync::LazyLock;

use ::redis::{Cmd, Script};
use wechatpay_protocol::Mchid;

use super::keys;

/// A script, by its hash: it is loaded at the beginning of every connection.
pub(super) struct Known {
    script: Script,
    text: String,
}

/// Every script.
pub(super) struct Scripts {
    pub(super) commit: Known,
    pub(super) seed: Known,
    pub(super) reset: Known,
    pub(super) list: Known,
    pub(super) kinds: Known,
    pub(super) numbers: Known,
    pub(super) lease: Known,
    pub(super) renew: Known,
    pub(super) update: Known,
    pub(super) again: Known,
    pub(super) callbacks: Known,
    pub(super) add: Known,
    pub(super) due: Known,
}

/// What scripts begin with that change something, documents or callbacks: each has only what it uses, since a server makes the
/// functions of a script anew for each call.
const META: &str = include_str!("meta.lua");
const DOCUMENTS: &str = include_str!("documents.lua");
const OUTBOX: &str = include_str!("outbox.lua");

pub(super) static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| Scripts {
    commit: Known::new(&[META, DOCUMENTS, OUTBOX], include_str!("commit.lua")),
    seed: Known::new(&[META, DOCUMENTS], include_str!("seed.lua")),
    reset: Known::new(&[META, DOCUMENTS], include_str!("reset.lua")),
    list: Known::new(&[], include_str!("list.lua")),
    kinds: Known::new(&[], include_str!("kinds.lua")),
    numbers: Known::new(&[], include_str!("numbers.lua")),
    lease: Known::new(&[], include_str!("lease.lua")),
    renew: Known::new(&[], include_str!("renew.lua")),
    update: Known::new(&[META, OUTBOX], include_str!("update.lua")),
    again: Known::new(&[], include_str!("again.lua")),
    callbacks: Known::new(&[], include_str!("callbacks.lua")),
    add: Known::new(&[META, OUTBOX], include_str!("add.lua")),
    due: Known::new(&[], include_str!("due.lua")),
});

impl Scripts {
    /// The texts of all.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let Self {
            commit,
            seed,
            reset,
            list,
            kinds,
            numbers,
            lease,
            renew,
            update,
            again,
            callbacks,
            add,
            due,
        } = self;
        [commit, seed, reset, list, kinds, numbers, lease, renew, update, again, callbacks, add, due]
            .map(|known| known.text.as_str())
            .into_iter()
    }
}

impl Known {
    fn new(shared: &[&str], own: &str) -> Self {
        let text = [&[include_str!("base.lua")], shared, &[own]].concat().join("\n");
        Self { script: Script::new(&text), text }
    }

    /// Calls the script for a merchant. Arguments are to follow.
    pub(super) fn call(&self, mchid: &Mchid) -> Cmd {
        self.call_with(mchid, None)
    }

    /// The same with a key that is no merchant's, which only a server that is no cluster allows.
    pub(super) fn call_with(&self, mchid: &Mchid, common: Option<&str>) -> Cmd {
        let mut call = ::redis::cmd("EVALSHA");
        call.arg(self.script.get_hash()).arg(1 + usize::from(common.is_some()));
        call.arg(keys::documents(mchid)).arg(common);
        call
    }
}
