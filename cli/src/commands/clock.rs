//! `clock`: shows or moves the clock of a running mock.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;
use wechatpay_texts::text;

use crate::{
    mock_client::{MockOptions, TIMEOUT, call_failed},
    output::{Failure, print, printable_lines},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock clock                    show the mock's time
  wechatpay-mock clock advance 301        let five minutes pass
  wechatpay-mock clock advance 86400 --signatures real
                                          let a day pass, but keep the real time in signatures
  wechatpay-mock clock freeze             stop the clock
  wechatpay-mock clock skew -301          run five minutes behind the real time
  wechatpay-mock clock resume             show the real time again

Exit codes: 0 success, 1 the mock cannot be reached or rejects the call, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Clock {
    #[command(flatten)]
    mock: MockOptions,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the mock's time (the default)
    Show,
    /// Stop the clock, now or at the given time
    Freeze {
        /// Unix seconds, or a time such as 2026-01-01T00:00:00+08:00
        #[arg(value_name = "AT", value_parser = time)]
        at: Option<u64>,
        #[command(flatten)]
        signatures: SignaturesOption,
    },
    /// Move the clock forward, or back if negative
    Advance {
        /// Seconds
        #[arg(allow_negative_numbers = true)]
        seconds: i64,
        #[command(flatten)]
        signatures: SignaturesOption,
    },
    /// Run ahead of the real time, or behind it if negative
    Skew {
        /// Seconds
        #[arg(allow_negative_numbers = true)]
        seconds: i64,
        #[command(flatten)]
        signatures: SignaturesOption,
    },
    /// Show the real time again
    Resume,
}

#[derive(Debug, Args)]
struct SignaturesOption {
    /// Which time signatures are made and checked by: the mock's, as at first, or the real one
    #[arg(long, value_name = "TIME", value_parser = ["mock", "real"])]
    signatures: Option<String>,
}

impl Action {
    /// The request body for the action; none for showing the time.
    fn body(&self) -> Option<Value> {
        let (mut body, signatures) = match self {
            Self::Show => return None,
            Self::Resume => return Some(json!({ "action": "resume" })),
            Self::Freeze { at: None, signatures } => (json!({ "action": "freeze" }), signatures),
            Self::Freeze { at: Some(at), signatures } => {
                (json!({ "action": "freeze", "at": at }), signatures)
            }
            Self::Advance { seconds, signatures } => {
                (json!({ "action": "advance", "seconds": seconds }), signatures)
            }
            Self::Skew { seconds, signatures } => {
                (json!({ "action": "skew", "seconds": seconds }), signatures)
            }
        };
        if let Some(signatures) = &signatures.signatures {
            body["signatures"] = json!(signatures);
        }
        Some(body)
    }
}

pub(crate) async fn run(options: &Clock) -> Result<(), Failure> {
    let body = options.action.as_ref().and_then(Action::body);
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let mock = options.mock.client()?;
    let clock = mock.call(method, "clock", body.as_ref(), TIMEOUT).await.map_err(call_failed)?;
    let time = clock["rfc3339"].as_str().unwrap_or_default();
    let state = match (clock["frozen"].as_bool(), clock["offset"].as_i64()) {
        (Some(true), _) => text!("frozen"),
        (_, None | Some(0)) => text!("real time"),
        (_, Some(offset)) if offset > 0 => text!("{offset} s ahead of the real time"),
        (_, Some(offset)) => text!("{offset} s behind the real time", offset = offset.unsigned_abs()),
    };
    print(|out| writeln!(out, "{}  {state}", printable_lines(time)))
}

fn time(text: &str) -> Result<u64, String> {
    let time = text.parse().ok().or_else(|| Timestamp::from_rfc3339(text).ok().map(Timestamp::as_unix));
    time.ok_or_else(|| text!("expected Unix seconds, or a time such as 2026-01-01T00:00:00+08:00"))
}
