//! The report as JUnit's XML: a suite for each folder of cases.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::verify::{CaseResult, Outcome, Results};

pub(super) fn render(results: &Results) -> Result<String, SerializeError> {
    let mut report = Report::new("wechatpay-mock verify");
    report.set_time(results.took);
    for (folder, cases) in results.by_folder() {
        let mut suite = TestSuite::new(folder);
        suite.set_time(cases.iter().map(|result| result.took).sum());
        suite.add_test_cases(cases.iter().map(case));
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn case(result: &CaseResult) -> TestCase {
    let status = match &result.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Skipped(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.to_string());
            status
        }
        Outcome::Failed(differences) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(result.case.title.as_str());
            let text: Vec<_> = differences.iter().map(ToString::to_string).collect();
            status.set_description(format!("{}\nwhy it matters: {}", text.join("\n"), result.case.why));
            status
        }
    };
    let mut case = TestCase::new(result.case.id.as_str(), status);
    case.set_classname(format!("wechatpay-contract.{}", result.case.id.replace('/', ".")));
    case.set_time(result.took);
    case
}
