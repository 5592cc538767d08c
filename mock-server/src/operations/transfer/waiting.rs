//! The transfers and authorizations that wait for the user's confirmation.

use super::{authorization::Authorization, bill::Transfer, kind};
use crate::operations::{
    payment::ledger::Ledger,
    waiting::{Amount, Waiting, WaitingKind, newest, shown},
};

/// The state of both.
const WAITS: [&str; 1] = ["WAIT_USER_CONFIRM"];

impl Ledger<'_, '_> {
    /// The transfers and then the authorizations that a user can confirm now, of each the newest first.
    pub(in crate::operations) fn waiting_transfers(&mut self, looked_at: usize) -> Vec<Waiting> {
        let now = self.now().as_unix();
        let mut all = newest(self.documents, kind::TRANSFER, &WAITS, looked_at, |transfer: Transfer| {
            transfer.next().is_some_and(|at| at > now).then(|| transfer.waiting())
        });
        all.extend(newest(self.documents, kind::AUTHORIZATION, &WAITS, looked_at, |one: Authorization| {
            one.waiting(now)
        }));
        all
    }
}

impl Transfer {
    fn waiting(&self) -> Waiting {
        Waiting {
            kind: WaitingKind::Transfer,
            out_bill_no: Some(self.out_bill_no.clone()),
            description: self.text("transfer_remark").unwrap_or_default().into(),
            amount: Some(Amount::fen(self.amount())),
            state: shown(self.state),
            created_at: self.created,
            expires_at: Some(self.until),
            package_info: self.package_info.clone(),
            ..Waiting::default()
        }
    }
}
