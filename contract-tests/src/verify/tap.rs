//! The report of `verify` as TAP, version 14: a line for each case, with the differences as YAML below.

use std::fmt::Write;

use serde_json::json;

use super::{Outcome, Results};

pub(super) fn render(results: &Results) -> serde_json::Result<String> {
    let mut text = format!("TAP version 14\n1..{}\n", results.cases.len());
    for (number, result) in (1..).zip(&results.cases) {
        let description = escape(&format!("{}: {}", result.case.id, result.case.title));
        // Writing to a String never fails.
        let _ = match &result.outcome {
            Outcome::Passed => writeln!(text, "ok {number} - {description}"),
            Outcome::Skipped(reason) => {
                writeln!(text, "ok {number} - {description} # SKIP {}", escape(&reason.to_string()))
            }
            Outcome::Failed(differences) => {
                // JSON on one line is also YAML.
                let differences = serde_json::to_string(differences)?;
                let why = json!(result.case.why);
                writeln!(
                    text,
                    "not ok {number} - {description}\n  ---\n  severity: fail\n  why: {why}\n  \
                     differences: {differences}\n  ..."
                )
            }
        };
    }
    Ok(text)
}

/// One line without anything that TAP reads as a directive.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}
