//! What `prove-client` and `prove-receiver` share: the list of probes, the progress, and the reports.

use std::error::Error;

use wechatpay_contract::prove::{About, ProbeResult, ReportFile, Results, table};
use wechatpay_texts::{Text, text};

use crate::{
    commands::progress,
    output::{Failure, print},
    signals::Signals,
};

/// A signal to end arrived.
#[derive(Debug, Text, thiserror::Error)]
#[text("interrupted; the tested program was stopped")]
struct Interrupted;

/// Lists the probes: id, severity, what they do, and what the tested program must do.
pub(super) fn list<'a>(mut plan: impl Iterator<Item = (&'a About, Option<&'a str>)>) -> Result<(), Failure> {
    print(|out| {
        plan.try_for_each(|(probe, skipped)| {
            let skipped = skipped.map_or(String::new(), |reason| text!(" (skipped: {reason})"));
            let (id, severity, title, must) = (&probe.id, probe.severity, &probe.title, &probe.must);
            writeln!(out, "{}{skipped}", text!("{id} [{severity}] {title}: must {must}"))
        })
    })
}

/// Shows the progress of the probes, which `run` calls back after each, and then the results. Returns whether all passed.
pub(super) async fn all_passed<E: Error + 'static>(
    count: usize,
    reports: &[ReportFile],
    run: impl AsyncFnOnce(&dyn Fn(&ProbeResult)) -> Result<Results, E>,
) -> Result<bool, Failure> {
    let mut signals = Signals::all()?;
    let progress = progress(count);
    let on_done = |result: &ProbeResult| {
        if let Some(finding) = result.findings().first() {
            progress.set_message(format!("{}: {}", result.probe.id, finding.kind));
        }
        progress.inc(1);
    };
    // The tested program is in its own process group and does not get Ctrl-C; it is stopped when its run is dropped.
    let results = tokio::select! {
        results = run(&on_done) => results?,
        signal = signals.next() => {
            signal?;
            return Err(Interrupted.into());
        }
    };
    progress.finish_and_clear();

    if !reports.iter().any(ReportFile::is_stdout) {
        print(|mut out| table::write(&mut out, &results))?;
    }
    for report in reports {
        report.write(&results)?;
    }
    Ok(results.counts().failed == 0)
}
