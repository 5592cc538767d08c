//! The report for people: a tree of all cases, with what differs below each that failed.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::{
    run::{Difference, Lines},
    verify::{CaseResult, Counts, Outcome, Results},
};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const SKIPPED: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = Style::new().dimmed();
const HEADING: Style = Style::new().bold();

/// Writes the tree, and a last line that says how many cases came out how.
///
/// The text has colours; `anstream` takes them out where nobody can see them.
///
/// # Errors
/// If it can't be written.
pub fn write(out: &mut impl Write, results: &Results) -> io::Result<()> {
    for (folder, cases) in results.by_folder() {
        writeln!(out, "{HEADING}{folder}{HEADING:#}")?;
        for result in cases {
            write_case(out, result)?;
        }
    }
    let Counts { passed, failed, skipped } = results.counts();
    let style = if failed == 0 { GOOD } else { BAD };
    let (target, seconds) = (&results.target, results.took.as_secs_f64());
    writeln!(
        out,
        "\n{style}{passed} passed, {failed} failed, {skipped} skipped{style:#}: {target}, in {seconds:.2} s"
    )
}

fn write_case(out: &mut impl Write, result: &CaseResult) -> io::Result<()> {
    let (name, title) = (result.name(), &result.case.title);
    match &result.outcome {
        Outcome::Passed => writeln!(out, "  {GOOD}ok{GOOD:#}    {name}  {QUIET}{title}{QUIET:#}"),
        Outcome::Skipped(reason) => {
            writeln!(out, "  {SKIPPED}skip{SKIPPED:#}  {name}  {QUIET}{reason}{QUIET:#}")
        }
        Outcome::Failed(differences) => {
            writeln!(out, "  {BAD}FAIL{BAD:#}  {name}  {title}")?;
            for differences in differences.chunk_by(|one, next| one.at == next.at) {
                write_differences(out, differences)?;
            }
            writeln!(out, "        {QUIET}why it matters: {}{QUIET:#}", result.case.why)?;
            writeln!(
                out,
                "        {QUIET}known from: {} ({}){QUIET:#}",
                result.case.source, result.case.standing
            )
        }
    }
}

/// What differs in one place.
fn write_differences(out: &mut impl Write, differences: &[Difference]) -> io::Result<()> {
    for (index, difference) in differences.iter().enumerate() {
        if index == 0 {
            writeln!(out, "        {}", difference.at)?;
        }
        write!(out, "          {HEADING}{}{HEADING:#}: ", difference.subject)?;
        write_lines(out, &difference.lines())?;
        for line in difference.hint.iter().flat_map(|hint| hint.lines()) {
            writeln!(out, "            {QUIET}{line}{QUIET:#}")?;
        }
    }
    Ok(())
}

/// Expected beside found: on one line if each is one, else line by line.
fn write_lines(out: &mut impl Write, lines: &[(Lines, String)]) -> io::Result<()> {
    if let [(Lines::Expected, expected), (Lines::Actual, actual)] = lines {
        return writeln!(out, "expected {GOOD}{expected}{GOOD:#}, found {BAD}{actual}{BAD:#}");
    }
    writeln!(out, "{GOOD}- expected{GOOD:#}, {BAD}+ found{BAD:#}")?;
    for (kind, line) in lines {
        match kind {
            Lines::Same => writeln!(out, "              {line}")?,
            Lines::Expected => writeln!(out, "            {GOOD}- {line}{GOOD:#}")?,
            Lines::Actual => writeln!(out, "            {BAD}+ {line}{BAD:#}")?,
        }
    }
    Ok(())
}
