//! `fault`: adds, lists or removes fault rules of a running mock.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use http::Method;
use serde_json::Value;
use wechatpay_mock::{Fault, FaultMatch, FaultRule, Latency, On};
use wechatpay_texts::{Text, phrase, text};

use crate::{
    commands::read_argument,
    mock_client::{MockOptions, TIMEOUT, call_failed},
    output::{Failure, print, printable_lines},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock fault add system-error-applied --times 1 --operation set_rights
      make the next change of rights, but respond with a 500
  wechatpay-mock fault add no-answer --milliseconds 5000 --every 3 --ttl 60
      for a minute, leave every third call without a response for five seconds
  wechatpay-mock fault add system-error --when path.out_trade_no=1217752501 --when body./amount/total=100
      only for requests with these values
  wechatpay-mock fault add --rule '{\"error\":{\"status\":400,\"code\":\"X\",\"message\":\"no\"},\"times\":1}'
      add a rule in the format of `POST /__mock/faults`; @FILE and - (stdin) work too
  wechatpay-mock fault add wrong-key --on callback --times 1
      sign the next callback with a key that nobody trusts
  wechatpay-mock fault list
  wechatpay-mock fault remove 1
  wechatpay-mock fault clear

`wechatpay-mock faults` lists the names.

Exit codes: 0 success, 1 the mock cannot be reached or rejects the call, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FaultCommand {
    #[command(flatten)]
    mock: MockOptions,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the rules, with how often each has applied (the default)
    List {
        /// Only the rules for this merchant
        #[arg(long, value_name = "MCHID")]
        merchant: Option<String>,
    },
    /// Add a rule
    Add(Box<Add>),
    /// Remove a rule
    Remove {
        /// The number that `add` and `list` print
        id: u64,
    },
    /// Remove all rules, or those for one merchant
    Clear {
        /// Only the rules for this merchant
        #[arg(long, value_name = "MCHID")]
        merchant: Option<String>,
    },
}

/// The options that conflict with `--rule`.
const FIELDS: [&str; 19] = [
    "name",
    "on",
    "event_type",
    "latency",
    "times",
    "ttl",
    "milliseconds",
    "applied",
    "not_applied",
    "merchant",
    "operation",
    "card_id",
    "code",
    "out_request_no",
    "when",
    "nth",
    "every",
    "probability",
    "seed",
];

/// A rule applies to every correctly signed, valid request, unless options narrow it down.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["name", "latency", "rule"]))]
struct Add {
    /// The fault, by name; `wechatpay-mock faults` lists them
    name: Option<Fault>,
    /// Delay the response by this many milliseconds, with or without a fault
    #[arg(long, value_name = "MS")]
    latency: Option<u64>,
    /// A whole rule as JSON, @FILE, or - for stdin
    #[arg(long, value_name = "RULE", conflicts_with_all = FIELDS)]
    rule: Option<String>,
    /// Apply the rule at most this many times
    #[arg(long, value_name = "N")]
    times: Option<u64>,
    /// Apply the rule for this many seconds of the mock's clock
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<u64>,
    /// How long no-answer and refuse last
    #[arg(long, value_name = "MS")]
    milliseconds: Option<u64>,
    /// Carry out the request, whatever the fault's default
    #[arg(long, conflicts_with = "not_applied")]
    applied: bool,
    /// Do not carry out the request, whatever the fault's default
    #[arg(long)]
    not_applied: bool,
    /// Apply the rule to requests, or to attempts to deliver callbacks
    #[arg(long, value_name = "WHAT", default_value = "request", help_heading = "Which requests")]
    on: OnWhat,
    /// Only callbacks of this event, with --on callback
    #[arg(long, value_name = "EVENT", help_heading = "Which requests")]
    event_type: Option<String>,
    /// Only requests of this merchant
    #[arg(long, value_name = "MCHID", help_heading = "Which requests")]
    merchant: Option<String>,
    /// Only requests for this operation, by its operationId
    #[arg(long, value_name = "ID", help_heading = "Which requests")]
    operation: Option<String>,
    /// Only requests for this card template
    #[arg(long, value_name = "ID", help_heading = "Which requests")]
    card_id: Option<String>,
    /// Only requests for this member's card
    #[arg(long, value_name = "CODE", help_heading = "Which requests")]
    code: Option<String>,
    /// Only requests with this number
    #[arg(long, value_name = "NUMBER", help_heading = "Which requests")]
    out_request_no: Option<String>,
    /// Only requests with this value at path.NAME, query.NAME or body.POINTER: path.out_trade_no=1, body./amount/total=100.
    /// In the body, 100, true and lists are JSON, and '"100"' is a text; can be repeated
    #[arg(long, value_name = "PLACE=VALUE", value_parser = place, help_heading = "Which requests")]
    when: Vec<(String, Value)>,
    /// Only the n-th of these requests, counted from 1
    #[arg(long, value_name = "N", help_heading = "Which requests")]
    nth: Option<u64>,
    /// Only every n-th of these requests
    #[arg(long, value_name = "N", help_heading = "Which requests")]
    every: Option<u64>,
    /// Only this share of these requests, at random: 0 to 1
    #[arg(long, value_name = "P", help_heading = "Which requests")]
    probability: Option<f64>,
    /// Seed for --probability [default: 0]
    #[arg(long, value_name = "N", help_heading = "Which requests")]
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnWhat {
    /// Requests, and the responses to them
    Request,
    /// Attempts to deliver callbacks
    Callback,
}

/// A place and its value. Whether a request can have it is for the mock to say.
fn place(text: &str) -> Result<(String, Value), String> {
    let (place, value) =
        text.split_once('=').ok_or_else(|| text!("expected PLACE=VALUE, such as path.out_trade_no=1"))?;
    let is_exact = |value: &Value| !value.is_f64();
    let json = place.starts_with("body.").then(|| serde_json::from_str(value).ok()).flatten();
    Ok((place.into(), json.filter(is_exact).unwrap_or_else(|| value.into())))
}

/// The text is not JSON.
#[derive(Debug, Text, thiserror::Error)]
#[text("--rule: expected a rule as JSON")]
struct BadRule(#[from] serde_json::Error);

impl Add {
    fn to_json(&self) -> Result<Value, Failure> {
        if let Some(rule) = &self.rule {
            return Ok(serde_json::from_slice(&read_argument(rule)?).map_err(BadRule)?);
        }
        let rule = FaultRule {
            on: match self.on {
                OnWhat::Request => On::Request,
                OnWhat::Callback => On::Callback,
            },
            when: FaultMatch {
                event_type: self.event_type.clone(),
                merchant: self.merchant.clone(),
                operation: self.operation.clone(),
                card_id: self.card_id.clone(),
                code: self.code.clone(),
                out_request_no: self.out_request_no.clone(),
                places: self.when.iter().cloned().collect(),
                nth: self.nth,
                every: self.every,
                probability: self.probability,
                seed: self.seed,
                ..FaultMatch::default()
            },
            fault: self.name,
            latency: self.latency.map(Latency::Fixed),
            milliseconds: self.milliseconds,
            applied: (self.applied || self.not_applied).then_some(self.applied),
            times: self.times,
            ttl: self.ttl,
            ..FaultRule::default()
        };
        Ok(serde_json::to_value(rule)?)
    }
}

pub(crate) async fn run(options: &FaultCommand) -> Result<(), Failure> {
    let mock = options.mock.client()?;
    let call = async |method, path: &str, body: Option<&Value>| {
        mock.call(method, path, body, TIMEOUT).await.map_err(call_failed)
    };
    match &options.action {
        None => show_list(&call(Method::GET, "faults", None).await?),
        Some(Action::List { merchant }) => {
            show_list(&call(Method::GET, &for_merchant(merchant.as_deref()), None).await?)
        }
        Some(Action::Add(add)) => {
            let added = call(Method::POST, "faults", Some(&add.to_json()?)).await?;
            print(|out| writeln!(out, "{}", summary(&added)))
        }
        Some(Action::Remove { id }) => {
            call(Method::DELETE, &format!("faults/{id}"), None).await?;
            print(|out| writeln!(out, "{}", text!("removed {id}")))
        }
        Some(Action::Clear { merchant }) => {
            let deleted = call(Method::DELETE, &for_merchant(merchant.as_deref()), None).await?;
            print(|out| writeln!(out, "{}", text!("removed {rules} rules", rules = deleted["deleted"])))
        }
    }
}

fn for_merchant(merchant: Option<&str>) -> String {
    merchant.map_or_else(|| "faults".into(), |mchid| format!("faults?merchant={mchid}"))
}

fn show_list(list: &Value) -> Result<(), Failure> {
    let rules = list["faults"].as_array().map_or(&[][..], Vec::as_slice);
    print(|out| match rules {
        [] => writeln!(out, "{}", phrase!("no fault rules")),
        rules => rules.iter().try_for_each(|rule| writeln!(out, "{}", summary(rule))),
    })
}

/// `1  system-error-applied  operation=set_rights times=1  applied to 0 of 0 matching requests`
fn summary(state: &Value) -> String {
    let mut details = Vec::new();
    for (name, value) in state.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("id" | "fault" | "seen" | "struck", _) => {}
            ("match", Value::Object(fields)) => {
                details.extend(fields.iter().map(|(name, value)| format!("{name}={}", plain(value))));
            }
            (name, value) => details.push(format!("{name}={}", plain(value))),
        }
    }
    let fault = state["fault"].as_str().unwrap_or("-");
    let counts = text!(
        "applied to {struck} of {seen} matching requests",
        struck = state["struck"],
        seen = state["seen"]
    );
    printable_lines(&[state["id"].to_string(), fault.into(), details.join(" "), counts].join("  "))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_json_in_the_body_and_a_text_elsewhere() {
        for (text, expected) in [
            ("path.out_trade_no=1217752501", ("path.out_trade_no", json!("1217752501"))),
            ("query.limit=a=b", ("query.limit", json!("a=b"))),
            ("body./amount/total=100", ("body./amount/total", json!(100))),
            ("body./amount={\"total\":100}", ("body./amount", json!({ "total": 100 }))),
            ("body./id=\"100\"", ("body./id", json!("100"))),
            ("body./id=MOCK*1", ("body./id", json!("MOCK*1"))),
            ("body./id=1217752501201407033233368018", ("body./id", json!("1217752501201407033233368018"))),
        ] {
            assert_eq!(place(text), Ok((expected.0.into(), expected.1)), "{text}");
        }
        assert!(place("path.out_trade_no").is_err());
    }
}
