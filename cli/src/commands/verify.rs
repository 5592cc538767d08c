//! `verify`: checks a server against the contract, case by case.

use std::{io, path::PathBuf};

use clap::Args;
use serde_json::json;
use wechatpay_client::credentials;
use wechatpay_contract::{
    case::{self, Case},
    real,
    verify::{self, Outcome, Placement, PlannedCase, ReportFile, Selection, Shard, TestEnvironment, tree},
};
use wechatpay_protocol::BaseUrl;
use wechatpay_texts::{Text, text};

use crate::{
    commands::progress,
    output::{Failure, print, print_json},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock verify
      run every case against a temporary mock
  wechatpay-mock verify --target http://127.0.0.1:8080 --credentials dev --report junit=verify.xml
      check your own server, with the merchant's credentials in dev/
  wechatpay-mock verify --filter rights/ --shard 1/4
      run the first quarter of the cases about rights
  wechatpay-mock verify --real
      compare temporary mocks with what the real gateway was seen to send

Exit codes:
  0  every case passed, or every sample is equal or known not to be
  1  a case failed, or a sample is not equal
  2  wrong usage or configuration, an unusable target or credentials, or no case could be run";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Verify {
    /// URL of the server; without it, a temporary mock
    ///
    /// Cases that need their own mock, with a given state, policies or time, are skipped on a target.
    #[arg(long, value_name = "URL", env = "WECHATPAY_BASE_URL")]
    target: Option<BaseUrl>,

    /// Credentials for the target: a folder with credentials.json, or that file
    ///
    /// Without it: WECHATPAY_MCHID, WECHATPAY_MERCHANT_SERIAL and so on, if the first of them is set; otherwise the
    /// development merchant, which a mock has by default. Ignored without --target.
    #[arg(long, value_name = "DIR|FILE", env = "WECHATPAY_CREDENTIALS")]
    credentials: Option<PathBuf>,

    /// Run only cases whose id contains this; may be repeated
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,

    /// Run only the i-th of n parts of the cases
    #[arg(long, value_name = "i/n")]
    shard: Option<Shard>,

    /// List the cases without running them
    #[arg(long)]
    list: bool,

    /// With --list: print JSON instead of text
    #[arg(long, requires = "list")]
    json: bool,

    /// Also write a report: junit=FILE, json=FILE or tap=FILE, - for stdout; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<ReportFile>,

    /// Folder of cases to use instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,

    /// Compare what temporary mocks send with real samples: responses, callbacks and files that somebody published
    ///
    /// It always uses temporary mocks, so it makes no use of a target.
    #[arg(long, conflicts_with_all = ["shard", "list", "json", "report", "cases"])]
    real: bool,

    /// Allow a target on another machine; only the cases that cannot change anything are run
    #[arg(long, requires = "target")]
    i_know_this_is_not_a_mock: bool,
}

/// No case was run, which would otherwise count as success.
#[derive(Debug, Text, thiserror::Error)]
#[text(
    "expected a case to run, found none ({skipped} skipped); --list shows the cases and why they are skipped"
)]
struct NothingRun {
    skipped: usize,
}

/// Returns whether every case that ran passed.
pub(crate) async fn run(options: &Verify) -> Result<bool, Failure> {
    if options.real {
        return compare(&options.filter).await;
    }
    let environment = environment(options).await?;
    let selection = Selection { filters: options.filter.clone(), shard: options.shard };
    let plan = verify::plan(selection.of(cases(options)?)?, &environment);
    if options.list {
        list(&plan, options.json)?;
        return Ok(true);
    }

    verify::preflight(&environment).await?;
    let progress = progress(plan.len());
    let results = verify::run(plan, &environment, |result| {
        if let Outcome::Failed(_) = result.outcome {
            progress.set_message(text!("{id} failed", id = result.case.id));
        }
        progress.inc(1);
    });
    let results = results.await;
    progress.finish_and_clear();

    if !options.report.iter().any(ReportFile::is_stdout) {
        print(|mut out| tree::write(&mut out, &results))?;
    }
    for report in &options.report {
        report.write(&results)?;
    }
    let counts = results.counts();
    if counts.passed + counts.failed == 0 {
        return Err(NothingRun { skipped: counts.skipped }.into());
    }
    Ok(counts.failed == 0)
}

/// Returns whether the mock equals every sample with one of these texts in its name, or is known not to.
async fn compare(filters: &[String]) -> Result<bool, Failure> {
    let is_selected = |name: &str| filters.is_empty() || filters.iter().any(|text| name.contains(text));
    let samples =
        real::embedded()?.into_iter().filter(|sample| is_selected(&sample.name)).collect::<Vec<_>>();
    if samples.is_empty() {
        return Err(NothingRun { skipped: 0 }.into());
    }
    let results = real::run(samples).await;
    print(|mut out| real::tree::write(&mut out, &results))?;
    Ok(results.iter().all(real::SampleResult::is_expected))
}

async fn environment(options: &Verify) -> Result<TestEnvironment, Failure> {
    let Some(target) = &options.target else { return Ok(TestEnvironment::mock().await?) };
    let credentials = credentials::find(options.credentials.as_deref())?;
    Ok(TestEnvironment::target(target.clone(), credentials, options.i_know_this_is_not_a_mock)?)
}

fn cases(options: &Verify) -> Result<Vec<Case>, case::CaseError> {
    options.cases.as_deref().map_or_else(case::embedded, case::load)
}

/// Lists the cases: id, title, and why each is skipped, if it is.
fn list(plan: &[PlannedCase], is_json: bool) -> Result<(), Failure> {
    let skipped = |placement: &Placement| match placement {
        Placement::Server | Placement::OwnMock => None,
        Placement::Skipped(reason) => Some(reason.to_string()),
    };
    if is_json {
        let case = |PlannedCase { case, placement }: &PlannedCase| json!({ "id": case.id, "title": case.title, "skipped": skipped(placement) });
        return print_json(&plan.iter().map(case).collect());
    }
    print(|out| {
        plan.iter().try_for_each(|PlannedCase { case, placement }| -> io::Result<()> {
            let skipped = skipped(placement).map_or(String::new(), |reason| text!(" (skipped: {reason})"));
            writeln!(out, "{}: {}{skipped}", case.id, case.title)
        })
    })
}
