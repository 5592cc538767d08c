//! `pay`: does what a payer does with an order of a running mock.

use clap::Args;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    mock_client::{MockClient, MockError, MockOptions, TIMEOUT, call_failed},
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
  wechatpay-mock pay --service-order 1234323JKHDFE1243252
      confirm a service order of pay score, or pay it if it is completed

The mock sends the callback of the payment to the order's notify_url.

Exit codes: 0 success, 1 there is no such order, it can't be paid, or the mock cannot be reached, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pay {
    /// The order: its out_trade_no, or combine_out_trade_no, or its prepay_id, code_url or h5_url
    #[arg(required_unless_present = "service_order")]
    order: Option<String>,
    /// A service order of pay score, by its out_order_no: confirm it, or pay it if it is completed
    #[arg(long, value_name = "N", conflicts_with_all = ["order", "cancel", "start", "close"])]
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
        self.with_user(json!({ name: order, "action": action }))
    }

    /// The call for a service order.
    fn service_body(&self, out_order_no: &str, action: &str) -> Value {
        self.with_user(json!({ "out_order_no": out_order_no, "action": action }))
    }

    fn with_user(&self, mut body: Value) -> Value {
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
    if let Some(number) = &options.service_order {
        return service_order(options, &mock, number).await;
    }
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

/// Does what the user of a service order does next: confirms it, or pays it.
async fn service_order(options: &Pay, mock: &MockClient, number: &str) -> Result<(), Failure> {
    let call = async |action| {
        let body = options.service_body(number, action);
        mock.call(Method::POST, "service-orders", Some(&body), TIMEOUT).await
    };
    let order = if options.fail {
        call("fail").await
    } else {
        match call("confirm").await {
            // It is confirmed already.
            Err(MockError::Refused { status: StatusCode::CONFLICT, .. }) => call("pay").await,
            other => other,
        }
    };
    let order = order.map_err(call_failed)?;
    if options.json {
        return print_json(&order);
    }
    let text = |value: &Value| printable_lines(value.as_str().unwrap_or_default());
    print(|out| {
        for (title, value) in [
            ("order", &order["out_order_no"]),
            ("state", &order["state"]),
            ("description", &order["state_description"]),
            ("collection", &order["collection"]["state"]),
        ] {
            if value.is_string() {
                writeln!(out, "{DIM}{title:15}{DIM:#} {}", text(value))?;
            }
        }
        Ok(())
    })
}
