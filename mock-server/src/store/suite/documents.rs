//! Documents of a seed, removed ones, and their lists.

use std::ops::ControlFlow;

use super::*;

laws! {
    a_merchant_begins_with_its_seed_and_a_reset_restores_it
    a_merchant_that_is_known_keeps_its_documents_when_its_seed_is_set_again
    what_a_merchant_received_before_it_was_seeded_does_not_keep_its_seed_away
    a_removed_document_is_gone_until_it_is_put_again_or_a_reset_restores_it
    a_removed_merchant_is_forgotten_with_its_seed
    merchants_do_not_see_each_others_documents
    a_reset_of_one_merchant_leaves_the_others
    documents_are_listed_by_kind_in_the_order_in_which_they_were_created
    a_document_keeps_its_place_while_it_exists
    a_document_that_the_seed_has_twice_is_listed_once_and_as_the_last
    a_long_list_is_read_to_its_end
    what_was_exported_is_the_same_once_it_is_imported
    an_import_replaces_everything_but_the_seed
}

fn a_merchant_begins_with_its_seed_and_a_reset_restores_it(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.seed(&mchid, seed(&[("1", "seed"), ("0", "seed")])).unwrap();
    assert_eq!(listed(&store, &mchid), ["1", "0"]);
    for id in ["1", "2"] {
        put(&store, id, "changed");
    }
    store.reset(Some(&mchid)).unwrap();
    assert_eq!((get(&store, "1").as_deref(), get(&store, "2")), (Some("seed"), None));
    assert_eq!(listed(&store, &mchid), ["1", "0"]);
    put(&store, "0", "changed");
    store.reset(None).unwrap();
    assert_eq!(get(&store, "0").as_deref(), Some("seed"));
}

fn a_merchant_that_is_known_keeps_its_documents_when_its_seed_is_set_again(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.seed(&mchid, seed(&[("1", "first"), ("2", "first")])).unwrap();
    put(&store, "1", "changed");
    put(&store, "3", "created");
    let before = store.read(&mchid, &key("1")).unwrap().unwrap().version;
    store.seed(&mchid, seed(&[("1", "second")])).unwrap();
    let found = ["1", "2", "3"].map(|id| get(&store, id).unwrap());
    assert_eq!(found, ["changed", "first", "created"]);
    assert_eq!(store.read(&mchid, &key("1")).unwrap().unwrap().version, before);
    store.reset(None).unwrap();
    assert_eq!((listed(&store, &mchid), get(&store, "1").as_deref()), (vec!["1".into()], Some("second")));
}

fn what_a_merchant_received_before_it_was_seeded_does_not_keep_its_seed_away(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    assert_eq!(get(&store, "1"), None);
    change(&store, &other, |changes| changes.send_to(&mchid, outgoing("1", 1)));
    store.seed(&mchid, seed(&[("1", "seed")])).unwrap();
    assert_eq!((get(&store, "1").as_deref(), sent(&store, Some(&mchid)).len()), (Some("seed"), 1));
}

fn a_removed_document_is_gone_until_it_is_put_again_or_a_reset_restores_it(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.seed(&mchid, seed(&[("seeded", "seed")])).unwrap();
    put(&store, "1", "1");
    let mut late = store.documents(&mchid);
    assert_eq!(late.get::<String>(KIND, "1").as_deref(), Some("1"));
    late.put(KIND, "1", &"late");
    for id in ["seeded", "1", "none"] {
        change(&store, &mchid, |changes| {
            changes.remove(KIND, id);
            assert_eq!(changes.get::<String>(KIND, id), None);
        });
        assert_eq!(get(&store, id), None);
    }
    assert_eq!(store.commit(late).unwrap_err(), CommitError::Conflict);
    assert!(store.kinds(&mchid).unwrap().is_empty() && listed(&store, &mchid).is_empty());
    put(&store, "seeded", "again");
    put(&store, "1", "again");
    assert_eq!(store.kinds(&mchid).unwrap(), [(KIND.into(), 2)]);
    store.reset(None).unwrap();
    assert_eq!((get(&store, "seeded").as_deref(), get(&store, "1")), (Some("seed"), None));
}

