//! Callbacks are kept with the change that they tell of, and each is sent by one at a time.

use super::*;

laws! {
    callbacks_are_in_the_order_of_the_changes_that_they_belong_to
    a_callback_to_another_merchant_is_the_other_merchants
    a_callback_is_kept_as_it_was_sent
    what_is_due_is_taken_once_and_the_next_time_is_known
    no_merchant_takes_all_places
    only_callbacks_of_known_merchants_are_taken
    no_more_are_taken_than_wanted
    a_callback_is_sent_again_unless_it_is_being_sent
    an_attempt_is_kept_and_a_settled_callback_is_not_taken
    a_removed_merchants_callbacks_are_gone_and_an_attempt_in_progress_does_not_bring_one_back
    callbacks_are_shown_from_after_a_number_on
    who_waits_for_the_outbox_is_woken_by_a_commit_that_sends
}

fn callbacks_are_in_the_order_of_the_changes_that_they_belong_to(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    for id in 0..5 {
        change(&store, &mchid, |changes| {
            changes.put(KIND, "1", &id);
            changes.send(outgoing(&format!("{id}a"), 9 - id));
            changes.send_to(&other, outgoing(&format!("{id}b"), 1));
            changes.send(outgoing(&format!("{id}c"), 1));
        });
    }
    assert_eq!(store.send(&other, outgoing("last", 1)).unwrap(), 16);
    assert_eq!(sent(&store, Some(&mchid)), ["0a", "0c", "1a", "1c", "2a", "2c", "3a", "3c", "4a", "4c"]);
    assert_eq!(sent(&store, Some(&other)), ["0b", "1b", "2b", "3b", "4b", "last"]);
    let all = store.deliveries(None, 0, 99).unwrap();
    assert!(all.iter().map(|one| one.number).eq(1..=16) && store.last_delivery().unwrap() == 16);
    // A reset does not begin anew with the numbers.
    store.reset(None).unwrap();
    assert_eq!((sent(&store, None).len(), store.send(&mchid, outgoing("new", 1)).unwrap()), (0, 17));
}

fn a_callback_to_another_merchant_is_the_other_merchants(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    change(&store, &mchid, |changes| changes.send_to(&other, outgoing("1", 1)));
    assert_eq!(store.delivery(1).unwrap().unwrap().mchid, other);
    // It stays when the sender goes, and goes with the receiver.
    store.remove(&mchid).unwrap();
    let taken = lease(&store, 1, 9, 9).taken;
    assert_eq!((taken.len(), &taken[0].mchid), (1, &other));
    store.reset(Some(&other)).unwrap();
    assert!(sent(&store, None).is_empty());
}

