//! A commit keeps all changes or none, and what it is based on has not changed.

use super::*;

laws! {
    a_change_of_a_document_that_another_request_changed_conflicts_and_changes_nothing
    a_commit_keeps_all_that_belongs_to_it
    a_change_conflicts_with_one_between_two_reads_of_the_same_document
    what_was_read_ahead_conflicts_once_it_is_used
    what_was_only_read_conflicts_too
    a_document_that_was_not_there_conflicts_with_its_creation_but_not_with_another_ones
    a_document_that_was_not_read_is_replaced_without_conflict
    of_two_changes_of_what_both_have_read_one_conflicts
    only_reading_conflicts_too_and_changes_nothing
    a_change_that_began_before_a_reset_conflicts_with_it
    a_change_that_began_before_the_merchant_was_removed_and_made_anew_conflicts
    later_changes_of_a_document_have_higher_versions_also_after_a_reset
    versions_go_on_when_a_merchant_is_removed_and_comes_again
    a_commit_of_nothing_changes_nothing
    a_request_number_is_remembered_with_the_content_it_was_last_used_for
}

fn a_change_of_a_document_that_another_request_changed_conflicts_and_changes_nothing(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    put(&store, "2", "kept");
    let mut late = store.documents(&mchid);
    assert_eq!(late.get::<String>(KIND, "1"), None);
    late.put(KIND, "1", &"late");
    late.remove(KIND, "2");
    late.put(KIND, "3", &"late");
    late.use_number("number", Fingerprint::of(&"late"));
    late.send(outgoing("own", 1));
    late.send_to(&other, outgoing("other's", 1));
    late.remind(at(1), KIND, "1");
    put(&store, "1", "early");
    assert_eq!(store.commit(late).unwrap_err(), CommitError::Conflict);
    let found = ["1", "2", "3"].map(|id| get(&store, id));
    assert_eq!(found, [Some("early".into()), Some("kept".into()), None]);
    assert_eq!(listed(&store, &mchid), ["2", "1"]);
    assert_eq!(number_use(&store, "number", "late"), NumberUse::New);
    assert_eq!((sent(&store, None), store.last_delivery().unwrap()), (vec![], 0));
    assert!(lease(&store, 9, 9, 9).taken.is_empty() && due(&store, 9, 9).taken.is_empty());
}

fn a_commit_keeps_all_that_belongs_to_it(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    put(&store, "2", "2");
    let changed = change(&store, &mchid, |changes| {
        assert_eq!(changes.get::<String>(KIND, "2").as_deref(), Some("2"));
        changes.put(KIND, "1", &"会员");
        changes.remove(KIND, "2");
        changes.put("other", "1", &"\"'\\\u{0}\u{1f}");
        changes.use_number("number", Fingerprint::of(&"content"));
        changes.send(outgoing("own", 1));
        changes.send_to(&other, outgoing("other's", 1));
        changes.remind(at(1), KIND, "1");
    });
    let keys: Vec<_> = changed.iter().map(|one| (one.key.clone(), one.value.is_some())).collect();
    assert_eq!(keys, [(Key::new("other", "1"), true), (key("1"), true), (key("2"), false)]);
    assert_eq!((get(&store, "1").as_deref(), get(&store, "2")), (Some("会员"), None));
    assert_eq!(store.documents(&mchid).get::<String>("other", "1").unwrap(), "\"'\\\u{0}\u{1f}");
    assert_eq!(store.kinds(&mchid).unwrap(), [("other".into(), 1), (KIND.into(), 1)]);
    assert_eq!(number_use(&store, "number", "content"), NumberUse::Repeated);
    assert_eq!(
        (sent(&store, Some(&mchid)), sent(&store, Some(&other))),
        (vec!["own".into()], vec!["other's".into()])
    );
    let due = due(&store, 1, 9).taken;
    assert_eq!((due.len(), &due[0].mchid, &due[0].key), (1, &mchid, &key("1")));
}

fn a_change_conflicts_with_one_between_two_reads_of_the_same_document(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    let mut changes = store.documents(&mchid);
    assert_eq!(changes.get::<String>(KIND, "1"), None);
    put(&store, "1", "between");
    // What was read over a network is not read again.
    assert!(changes.get::<String>(KIND, "1").is_none_or(|found| found == "between"));
    changes.put(KIND, "2", &"late");
    assert_eq!(store.commit(changes).unwrap_err(), CommitError::Conflict);
}