fn a_removed_merchant_is_forgotten_with_its_seed(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.seed(&mchid, seed(&[("1", "seed")])).unwrap();
    change(&store, &mchid, |changes| {
        changes.put(KIND, "2", &"created");
        changes.use_number("number", Fingerprint::of(&"content"));
        changes.send(outgoing("1", 1));
        changes.remind(at(1), KIND, "2");
    });
    store.remove(&mchid).unwrap();
    let is_empty = || {
        listed(&store, &mchid).is_empty()
            && store.kinds(&mchid).unwrap().is_empty()
            && number_use(&store, "number", "content") == NumberUse::New
            && sent(&store, None).is_empty()
            && lease(&store, 9, 9, 9).taken.is_empty()
            && due(&store, 9, 9).taken.is_empty()
    };
    assert!(is_empty());
    store.reset(None).unwrap();
    assert!(is_empty());
    store.remove(&other()).unwrap();
    store.seed(&mchid, seed(&[("3", "new")])).unwrap();
    assert_eq!(listed(&store, &mchid), ["3"]);
}

fn merchants_do_not_see_each_others_documents(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    put(&store, "1", "1");
    assert_eq!(get_of(&store, &other, "1"), None);
    // Neither do their changes conflict.
    let mut changes = store.documents(&other);
    assert_eq!(changes.get::<String>(KIND, "1"), None);
    changes.put(KIND, "1", &"other's");
    put(&store, "1", "2");
    store.commit(changes).unwrap();
    assert_eq!(
        (get(&store, "1").as_deref(), get_of(&store, &other, "1").as_deref()),
        (Some("2"), Some("other's"))
    );
    assert_eq!((listed(&store, &mchid).len(), listed(&store, &other).len()), (1, 1));
}

fn a_reset_of_one_merchant_leaves_the_others(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    for owner in [&mchid, &other] {
        change(&store, owner, |changes| {
            changes.put(KIND, "1", &"1");
            changes.use_number("number", Fingerprint::of(&"content"));
            changes.send(outgoing("1", 1));
            changes.remind(at(1), KIND, "1");
        });
    }
    let before = shown(&store, &mchid);
    store.reset(Some(&other)).unwrap();
    assert_eq!(shown(&store, &mchid), before);
    store.remove(&other).unwrap();
    assert_eq!(shown(&store, &mchid), before);
    assert_eq!(sent(&store, None).len(), 1);
}

fn documents_are_listed_by_kind_in_the_order_in_which_they_were_created(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.seed(&mchid, seed(&[("seeded", "seed")])).unwrap();
    for id in ["2", "1", "2"] {
        put(&store, id, id);
    }
    change(&store, &mchid, |changes| changes.put("another", "1", &"1"));
    assert_eq!(listed(&store, &mchid), ["seeded", "2", "1"]);
    assert_eq!(store.kinds(&mchid).unwrap(), [("another".into(), 1), (KIND.into(), 3)]);
    let list = |after, most| store.list(&mchid, KIND, after, most).unwrap();
    let newest = |before, most| store.0.list_newest(&mchid, KIND, before, most).unwrap();
    let first = list(0, 2);
    assert_eq!((first.len(), list(first[1].place, 9).len()), (2, 1));
    assert!(list(u64::MAX - 1, 9).is_empty() && list(u64::MAX, 9).is_empty() && list(0, 0).is_empty());
    assert!(store.list(&mchid, "other", 0, 9).unwrap().is_empty());
    let last = newest(u64::MAX, 1);
    assert_eq!((last.len(), last[0].id.as_str()), (1, "1"));
    assert_eq!(newest(last[0].place, 1)[0].id, "2");
    assert!(
        newest(0, 9).is_empty() && newest(first[0].place, 9).is_empty() && newest(u64::MAX, 0).is_empty()
    );
    // A list shows what a read does.
    for one in list(0, 9) {
        let read = store.read(&mchid, &key(&one.id)).unwrap().unwrap();
        assert_eq!((one.document.version, one.document.value), (read.version, read.value));
    }
    store.reset(None).unwrap();
    assert_eq!(listed(&store, &mchid), ["seeded"]);
}

fn a_document_keeps_its_place_while_it_exists(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    ["1", "2", "3"].iter().for_each(|id| put(&store, id, id));
    let places = || {
        let listed = store.list(&mchid, KIND, 0, 9).unwrap().into_iter();
        listed.map(|one| (one.id, one.place)).collect::<Vec<_>>()
    };
    let before = places();
    put(&store, "2", "changed");
    assert_eq!(places(), before);
    change(&store, &mchid, |changes| changes.remove(KIND, "1"));
    assert_eq!(places(), before[1..]);
    put(&store, "1", "again");
    let after = places();
    assert!(after[..2] == before[1..] && after[2].0 == "1" && after[2].1 > before[2].1, "{after:?}");
}