fn a_callback_is_kept_as_it_was_sent(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    let outgoing = Outgoing { resource: r#"{"会":"\u0000"}"#.into(), ..outgoing("id", 1) };
    let number = store.send(&mchid, outgoing.clone()).unwrap();
    let expected = Delivery::new(number, &mchid, outgoing);
    let show = |delivery: &Delivery| delivery.to_json();
    assert_eq!(show(&store.delivery(number).unwrap().unwrap()), show(&expected));
    let expected = Delivery { state: DeliveryState::Sending, ..expected };
    let taken = lease(&store, 1, 9, 9).taken.remove(0);
    assert_eq!(show(&taken), show(&expected));
    assert_eq!(show(&store.delivery(number).unwrap().unwrap()), show(&expected));
    let expected = Delivery { attempts: vec![attempt()], state: DeliveryState::Waiting(at(5)), ..expected };
    assert!(store.update(expected.clone()).unwrap());
    assert_eq!(show(&store.deliveries(None, 0, 9).unwrap()[0]), show(&expected));
    assert!(store.delivery(number + 1).unwrap().is_none() && store.delivery(0).unwrap().is_none());
}

fn what_is_due_is_taken_once_and_the_next_time_is_known(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    [5, 7, 3].iter().for_each(|created| drop(store.send(&mchid, outgoing("id", *created))));
    assert_eq!(lease(&store, 2, 9, 9).next, Some(at(3)));
    let due = lease(&store, 6, 9, 9);
    assert_eq!((numbers(&due), due.next), (vec![1, 3], Some(at(7))));
    assert!(due.taken.iter().all(|one| one.state == DeliveryState::Sending));
    assert!(lease(&store, 6, 9, 9).taken.is_empty());
    assert!(settle(&store, &due.taken[1], DeliveryState::Waiting(at(6))));
    assert_eq!(numbers(&lease(&store, 6, 9, 9)), [3]);
    let last = lease(&store, 7, 9, 9);
    assert_eq!((numbers(&last), last.next), (vec![2], None));
}

fn no_merchant_takes_all_places(place: &Place) {
    let (store, busy, quiet) = (place.open(), mchid(), other());
    (0..5).for_each(|_| drop(store.send(&busy, outgoing("busy", 1))));
    store.send(&quiet, outgoing("quiet", 1)).unwrap();
    let first = lease(&store, 1, 9, 2);
    assert_eq!(numbers(&first), [1, 2, 6]);
    assert!(lease(&store, 1, 9, 2).taken.is_empty());
    assert!(settle(&store, &first.taken[0], DeliveryState::Received));
    assert_eq!(numbers(&lease(&store, 1, 9, 2)), [3]);
    // Fewer places than are taken are none.
    assert!(lease(&store, 1, 9, 1).taken.is_empty());
    store.reset(Some(&busy)).unwrap();
    store.send(&busy, outgoing("busy", 1)).unwrap();
    assert_eq!(numbers(&lease(&store, 1, 9, 1)), [7]);
}

fn no_more_are_taken_than_wanted(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    for created in [4, 2, 3] {
        store.send(&mchid, outgoing("id", created)).unwrap();
        store.send(&other, outgoing("id", created)).unwrap();
    }
    assert!(lease(&store, 9, 0, 9).taken.is_empty());
    let mut left = vec![1, 2, 3, 4, 5, 6];
    for most in [1, 4, 1] {
        let taken = numbers(&lease(&store, 9, most, 9));
        assert_eq!(taken.len(), most);
        left.retain(|number| !taken.contains(number));
        // Of each merchant, those that wait longest go first.
        assert!(left.contains(&5) || !left.contains(&3), "{left:?}");
        assert!(!left.contains(&3) || left.contains(&1), "{left:?}");
    }
    assert!(left.is_empty());
}

fn only_callbacks_of_known_merchants_are_taken(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    store.send(&other, outgoing("other", 1)).unwrap();
    store.send(&other, outgoing("other", 3)).unwrap();
    store.send(&mchid, outgoing("known", 2)).unwrap();
    let known = store.lease(at(2), 9, 9, &|found| *found == mchid).unwrap();
    assert_eq!((numbers(&known), known.next), (vec![3], None));
    let all = lease(&store, 2, 9, 9);
    assert_eq!((numbers(&all), all.next), (vec![1], Some(at(3))));
}

fn a_callback_is_sent_again_unless_it_is_being_sent(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.send(&mchid, outgoing("id", 9)).unwrap();
    assert_eq!(store.send_again(1, at(5)).unwrap(), Some(0));
    let taken = lease(&store, 5, 9, 9);
    assert_eq!(numbers(&taken), [1]);
    assert_eq!(store.send_again(1, at(5)).unwrap(), Some(0));
    assert!(lease(&store, 5, 9, 9).taken.is_empty());
    for (state, attempts) in
        [(DeliveryState::Received, 1), (DeliveryState::GivenUp, 2), (DeliveryState::Held, 3)]
    {
        let sending = (*store.delivery(1).unwrap().unwrap()).clone();
        assert!(settle(&store, &sending, state));
        assert!(lease(&store, 99, 9, 9).taken.is_empty());
        assert_eq!(store.send_again(1, at(6)).unwrap(), Some(attempts));
        assert_eq!(store.delivery(1).unwrap().unwrap().state, DeliveryState::Waiting(at(6)));
        assert_eq!(numbers(&lease(&store, 6, 9, 9)), [1]);
    }
    assert_eq!(store.send_again(2, at(5)).unwrap(), None);
}

fn an_attempt_is_kept_and_a_settled_callback_is_not_taken(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.send(&mchid, outgoing("id", 1)).unwrap();
    let mut taken = lease(&store, 1, 9, 9).taken.remove(0);
    for attempts in 1..4 {
        assert!(settle(&store, &taken, DeliveryState::Waiting(at(attempts))));
        taken = lease(&store, attempts, 9, 9).taken.remove(0);
        assert_eq!(taken.attempts.len() as u64, attempts);
    }
    assert!(settle(&store, &taken, DeliveryState::Received));
    let lease = lease(&store, 99, 9, 9);
    assert!(lease.taken.is_empty() && lease.next.is_none());
    let kept = store.delivery(1).unwrap().unwrap();
    assert_eq!((kept.attempts.len(), kept.state), (4, DeliveryState::Received));
    assert!(kept.attempts.last().unwrap().sent.is_some());
}

fn a_removed_merchants_callbacks_are_gone_and_an_attempt_in_progress_does_not_bring_one_back(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    let removals: [&dyn Fn(); 3] =
        [&|| store.remove(&mchid).unwrap(), &|| store.reset(Some(&mchid)).unwrap(), &|| {
            store.import(&mchid, MerchantState::default()).unwrap();
        }];
    for remove in removals {
        let number = store.send(&mchid, outgoing("removed", 1)).unwrap();
        store.send(&other, outgoing("kept", 1)).unwrap();
        let taken = lease(&store, 1, 9, 9).taken;
        assert_eq!(taken.len(), 2);
        remove();
        assert!(!settle(&store, &taken[0], DeliveryState::Waiting(at(1))));
        assert!(store.delivery(number).unwrap().is_none() && sent(&store, Some(&mchid)).is_empty());
        assert_eq!(store.send_again(number, at(1)).unwrap(), None);
        assert!(settle(&store, &taken[1], DeliveryState::Received));
        assert!(lease(&store, 9, 9, 9).taken.is_empty());
    }
    assert_eq!(sent(&store, None), ["kept"; 3]);
}

fn callbacks_are_shown_from_after_a_number_on(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    for owner in [&mchid, &other, &mchid, &other, &mchid] {
        store.send(owner, outgoing("id", 1)).unwrap();
    }
    let shown = |mchid, after, most| {
        let shown = store.deliveries(mchid, after, most).unwrap();
        shown.iter().map(|one| one.number).collect::<Vec<_>>()
    };
    assert_eq!(shown(None, 1, 3), [2, 3, 4]);
    assert_eq!(shown(Some(&mchid), 1, 9), [3, 5]);
    assert_eq!(shown(Some(&other), 0, 1), [2]);
    assert_eq!([shown(None, 5, 9), shown(None, u64::MAX, 9), shown(None, 0, 0)], [[0; 0]; 3]);
}

fn who_waits_for_the_outbox_is_woken_by_a_commit_that_sends(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    change(&store, &mchid, |changes| {
        changes.send(outgoing("id", 1));
        changes.remind(at(1), KIND, "1");
    });
    // It is not lost if nobody waits at the moment.
    runtime.block_on(async {
        store.outbox_changed().await;
        store.reminded().await;
    });
}
