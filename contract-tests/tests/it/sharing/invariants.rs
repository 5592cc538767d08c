//! What holds however many share, return and refund at once.

use std::{collections::BTreeMap, sync::Arc};

use http::Method;
use tokio::task::JoinSet;

use super::{RETURN, SHARE, STRANGER, UNFREEZE, back, merchant, release, request, without_ratio};
use crate::payments::{REFUNDS, Shop, refund};

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
async fn an_order_is_released_once_by_64_callers_and_not_shared_afterwards() {
    for round in 0..4 {
        let shop = Arc::new(Shop::with(without_ratio()).await);
        let id = shop.sharable("RACE01", 100).await;
        shop.add(STRANGER).await;
        let mut callers = JoinSet::new();
        for caller in 0..64 {
            let (shop, id) = (Arc::clone(&shop), id.clone());
            callers.spawn(async move {
                let number = format!("N{round}-{caller}");
                if caller % 2 == 0 {
                    let answer = shop.try_call(Method::POST, UNFREEZE, release(&number, &id)).await.ok()?;
                    return Some((true, answer["receivers"][0]["amount"].as_u64().unwrap_or_default()));
                }
                let asked = request(&number, &id, &[merchant(STRANGER, 1)], false);
                shop.try_call(Method::POST, SHARE, asked).await.ok().map(|_| (false, 1))
            });
        }
        let accepted: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
        assert_eq!(accepted.iter().filter(|(is_release, _)| *is_release).count(), 1);
        // What receivers have and what was released is what was paid.
        assert_eq!(accepted.iter().map(|(_, amount)| amount).sum::<u64>(), 100);
        assert_eq!(shop.left(&id).await, 0);
    }
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
}
