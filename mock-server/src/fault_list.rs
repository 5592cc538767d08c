//! What `wechatpay-mock faults` prints.

use std::io::{self, Write};

use wechatpay_mock::{FAULTS, TRIGGER_FORMS};

/// How wide the first two columns are: the longest request number with a fault's name needs so much.
const NAME: usize = 24;
const NUMBER: usize = 32;

const RULES: &str = r#"
A rule strikes more than one number: say which requests, how often, how late, and whether they are applied.
fixtures/config/example.toml has every key. The same rule in a configuration, over HTTP, and in a test in Rust:
  fault = [{ fault = "system-error-applied", times = 1, match = { operation = "set_rights" } }]
  curl -d '{"fault":"system-error-applied","times":1,"match":{"operation":"set_rights"}}' http://127.0.0.1:8080/__mock/faults
  gateway.add_fault(FaultRule { times: Some(1), ..FaultRule::of(Fault::SystemErrorApplied) })?;"#;

/// Every fault, how to ask for it by request number, and how to write a rule.
pub(crate) fn write(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "A fault strikes a request that is signed and valid, if its out_request_no or a rule asks for it.\n"
    )?;
    writeln!(
        out,
        "{:NAME$} {:NUMBER$} {:8} {:11} WHAT HAPPENS",
        "FAULT", "OUT_REQUEST_NO", "APPLIED", "STANDING"
    )?;
    for fault in FAULTS {
        let (number, applied) = (format!("MOCK*{fault}*…"), fault.applied());
        writeln!(
            out,
            "{fault:NAME$} {number:NUMBER$} {applied:8} {:11} {}",
            fault.provenance(),
            fault.meaning()
        )?;
    }
    writeln!(
        out,
        "\nAPPLIED: whether the request takes effect. A rule can turn yes into no, and no into yes. STANDING: how sure it is"
    )?;
    writeln!(
        out,
        "that the real gateway ever does so. … is anything, so that each request has a number of its own.\n"
    )?;
    writeln!(out, "Other request numbers:")?;
    for form in TRIGGER_FORMS {
        writeln!(out, "  {:33} {}", form.number, form.meaning)?;
    }
    writeln!(out, "{RULES}")
}
