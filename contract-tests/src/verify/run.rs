//! Runs the cases, many at the same time.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};

use super::{CaseResult, Outcome, Placement, PlannedCase, Results, TestEnvironment, environment::start_mock};
use crate::{
    case::Case,
    run::{self, Difference},
};

/// How many cases run at the same time.
const CONCURRENCY: usize = 16;

/// Runs the cases and calls `on_done` after each.
///
/// Cases run concurrently, because none sees the changes of another: a case with a state has its own mock, and the
/// others only use data of their own. A server that may be a real gateway gets one request at a time.
pub async fn run(
    plan: Vec<PlannedCase>,
    environment: &TestEnvironment,
    on_done: impl Fn(&CaseResult),
) -> Results {
    let start = Instant::now();
    let concurrency = if environment.may_be_real() { 1 } else { CONCURRENCY };
    let on_done = &on_done;
    let results = plan.into_iter().map(|planned| async move {
        let result = run_case(planned, environment).await;
        on_done(&result);
        result
    });
    let cases = stream::iter(results).buffered(concurrency).collect().await;
    Results { target: environment.to_string(), cases, took: start.elapsed() }
}

async fn run_case(PlannedCase { case, placement }: PlannedCase, environment: &TestEnvironment) -> CaseResult {
    let start = Instant::now();
    let differences = match placement {
        Placement::Skipped(reason) => {
            return CaseResult { case, outcome: Outcome::Skipped(reason), took: Duration::ZERO };
        }
        Placement::Server => run::run(&case, environment.url(), environment.credentials()).await,
        Placement::OwnMock => run_on_own_mock(&case).await,
    };
    let outcome = if differences.is_empty() { Outcome::Passed } else { Outcome::Failed(differences) };
    CaseResult { case, outcome, took: start.elapsed() }
}

async fn run_on_own_mock(case: &Case) -> Vec<Difference> {
    match start_mock(&case.given.clone().unwrap_or_default()).await {
        Ok((mock, url)) => run::run(case, &url, &mock.credentials()).await,
        Err(error) => vec![Difference::of_start(&error)],
    }
}
