//! The report for people: a line for each probe, and all about what was found below those that did not hold.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::prove::{Finding, ProbeResult, Proof, Severity, Verdict};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = Style::new().dimmed();
const HEADING: Style = Style::new().bold();

/// Columns of the verdict, and of a probe's name.
const VERDICT: usize = 8;
const NAME: usize = 26;

/// Writes the table, and a last line that says all in one.
///
/// The text has colours; `anstream` takes them out where nobody can see them.
///
/// # Errors
/// If it can't be written.
pub fn write(out: &mut impl Write, proof: &Proof) -> io::Result<()> {
    for (group, results) in proof.by_group() {
        writeln!(out, "{HEADING}{group}{HEADING:#}")?;
        for result in results {
            write_result(out, result)?;
        }
    }
    let style = if proof.not_held() == 0 { GOOD } else { BAD };
    writeln!(out, "\n{style}{}{style:#}", proof.summary())
}

fn write_result(out: &mut impl Write, result: &ProbeResult) -> io::Result<()> {
    let probe = result.probe;
    match &result.verdict {
        Verdict::Held { did } => {
            writeln!(out, "  {GOOD}{:VERDICT$}{GOOD:#}  {:NAME$}  {QUIET}{did}{QUIET:#}", "held", probe.id)
        }
        Verdict::Skipped { reason } => {
            writeln!(
                out,
                "  {ODD}{:VERDICT$}{ODD:#}  {:NAME$}  {QUIET}{reason}{QUIET:#}",
                "skipped", probe.id
            )
        }
        Verdict::NotHeld { findings, did, said } => {
            let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Low);
            let style = colour(worst);
            writeln!(out, "  {style}{worst:VERDICT$}{style:#}  {:NAME$}  {}", probe.id, probe.title)?;
            write_line(out, "must", &probe.must.to_string())?;
            write_line(out, "did", did)?;
            said.iter().try_for_each(|said| write_line(out, "said", said))?;
            findings.iter().try_for_each(|finding| write_finding(out, finding))
        }
    }
}

fn write_finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let style = colour(finding.severity);
    let indent = VERDICT + 4;
    writeln!(out, "{:indent$}{style}{}: {}{style:#}", "", finding.severity, finding.kind)?;
    write_line(out, "why it matters", finding.why)?;
    write_line(out, "how to mend it", finding.mend)
}

fn write_line(out: &mut impl Write, what: &str, text: &str) -> io::Result<()> {
    let indent = VERDICT + 4;
    writeln!(out, "{:indent$}{QUIET}{what:14}{QUIET:#}  {text}", "")
}

fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => BAD.bold(),
        Severity::Medium | Severity::Low => ODD,
    }
}
