//! The form of fund flow bills. A bill has a row for each change of an account.

use super::form::{Column, Form, Total, time, yuan};

/// A change of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) at: u64,
    /// The number of the payment, of the refund or of the transfer.
    pub(super) business_no: String,
    /// The `transaction_id`, of a refund that of its order. (wild)
    pub(super) flow_no: String,
    pub(super) business: Business,
    /// In fen.
    pub(super) amount: u64,
    /// What is in the account afterwards, in fen.
    pub(super) balance: i128,
    /// `system`, or `1900000001API` if a request of the merchant's caused it. (wild)
    pub(super) applicant: String,
    /// `out_trade_no`, `out_refund_no` or `out_bill_no`.
    pub(super) voucher: String,
}

/// Why an account changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Business {
    Payment,
    Refund,
    /// The money of a refund that was closed comes back.
    RefundClosed,
    /// A receiver gets a share.
    Shared,
    /// A share comes back.
    Returned,
    /// A transfer to a user.
    Transfer,
    /// The money of a transfer that failed or was cancelled comes back.
    TransferBack,
}

impl Business {
    fn is_income(self) -> bool {
        !matches!(self, Self::Refund | Self::Shared | Self::Transfer)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Payment => "交易",
            Self::Refund | Self::RefundClosed => "退款",
            // Not published. (own choice)
            Self::Shared | Self::Returned => "分账",
            // Not published, nor are the others of transfers. (own choice)
            Self::Transfer | Self::TransferBack => "商家转账",
        }
    }

    fn details(self) -> &'static str {
        match self {
            Self::Payment => "交易",
            Self::Refund => "退款",
            Self::RefundClosed => "退款关闭",
            Self::Shared => "分账",
            Self::Returned => "分账回退",
            Self::Transfer => "商家转账",
            Self::TransferBack => "商家转账退回",
        }
    }
}

impl Flow {
    /// The amount, negative if it leaves the account.
    pub(super) fn signed(&self) -> i128 {
        let amount = i128::from(self.amount);
        if self.business.is_income() { amount } else { -amount }
    }

    /// The remark. Published ones of payments have spaces, those of refunds none. (wild)
    fn remark(&self) -> String {
        let (amount, fee) = (yuan(self.amount), yuan(0));
        match self.business {
            Business::Payment => format!("结算总金额 {amount} 元;含手续费 {fee} 元"),
            Business::Refund => format!("退款总金额{amount}元;含手续费{fee}元"),
            // Not published. (own choice)
            Business::RefundClosed
            | Business::Shared
            | Business::Returned
            | Business::Transfer
            | Business::TransferBack => String::new(),
        }
    }
}

pub(super) const FLOWS: Form<Flow> = Form {
    columns: &[&[
        Column("记账时间", |flow| time(flow.at)),
        Column("微信支付业务单号", |flow| flow.business_no.clone()),
        Column("资金流水单号", |flow| flow.flow_no.clone()),
        Column("业务名称", |flow| flow.business.name().into()),
        Column("业务类型", |flow| flow.business.details().into()),
        Column("收支类型", |flow| if flow.business.is_income() { "收入" } else { "支出" }.into()),
        Column("收支金额(元)", |flow| yuan(flow.amount)),
        Column("账户结余(元)", |flow| yuan(flow.balance)),
        Column("资金变更提交申请人", |flow| flow.applicant.clone()),
        Column("备注", Flow::remark),
        Column("业务凭证号", |flow| flow.voucher.clone()),
    ]],
    totals: &[
        Total("资金流水总笔数", |flows| flows.len().to_string()),
        Total("收入笔数", |flows| incomes(flows, true).count().to_string()),
        Total("收入金额", |flows| sum(incomes(flows, true))),
        Total("支出笔数", |flows| incomes(flows, false).count().to_string()),
        Total("支出金额", |flows| sum(incomes(flows, false))),
    ],
};

fn incomes(flows: &[Flow], is_income: bool) -> impl Iterator<Item = &Flow> {
    flows.iter().filter(move |flow| flow.business.is_income() == is_income)
}

fn sum<'f>(flows: impl Iterator<Item = &'f Flow>) -> String {
    yuan(flows.map(|flow| i128::from(flow.amount)).sum::<i128>())
}
