//! `trigger`: sends a signed, encrypted callback to an application.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use wechatpay_mock::{
    Config, Delivery, DeliveryState, MockServer, Outcome, SentCallback, Trigger as Wanted,
    policies::CallbackKey,
};
use wechatpay_openapi::{CallbackEvent, Contract};
use wechatpay_texts::{Phrase, Text, phrase, text};

use crate::{
    mock_client::{MockError, MockOptions, TIMEOUT, call_failed},
    options::{Configuration, NotifyOptions},
    output::{BAD, CHECK_FAILED, DIM, Failure, GOOD, print, print_json, printable_lines},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock trigger TRANSACTION.SUCCESS --to http://127.0.0.1:3000/notify
      tell your application of a payment, as the gateway does
  wechatpay-mock trigger REFUND.SUCCESS --to http://127.0.0.1:3000/notify --set out_refund_no=R1 --set amount.refund=1
      with these values in the encrypted resource; null removes a field
  wechatpay-mock trigger TRANSACTION.SUCCESS --to http://127.0.0.1:3000/notify --by public-key
      signed with the other kind of key
  wechatpay-mock trigger TRANSACTION.SUCCESS --to http://127.0.0.1:3000/notify --print curl
      print the command that sends it
  wechatpay-mock trigger --list
      every event

A mock that runs sends the callback, and again if it is not accepted. Without one, or with --by or --print, this \
command signs and sends it by itself, once; --config and --notify-… are for that.

Exit codes: 0 the callback was accepted, 1 it was not, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Trigger {
    /// The event: TRANSACTION.SUCCESS
    #[arg(required_unless_present = "list")]
    event: Option<String>,
    /// URL to send it to [default: the merchant's notify_url in the configuration]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// A field of the resource, such as amount.total=1; the value is JSON or a text; may be repeated
    #[arg(long, value_name = "PATH=VALUE", value_parser = assignment)]
    set: Vec<(String, Value)>,
    /// The merchant that receives it [default: the first one]
    #[arg(long, value_name = "MCHID")]
    merchant: Option<String>,
    /// The gateway's key that signs it
    #[arg(long, value_name = "KEY")]
    by: Option<By>,
    /// Print the callback instead of sending it
    #[arg(long, value_name = "FORM")]
    print: Option<Form>,
    /// List all events
    #[arg(long, conflicts_with_all = ["event", "to", "set", "merchant", "by", "print"])]
    list: bool,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    mock: MockOptions,
    #[command(flatten)]
    configuration: Configuration,
    #[command(flatten)]
    notify: NotifyOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// The platform certificate's
    Certificate,
    /// The public key's pair
    PublicKey,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// The curl command that sends the same
    Curl,
    /// URL, headers and body, and the resource before it was encrypted
    Json,
}

/// The receiver did not take the callback.
#[derive(Debug, Text, thiserror::Error)]
#[text("the callback was not accepted: {0}")]
struct NotTaken(String);

pub(crate) async fn run(options: &Trigger) -> Result<(), Failure> {
    if options.list {
        let config = options.configuration.read()?;
        return list(config.contract(), options.json);
    }
    let wanted = Wanted {
        event_type: options.event.clone().unwrap_or_default(),
        to: options.to.clone(),
        merchant: options.merchant.clone(),
        resource: (!options.set.is_empty()).then(|| patch(&options.set)),
    };
    let by_itself = options.by.is_some() || options.print.is_some();
    if !by_itself {
        match by_mock(options, &wanted).await {
            Err(MockError::NotThere { .. }) if !options.mock.is_named() => {}
            sent => return show(&sent.map_err(call_failed)?, options.json),
        }
    }
    let server = own_mock(options).await?;
    match options.print {
        Some(form) => print_callback(&server, &wanted, form),
        None => show(&to_json(&*server.trigger(wanted).await?), options.json),
    }
}

/// Sends the callback by the mock that runs.
async fn by_mock(options: &Trigger, wanted: &Wanted) -> Result<Value, MockError> {
    let mut body = json!({ "event_type": wanted.event_type });
    for (name, value) in [("to", &wanted.to), ("merchant", &wanted.merchant)] {
        if let Some(value) = value {
            body[name] = value.as_str().into();
        }
    }
    if let Some(resource) = &wanted.resource {
        body["resource"] = resource.clone();
    }
    let mock = options.mock.client()?;
    // The receiver may take five seconds.
    mock.call(Method::POST, "callbacks", Some(&body), 4 * TIMEOUT).await
}

/// A mock of this process, which signs and sends.
async fn own_mock(options: &Trigger) -> Result<MockServer, Failure> {
    let mut config: Config = options.configuration.read()?;
    options.notify.apply(&mut config)?;
    config.policies.callback_key = match options.by {
        None => config.policies.callback_key,
        Some(By::Certificate) => CallbackKey::Certificate,
        Some(By::PublicKey) => CallbackKey::Pair,
    };
    (config.listen, config.tls_listen) = (None, None);
    MockServer::builder()
        .config(config)
        .start()
        .await
        .map_err(Failure::context(phrase!("cannot start a mock")))
}

/// The callback in the form of `POST /__mock/callbacks`.
fn to_json(delivery: &Delivery) -> Value {
    let attempts = delivery.attempts.iter().map(|attempt| {
        let (status, reason, body) = match &attempt.outcome {
            Outcome::Answered { status, body } => {
                (Some(status.as_u16()), None, String::from_utf8_lossy(body))
            }
            Outcome::NoAnswer { reason } | Outcome::NotSent { reason } => {
                (None, Some(reason.to_string()), "".into())
            }
        };
        json!({
            "serial": attempt.serial.to_string(),
            "received": attempt.outcome.is_received(),
            "status": status,
            "reason": reason,
            "milliseconds": u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
            "response_body": body,
        })
    });
    let state = match delivery.state {
        DeliveryState::Received => "received",
        DeliveryState::Held => "held",
        DeliveryState::GivenUp | DeliveryState::Waiting(_) | DeliveryState::Sending => "given-up",
    };
    json!({
        "id": delivery.id,
        "event_type": delivery.event_type,
        "merchant": delivery.mchid.as_str(),
        "notify_url": delivery.notify_url,
        "state": state,
        "attempts": attempts.collect::<Vec<_>>(),
        "resource": serde_json::from_str::<Value>(&delivery.resource).unwrap_or_default(),
    })
}

/// Shows how the first attempt ended. Fails if the receiver did not take the callback.
fn show(callback: &Value, as_json: bool) -> Result<(), Failure> {
    let is_accepted = callback["state"] == "received";
    if as_json {
        print_json(callback)?;
    } else {
        print(|out| write_outcome(out, callback, is_accepted))?;
    }
    if is_accepted {
        return Ok(());
    }
    let attempt = &callback["attempts"][0];
    let reason = attempt["reason"].as_str().map(String::from);
    let reason = reason.unwrap_or_else(|| {
        let status =
            attempt["status"].as_u64().and_then(|status| StatusCode::from_u16(status.try_into().ok()?).ok());
        let found = status.map_or_else(|| text!("none"), |status| status.to_string());
        text!("expected the status 200 or 204 within 5 s, found {found}")
    });
    Err(Failure::check(NotTaken(reason)).with_code(CHECK_FAILED))
}

/// A label, as wide as all others.
fn label(label: Phrase) -> String {
    format!("{DIM}{label:9}{DIM:#}")
}

fn write_outcome(out: &mut dyn Write, callback: &Value, is_accepted: bool) -> io::Result<()> {
    let text = |value: &Value| printable_lines(value.as_str().unwrap_or_default());
    let attempt = &callback["attempts"][0];
    writeln!(
        out,
        "{} {} {}",
        label(phrase!("callback")),
        text(&callback["event_type"]),
        text(&callback["id"])
    )?;
    writeln!(out, "{} {}", label(phrase!("to")), text(&callback["notify_url"]))?;
    writeln!(out, "{} {}", label(phrase!("signed by")), text(&attempt["serial"]))?;
    writeln!(out, "{} {}", label(phrase!("resource")), printable_lines(&callback["resource"].to_string()))?;
    if let Some(status) = attempt["status"].as_u64() {
        let style = if is_accepted { GOOD } else { BAD };
        let accepted = if is_accepted { phrase!("accepted") } else { phrase!("not accepted") };
        let milliseconds = attempt["milliseconds"].as_u64().unwrap_or_default();
        let took = text!("in {milliseconds} ms: {accepted}");
        writeln!(out, "{} {style}{status}{style:#} {took}", label(phrase!("response")))?;
    }
    match attempt["response_body"].as_str() {
        None | Some("") => Ok(()),
        Some(body) => writeln!(out, "          {}", printable_lines(body).trim_end()),
    }
}

fn print_callback(server: &MockServer, wanted: &Wanted, form: Form) -> Result<(), Failure> {
    let (signed, resource) = server.signed_callback(wanted)?;
    match form {
        Form::Curl => print(|out| writeln!(out, "{}", curl(&signed))),
        Form::Json => {
            let headers: Map<_, Value> =
                signed.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            print_json(&json!({
                "url": signed.url,
                "headers": headers,
                "body": String::from_utf8_lossy(&signed.body),
                "resource": resource,
            }))
        }
    }
}

/// The command for a shell.
fn curl(signed: &SentCallback) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let headers = signed.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
    let headers = headers.map(|(name, value)| format!("  -H {} \\\n", quoted(&format!("{name}: {value}"))));
    let (url, body) = (quoted(&signed.url), quoted(&String::from_utf8_lossy(&signed.body)));
    format!("curl -i -X POST {url} \\\n{}  --data-binary {body}", headers.collect::<String>())
}

