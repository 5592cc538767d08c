//! Runs the cases, many at a time.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};

use super::{CaseResult, Course, Ground, Outcome, Results, Step};
use crate::{
    case::Case,
    run::{self, Difference},
};

/// Cases that are run at once: none of them looks at what another changes.
const AT_ONCE: usize = 16;

/// Runs each step as it says, and calls `done` with each result as soon as it is there.
///
/// Cases are run side by side: those with a state of their own have a mock of their own, and the others only look at
/// what no other case touches. What may be a real gateway is asked one thing after another.
pub async fn run(steps: Vec<Step>, ground: &Ground, done: impl Fn(&CaseResult)) -> Results {
    let start = Instant::now();
    let at_once = if ground.may_be_real() { 1 } else { AT_ONCE };
    let results = steps.into_iter().map(|step| {
        let done = &done;
        async move {
            let result = run_step(step, ground).await;
            done(&result);
            result
        }
    });
    let cases = stream::iter(results).buffered(at_once).collect().await;
    Results { target: ground.to_string(), cases, took: start.elapsed() }
}

async fn run_step(Step { case, course }: Step, ground: &Ground) -> CaseResult {
    let start = Instant::now();
    let differences = match course {
        Course::Skip(reason) => {
            return CaseResult { case, outcome: Outcome::Skipped(reason), took: Duration::ZERO };
        }
        Course::OnServer => run::run(&case, &ground.url(), ground.credentials()).await,
        Course::OnOwnMock => on_own_mock(&case, ground).await,
    };
    let outcome = if differences.is_empty() { Outcome::Passed } else { Outcome::Failed(differences) };
    CaseResult { case, outcome, took: start.elapsed() }
}

async fn on_own_mock(case: &Case, ground: &Ground) -> Vec<Difference> {
    match ground.mock_of_its_own(&case.given.clone().unwrap_or_default()).await {
        Ok(mock) => run::run(case, &mock.url(), &mock.credentials()).await,
        Err(error) => vec![Difference::of_start(&error)],
    }
}
