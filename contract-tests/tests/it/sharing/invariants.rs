//! What holds whatever merchants do, and however many do it at once.

use std::{collections::BTreeMap, sync::Arc};

use http::Method;
use serde_json::Value;
use tokio::task::JoinSet;
use wechatpay_mock::{Config, MaxRatio, Payments};

use super::{RETURN, SHARE, STRANGER, back, merchant, request};
use crate::payments::{REFUNDS, Shop, refund};

/// A mock whose orders can be shared completely.
fn without_ratio() -> Config {
    let mut config = Config::default();
    config.payments = Payments { max_ratio: MaxRatio::new(10_000).unwrap(), ..Payments::default() };
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sharers_and_refunders_at_once_never_get_more_than_was_paid() {
    let shop = Arc::new(Shop::with(without_ratio()).await);
    let id = shop.sharable("RACE01", 100).await;
    shop.add(STRANGER).await;
    let mut callers = JoinSet::new();
    for caller in 0..64 {
        let (shop, id) = (Arc::clone(&shop), id.clone());
        callers.spawn(async move {
            // Every number is used twice.
            let number = format!("N{}", caller / 2);
            if caller / 2 % 2 == 0 {
                let asked = request(&number, &id, &[merchant(STRANGER, 7)], false);
                ("shared", number, shop.try_call(Method::POST, SHARE, asked).await.is_ok())
            } else {
                let asked = refund(&number, "RACE01", 7);
                ("refunded", number, shop.try_call(Method::POST, REFUNDS, asked).await.is_ok())
            }
        });
    }
    let outcomes = callers.join_all().await;
    let mut accepted = BTreeMap::new();
    for (what, number, is_ok) in outcomes {
        if is_ok {
            *accepted.entry((what, number)).or_insert(0) += 1;
        }
    }
    // 14 of 7 are 98 of 100, and each is accepted twice.
    assert_eq!(accepted.len(), 14, "{accepted:?}");
    assert!(accepted.values().all(|times| *times == 2), "{accepted:?}");
    assert_eq!(shop.left(&id).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn returns_of_64_callers_at_once_are_never_more_than_what_was_received() {
    let shop = Arc::new(Shop::open().await);
    let id = shop.sharable("RACE01", 1000).await;
    shop.shares("P1", &id, STRANGER, 100).await;
    let mut callers = JoinSet::new();
    for caller in 0..64 {
        let shop = Arc::clone(&shop);
        let asked = back(&format!("R{}", caller / 2), "P1", STRANGER, 7);
        callers.spawn(async move { shop.try_call(Method::POST, RETURN, asked).await.is_ok() });
    }
    let accepted = callers.join_all().await.into_iter().filter(|is_ok| *is_ok).count();
    assert_eq!(accepted, 28);
    assert_eq!(shop.left(&id).await, 998);
    let _: Value = shop.shared("P1", &id).await;
}
