//! `pay`: does what a payer does with an order of a running mock, or what a user does with a transfer or a service order.

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use crate::{
    mock_client::{MockOptions, TIMEOUT, call_failed},
    output::{DIM, Failure, print, print_json, printable_lines},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock pay 1217752501201407033233368018      pay an order
  wechatpay-mock pay 'weixin://wxpay/bizpayurl?pr=…'   scan the code of a Native order, and pay
  wechatpay-mock pay 1217752501201407033233368018 --fail
      try to pay without enough money: the order stays unpaid
  wechatpay-mock pay 1217752501201407033233368018 --cancel
      leave without paying
  wechatpay-mock pay --transfer plfk2020042013         take the money of a transfer, as its user does
  wechatpay-mock pay --transfer plfk2020042013 --decline
      do not take it: the transfer fails
  wechatpay-mock pay --service-order 1234323JKHDFE1243252
      confirm a service order of pay score, or pay it if it is completed

The mock sends the callback to the notify_url of what was paid or confirmed.

Exit codes: 0 success, 1 there is no such order, transfer or service order, it can't be paid or confirmed, or the mock cannot be reached, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pay {
    /// The order: its out_trade_no, or combine_out_trade_no, or its prepay_id, code_url or h5_url
    #[arg(required_unless_present_any = ["transfer", "authorization", "service_order"])]
    order: Option<String>,
    /// Confirm the transfer with this out_bill_no
    #[arg(long, value_name = "OUT_BILL_NO", conflicts_with_all = ["order", "action", "openid"])]
    transfer: Option<String>,
    /// Confirm the authorization of transfers with this out_authorization_no
    #[arg(long, value_name = "OUT_AUTHORIZATION_NO", conflicts_with_all = ["order", "action", "openid", "transfer"])]
    authorization: Option<String>,
    /// Decline the transfer or the authorization, or take the authorization back
    #[arg(long, conflicts_with_all = ["order", "action", "service_order"])]
    decline: bool,
    /// The user's real name; a transfer that names another fails [default: the one in the transfer]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["order", "action", "authorization", "service_order"])]
    user_name: Option<String>,
    /// Confirm the service order of pay score with this out_order_no, or pay it if it is completed
    #[arg(long, value_name = "OUT_ORDER_NO",
        conflicts_with_all = ["order", "transfer", "authorization", "cancel", "start", "close"])]
    service_order: Option<String>,
    /// Try to pay without enough money
    #[arg(long, group = "action")]
    fail: bool,
    /// Leave without paying
    #[arg(long, group = "action")]
    cancel: bool,
    /// Begin to pay: the user of a code payment is asked for the password
    #[arg(long, group = "action")]
    start: bool,
    /// Let the order be closed
    #[arg(long, group = "action")]
    close: bool,
    /// The user [default: the one that was ordered for, or a new one]
    #[arg(long, value_name = "OPENID")]
    openid: Option<String>,
    /// The merchant whose order or transfer it is [default: the one that has such an order or transfer]
    #[arg(long, value_name = "MCHID")]
    merchant: Option<String>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    mock: MockOptions,
}

/// A call under `/__mock/`, and what is shown of its answer.
struct Call {
    path: &'static str,
    body: Value,
    /// The titles of the lines, and where their values are.
    shown: &'static [(&'static str, &'static str)],
}

const OF_PAYMENT: &[(&str, &str)] = &[
    ("order", "/out_trade_no"),
    ("order", "/combine_out_trade_no"),
    ("trade_state", "/trade_state"),
    ("transaction_id", "/transaction_id"),
    ("combine_transaction_id", "/combine_transaction_id"),
    ("success_time", "/success_time"),
];

const OF_TRANSFER: &[(&str, &str)] = &[
    ("out_bill_no", "/out_bill_no"),
    ("out_authorization_no", "/out_authorization_no"),
    ("transfer_bill_no", "/transfer_bill_no"),
    ("authorization_id", "/authorization_id"),
    ("state", "/state"),
    ("fail_reason", "/fail_reason"),
];

const OF_SERVICE_ORDER: &[(&str, &str)] = &[
    ("order", "/out_order_no"),
    ("state", "/state"),
    ("description", "/state_description"),
    ("collection", "/collection/state"),
];

impl Pay {
    fn payment(&self) -> Call {
        let order = self.order.as_deref().unwrap_or_default();
        let name = match order {
            order if order.starts_with("weixin://") => "code_url",
            order if order.contains("://") => "h5_url",
            order if is_prepay_id(order) => "prepay_id",
            _ => "out_trade_no",
        };
        let actions =
            [(self.fail, "fail"), (self.cancel, "cancel"), (self.start, "start"), (self.close, "close")];
        let action = actions.iter().find(|(is_chosen, _)| *is_chosen).map_or("pay", |(_, name)| name);
        Call { path: "payments", body: self.body(name, order, Some(action)), shown: OF_PAYMENT }
    }

    fn transfer(&self, name: &str, number: &str) -> Call {
        let action = if self.decline { "decline" } else { "confirm" };
        Call { path: "transfers", body: self.body(name, number, Some(action)), shown: OF_TRANSFER }
    }

    /// What the user does is up to the state of the order, as long as nothing is named.
    fn service_order(&self, number: &str) -> Call {
        let body = self.body("out_order_no", number, self.fail.then_some("fail"));
        Call { path: "service-orders", body, shown: OF_SERVICE_ORDER }
    }

    fn body(&self, name: &str, number: &str, action: Option<&str>) -> Value {
        let mut body = json!({ name: number });
        let options = [
            ("action", action),
            ("openid", self.openid.as_deref()),
            ("user_name", self.user_name.as_deref()),
            ("merchant", self.merchant.as_deref()),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        body
    }
}

/// Whether a text has the shape of a `prepay_id`, which is longer than any number of a merchant's.
fn is_prepay_id(text: &str) -> bool {
    text.len() > 32 && (text.starts_with("wx") || text.starts_with("up_wx"))
}

pub(crate) async fn run(options: &Pay) -> Result<(), Failure> {
    let mock = options.mock.client()?;
    let send = async |call: Call| {
        let answer = mock.call(Method::POST, call.path, Some(&call.body), TIMEOUT).await?;
        Ok((answer, call.shown))
    };
    let answered = match (&options.service_order, &options.transfer, &options.authorization) {
        (Some(number), ..) => send(options.service_order(number)).await,
        (None, Some(number), _) => send(options.transfer("out_bill_no", number)).await,
        (None, None, Some(number)) => send(options.transfer("out_authorization_no", number)).await,
        (None, None, None) => send(options.payment()).await,
    };
    let (answer, shown) = answered.map_err(call_failed)?;
    if options.json {
        return print_json(&answer);
    }
    let text = |at: &str| answer.pointer(at).and_then(Value::as_str).map(printable_lines);
    let lines: Vec<_> = shown.iter().filter_map(|(title, at)| Some((title, text(at)?))).collect();
    let width = lines.iter().map(|(title, _)| title.len()).fold(15, usize::max);
    print(|out| {
        lines.iter().try_for_each(|(title, value)| writeln!(out, "{DIM}{title:width$}{DIM:#} {value}"))
    })
}
