//! How much is kept, and what goes first. A backend may count its bytes in its own way.

use super::*;

laws! {
    the_least_recently_changed_document_is_evicted_first_and_the_seed_stays
    the_request_number_that_was_used_first_is_evicted_first
    beyond_the_memory_the_oldest_documents_go
    beyond_the_bound_the_oldest_callback_that_is_settled_goes_first
}

fn the_least_recently_changed_document_is_evicted_first_and_the_seed_stays(place: &Place) {
    let (store, mchid) = (place.open_with(&Limits { created: 2, ..Limits::default() }), mchid());
    store.seed(&mchid, seed(&[("seeded", "0")])).unwrap();
    for id in ["seeded", "1", "2", "1", "3"] {
        put(&store, id, id);
    }
    assert_eq!(listed(&store, &mchid), ["seeded", "1", "3"]);
    assert_eq!(store.kinds(&mchid).unwrap(), [(KIND.into(), 3)]);
    // Neither what was removed nor what was evicted takes a place.
    change(&store, &mchid, |changes| changes.remove(KIND, "1"));
    ["2", "3", "4"].iter().for_each(|id| put(&store, id, id));
    assert_eq!(listed(&store, &mchid), ["seeded", "3", "4"]);
    store.reset(None).unwrap();
    ["5", "6", "7"].iter().for_each(|id| put(&store, id, id));
    assert_eq!(listed(&store, &mchid), ["seeded", "6", "7"]);
    // Each merchant has as many.
    change(&store, &other(), |changes| changes.put(KIND, "1", &"1"));
    assert_eq!(listed(&store, &mchid).len(), 3);
}

fn the_request_number_that_was_used_first_is_evicted_first(place: &Place) {
    let (store, mchid) = (place.open_with(&Limits { request_numbers: 2, ..Limits::default() }), mchid());
    for number in ["1", "2", "1", "3"] {
        change(&store, &mchid, |changes| changes.use_number(number, Fingerprint::of(&"content")));
    }
    assert_eq!(number_use(&store, "1", "content"), NumberUse::New);
    assert_eq!(number_use(&store, "2", "content"), NumberUse::Repeated);
    assert_eq!(number_use(&store, "3", "other"), NumberUse::RepeatedDifferently);
}

fn beyond_the_memory_the_oldest_documents_go(place: &Place) {
    let (store, mchid) = (place.open_with(&Limits { store_bytes: 20_000, ..Limits::default() }), mchid());
    store.seed(&mchid, seed(&[("seeded", &"x".repeat(30_000))])).unwrap();
    for id in 0..100 {
        put(&store, &id.to_string(), &"x".repeat(1000));
    }
    let kept = listed(&store, &mchid);
    let expected: Vec<_> = (101 - kept.len()..100).map(|id| id.to_string()).collect();
    assert!((10..20).contains(&expected.len()) && kept[0] == "seeded" && kept[1..] == expected, "{kept:?}");
    // What is gone takes no room.
    change(&store, &mchid, |changes| expected.iter().for_each(|id| changes.remove(KIND, id)));
    (0..9).for_each(|id| put(&store, &id.to_string(), &"x".repeat(1000)));
    assert_eq!(listed(&store, &mchid).len(), 10);
}

fn beyond_the_bound_the_oldest_callback_that_is_settled_goes_first(place: &Place) {
    let (store, mchid) = (place.open_with(&Limits { callbacks: 2, ..Limits::default() }), mchid());
    let send = || store.send(&mchid, outgoing("id", 1)).unwrap();
    let kept = || store.deliveries(None, 0, 9).unwrap().iter().map(|one| one.number).collect::<Vec<_>>();
    assert_eq!([send(), send()], [1, 2]);
    let taken = lease(&store, 1, 9, 9).taken;
    assert!(settle(&store, &taken[1], DeliveryState::GivenUp));
    send();
    assert_eq!(kept(), [1, 3]);
    send();
    assert_eq!((kept(), store.last_delivery().unwrap()), (vec![3, 4], 4));
    // What is gone does not come back.
    assert!(!settle(&store, &taken[0], DeliveryState::Received));
    assert_eq!((kept(), store.send_again(1, at(9)).unwrap()), (vec![3, 4], None));
}
