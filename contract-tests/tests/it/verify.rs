//! A server with any fault fails the cases.

use wechatpay_contract::{case, run};
use wechatpay_mock::{FAULTS, Fault, FaultRule, MockServer};

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_case_fails_for_every_fault() {
    let cases = case::embedded().unwrap();
    let sample = cases.iter().find(|case| case.id == "rights/sample").unwrap();
    let mut survivors = Vec::new();
    for fault in FAULTS.iter().copied() {
        let rule = FaultRule { milliseconds: waits(fault).then_some(200), ..FaultRule::of(fault) };
        let mock = MockServer::builder().fault(rule).start().await.unwrap();
        let url = mock.url().parse().unwrap();
        // The first request starts the refusal; the second is refused.
        let mut differences = run::run(sample, &url, &mock.credentials()).await;
        if differences.is_empty() {
            differences = run::run(sample, &url, &mock.credentials()).await;
        }
        if differences.is_empty() {
            survivors.push(fault);
        }
    }
    assert_eq!(survivors, [Fault::IdleClose], "the case has no second request on its connection");
}

fn waits(fault: Fault) -> bool {
    matches!(fault, Fault::NoAnswer | Fault::Refuse)
}
