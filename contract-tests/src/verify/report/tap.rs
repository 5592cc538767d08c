//! The report as TAP, version 14: a line for each case, and what differs as YAML below.

use std::fmt::Write;

use serde_json::json;

use crate::verify::{Outcome, Results};

pub(super) fn render(results: &Results) -> serde_json::Result<String> {
    let mut text = format!("TAP version 14\n1..{}\n", results.cases.len());
    for (index, result) in results.cases.iter().enumerate() {
        let (number, description) =
            (index + 1, escaped(&format!("{}: {}", result.case.id, result.case.title)));
        // Writing to a String does not fail.
        let _ = match &result.outcome {
            Outcome::Passed => writeln!(text, "ok {number} - {description}"),
            Outcome::Skipped(reason) => {
                writeln!(text, "ok {number} - {description} # SKIP {}", escaped(&reason.to_string()))
            }
            Outcome::Failed(differences) => {
                // JSON on one line is YAML as well.
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

/// A description that can't be taken for a directive: `\` and `#` with a `\` in front, on one line.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}
