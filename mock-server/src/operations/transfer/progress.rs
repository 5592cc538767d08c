//! How a transfer goes on by itself.

use wechatpay_protocol::Timestamp;

use super::{
    answers, authorization, batch,
    bill::{Moved, State, Transfer, Will},
    kind,
};
use crate::operations::{
    magic,
    payment::{
        ledger::{Direction, Ledger},
        order::DAY,
    },
};

/// How long a user can confirm. (documented)
pub(super) const LIVES: u64 = DAY;

/// The `fail_reason` of a transfer that nobody confirms. (documented)
const OVERDUE: &str = "OVERDUE_CLOSE";

/// The `fail_reason` of a transfer that the user declines: none is published for it. (own choice)
const DECLINED: &str = "OTHER_FAIL_REASON_TYPE";

/// The event of a transfer's end. (wild)
pub(super) const FINISHED: &str = "MCHTRANSFER.BILL.FINISHED";

/// The transfer with this number, after what was due.
pub(super) fn transfer(ledger: &mut Ledger<'_, '_>, out_bill_no: &str) -> Option<Transfer> {
    let mut transfer: Transfer = ledger.documents.get(kind::TRANSFER, out_bill_no)?;
    go_on(ledger, &mut transfer);
    Some(transfer)
}

/// Lets happen what is due of a transfer, and keeps it.
pub(super) fn go_on(ledger: &mut Ledger<'_, '_>, transfer: &mut Transfer) {
    let mut has_changed = false;
    while step(ledger, transfer) {
        has_changed = true;
    }
    if has_changed {
        keep(ledger, transfer);
    }
}

/// Keeps a transfer, and makes it go on when it is time.
pub(super) fn keep(ledger: &mut Ledger<'_, '_>, transfer: &Transfer) {
    ledger.documents.put(kind::TRANSFER, &transfer.out_bill_no, transfer);
    if let Some(at) = transfer.next() {
        ledger.documents.remind(Timestamp::from_unix(at), kind::TRANSFER, &transfer.out_bill_no);
    }
}

/// Whether the transfer has got another state.
pub(super) fn step(ledger: &mut Ledger<'_, '_>, transfer: &mut Transfer) -> bool {
    let now = ledger.now().as_unix();
    match transfer.state {
        State::Processing => take(ledger, transfer, now),
        State::WaitUserConfirm => {
            match transfer.will.filter(|will| will.at <= now && will.at < transfer.until) {
                Some(Will { at, confirms: true }) => {
                    confirm(ledger, transfer, at);
                    true
                }
                Some(Will { at, confirms: false }) => {
                    decline(ledger, transfer, at);
                    true
                }
                None if transfer.until <= now => {
                    let at = transfer.until;
                    fail(ledger, transfer, OVERDUE, at);
                    true
                }
                None => false,
            }
        }
        State::Transferring => {
            match (transfer.due.filter(|at| *at <= now), transfer.will_fail_with.clone()) {
                (None, _) => false,
                (Some(at), Some(reason)) => {
                    fail(ledger, transfer, &reason, at);
                    true
                }
                (Some(at), None) => {
                    end(ledger, transfer, State::Success, at);
                    true
                }
            }
        }
        State::Cancelling => match transfer.due.filter(|at| *at <= now) {
            None => false,
            Some(at) => {
                give_back(ledger, transfer, at);
                end(ledger, transfer, State::Cancelled, at);
                true
            }
        },
        State::Success | State::Fail | State::Cancelled => false,
    }
}

/// Takes the money of a transfer from the merchant's balance, if there is enough.
fn take(ledger: &mut Ledger<'_, '_>, transfer: &mut Transfer, now: u64) -> bool {
    let amount = transfer.amount();
    if ledger.balance().is_some_and(|balance| balance < i128::from(amount)) {
        return false;
    }
    ledger.move_money(Direction::Out, amount);
    transfer.taken = Some(now);
    if transfer.is_confirmed_by_user {
        transfer.becomes(State::WaitUserConfirm, now);
        transfer.until = now.saturating_add(LIVES);
        transfer.will = will(ledger, &transfer.out_bill_no);
    } else {
        transfer.becomes(State::Transferring, now);
        transfer.due = Some(ends(ledger, now));
    }
    true
}

