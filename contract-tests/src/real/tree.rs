//! The samples on a terminal, with the differences below each that the mock does not equal.

use std::io::{self, Write};

use wechatpay_texts::{phrase, text};

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
                "  {GOOD}{:9}{GOOD:#}{}  {QUIET}{}{QUIET:#}",
                phrase!("equal"),
                sample.name,
                sample.title
            );
        }
        Some(why) if !result.differences.is_empty() => {
            return writeln!(
                out,
                "  {WARNING}{:9}{WARNING:#}{}  {QUIET}{why}{QUIET:#}",
                phrase!("unequal"),
                sample.name
            );
        }
        Some(_) => writeln!(
            out,
            "  {BAD}{:9}{BAD:#}{}  {}",
            phrase!("EQUAL"),
            sample.name,
            phrase!("but it has `unequal`")
        )?,
        None => {
            writeln!(out, "  {BAD}{:9}{BAD:#}{}  {}", phrase!("UNEQUAL"), sample.name, sample.title)?;
        }
    }
    result.differences.iter().try_for_each(|difference| write_difference(out, difference))?;
    let (source, provenance) = (&sample.source, sample.provenance);
    writeln!(out, "        {QUIET}{}{QUIET:#}", text!("known from: {source} ({provenance})"))
}
