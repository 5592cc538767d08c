//! `pay`: does what a payer does with an order of a running mock, or what a user does with a transfer.

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

The mock sends the callback of the payment or the transfer to its notify_url.

Exit codes: 0 success, 1 there is no such order or transfer, it can't be paid or confirmed, or the mock cannot be reached, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pay {
    /// The order: its out_trade_no, or combine_out_trade_no, or its prepay_id, code_url or h5_url
    #[arg(required_unless_present_any = ["transfer", "authorization"])]
    order: Option<String>,
    /// Confirm the transfer with this out_bill_no
    #[arg(long, value_name = "OUT_BILL_NO", conflicts_with_all = ["order", "action", "openid"])]
    transfer: Option<String>,
    /// Confirm the authorization of transfers with this out_authorization_no
    #[arg(long, value_name = "OUT_AUTHORIZATION_NO", conflicts_with_all = ["order", "action", "openid", "transfer"])]
    authorization: Option<String>,
    /// Decline the transfer or the authorization, or take the authorization back
    #[arg(long, conflicts_with_all = ["order", "action"])]
    decline: bool,
    /// The user's real name; a transfer that names another fails [default: the one in the transfer]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["order", "action", "authorization"])]
    user_name: Option<String>,
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

impl Pay {
    /// The path of the call under `/__mock/`, and its body.
    fn call(&self) -> (&'static str, Value) {
        let transfer = self.transfer.as_ref().map(|number| ("out_bill_no", number));
        let authorization = self.authorization.as_ref().map(|number| ("out_authorization_no", number));
        let Some((name, number)) = transfer.or(authorization) else { return ("payments", self.payment()) };
        let action = if self.decline { "decline" } else { "confirm" };
        let mut body = json!({ name: number, "action": action });
        for (name, value) in [("user_name", &self.user_name), ("merchant", &self.merchant)] {
            if let Some(value) = value {
                body[name] = value.as_str().into();
            }
        }
        ("transfers", body)
    }

    fn payment(&self) -> Value {
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
        let mut body = json!({ name: order, "action": action });
        for (name, value) in [("openid", &self.openid), ("merchant", &self.merchant)] {
            if let Some(value) = value {
                body[name] = value.as_str().into();
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
    let (path, body) = options.call();
    let order = mock.call(Method::POST, path, Some(&body), TIMEOUT).await.map_err(call_failed)?;
    if options.json {
        return print_json(&order);
    }
    let text = |value: &Value| printable_lines(value.as_str().unwrap_or_default());
    if path == "transfers" {
        return print(|out| {
            let names = ["out_bill_no", "out_authorization_no", "transfer_bill_no", "authorization_id"];
            for name in names.into_iter().chain(["state", "fail_reason"]) {
                if order[name].is_string() {
                    writeln!(out, "{DIM}{name:20}{DIM:#} {}", text(&order[name]))?;
                }
            }
            Ok(())
        });
    }
    print(|out| {
        let number = [&order["out_trade_no"], &order["combine_out_trade_no"]];
        let number = number.into_iter().find(|number| number.is_string()).unwrap_or(&Value::Null);
        writeln!(out, "{DIM}order{DIM:#}           {}", text(number))?;
        writeln!(out, "{DIM}trade_state{DIM:#}     {}", text(&order["trade_state"]))?;
        for name in ["transaction_id", "combine_transaction_id", "success_time"] {
            if order[name].is_string() {
                writeln!(out, "{DIM}{name:15}{DIM:#} {}", text(&order[name]))?;
            }
        }
        Ok(())
    })
}
