//! The report of `verify` on a terminal: all cases by folder, with the differences below each that failed.

use std::io::{self, Write};

use wechatpay_texts::{Language, phrase, text};

use super::{CaseResult, Outcome, Results};
use crate::{
    report::{BAD, Counts, GOOD, HEADING, QUIET, WARNING},
    run::{Difference, LineKind},
};

/// Writes the tree, with the counts as its last line. It has colours, which `anstream` removes unless `out` is a
/// terminal.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write(out: &mut impl Write, results: &Results) -> io::Result<()> {
    for (folder, cases) in results.by_folder() {
        writeln!(out, "{HEADING}{folder}{HEADING:#}")?;
        cases.iter().try_for_each(|result| write_case(out, result))?;
    }
    let Counts { passed, failed, skipped } = results.counts();
    let style = if failed == 0 { GOOD } else { BAD };
    let (target, seconds) = (&results.target, results.took.as_secs_f64());
    let counts = text!("{passed} passed, {failed} failed, {skipped} skipped");
    writeln!(out, "\n{style}{counts}{style:#}{}", text!(": {target}, in {seconds:.2} s"))
}

fn write_case(out: &mut impl Write, result: &CaseResult) -> io::Result<()> {
    let (name, case) = (result.name(), &result.case);
    match &result.outcome {
        Outcome::Passed => writeln!(out, "  {GOOD}ok{GOOD:#}    {name}  {QUIET}{}{QUIET:#}", case.title),
        Outcome::Skipped(reason) => {
            writeln!(out, "  {WARNING}skip{WARNING:#}  {name}  {QUIET}{reason}{QUIET:#}")
        }
        Outcome::Failed(differences) => {
            writeln!(out, "  {BAD}FAIL{BAD:#}  {name}  {}", case.title)?;
            for differences in differences.chunk_by(|one, next| one.place == next.place) {
                writeln!(out, "        {}", differences[0].place)?;
                differences.iter().try_for_each(|difference| write_difference(out, difference))?;
            }
            writeln!(out, "        {QUIET}{}{QUIET:#}", text!("why it matters: {why}", why = case.why))?;
            let (source, provenance) = (&case.source, case.provenance);
            writeln!(out, "        {QUIET}{}{QUIET:#}", text!("known from: {source} ({provenance})"))
        }
    }
}

pub(crate) fn write_difference(out: &mut impl Write, difference: &Difference) -> io::Result<()> {
    write!(out, "          {HEADING}{}{HEADING:#}{}", difference.part, phrase!(": "))?;
    write_lines(out, &difference.lines())?;
    let mut hint = difference.hint.iter().flat_map(|hint| hint.lines());
    hint.try_for_each(|line| writeln!(out, "            {QUIET}{line}{QUIET:#}"))
}

/// Writes expected and found text on one line if each has one line, and otherwise as a diff.
fn write_lines(out: &mut impl Write, lines: &[(LineKind, String)]) -> io::Result<()> {
    if let [(LineKind::Expected, expected), (LineKind::Actual, actual)] = lines {
        let [wanted, found] = [phrase!("expected"), phrase!("found")];
        let comma = phrase!(", ");
        let [before, between] = [expected, actual].map(|value| gap(value));
        return writeln!(
            out,
            "{wanted}{before}{GOOD}{expected}{GOOD:#}{comma}{found}{between}{BAD}{actual}{BAD:#}"
        );
    }
    writeln!(out, "{GOOD}- {}{GOOD:#}, {BAD}+ {}{BAD:#}", phrase!("expected"), phrase!("found"))?;
    lines.iter().try_for_each(|(kind, line)| match kind {
        LineKind::Same => writeln!(out, "              {line}"),
        LineKind::Expected => writeln!(out, "            {GOOD}- {line}{GOOD:#}"),
        LineKind::Actual => writeln!(out, "            {BAD}+ {line}{BAD:#}"),
    })
}

/// What stands before the value in a sentence: Chinese has a space only before Latin letters and digits.
fn gap(value: &str) -> &'static str {
    let is_close = Language::current() == Language::Chinese && !value.starts_with(|one: char| one.is_ascii());
    if is_close { "" } else { " " }
}