fn what_was_read_ahead_conflicts_once_it_is_used(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    put(&store, "used", "before");
    put(&store, "unused", "before");
    let content = Fingerprint::of(&"content");
    change(&store, &mchid, |changes| changes.use_number("known", content));
    let change = |between: &str| {
        let mut changes = store.documents(&mchid);
        changes.ahead(|ahead| {
            ahead.document(KIND, "unused").document(KIND, "used").document(KIND, "none");
            ahead.number("known").number("new");
        });
        put(&store, between, "between");
        let found = changes.get::<String>(KIND, "used").unwrap();
        assert_eq!(changes.get::<String>(KIND, "none"), None);
        assert_eq!(changes.number_use("known", content), NumberUse::Repeated);
        assert_eq!(changes.number_use("new", content), NumberUse::New);
        changes.put(KIND, "used", &"after");
        changes.put(KIND, "made", &"after");
        assert_eq!(changes.get::<String>(KIND, "used").as_deref(), Some("after"));
        (found, store.commit(changes).map(|changed| changed.len()))
    };
    assert_eq!(change("unused"), ("before".into(), Ok(2)));
    // In memory, nothing is read ahead.
    match change("used") {
        (found, Err(CommitError::Conflict)) => assert_eq!(found, "after"),
        (found, kept) => assert_eq!((found.as_str(), kept), ("between", Ok(2))),
    }
}

fn what_was_only_read_conflicts_too(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    put(&store, "read", "before");
    let change = |between: &dyn Fn()| {
        let mut changes = store.documents(&mchid);
        assert!(changes.get::<String>(KIND, "read").is_some());
        changes.put(KIND, "written", &"late");
        changes.send(outgoing("late", 1));
        between();
        store.commit(changes).map(drop)
    };
    assert_eq!(change(&|| put(&store, "read", "between")), Err(CommitError::Conflict));
    // The same content is another version.
    assert_eq!(change(&|| put(&store, "read", "between")), Err(CommitError::Conflict));
    assert_eq!((get(&store, "written"), sent(&store, None)), (None, vec![]));
    assert_eq!(change(&|| put(&store, "another", "between")), Ok(()));
    assert_eq!((get(&store, "written").as_deref(), sent(&store, None).len()), (Some("late"), 1));
}

fn a_document_that_was_not_there_conflicts_with_its_creation_but_not_with_another_ones(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    for (read, created) in [("1", "1"), ("2", "another")] {
        let mut changes = store.documents(&mchid);
        assert_eq!(changes.get::<String>(KIND, read), None);
        changes.put(KIND, "late", &read);
        put(&store, created, "between");
        assert_eq!(store.commit(changes).is_err(), read == created);
    }
    assert_eq!(get(&store, "late").as_deref(), Some("2"));
}

fn a_document_that_was_not_read_is_replaced_without_conflict(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    let mut blind = store.documents(&mchid);
    blind.put(KIND, "1", &"blind");
    assert_eq!(blind.get::<String>(KIND, "1").as_deref(), Some("blind"));
    put(&store, "1", "between");
    store.commit(blind).unwrap();
    assert_eq!(get(&store, "1").as_deref(), Some("blind"));
}

fn of_two_changes_of_what_both_have_read_one_conflicts(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    put(&store, "a", "0");
    put(&store, "b", "0");
    let begin = |read: &str, written: &str| {
        let mut changes = store.documents(&mchid);
        assert_eq!(changes.get::<String>(KIND, read).as_deref(), Some("0"));
        changes.put(KIND, written, &"1");
        changes
    };
    // Each reads what the other writes.
    let (one, two) = (begin("a", "b"), begin("b", "a"));
    assert_eq!(store.commit(two).map(drop), Ok(()));
    assert_eq!(store.commit(one).unwrap_err(), CommitError::Conflict);
    assert_eq!((get(&store, "a").as_deref(), get(&store, "b").as_deref()), (Some("1"), Some("0")));
}

fn only_reading_conflicts_too_and_changes_nothing(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    let mut late = store.documents(&mchid);
    assert_eq!(late.get::<String>(KIND, "a"), None);
    put(&store, "a", "1");
    // The two are not of one time.
    assert_eq!(late.get::<String>(KIND, "c"), None);
    late.put(KIND, "b", &"1");
    assert_eq!(store.commit(late.only_read()).unwrap_err(), CommitError::Conflict);
    let mut again = store.documents(&mchid);
    assert_eq!(again.get::<String>(KIND, "a").as_deref(), Some("1"));
    assert_eq!(again.get::<String>(KIND, "c"), None);
    again.put(KIND, "b", &"1");
    assert!(store.commit(again.only_read()).unwrap().is_empty());
    assert_eq!(get(&store, "b"), None);
}