/// What the user does by itself: what the number says, or else the configuration.
pub(super) fn will(ledger: &Ledger<'_, '_>, number: &str) -> Option<Will> {
    let now = ledger.now().as_unix();
    match magic::name_in(number) {
        Some(magic::CONFIRM) => Some(Will { at: now, confirms: true }),
        Some(magic::DECLINE) => Some(Will { at: now, confirms: false }),
        _ => {
            let after = ledger.context.payments.auto_confirm?;
            Some(Will { at: now.saturating_add(after.as_secs()), confirms: true })
        }
    }
}

fn ends(ledger: &Ledger<'_, '_>, at: u64) -> u64 {
    at.saturating_add(ledger.context.transfers.delay.as_secs())
}

/// The user confirms a transfer that waits for it.
pub(super) fn confirm(ledger: &mut Ledger<'_, '_>, transfer: &mut Transfer, at: u64) {
    transfer.becomes(State::Transferring, at);
    transfer.due = Some(ends(ledger, at));
}

/// The user declines a transfer that waits for the confirmation.
pub(super) fn decline(ledger: &mut Ledger<'_, '_>, transfer: &mut Transfer, at: u64) {
    fail(ledger, transfer, DECLINED, at);
}

/// The merchant cancels a transfer that the user has not confirmed.
pub(super) fn cancel(ledger: &mut Ledger<'_, '_>, transfer: &mut Transfer) {
    let now = ledger.now().as_unix();
    transfer.becomes(State::Cancelling, now);
    transfer.due = Some(ends(ledger, now));
    keep(ledger, transfer);
}

fn fail(ledger: &mut Ledger<'_, '_>, transfer: &mut Transfer, reason: &str, at: u64) {
    transfer.fail_reason = Some(reason.into());
    give_back(ledger, transfer, at);
    end(ledger, transfer, State::Fail, at);
}

fn give_back(ledger: &mut Ledger<'_, '_>, transfer: &mut Transfer, at: u64) {
    if transfer.taken.is_some() && transfer.returned.is_none() {
        ledger.move_money(Direction::In, transfer.amount());
        transfer.returned = Some(at);
    }
}

fn end(ledger: &mut Ledger<'_, '_>, transfer: &mut Transfer, state: State, at: u64) {
    transfer.becomes(state, at);
    transfer.due = None;
    if let Some(url) = answers::notify_url(&transfer.fields, ledger.merchant).map(String::from) {
        let told = transfer.told(ledger.merchant);
        ledger.send(FINISHED, &url, &told, at);
    }
    let Some(number) = transfer.authorization.as_deref() else { return };
    let reason = match (state, transfer.fail_reason.as_deref()) {
        (State::Success, _) => return authorization::confirm(ledger, number, at),
        (_, Some(OVERDUE)) => authorization::OVERDUE,
        (_, Some(_)) => authorization::BY_USER,
        (_, None) => authorization::BY_MERCHANT,
    };
    authorization::end_with(ledger, number, &transfer.out_bill_no, at, reason);
}

/// What transfers have moved until now, after what was due.
pub(in crate::operations) fn moved(ledger: &mut Ledger<'_, '_>) -> Vec<Moved> {
    let mut all = batch::moved(ledger);
    // One that waits for money gets it today at the earliest, and no bill is of today.
    let is_due = |transfer: &Transfer, now| transfer.next().is_some_and(|at| at <= now);
    ledger.for_each(kind::TRANSFER, is_due, self::transfer, |transfer| {
        let moved = |at, is_back| Moved {
            at,
            is_back,
            amount: transfer.amount(),
            bill_no: transfer.transfer_bill_no.clone(),
            out_bill_no: transfer.out_bill_no.clone(),
        };
        all.extend(transfer.taken.map(|at| moved(at, false)));
        all.extend(transfer.returned.map(|at| moved(at, true)));
    });
    all
}
