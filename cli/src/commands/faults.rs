//! `faults`: lists every fault and how to trigger it.

use std::io::{self, Write};

use serde_json::json;
use wechatpay_mock::{FAULTS, Fault, TRIGGER_FORMS};
use wechatpay_texts::{Phrase, phrase, text};

use crate::{
    options::Json,
    output::{Failure, print, print_json},
};

/// Widths of the first two columns, to fit the longest fault's.
const NAME: usize = 24;
const NUMBER: usize = 32;

const RULES: Phrase = phrase!(
    "A rule is not tied to one number. It sets which requests it applies to, how often, how long they are delayed, and \
     whether\nthey are carried out. fixtures/config/example.toml has every key. The same rule in a configuration, on the \
     command line,\nover HTTP, and in a Rust test:"
);

const SAME_RULE: &str = r#"
  fault = [{ fault = "system-error-applied", times = 1, match = { operation = "set_rights" } }]
  wechatpay-mock fault add system-error-applied --times 1 --operation set_rights
  curl -d '{"fault":"system-error-applied","times":1,"match":{"operation":"set_rights"}}' http://127.0.0.1:8080/__mock/faults
  gateway.add_fault(FaultRule { times: Some(1), ..FaultRule::of(Fault::SystemErrorApplied) })?;"#;

pub(crate) fn run(options: Json) -> Result<(), Failure> {
    if !options.json {
        return print(|out| write(out));
    }
    let faults = FAULTS.iter().map(|fault| {
        json!({
            "name": fault.name(),
            "meaning": fault.meaning(),
            "applied": fault.applied(),
            "provenance": fault.provenance(),
            "request_number": fault.trigger_number(),
        })
    });
    let forms =
        TRIGGER_FORMS.iter().map(|form| json!({ "number": form.number, "meaning": form.meaning.text() }));
    let of_callbacks = Fault::of_callbacks().map(|fault| {
        json!({ "name": fault.name(), "meaning": fault.callback_meaning(), "provenance": fault.provenance() })
    });
    print_json(&json!({
        "faults": faults.collect::<Vec<_>>(),
        "request_numbers": forms.collect::<Vec<_>>(),
        "callback_faults": of_callbacks.collect::<Vec<_>>(),
    }))
}

fn write(out: &mut dyn Write) -> io::Result<()> {
    let what = text!(
        "A fault applies to a request that is correctly signed and valid, if a rule or a number of\nthe merchant's in it asks \
         for it: out_trade_no, out_refund_no, out_request_no and so on, in path, query or body."
    );
    writeln!(out, "{what}\n")?;
    writeln!(
        out,
        "{:NAME$} {:NUMBER$} {:8} {:11} {}",
        phrase!("FAULT"),
        phrase!("NUMBER"),
        phrase!("APPLIED"),
        phrase!("PROVENANCE"),
        phrase!("WHAT HAPPENS")
    )?;
    for fault in FAULTS {
        let (number, applied) = (format!("MOCK*{fault}*…"), fault.applied());
        let (provenance, meaning) = (fault.provenance(), fault.meaning());
        writeln!(out, "{fault:NAME$} {number:NUMBER$} {applied:8} {provenance:11} {meaning}")?;
    }
    let legend = text!(
        "APPLIED: whether the request is carried out; a rule can override yes and no. PROVENANCE: how sure we are that the\nreal \
         gateway does this. … stands for any text that makes the number unique."
    );
    writeln!(out, "\n{legend}\n\n{}", phrase!("Other numbers:"))?;
    for form in TRIGGER_FORMS {
        writeln!(out, "  {:33} {}", form.number, form.meaning)?;
    }
    writeln!(out, "\n{}", phrase!("Faults of callbacks, for a rule with \"on\": \"callback\":"))?;
    for fault in Fault::of_callbacks() {
        writeln!(out, "  {fault:NAME$} {:11} {}", fault.provenance(), fault.callback_meaning())?;
    }
    writeln!(out, "\n{RULES}{SAME_RULE}")
}