fn a_document_that_the_seed_has_twice_is_listed_once_and_as_the_last(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.seed(&mchid, seed(&[("1", "foreign"), ("2", "2"), ("1", "own")])).unwrap();
    for _ in 0..2 {
        assert_eq!(
            (listed(&store, &mchid), get(&store, "1").as_deref()),
            (vec!["1".into(), "2".into()], Some("own"))
        );
        assert_eq!(store.kinds(&mchid).unwrap(), [(KIND.into(), 2)]);
        store.reset(Some(&mchid)).unwrap();
    }
}

fn a_long_list_is_read_to_its_end(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    change(&store, &mchid, |changes| (0..2500).for_each(|id| changes.put(KIND, &id.to_string(), &id)));
    let documents = store.documents(&mchid);
    let oldest = |most: usize| {
        let mut seen = Vec::new();
        documents.list(KIND, |id, _| {
            seen.push(id.to_owned());
            if seen.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        seen
    };
    let mut all = oldest(usize::MAX);
    assert_eq!((oldest(2100).len(), all.len()), (2100, 2500));
    // And from its end, as far as is wanted.
    let mut newest = Vec::new();
    documents.list_newest(KIND, 2100, |id, _| {
        newest.push(id.to_owned());
        ControlFlow::Continue(())
    });
    all.reverse();
    assert!(newest == all[..2100]);
    documents.check().unwrap();
}

fn what_was_exported_is_the_same_once_it_is_imported(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    store.seed(&mchid, seed(&[("seeded", "seed")])).unwrap();
    for (id, kind) in [("b", KIND), ("a", "another"), ("a", KIND), ("b", KIND)] {
        change(&store, &mchid, |changes| {
            changes.put(kind, id, &id);
            changes.use_number(id, Fingerprint::of(&kind));
            changes.send(outgoing(id, 1));
            changes.remind(at(8), kind, id);
            changes.remind(at(3), kind, id);
        });
    }
    let taken = lease(&store, 1, 3, 3).taken;
    assert!(settle(&store, &taken[0], DeliveryState::Received));
    assert!(settle(&store, &taken[1], DeliveryState::Waiting(at(7))));
    // An attempt in progress begins again.
    let before = shown(&store, &mchid).map(|it| it.replace(r#""sending""#, r#"{"waiting":1}"#));
    let last = store.last_delivery().unwrap();
    store.import(&other, store.export(&mchid).unwrap()).unwrap();
    assert_eq!(shown(&store, &other), before);
    assert_eq!(store.last_delivery().unwrap(), last + 4);
    assert_eq!(numbers(&lease(&store, 1, 9, 9)), [last, last + 3, last + 4]);
    // Into another store too.
    let elsewhere = place.another();
    let elsewhere = elsewhere.open();
    elsewhere.import(&mchid, store.export(&mchid).unwrap()).unwrap();
    assert_eq!(shown(&elsewhere, &mchid)[..2], before[..2]);
    assert_eq!(number_use(&elsewhere, "b", KIND), NumberUse::Repeated);
}

fn an_import_replaces_everything_but_the_seed(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.seed(&mchid, seed(&[("1", "seed")])).unwrap();
    change(&store, &mchid, |changes| {
        changes.put(KIND, "2", &"created");
        changes.use_number("number", Fingerprint::of(&"content"));
        changes.send(outgoing("1", 1));
        changes.remind(at(1), KIND, "2");
    });
    let mut late = store.documents(&mchid);
    assert!(late.get::<String>(KIND, "1").is_some());
    late.put(KIND, "1", &"late");
    let taken = lease(&store, 1, 9, 9).taken;
    let state = MerchantState {
        documents: seed(&[("3", "imported"), ("1", "imported")]),
        ..MerchantState::default()
    };
    store.import(&mchid, state).unwrap();
    assert_eq!(store.commit(late).unwrap_err(), CommitError::Conflict);
    assert_eq!(listed(&store, &mchid), ["3", "1"]);
    assert_eq!(number_use(&store, "number", "content"), NumberUse::New);
    assert!(sent(&store, None).is_empty() && !settle(&store, &taken[0], DeliveryState::Received));
    assert!(due(&store, 9, 9).taken.is_empty());
    store.reset(Some(&mchid)).unwrap();
    assert_eq!((listed(&store, &mchid), get(&store, "1").as_deref()), (vec!["1".into()], Some("seed")));
}
