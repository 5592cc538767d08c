//! Many threads at once, and several stores at one place if it can be shared.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
};

use super::*;

laws! {
    transfers_between_documents_keep_the_sum
    a_counter_that_all_count_up_is_the_number_of_commits_and_callbacks_are_in_its_order
    a_reset_between_commits_leaves_documents_with_their_callbacks
    each_callback_is_taken_by_one
    each_document_is_due_once
}

const THREADS: usize = 8;

/// How often each thread does something.
fn times(place: &Place) -> usize {
    if place.lasts() { 40 } else { 400 }
}

/// One store, or two that share their state.
fn stores(place: &Place) -> Vec<Store> {
    (0..if place.is_shared() { 2 } else { 1 }).map(|_| place.open()).collect()
}

/// Does this in each thread, with its number.
fn in_threads(stores: &[Store], work: impl Fn(&Store, usize) + Sync) {
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(&stores[thread % stores.len()], thread));
        }
    });
}

/// Changes something, and begins again if it conflicts. Returns how often it began.
fn retry(store: &Store, mchid: &Mchid, change: impl Fn(&mut Documents<'_>)) -> usize {
    for begun in 1.. {
        let mut documents = store.documents(mchid);
        change(&mut documents);
        match store.commit(documents) {
            Ok(_) => return begun,
            Err(CommitError::Conflict) => thread::yield_now(),
            Err(error) => panic!("{error:?}"),
        }
    }
    unreachable!()
}

fn transfers_between_documents_keep_the_sum(place: &Place) {
    const ACCOUNTS: [&str; 4] = ["a", "b", "c", "d"];
    let (stores, mchid, times) = (stores(place), mchid(), times(place));
    change(&stores[0], &mchid, |changes| ACCOUNTS.iter().for_each(|id| changes.put(KIND, id, &1000_i64)));
    in_threads(&stores, |store, thread| {
        for nth in 0..times {
            let (from, to) = (ACCOUNTS[(thread + nth) % 4], ACCOUNTS[(thread + nth * 3 + 1 + nth % 2) % 4]);
            if from == to {
                continue;
            }
            retry(store, &mchid, |documents| {
                let [less, more] = [from, to].map(|id| documents.get::<i64>(KIND, id).unwrap());
                documents.put(KIND, from, &(less - 1));
                documents.put(KIND, to, &(more + 1));
                // Each transfer has its own document: it is applied once if its balance is as it says.
                documents.put("transfer", &format!("{thread}-{nth}"), &(from, to));
            });
        }
    });
    let mut expected = [1000_i64; 4];
    let mut count = 0;
    stores[0].documents(&mchid).list("transfer", |_, transfer| {
        let (from, to): (String, String) = transfer.read().unwrap();
        for (id, sum) in ACCOUNTS.iter().zip(&mut expected) {
            *sum += i64::from(*id == to) - i64::from(*id == from);
        }
        count += 1;
        std::ops::ControlFlow::Continue(())
    });
    let found =
        ACCOUNTS.map(|id| stores[0].read(&mchid, &key(id)).unwrap().unwrap().value.read::<i64>().unwrap());
    assert!(
        found == expected && found.iter().sum::<i64>() == 4000 && count > times,
        "{found:?} {expected:?}"
    );
}

fn a_counter_that_all_count_up_is_the_number_of_commits_and_callbacks_are_in_its_order(place: &Place) {
    let (stores, mchid, times) = (stores(place), mchid(), times(place));
    in_threads(&stores, |store, _| {
        for _ in 0..times {
            retry(store, &mchid, |documents| {
                let count = documents.get::<usize>(KIND, "count").unwrap_or_default() + 1;
                documents.put(KIND, "count", &count);
                documents.use_number(&count.to_string(), Fingerprint::of(&count));
                documents.send(outgoing(&count.to_string(), 1));
            });
        }
    });
    let all = THREADS * times;
    let count: usize = stores[0].read(&mchid, &key("count")).unwrap().unwrap().value.read().unwrap();
    assert_eq!(count, all);
    assert!(sent(&stores[0], Some(&mchid)).iter().map(|id| id.parse::<usize>().unwrap()).eq(1..=all));
    let numbers = stores[0].export(&mchid).unwrap().numbers;
    let expected = (1..=all).map(|count| (Fingerprint::of(&count.to_string()), Fingerprint::of(&count)));
    assert!(numbers.into_iter().eq(expected));
}

fn a_reset_between_commits_leaves_documents_with_their_callbacks(place: &Place) {
    let (stores, mchid, times) = (stores(place), mchid(), times(place));
    in_threads(&stores, |store, thread| {
        for nth in 0..times {
            if thread == 0 && nth % 4 == 0 {
                store.reset((nth % 8 == 0).then_some(&mchid)).unwrap();
            }
            let id = format!("{thread}-{nth}");
            change(store, &mchid, |documents| {
                documents.put(KIND, &id, &id);
                documents.send(outgoing(&id, 1));
                documents.remind(at(1), KIND, &id);
            });
        }
    });
    let MerchantState { documents, deliveries, reminders, .. } = stores[0].export(&mchid).unwrap();
    let sorted = |ids: &mut dyn Iterator<Item = String>| {
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        ids
    };
    let documents = sorted(&mut documents.into_iter().map(|(key, _)| key.id.to_string()));
    assert_eq!(sorted(&mut deliveries.into_iter().map(|one| one.id)), documents);
    assert_eq!(sorted(&mut reminders.into_iter().map(|(_, key)| key.id.to_string())), documents);
}

fn each_callback_is_taken_by_one(place: &Place) {
    let (stores, merchants) = (stores(place), [mchid(), other()]);
    let (all, left) = (THREADS * times(place) / 4, AtomicUsize::new(0));
    for nth in 0..all {
        left.fetch_add(1, SeqCst);
        stores[0].send(&merchants[nth % 2], outgoing("id", 1)).unwrap();
    }
    in_threads(&stores, |store, _| {
        while left.load(SeqCst) > 0 {
            for delivery in store.lease(at(1), 3, 100, &|_| true).unwrap().taken {
                // Twice taken would be twice tried.
                assert!(settle(store, &delivery, DeliveryState::Received));
                left.fetch_sub(1, SeqCst);
            }
        }
    });
    let kept = stores[0].deliveries(None, 0, 9999).unwrap();
    let is_received = |one: &Arc<Delivery>| one.state == DeliveryState::Received && one.attempts.len() == 1;
    assert!(kept.len() == all && kept.iter().all(is_received));
}

fn each_document_is_due_once(place: &Place) {
    let (stores, mchid) = (stores(place), mchid());
    let (all, taken) = (THREADS * times(place) / 4, AtomicUsize::new(0));
    change(&stores[0], &mchid, |changes| {
        (0..all).for_each(|id| changes.remind(at(1), KIND, &id.to_string()));
    });
    in_threads(&stores, |store, thread| {
        // In each mock, one asks.
        while taken.load(SeqCst) < all && (place.is_shared() || thread == 0) {
            let due = store.due(at(1), 3, &|_| true).unwrap().taken;
            for due in &due {
                retry(store, &due.mchid, |documents| {
                    let times = documents.get::<usize>(KIND, &due.key.id).unwrap_or_default();
                    documents.put(KIND, &due.key.id, &(times + 1));
                });
                taken.fetch_add(1, SeqCst);
            }
            store.done(&due).unwrap();
        }
    });
    stores[0].documents(&mchid).list(KIND, |id, times| {
        assert_eq!(times.read(), Some(1), "{id}");
        std::ops::ControlFlow::Continue(())
    });
    assert!(stores[0].kinds(&mchid).unwrap() == [(KIND.into(), all)] && taken.into_inner() == all);
}
