//! `prove-receiver`: a right receiver passes every probe; each hole is found by the probes that belong to it, and by no others.

mod receiver;

use std::{collections::BTreeSet, sync::atomic::Ordering::SeqCst, time::Duration};

use futures_util::future::join_all;
use receiver::{Hole, ORDER, Receiver};
use wechatpay_contract::prove::{
    Keys, Outcome, Results,
    receiver::{DestinationError, PROBES, ReceiverError, ReceiverProver},
};

/// What a run is given besides the receiver's URL.
#[derive(Clone, Copy, Default)]
struct Given {
    counts: bool,
    knows_order: bool,
    keys: Option<Keys>,
    filters: &'static [&'static str],
    timeout: Option<Duration>,
}

const COUNTED: Given = Given { counts: true, knows_order: false, keys: None, filters: &[], timeout: None };

async fn prove(hole: Hole, given: Given) -> Result<Results, ReceiverError> {
    let receiver = Receiver::start(hole, given.knows_order).await;
    prove_running(&receiver, given).await
}

async fn prove_running(receiver: &Receiver, given: Given) -> Result<Results, ReceiverError> {
    let url = |path: &str| format!("{}{path}", receiver.url).parse().unwrap();
    let usual = ReceiverProver::new(url("/notify"));
    let prover = ReceiverProver {
        count: given.counts.then(|| url("/count")),
        reset: given.counts.then(|| url("/reset")),
        order: given.knows_order.then(|| ORDER.parse().unwrap()),
        keys: given.keys,
        timeout: given.timeout.unwrap_or(usual.timeout),
        ..usual
    };
    let filters: Vec<_> = given.filters.iter().map(ToString::to_string).collect();
    prover.run(&filters, |_| {}).await
}

/// The probes that found something, each with the kinds of its findings.
fn found(results: &Results) -> Vec<(&str, Vec<&'static str>)> {
    let failed = results.probes.iter().filter(|result| !result.findings().is_empty());
    failed
        .map(|result| {
            let kinds = result.findings().iter().map(|finding| finding.kind.name()).collect();
            (result.probe.id.as_str(), kinds)
        })
        .collect()
}

fn ids(results: &Results) -> BTreeSet<&str> {
    found(results).into_iter().map(|(id, _)| id).collect()
}

fn skipped(results: &Results) -> Vec<&str> {
    let skipped = results.probes.iter().filter(|result| matches!(result.outcome, Outcome::Skipped { .. }));
    skipped.map(|result| result.probe.id.as_str()).collect()
}

/// The probes of these groups.
fn of_groups(groups: &[&str]) -> Vec<&'static str> {
    let probes = PROBES.iter().filter(|probe| groups.contains(&probe.about.group.as_str()));
    probes.map(|probe| probe.about.id.as_str()).collect()
}

#[tokio::test]
async fn a_right_receiver_passes_every_probe() {
    let results = prove(Hole::None, COUNTED).await.unwrap();
    assert_eq!(found(&results), []);
    let others = ["other-kind", "other-amount", "other-mchid", "other-appid", "unknown-order"];
    assert_eq!(skipped(&results), others);
}

#[tokio::test]
async fn a_right_receiver_that_knows_an_order_passes_the_probes_about_orders() {
    let results = prove(Hole::None, Given { knows_order: true, ..COUNTED }).await.unwrap();
    assert_eq!(found(&results), []);
    assert_eq!(skipped(&results), ["other-kind"]);
}

#[tokio::test]
async fn a_right_receiver_with_one_key_refuses_the_other() {
    let given = Given { keys: Some(Keys::PublicKey), filters: &["keys"], ..Given::default() };
    let results = prove(Hole::OneKey, given).await.unwrap();
    assert_eq!(found(&results), []);
    assert_eq!(skipped(&results), ["signed-by-certificate"]);
    let results = prove(Hole::None, given).await.unwrap();
    assert_eq!(found(&results), [("other-kind", vec!["let-through"])]);
}

