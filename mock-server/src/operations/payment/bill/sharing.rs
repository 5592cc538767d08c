//! The form and the rows of profit-sharing bills. A bill has a row for each receiver that got something, and for each return
//! that succeeded. (documented)
//!
//! The names of the columns are those of a public program that reads real bills. That the last has the description, the names
//! of types, states and totals, and the order of the rows, by time, are own choices.

use super::{
    day::Day,
    form::{Column, Form, Total, time, yuan},
};
use crate::operations::{
    payment::ledger::Ledger,
    sharing::{for_each_return, for_each_sharing},
};

/// A row: what a receiver got, or returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) at: u64,
    pub(super) is_return: bool,
    /// Who asked for it.
    mchid: String,
    /// Whose money it was.
    pub(super) payee: String,
    pub(super) transaction_id: String,
    /// The gateway's number of the sharing or of the return.
    pub(super) order_id: String,
    /// The gateway's number of the share; of a return its own. (own choice)
    pub(super) detail_id: String,
    /// The merchant's number of it.
    pub(super) out_order_no: String,
    /// The order's total, in fen.
    total: u64,
    account: String,
    /// In fen.
    pub(super) amount: u64,
    description: String,
}

pub(super) const SHARING: Form<Entry> = Form {
    columns: &[&[
        Column("分账时间", |entry| time(entry.at)),
        Column("分账发起方", |entry| entry.mchid.clone()),
        Column("分账方", |entry| entry.payee.clone()),
        Column("微信订单号", |entry| entry.transaction_id.clone()),
        Column("微信分账/回退单号", |entry| entry.order_id.clone()),
        Column("分账明细单号", |entry| entry.detail_id.clone()),
        Column("商户分账/回退单号", |entry| entry.out_order_no.clone()),
        Column("订单金额", |entry| yuan(entry.total)),
        Column("分账接收方", |entry| entry.account.clone()),
        Column("金额", |entry| yuan(entry.amount)),
        Column("业务类型", |entry| if entry.is_return { "分账回退" } else { "分账" }.into()),
        // Others are in no bill. (documented)
        Column("处理状态", |_| "成功".into()),
        Column("备注", |entry| entry.description.clone()),
    ]],
    totals: &[
        Total("分账总笔数", |entries| of(entries, false).count().to_string()),
        Total("分账总金额", |entries| sum(of(entries, false))),
        Total("回退总笔数", |entries| of(entries, true).count().to_string()),
        Total("回退总金额", |entries| sum(of(entries, true))),
    ],
};

fn of(entries: &[Entry], is_return: bool) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(move |entry| entry.is_return == is_return)
}

fn sum<'e>(entries: impl Iterator<Item = &'e Entry>) -> String {
    yuan(entries.map(|entry| i128::from(entry.amount)).sum::<i128>())
}

/// The rows of a day's bill, of all merchants that are paid or of one.
pub(super) fn rows(ledger: &mut Ledger<'_, '_>, day: Day, payee: Option<&str>) -> Vec<Entry> {
    let mut rows = entries(ledger, |at| day.contains(at));
    rows.retain(|entry| payee.is_none_or(|payee| entry.payee == payee));
    rows
}

/// What was received and returned at such times, by time.
pub(super) fn entries(ledger: &mut Ledger<'_, '_>, is_wanted: impl Fn(u64) -> bool) -> Vec<Entry> {
    let mchid = ledger.merchant.mchid.to_string();
    let mut entries = Vec::new();
    for_each_sharing(ledger, |sharing| {
        for share in &sharing.shares {
            let Some(at) = share.received().filter(|at| is_wanted(*at)) else { continue };
            entries.push(Entry {
                at,
                is_return: false,
                mchid: mchid.clone(),
                payee: sharing.payee.clone(),
                transaction_id: sharing.transaction_id.clone(),
                order_id: sharing.order_id.clone(),
                detail_id: share.detail_id.clone(),
                out_order_no: sharing.out_order_no.clone(),
                total: sharing.total,
                account: share.account.clone(),
                amount: share.amount,
                description: share.description.clone(),
            });
        }
    });
    for_each_return(ledger, |back| {
        let Some(at) = back.succeeded().filter(|at| is_wanted(*at)) else { return };
        entries.push(Entry {
            at,
            is_return: true,
            mchid: mchid.clone(),
            payee: back.payee,
            transaction_id: back.transaction_id,
            detail_id: back.return_id.clone(),
            order_id: back.return_id,
            out_order_no: back.out_return_no,
            total: back.total,
            account: back.return_mchid,
            amount: back.amount,
            description: back.description,
        });
    });
    entries.sort_by_key(|entry| entry.at);
    entries
}
