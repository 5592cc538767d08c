//! The samples on a terminal, with the differences below each that the mock does not equal.

use std::io::{self, Write};

use super::{SampleResult, count};
use crate::{
    report::{BAD, GOOD, QUIET, WARNING},
    verify::tree::write_difference,
};

/// Writes a line for each sample, with the counts as its last line. It has colours, which `anstream` removes unless `out`
/// is a terminal.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write(out: &mut impl Write, results: &[SampleResult]) -> io::Result<()> {
    results.iter().try_for_each(|result| write_sample(out, result))?;
    let style = if results.iter().all(SampleResult::is_expected) { GOOD } else { BAD };
    writeln!(out, "\n{style}{}{style:#}", count(results))
}

fn write_sample(out: &mut impl Write, result: &SampleResult) -> io::Result<()> {
    let sample = &result.sample;
    match &sample.unequal {
        None if result.differences.is_empty() => {
            return writeln!(
                out,
                "  {GOOD}equal{GOOD:#}    {}  {QUIET}{}{QUIET:#}",
                sample.name, sample.title
            );
        }
        Some(why) if !result.differences.is_empty() => {
            return writeln!(out, "  {WARNING}unequal{WARNING:#}  {}  {QUIET}{why}{QUIET:#}", sample.name);
        }
        Some(_) => writeln!(out, "  {BAD}EQUAL{BAD:#}    {}  but it has `unequal`", sample.name)?,
        None => writeln!(out, "  {BAD}UNEQUAL{BAD:#}  {}  {}", sample.name, sample.title)?,
    }
    result.differences.iter().try_for_each(|difference| write_difference(out, difference))?;
    writeln!(out, "        {QUIET}known from: {} ({}){QUIET:#}", sample.source, sample.provenance)
}