fn a_change_that_began_before_a_reset_conflicts_with_it(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.seed(&mchid, seed(&[("1", "seed")])).unwrap();
    for reset in [None, Some(&mchid)] {
        let mut changes = store.documents(&mchid);
        assert_eq!(changes.get::<String>(KIND, "1").as_deref(), Some("seed"));
        changes.put(KIND, "1", &"changed");
        store.reset(reset).unwrap();
        assert_eq!(store.commit(changes).unwrap_err(), CommitError::Conflict);
        assert_eq!(get(&store, "1").as_deref(), Some("seed"));
    }
}

fn a_change_that_began_before_the_merchant_was_removed_and_made_anew_conflicts(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    store.seed(&mchid, seed(&[("1", "seed")])).unwrap();
    let mut changes = store.documents(&mchid);
    assert_eq!(changes.get::<String>(KIND, "1").as_deref(), Some("seed"));
    changes.put(KIND, "1", &"changed");
    store.remove(&mchid).unwrap();
    store.seed(&mchid, seed(&[("1", "seed")])).unwrap();
    assert_eq!(store.commit(changes).unwrap_err(), CommitError::Conflict);
}

fn later_changes_of_a_document_have_higher_versions_also_after_a_reset(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    let version = |value: Option<u64>| {
        let changed = change(&store, &mchid, |documents| match value {
            Some(value) => documents.put(KIND, "1", &value),
            None => documents.remove(KIND, "1"),
        });
        let is_same = changed[0].value.as_ref().and_then(JsonText::read::<u64>) == value;
        assert!(changed.len() == 1 && changed[0].key == key("1") && is_same, "{changed:?}");
        changed[0].version
    };
    let mut versions = vec![version(Some(1)), version(Some(2)), version(None)];
    store.reset(None).unwrap();
    versions.push(version(Some(3)));
    store.reset(Some(&mchid)).unwrap();
    versions.push(version(Some(4)));
    store.import(&mchid, MerchantState::default()).unwrap();
    versions.push(version(Some(5)));
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    assert!(store.read(&mchid, &key("1")).unwrap().unwrap().version <= versions[5]);
}

fn versions_go_on_when_a_merchant_is_removed_and_comes_again(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    (0..9).for_each(|_| put(&store, "1", "1"));
    let before = version_of_put(&store, "1", "2");
    store.remove(&mchid).unwrap();
    assert!(version_of_put(&store, "1", "1") > before);
    store.remove(&mchid).unwrap();
    store.seed(&mchid, seed(&[("1", "seed")])).unwrap();
    assert!(store.read(&mchid, &key("1")).unwrap().unwrap().version > before);
}

fn a_commit_of_nothing_changes_nothing(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    assert!(store.commit(store.documents(&mchid)).unwrap().is_empty());
    put(&store, "1", "1");
    let before = store.read(&mchid, &key("1")).unwrap().unwrap().version;
    assert!(store.commit(store.documents(&mchid)).unwrap().is_empty());
    assert_eq!(store.read(&mchid, &key("1")).unwrap().unwrap().version, before);
    // What is not there can be removed: it is gone, as was wanted.
    change(&store, &mchid, |changes| changes.remove(KIND, "none"));
    assert_eq!(listed(&store, &mchid), ["1"]);
}

fn a_request_number_is_remembered_with_the_content_it_was_last_used_for(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    let use_number = |number: &str, content: &str| {
        change(&store, &mchid, |changes| changes.use_number(number, Fingerprint::of(&content)));
    };
    assert_eq!(number_use(&store, "1", "a"), NumberUse::New);
    use_number("1", "a");
    assert_eq!(number_use(&store, "1", "a"), NumberUse::Repeated);
    assert_eq!(number_use(&store, "1", "b"), NumberUse::RepeatedDifferently);
    use_number("1", "b");
    assert_eq!(number_use(&store, "1", "a"), NumberUse::RepeatedDifferently);
    assert_eq!(store.documents(&other()).number_use("1", Fingerprint::of(&"b")), NumberUse::New);
    store.reset(Some(&mchid)).unwrap();
    assert_eq!(number_use(&store, "1", "b"), NumberUse::New);
}
