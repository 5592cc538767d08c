//! `pay`: does what a payer does with an order of a running mock.

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

The mock sends the callback of the payment to the order's notify_url.

Exit codes: 0 success, 1 there is no such order, it can't be paid, or the mock cannot be reached, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pay {
    /// The order: its out_trade_no, or combine_out_trade_no, or its prepay_id, code_url or h5_url
    order: String,
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
    /// The merchant whose order it is [default: the one that has such an order]
    #[arg(long, value_name = "MCHID")]
    merchant: Option<String>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    mock: MockOptions,
}

impl Pay {
    fn body(&self) -> Value {
        let name = match self.order.as_str() {
            order if order.starts_with("weixin://") => "code_url",
            order if order.contains("://") => "h5_url",
            order if is_prepay_id(order) => "prepay_id",
            _ => "out_trade_no",
        };
        let actions =
            [(self.fail, "fail"), (self.cancel, "cancel"), (self.start, "start"), (self.close, "close")];
        let action = actions.iter().find(|(is_chosen, _)| *is_chosen).map_or("pay", |(_, name)| name);
        let mut body = json!({ name: self.order, "action": action });
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
    let body = options.body();
    let order = mock.call(Method::POST, "payments", Some(&body), TIMEOUT).await.map_err(call_failed)?;
    if options.json {
        return print_json(&order);
    }
    let text = |value: &Value| printable_lines(value.as_str().unwrap_or_default());
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
