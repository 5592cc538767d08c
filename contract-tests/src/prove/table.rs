//! The report of `prove-client` and `prove-receiver` on a terminal: a line for each probe, with details below each that failed.

use std::io::{self, Write};

use anstyle::Style;
use wechatpay_texts::{Phrase, phrase};

use super::{Finding, Outcome, ProbeResult, Results, Severity};
use crate::report::{BAD, GOOD, HEADING, QUIET, WARNING};

/// The width of the column of outcomes.
const OUTCOME: usize = 8;
/// The width of the column of ids.
const ID: usize = 26;
/// The indentation of details.
const INDENT: usize = OUTCOME + 4;

/// Writes the table, with the summary as its last line. It has colours, which `anstream` removes unless `out` is a
/// terminal.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write(out: &mut impl Write, results: &Results) -> io::Result<()> {
    for (group, results) in results.by_group() {
        writeln!(out, "{HEADING}{group}{HEADING:#}")?;
        results.iter().try_for_each(|result| write_result(out, result))?;
    }
    let style = if results.counts().failed == 0 { GOOD } else { BAD };
    writeln!(out, "\n{style}{}{style:#}", results.summary())
}

fn write_result(out: &mut impl Write, result: &ProbeResult) -> io::Result<()> {
    let id = &result.probe.id;
    match &result.outcome {
        Outcome::Passed { did } => {
            writeln!(out, "  {GOOD}{:OUTCOME$}{GOOD:#}  {id:ID$}  {QUIET}{did}{QUIET:#}", phrase!("passed"))
        }
        Outcome::Skipped { reason } => {
            writeln!(
                out,
                "  {WARNING}{:OUTCOME$}{WARNING:#}  {id:ID$}  {QUIET}{reason}{QUIET:#}",
                phrase!("skipped")
            )
        }
        Outcome::Failed { findings, did, said } => {
            let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Low);
            let style = colour(worst);
            writeln!(out, "  {style}{worst:OUTCOME$}{style:#}  {id:ID$}  {}", result.probe.title)?;
            write_detail(out, phrase!("must"), &result.probe.must)?;
            write_detail(out, phrase!("did"), did)?;
            said.iter().try_for_each(|said| write_detail(out, phrase!("said"), said))?;
            findings.iter().try_for_each(|finding| write_finding(out, finding))
        }
    }
}

fn write_finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let style = colour(finding.severity);
    writeln!(out, "{:INDENT$}{style}{}{}{}{style:#}", "", finding.severity, phrase!(": "), finding.kind)?;
    write_detail(out, phrase!("why it matters"), &finding.why)?;
    write_detail(out, phrase!("how to fix it"), &finding.fix)
}

fn write_detail(out: &mut impl Write, label: Phrase, text: &str) -> io::Result<()> {
    writeln!(out, "{:INDENT$}{QUIET}{label:14}{QUIET:#}  {text}", "")
}

fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => BAD.bold(),
        Severity::Medium | Severity::Low => WARNING,
    }
}
