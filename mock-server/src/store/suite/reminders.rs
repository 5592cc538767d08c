//! Documents that change by themselves are due once, in the order of time.

use super::*;

laws! {
    what_is_due_is_taken_once_in_the_order_of_time
    what_is_due_is_kept_until_it_is_done
    only_documents_of_known_merchants_are_due
    no_more_are_due_at_once_than_wanted_and_the_rest_follows
    a_removed_merchants_documents_are_not_due
}

/// Reminds of these documents of a merchant at these times.
fn remind(store: &Store, mchid: &Mchid, reminders: &[(u64, &str)]) {
    change(store, mchid, |changes| {
        reminders.iter().for_each(|(when, id)| changes.remind(at(*when), KIND, id));
    });
}

fn ids(due: &Due) -> Vec<&str> {
    due.taken.iter().map(|one| &*one.key.id).collect()
}

fn what_is_due_is_taken_once_in_the_order_of_time(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    let due_at = |now| due(&store, now, 9);
    remind(&store, &mchid, &[(20, "b"), (10, "a"), (99, "d"), (20, "a")]);
    remind(&store, &mchid, &[(15, "c")]);
    assert_eq!(due(&store, 9, 9).next, Some(at(10)));
    let due = due_at(20);
    assert_eq!((ids(&due), due.next), (vec!["a", "c", "b", "a"], Some(at(99))));
    assert!(due.taken.iter().all(|one| one.mchid == mchid && &*one.key.kind == KIND));
    let due = due_at(20);
    assert_eq!((ids(&due), due.next), (vec![], Some(at(99))));
    assert_eq!(store.export(&mchid).unwrap().reminders, [(at(99), key("d"))]);
    let due = due_at(99);
    assert_eq!((ids(&due), due.next), (vec!["d"], None));
}

fn what_is_due_is_kept_until_it_is_done(place: &Place) {
    let (mut store, mchid) = (place.open(), mchid());
    remind(&store, &mchid, &[(1, "a"), (2, "b"), (99, "c")]);
    let taken = store.due(at(9), 9, &|_| true).unwrap().taken;
    assert_eq!(taken.len(), 2);
    let kept = |store: &Store| {
        let reminders = store.export(&mchid).unwrap().reminders;
        reminders.into_iter().map(|(when, key)| (when.as_unix(), key.id)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&store), [(1, "a".into()), (2, "b".into()), (99, "c".into())]);
    if place.lasts() {
        drop(store);
        store = place.open();
    }
    store.done(&taken[..1]).unwrap();
    assert_eq!(kept(&store), [(2, "b".into()), (99, "c".into())]);
    store.done(&taken).unwrap();
    assert_eq!(kept(&store), [(99, "c".into())]);
}

fn only_documents_of_known_merchants_are_due(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    remind(&store, &other, &[(1, "other's"), (3, "other's")]);
    remind(&store, &mchid, &[(2, "known")]);
    let known = store.due(at(2), 9, &|found| *found == mchid).unwrap();
    assert_eq!((ids(&known), known.next), (vec!["known"], None));
    store.done(&known.taken).unwrap();
    let all = due(&store, 2, 9);
    assert_eq!((ids(&all), all.next), (vec!["other's"], Some(at(3))));
}

fn no_more_are_due_at_once_than_wanted_and_the_rest_follows(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    remind(&store, &mchid, &[(3, "c"), (1, "a"), (5, "e"), (50, "g")]);
    remind(&store, &other, &[(2, "b"), (4, "d"), (6, "f")]);
    let (mut all, mut turns) = (Vec::new(), 0);
    loop {
        let due = due(&store, 9, 2);
        assert!(due.taken.len() <= 2, "{due:?}");
        all.extend(ids(&due).into_iter().map(str::to_owned));
        if due.next == Some(at(50)) && due.taken.is_empty() {
            break;
        }
        turns += 1;
        assert!(turns < 20, "{all:?}");
    }
    let of = |wanted: [&str; 3]| {
        all.iter().filter(|id| wanted.contains(&id.as_str())).cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        (all.len(), of(["a", "c", "e"]), of(["b", "d", "f"])),
        (6, ["a", "c", "e"].map(String::from).into(), ["b", "d", "f"].map(String::from).into())
    );
}

fn a_removed_merchants_documents_are_not_due(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    let removals: [&dyn Fn(); 3] =
        [&|| store.remove(&mchid).unwrap(), &|| store.reset(Some(&mchid)).unwrap(), &|| {
            store.import(&mchid, MerchantState::default()).unwrap();
        }];
    for remove in removals {
        remind(&store, &mchid, &[(1, "removed"), (2, "removed")]);
        remind(&store, &other, &[(1, "kept")]);
        remove();
        assert_eq!(ids(&due(&store, 9, 9)), ["kept"]);
    }
    remind(&store, &mchid, &[(1, "removed")]);
    store.reset(None).unwrap();
    assert!(due(&store, 9, 9).taken.is_empty());
}
