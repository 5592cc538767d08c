//! The command `verify`: from its options to the tree, the reports, and the exit code.

use std::{
    error::Error,
    io::{self, Write},
};

use wechatpay_client::credentials_dir;
use wechatpay_contract::{
    case::{self, Case},
    verify::{self, Outcome, Placement, PlannedCase, Selection, TestEnvironment, tree},
};
use wechatpay_protocol::Credentials;

use crate::{
    cli::Verify,
    terminal::{progress, unless_nobody_reads},
};

/// A check of nothing would pass.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected a case to run, found none ({skipped} skipped); --list says which are meant, and why they are skipped"
)]
struct NothingRun {
    skipped: usize,
}

/// Whether every case that was run holds.
pub(crate) async fn run(options: &Verify) -> Result<bool, Box<dyn Error>> {
    let ground = ground(options).await?;
    let selection = Selection { filters: options.filter.clone(), shard: options.shard };
    let steps = verify::plan(selection.of(cases(options)?)?, &ground);
    if options.list {
        unless_nobody_reads(list(&steps))?;
        return Ok(true);
    }

    verify::preflight(&ground).await?;
    let progress = progress(steps.len());
    let results = verify::run(steps, &ground, |result| {
        if let Outcome::Failed(_) = result.outcome {
            progress.set_message(format!("{} does not hold", result.case.id));
        }
        progress.inc(1);
    });
    let results = results.await;
    progress.finish_and_clear();

    unless_nobody_reads(tree::write(&mut anstream::stdout().lock(), &results))?;
    for report in &options.report {
        report.write(&results)?;
    }
    let counts = results.counts();
    if counts.passed + counts.failed == 0 {
        return Err(NothingRun { skipped: counts.skipped }.into());
    }
    Ok(counts.failed == 0)
}

async fn ground(options: &Verify) -> Result<TestEnvironment, Box<dyn Error>> {
    let Some(target) = &options.target else { return Ok(TestEnvironment::mock().await?) };
    let credentials = match &options.credentials {
        Some(path) => credentials_dir::load(path)?,
        None => credentials_dir::from_env()?.unwrap_or_else(Credentials::development),
    };
    Ok(TestEnvironment::target(target.clone(), credentials, options.i_know_this_is_not_a_mock)?)
}

fn cases(options: &Verify) -> Result<Vec<Case>, case::CaseError> {
    options.cases.as_deref().map_or_else(case::embedded, case::load)
}

/// A line for each case: its id, what holds, and why it would be skipped.
fn list(steps: &[PlannedCase]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    for PlannedCase { case, placement } in steps {
        match placement {
            Placement::Server | Placement::OwnMock => writeln!(out, "{}: {}", case.id, case.title)?,
            Placement::Skipped(reason) => writeln!(out, "{}: {} (skipped: {reason})", case.id, case.title)?,
        }
    }
    Ok(())
}
