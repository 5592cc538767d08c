//! The command `mutants`: which faults the kit finds.

use std::{
    error::Error,
    io::{self, Write},
    time::{Duration, Instant},
};

use anstyle::{AnsiColor, Style};
use serde_json::json;
use wechatpay_contract::{
    case,
    mutants::{self, Catch, Subject},
    report_file::Form,
};

use crate::{
    cli::Mutants,
    terminal::{progress, unless_nobody_reads},
};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// What finds a fault, at most so many of it.
const SHOWN: usize = 2;

/// The one form of its report.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    Json,
}

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
    if options.list {
        unless_nobody_reads(list(&subjects))?;
        return Ok(true);
    }

    let cases = case::embedded()?;
    mutants::control(&cases).await?;
    let width = subjects.iter().map(|subject| subject.name().len()).max().unwrap_or_default();
    let progress = progress(subjects.len());
    let catches = mutants::hunt(subjects, cases.clone(), |catch| {
        if catch.by.is_empty() {
            progress.set_message(format!("{} survives", catch.subject.name()));
        }
        progress.inc(1);
    });
    let catches = catches.await?;
    progress.finish_and_clear();
    // A machine that ran out of something meanwhile would have found faults everywhere.
    mutants::control(&cases).await?;
    unless_nobody_reads(write(&mut anstream::stdout().lock(), &catches, width, start.elapsed()))?;
    if let Some(file) = &options.report {
        file.write(&catches)?;
    }
    Ok(catches.iter().all(|catch| !catch.by.is_empty()))
}

fn list(subjects: &[Subject]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    subjects.iter().try_for_each(|subject| writeln!(out, "{}: {}", subject.name(), subject.breaks()))
}

fn write(out: &mut impl Write, catches: &[Catch], width: usize, took: Duration) -> io::Result<()> {
    for catch in catches {
        write_row(out, catch, width)?;
    }
    let caught = catches.iter().filter(|catch| !catch.by.is_empty()).count();
    writeln!(out, "took {:.1} s", took.as_secs_f64())?;
    let style = if caught == catches.len() { GOOD } else { BAD };
    writeln!(out, "{style}mutants: {caught} of {} caught{style:#}", catches.len())
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

impl Form for Format {
    type Results = Vec<Catch>;

    const NAMES: &'static [(&'static str, Self)] = &[("json", Self::Json)];

    fn render(self, catches: &Vec<Catch>) -> Result<String, Box<dyn Error + Send + Sync>> {
        Ok(report(catches)? + "\n")
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