#[tokio::test]
async fn what_the_application_does_not_say_is_skipped() {
    let results = prove(Hole::CountsTwice, Given::default()).await.unwrap();
    assert_eq!(found(&results), []);
    assert!(of_groups(&["effect", "order"]).iter().all(|id| skipped(&results).contains(id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hole_is_found_by_its_probes_and_by_no_others() {
    let forged = of_groups(&["signature", "time", "encryption", "malformed"]);
    let forged_but_xml: Vec<_> = forged.iter().copied().filter(|id| *id != "xml").collect();
    let repeated = ["twice-acts-once", "twice-at-once-acts-once", "another-id-acts-once"];
    let headers = ["unsigned", "without-timestamp", "without-nonce", "without-signature", "without-serial"];
    let holes: Vec<(Hole, Vec<&str>)> = vec![
        (
            Hole::NoSignature,
            [
                &["wrong-key", "wrong-serial", "signtest"][..],
                &["altered-body", "altered-nonce", "altered-timestamp", "altered-signature"],
            ]
            .concat(),
        ),
        (Hole::TakesUnsigned, vec!["unsigned", "without-signature"]),
        (Hole::AnyKey, vec!["wrong-serial", "unknown-serial"]),
        (Hole::NoTimestamp, vec!["stale", "stale-by-a-day", "future"]),
        (Hole::TakesFuture, vec!["future"]),
        (Hole::TakesSigntest, vec!["signtest"]),
        (
            Hole::Reprints,
            [
                &["spaced", "key-order", "escaped-slashes", "escaped-chinese", "number"][..],
                &["extra-fields", "no-associated-data"],
            ]
            .concat(),
        ),
        (Hole::CaseSensitive, vec!["lower-case-names", "upper-case-names"]),
        (Hole::OneKey, vec!["signed-by-certificate"]),
        (Hole::IgnoresTag, vec!["wrong-tag", "other-aead-key"]),
        (Hole::TakesPlainText, vec!["plain-resource"]),
        (Hole::StrictFields, vec!["number", "extra-fields"]),
        (Hole::StrictData, vec!["extra-data"]),
        (Hole::NeedsAssociatedData, vec!["empty-associated-data", "no-associated-data"]),
        (Hole::NeedsPayer, vec!["no-payer"]),
        (Hole::NeedsAttach, vec!["empty-attach", "no-attach"]),
        (Hole::RefusesOldEvents, vec!["old-event"]),
        (Hole::RefusesUnknownEvents, vec!["unknown-event"]),
        (Hole::RefusesMemberCards, vec!["member-card"]),
        (Hole::NeedsSuccessTime, vec!["refund-abnormal", "refund-closed"]),
        (Hole::SmallBodies, vec!["large"]),
        (Hole::CountsTwice, repeated.into()),
        (Hole::CountsById, vec!["another-id-acts-once"]),
        (Hole::RefusesRepeats, vec!["twice", "twice-at-once"]),
        (Hole::ActsFirst, [&*forged, &repeated].concat()),
        (Hole::CrashesWithoutHeaders, [&headers[..], &["xml"]].concat()),
        (Hole::FailsWithoutHeaders, vec!["xml"]),
        (Hole::CrashesOnBrokenJson, vec!["plain-resource", "broken-json", "empty-body"]),
        (Hole::Answers201, vec!["ordinary"]),
        (Hole::AnswersXml, vec!["ordinary"]),
        (Hole::RefusesWith200, forged_but_xml),
    ];
    let runs = join_all(holes.iter().map(|(hole, _)| prove(*hole, COUNTED))).await;
    for ((hole, expected), results) in holes.into_iter().zip(runs) {
        let results = results.unwrap();
        assert_eq!(ids(&results), BTreeSet::from_iter(expected), "{hole:?}: {:?}", found(&results));
    }
}

#[tokio::test]
async fn each_hole_about_orders_is_found() {
    let given = Given { knows_order: true, ..COUNTED };
    for (hole, expected) in [
        (Hole::IgnoresAmount, "other-amount"),
        (Hole::IgnoresMchid, "other-mchid"),
        (Hole::IgnoresAppid, "other-appid"),
        (Hole::ActsOnUnknownOrders, "unknown-order"),
    ] {
        let results = prove(hole, Given { filters: &["order"], ..given }).await.unwrap();
        assert_eq!(found(&results), [(expected, vec!["wrong-count"])], "{hole:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_never_acts_is_found() {
    let filters = &["acts", "signtest"];
    let given = Given { filters, timeout: Some(Duration::from_millis(500)), ..COUNTED };
    let results = prove(Hole::NeverActs, given).await.unwrap();
    assert_eq!(ids(&results), of_groups(&["effect"]).into_iter().chain(["signtest"]).collect());
    assert!(found(&results).iter().all(|(_, kinds)| kinds == &["wrong-count"]));
}

#[tokio::test]
async fn a_receiver_that_acts_on_two_at_once_is_found() {
    let given = Given { filters: &["twice-at-once-acts-once"], ..COUNTED };
    let results = prove(Hole::Races, given).await.unwrap();
    assert_eq!(found(&results), [("twice-at-once-acts-once", vec!["wrong-count"])]);
}

#[tokio::test]
async fn a_receiver_that_refuses_everything_passes_nothing() {
    let results = prove(Hole::RefusesAll, Given::default()).await.unwrap();
    assert_eq!(found(&results), [("ordinary", vec!["wrong-status"])]);
    assert_eq!(results.counts().passed, 0, "{:?}", results.probes);
    let fix = &results.findings().next().unwrap().fix;
    assert!(fix.contains("CSRF") && fix.contains("--keys"), "{fix}");
}

#[tokio::test]
async fn a_receiver_that_takes_everything_fails_each_forgery() {
    let results = prove(Hole::TakesAll, Given::default()).await.unwrap();
    let forged = of_groups(&["signature", "time", "encryption", "malformed"]);
    assert_eq!(ids(&results), forged.into_iter().filter(|id| *id != "xml").collect());
    assert!(found(&results).iter().all(|(_, kinds)| kinds == &["let-through"]));
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_found_without_waiting_for_each_probe() {
    let given = Given { timeout: Some(Duration::from_millis(300)), ..Given::default() };
    let results = prove(Hole::Hangs, given).await.unwrap();
    assert_eq!(found(&results), [("ordinary", vec!["slow"])]);
    assert_eq!(results.counts().passed, 0);
}

#[tokio::test]
async fn a_receiver_that_stops_answering_is_found() {
    let given =
        Given { timeout: Some(Duration::from_millis(300)), filters: &["parallel"], ..Given::default() };
    let results = prove(Hole::HangsLater, given).await.unwrap();
    assert_eq!(found(&results), [("parallel", vec!["slow"])]);
}

#[tokio::test]
async fn a_receiver_that_resets_connections_is_found() {
    let results = prove(Hole::Resets, Given::default()).await.unwrap();
    assert_eq!(found(&results), [("ordinary", vec!["no-answer"])]);
    assert_eq!(results.counts().passed, 0);
}

#[tokio::test]
async fn a_receiver_that_ends_is_found_once() {
    let given = Given { filters: &["signature"], ..Given::default() };
    let results = prove(Hole::Dies, given).await.unwrap();
    let found = found(&results);
    assert_eq!(found, [("unsigned", vec!["no-answer"]), ("without-timestamp", vec!["gone"])]);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let other = Receiver::start(Hole::None, false).await;
    let port = other.url.rsplit(':').next().unwrap().parse().unwrap();
    let given = Given { filters: &["signature"], ..Given::default() };
    let results = prove(Hole::Redirects(port), given).await.unwrap();
    assert_eq!(found(&results).first(), Some(&("ordinary", vec!["wrong-status"])));
    assert_eq!(other.state.requests.load(SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_for_all_lets_every_forgery_through() {
    let given = Given { filters: &["signature"], ..Given::default() };
    let results = prove(Hole::Redirects(1), given).await.unwrap();
    assert_eq!(ids(&results).len(), of_groups(&["signature"]).len() + 1);
}

#[tokio::test]
async fn nothing_is_sent_to_a_host_that_is_not_allowed() {
    for url in ["http://192.0.2.1/notify", "http://[::ffff:127.0.0.1]:1/", "http://shop.example.com/"] {
        let stopped = ReceiverProver::new(url.parse().unwrap()).run(&[], |_| {}).await.unwrap_err();
        assert!(
            matches!(stopped, ReceiverError::Destination(DestinationError::NotAllowed { .. })),
            "{url}: {stopped}"
        );
    }
    let receiver = Receiver::start(Hole::None, false).await;
    let url = |text: &str| text.parse().unwrap();
    let usual = ReceiverProver::new(url(&format!("{}/notify", receiver.url)));
    for prover in [
        ReceiverProver { count: Some(url("http://192.0.2.1/count")), ..usual.clone() },
        ReceiverProver { reset: Some(url("http://192.0.2.1/reset")), ..usual },
    ] {
        assert!(matches!(prover.run(&[], |_| {}).await, Err(ReceiverError::Destination(_))));
    }
    assert_eq!(receiver.state.requests.load(SeqCst), 0);
}

#[tokio::test]
async fn an_unreachable_receiver_and_a_wrong_count_end_the_run() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let stopped = ReceiverProver::new(url).run(&[], |_| {}).await.unwrap_err();
    assert!(matches!(stopped, ReceiverError::Unreachable { .. }), "{stopped}");

    let receiver = Receiver::start(Hole::None, false).await;
    let url = |path: &str| format!("{}{path}", receiver.url).parse().unwrap();
    let prover = ReceiverProver { count: Some(url("/nothing")), ..ReceiverProver::new(url("/notify")) };
    let stopped = prover.run(&[], |_| {}).await.unwrap_err().to_string();
    assert!(stopped.contains("--count-url") && stopped.contains("answered 404"), "{stopped}");
}
