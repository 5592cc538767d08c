//! With any set of rules, nothing hangs and nothing fails unless a rule says so.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};
use wechatpay_mock::{Applied, CustomError, FAULTS, Fault, FaultMatch, FaultRule, Latency, MockServer};

use super::{Setup, raw};
use crate::support::{RawRequest, frozen_mock};

const RULES: usize = 200;
const CONNECTIONS: usize = 16;
/// Requests on each connection.
const REQUESTS: usize = 25;

/// Nothing takes that long unless it hangs.
const LIMIT: Duration = Duration::from_secs(60);

fn rules() -> impl Strategy<Value = FaultRule> {
    let latency = prop_oneof![
        (0..4_u64).prop_map(Latency::Fixed),
        (0..2_u64, 2..4_u64).prop_map(|(from, to)| Latency::Uniform { from, to }),
        (0..4_u64, 0..2_u64).prop_map(|(mean, deviation)| Latency::Normal { mean, deviation }),
    ];
    let error = (400..600_u16).prop_map(|status| CustomError {
        status,
        code: "CUSTOM".into(),
        message: "自定义".into(),
    });
    let effect = prop_oneof![
        8 => prop::sample::select(FAULTS).prop_map(FaultRule::of),
        1 => error.prop_map(|error| FaultRule { error: Some(error), ..FaultRule::default() }),
        1 => latency.clone().prop_map(|latency| FaultRule { latency: Some(latency), ..FaultRule::default() }),
    ];
    let counted = (prop::option::of(1..50_u64), prop::option::of(2..20_u64), prop::option::of(0.0..0.3));
    let when = (counted, any::<u64>(), prop::option::of("[0-3]"), any::<bool>());
    let when = when.prop_map(|((nth, every, probability), seed, code, is_own)| FaultMatch {
        merchant: is_own.then(|| "1900000001".into()),
        operation: Some("set_rights".into()),
        code,
        nth,
        every,
        probability,
        seed: Some(seed),
        ..FaultMatch::default()
    });
    (effect, when, prop::option::of(latency), prop::option::of(any::<bool>()), prop::option::of(1..20_u64))
        .prop_map(|(rule, when, latency, applied, times)| {
            let lasts = matches!(rule.fault, Some(Fault::NoAnswer | Fault::Refuse));
            let rule = FaultRule {
                when,
                latency: rule.latency.or(latency),
                milliseconds: lasts.then_some(2),
                times,
                ..rule
            };
            let with = FaultRule { applied, ..rule.clone() };
            // Not every rule may set `applied`.
            if with.fault.is_some_and(|fault| fault.applied() != Applied::Always) || with.error.is_some() {
                with
            } else {
                rule
            }
        })
}

/// Sends requests one after another, and opens a new connection when one has ended.
async fn call(address: SocketAddr, caller: usize) {
    let mut connection = None;
    for request in 0..REQUESTS {
        let target = format!("/v3/marketing/membercard-open/cards/a/codes/{}/rights", request % 5);
        let bytes = RawRequest { target, ..raw(&format!("{caller}-{request}")) }.to_bytes();
        let mut stream = match connection.take() {
            Some(stream) => stream,
            None => connect(address).await,
        };
        let mut response = [0; 8 * 1024];
        // The response may be incomplete: a fault may cut it.
        let is_sent = stream.write_all(&bytes).await.is_ok();
        let length = if is_sent { stream.read(&mut response).await.unwrap_or(0) } else { 0 };
        let is_kept = String::from_utf8_lossy(&response[..length]).contains("Connection: keep-alive");
        connection = is_kept.then_some(stream);
    }
}

async fn connect(address: SocketAddr) -> TcpStream {
    loop {
        match TcpStream::connect(address).await {
            Ok(stream) => return stream,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// A rule explains every failure in the journal.
fn assert_a_rule_explains_every_failure(mock: &MockServer) {
    let exchanges = mock.exchanges();
    assert!(!exchanges.is_empty());
    for exchange in exchanges {
        let fault = exchange.fault.as_ref();
        let is_explained = fault.is_some_and(|fault| fault.error.is_some() || fault.fault.is_some());
        assert!(exchange.status.is_some_and(|status| status.as_u16() < 400) || is_explained, "{exchange:?}");
    }
}

#[test]
fn no_rules_cause_a_hang_or_a_failure_of_another_request() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let rules = prop::collection::vec(rules(), RULES);
    proptest!(ProptestConfig::with_cases(4), |(rules in rules)| {
        let run = async {
            let setup = Arc::new(Setup::of(frozen_mock().await));
            rules.into_iter().for_each(|rule| drop(setup.mock.add_fault(rule).unwrap()));
            let address = setup.mock.url().trim_start_matches("http://").parse().unwrap();
            let mut callers: JoinSet<()> = (0..CONNECTIONS).map(|caller| call(address, caller)).collect();
            while let Some(called) = callers.join_next().await {
                called.unwrap();
            }
            assert_a_rule_explains_every_failure(&setup.mock);
            setup.mock.clear_faults();
            drop(connect(address).await);
            assert_eq!(setup.change("afterwards").await.status(), 204);
        };
        runtime.block_on(async { timeout(LIMIT, run).await }).unwrap();
    });
}
