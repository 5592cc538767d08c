//! The command `mutants`: which faults the kit finds.

use std::{
    error::Error,
    fs,
    io::{self, Write},
    time::Instant,
};

use anstyle::{AnsiColor, Style};
use serde_json::json;
use wechatpay_contract::{
    case,
    mutants::{self, Catch, Subject},
};

use crate::cli::Mutants;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// What finds a fault, at most so many of it.
const SHOWN: usize = 2;

/// Whether every fault is found.
pub(crate) async fn run(options: &Mutants) -> Result<bool, Box<dyn Error>> {
    let start = Instant::now();
    let is_meant = |subject: &Subject| {
        options.filter.is_empty() || options.filter.iter().any(|text| subject.name().contains(text.as_str()))
    };
    let subjects: Vec<_> = mutants::subjects().into_iter().filter(is_meant).collect();
    if subjects.is_empty() {
        return Err(format!(
            "expected a mutant with {} in its name, found none; --list shows them",
            options.filter.join(" or ")
        )
        .into());
    }
    let mut out = anstream::stdout().lock();
    if options.list {
        for subject in &subjects {
            writeln!(out, "{}: {}", subject.name(), subject.breaks())?;
        }
        return Ok(true);
    }
    drop(out);

    let cases = case::embedded()?;
    mutants::control(&cases).await?;
    let width = subjects.iter().map(|subject| subject.name().len()).max().unwrap_or_default();
    let catches = mutants::hunt(subjects, cases, |_| {}).await?;
    let mut out = anstream::stdout().lock();
    for catch in &catches {
        write_row(&mut out, catch, width)?;
    }
    if let Some(path) = &options.report {
        fs::write(path, report(&catches)?)?;
    }
    let caught = catches.iter().filter(|catch| !catch.by.is_empty()).count();
    writeln!(out, "took {:.1} s", start.elapsed().as_secs_f64())?;
    let style = if caught == catches.len() { GOOD } else { BAD };
    writeln!(out, "{style}mutants: {caught} of {} caught{style:#}", catches.len())?;
    Ok(caught == catches.len())
}

/// What the mutant is called and does wrong, and below what found it.
fn write_row(out: &mut impl Write, catch: &Catch, width: usize) -> io::Result<()> {
    let Catch { subject, by, .. } = catch;
    write!(out, "{:width$}  {}\n{:width$}  ", subject.name(), subject.breaks(), "")?;
    match by.as_slice() {
        [] => writeln!(out, "{BAD}SURVIVED{BAD:#}"),
        by if by.len() > SHOWN => {
            writeln!(
                out,
                "{GOOD}caught{GOOD:#} {QUIET}by {} and {} more{QUIET:#}",
                by[..SHOWN].join(", "),
                by.len() - SHOWN
            )
        }
        by => writeln!(out, "{GOOD}caught{GOOD:#} {QUIET}by {}{QUIET:#}", by.join(", ")),
    }
}

/// The same as JSON, with all that found each.
fn report(catches: &[Catch]) -> Result<String, serde_json::Error> {
    let rows: Vec<_> = catches
        .iter()
        .map(|Catch { subject, by, took }| {
            json!({
                "name": subject.name(),
                "breaks": subject.breaks(),
                "caught": !by.is_empty(),
                "by": by,
                "milliseconds": took.as_millis() as u64,
            })
        })
        .collect();
    serde_json::to_string_pretty(&json!({ "format": 1, "mutants": rows }))
}
