//! What is there when a store is opened again.

use super::*;

laws! {
    a_store_that_lasts_has_everything_when_it_is_opened_again
    versions_and_numbers_go_on_when_a_store_is_opened_again
    a_store_that_lasts_keeps_notes_by_name
    a_store_can_be_reached_and_its_changes_outlast_a_crash
}

fn a_store_that_lasts_has_everything_when_it_is_opened_again(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    store.seed(&mchid, seed(&[("1", "seed"), ("2", "seed")])).unwrap();
    change(&store, &mchid, |changes| {
        changes.put(KIND, "1", &"changed");
        changes.remove(KIND, "2");
        changes.put(KIND, "3", &"created");
        changes.use_number("number", Fingerprint::of(&"content"));
        changes.send(outgoing("1", 1));
        changes.send(outgoing("2", 5));
        changes.send_to(&other, outgoing("3", 5));
        changes.remind(at(1), KIND, "1");
    });
    assert!(settle(&store, &lease(&store, 1, 9, 9).taken[0], DeliveryState::Received));
    let before = [shown(&store, &mchid), shown(&store, &other)];
    drop(store);
    if !place.lasts() {
        return assert_eq!(shown(&place.open(), &mchid), ["[]", "[]", "", "[]"]);
    }
    let store = place.open();
    assert_eq!([shown(&store, &mchid), shown(&store, &other)], before);
    store.seed(&mchid, seed(&[("1", "seed"), ("2", "seed")])).unwrap();
    assert_eq!(shown(&store, &mchid), before[0]);
    assert_eq!(number_use(&store, "number", "content"), NumberUse::Repeated);
    assert_eq!((numbers(&lease(&store, 5, 9, 9)), store.last_delivery().unwrap()), (vec![2, 3], 3));
    assert_eq!(due(&store, 1, 9).taken.len(), 1);
    drop(store);
    let store = place.open();
    store.reset(None).unwrap();
    assert_eq!(listed(&store, &mchid), ["1", "2"]);
    assert_eq!((get(&store, "1").as_deref(), sent(&store, None)), (Some("seed"), vec![]));
}

fn versions_and_numbers_go_on_when_a_store_is_opened_again(place: &Place) {
    if !place.lasts() {
        return;
    }
    let mchid = mchid();
    let (mut version, mut number) = (0, 0);
    let ends: [&dyn Fn(&Store); 4] =
        [&|_| (), &|store| store.reset(None).unwrap(), &|store| store.remove(&mchid).unwrap(), &|store| {
            store.import(&mchid, MerchantState::default()).unwrap();
        }];
    for end in ends {
        let store = place.open();
        let (next, sent) = (version_of_put(&store, "1", "1"), store.send(&mchid, outgoing("id", 1)).unwrap());
        assert!(next > version && sent > number, "{next} after {version}, {sent} after {number}");
        (version, number) = (version_of_put(&store, "1", "2"), sent);
        end(&store);
    }
    let store = place.open();
    assert!(version_of_put(&store, "1", "1") > version && store.last_delivery().unwrap() == number);
}

fn a_store_that_lasts_keeps_notes_by_name(place: &Place) {
    let store = place.open();
    for (name, text) in
        [("clock", "1"), ("merchant/b", "b"), ("merchant/a", "会"), ("merchant", "m"), ("%", "p")]
    {
        store.note(name, Some(text)).unwrap();
    }
    store.note("clock", None).unwrap();
    store.note("none", None).unwrap();
    store.note("merchant/b", Some("b2")).unwrap();
    // They are the mock's, not a merchant's.
    store.reset(None).unwrap();
    drop(store);
    let store = place.open();
    let notes = |prefix: &str| {
        let notes = store.notes(prefix).unwrap();
        notes.into_iter().map(|(name, text)| format!("{name} {text}")).collect::<Vec<_>>()
    };
    if place.lasts() {
        assert_eq!(notes("merchant/"), ["merchant/a 会", "merchant/b b2"]);
        assert_eq!(notes(""), ["% p", "merchant m", "merchant/a 会", "merchant/b b2"]);
        assert_eq!(notes("%"), ["% p"]);
        assert_eq!(store.noted("merchant").unwrap().as_deref(), Some("m"));
        assert_eq!(store.noted("merchant/").unwrap(), None);
    } else {
        assert_eq!(notes(""), [""; 0]);
    }
}

fn a_store_can_be_reached_and_its_changes_outlast_a_crash(place: &Place) {
    let store = place.open();
    store.check().unwrap();
    put(&store, "1", "1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(store.lasting()).unwrap();
    store.check().unwrap();
}