fn list(contract: &Contract, as_json: bool) -> Result<(), Failure> {
    let events = contract.events();
    if as_json {
        return print_json(&events.iter().map(|event| event_json(event)).collect());
    }
    let width = events.iter().map(|event| event.event_type.len()).max().unwrap_or_default();
    print(|out| {
        for event in &events {
            writeln!(out, "{:width$}  {}", event.event_type, event.title)?;
        }
        writeln!(out, "\n{}", text!("{events} events", events = events.len()))
    })
}

fn event_json(event: &CallbackEvent) -> Value {
    json!({
        "event_type": event.event_type,
        "title": event.title,
        "summary": event.summary,
        "original_type": event.original_type,
        "retry": event.retry,
        "example": event.example(),
    })
}

/// `a.b=1` as a path and a value.
fn assignment(text: &str) -> Result<(String, Value), String> {
    let (path, value) =
        text.split_once('=').ok_or_else(|| text!("expected PATH=VALUE, such as amount.total=1"))?;
    if path.split('.').any(str::is_empty) {
        return Err(text!("expected a path of names with dots between them, such as amount.total"));
    }
    Ok((path.into(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
}

/// The fields that the assignments set.
fn patch(assignments: &[(String, Value)]) -> Value {
    let mut patch = Value::Object(Map::new());
    for (path, value) in assignments {
        let place = path.split('.').fold(&mut patch, |within, name| {
            if !within.is_object() {
                *within = Value::Object(Map::new());
            }
            &mut within[name]
        });
        *place = value.clone();
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_make_a_patch_with_json_or_texts() {
        let set = ["amount.total=1", "amount.currency=CNY", "attach=\"1\"", "payer=null", "a=1=2"];
        let set: Vec<_> = set.map(|text| assignment(text).unwrap()).into();
        let expected = json!({
            "amount": { "total": 1, "currency": "CNY" }, "attach": "1", "payer": null, "a": "1=2"
        });
        assert_eq!(patch(&set), expected);
        for text in ["amount", "=1", "a..b=1", ".=1"] {
            assert!(assignment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_curl_command_quotes_what_a_shell_would_read() {
        let signed = SentCallback {
            url: "http://127.0.0.1/?a=$b".into(),
            headers: vec![("Content-Length".into(), "1".into()), ("X".into(), "'".into())],
            body: b"{\"a\":\"`'\"}"[..].into(),
        };
        let expected = "curl -i -X POST 'http://127.0.0.1/?a=$b' \\\n  -H 'X: '\\''' \\\n  --data-binary '{\"a\":\"`'\\''\"}'";
        assert_eq!(curl(&signed), expected);
    }
}
