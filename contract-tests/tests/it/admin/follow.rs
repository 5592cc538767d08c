//! Long polling: `wait` returns as soon as there is a new exchange.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use wechatpay_contract::sign::Sign;

use super::{Admin, numbers};
use crate::support::RawRequest;

/// Far less than the waits here, and far more than anything takes.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_follower_gets_a_new_exchange_at_once() {
    let (admin, sample) = (Admin::new().await, RawRequest::sample());
    let (page, _) = tokio::join!(timeout(SOON, admin.get("/exchanges?wait=60")), admin.exchange(&sample));
    let page = page.expect("the follower is woken");
    assert_eq!((numbers(&page), &page.body["last"]), (vec![1], &1.into()));
}

#[tokio::test]
async fn a_follower_with_a_filter_waits_for_a_match() {
    let admin = Admin::new().await;
    let calls = async {
        admin.exchange(&RawRequest::sample()).await;
        admin.exchange(&RawRequest::certificates()).await;
        admin.exchange(&RawRequest { sign: Sign::WrongKey, ..RawRequest::sample() }).await;
    };
    let (page, ()) = tokio::join!(timeout(SOON, admin.get("/exchanges?status=401&wait=60")), calls);
    assert_eq!(numbers(&page.expect("the follower is woken")), [3]);
}

#[tokio::test]
async fn an_existing_exchange_is_returned_at_once() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::sample()).await;
    let page = timeout(SOON, admin.get("/exchanges?wait=60")).await.expect("the call does not wait");
    assert_eq!(numbers(&page), [1]);
}

#[tokio::test]
async fn after_the_wait_the_list_is_empty() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::sample()).await;
    let begun = Instant::now();
    let page = admin.get("/exchanges?after=1&wait=1").await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!((numbers(&page), &page.body["last"]), (vec![], &1.into()));
}

#[tokio::test]
async fn following_with_the_last_number_shows_each_exchange_once() {
    let admin = Admin::new().await;
    let follow = async {
        let (mut after, mut seen) = (0, Vec::new());
        while seen.len() < 30 {
            let page =
                admin.get(&format!("/exchanges?operation=set_rights&limit=7&wait=60&after={after}")).await;
            seen.extend(numbers(&page));
            after = page.body["last"].as_u64().unwrap();
        }
        seen
    };
    let calls = async {
        for _ in 0..30 {
            admin.exchange(&RawRequest::certificates()).await;
            admin.exchange(&RawRequest::sample()).await;
        }
    };
    let (seen, ()) = tokio::join!(timeout(SOON * 3, follow), calls);
    assert_eq!(seen.expect("all exchanges arrive"), (1..=30).map(|n| 2 * n).collect::<Vec<_>>());
}

#[tokio::test]
async fn shutdown_ends_waiting_followers() {
    let Admin { mock, .. } = Admin::new().await;
    let mut follower = crate::support::Connection::open(&mock).await;
    // Two calls in one send: after the first response, the mock has begun the second call or is about to.
    follower.send(b"GET /__mock/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /__mock/exchanges?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(follower.response().await.status(), "200");
    tokio::task::yield_now().await;
    assert!(timeout(SOON, mock.shutdown()).await.expect("no follower delays the shutdown"));
}
