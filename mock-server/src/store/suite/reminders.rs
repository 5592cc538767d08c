//! Documents that change by themselves are due once, in the order of time.

use super::*;

laws! {
    what_is_due_is_taken_once_in_the_order_of_time
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
    due.taken.iter().map(|one| one.key.id.as_str()).collect()
}

fn what_is_due_is_taken_once_in_the_order_of_time(place: &Place) {
    let (store, mchid) = (place.open(), mchid());
    remind(&store, &mchid, &[(20, "b"), (10, "a"), (99, "d"), (20, "a")]);
    remind(&store, &mchid, &[(15, "c")]);
    assert_eq!(store.due(at(9), 9).unwrap().next, Some(at(10)));
    let due = store.due(at(20), 9).unwrap();
    assert_eq!((ids(&due), due.next), (vec!["a", "c", "b", "a"], Some(at(99))));
    assert!(due.taken.iter().all(|one| one.mchid == mchid && &*one.key.kind == KIND));
    let due = store.due(at(20), 9).unwrap();
    assert_eq!((ids(&due), due.next), (vec![], Some(at(99))));
    assert_eq!(store.export(&mchid).unwrap().reminders, [(at(99), key("d"))]);
    let due = store.due(at(99), 9).unwrap();
    assert_eq!((ids(&due), due.next), (vec!["d"], None));
}

fn no_more_are_due_at_once_than_wanted_and_the_rest_follows(place: &Place) {
    let (store, mchid, other) = (place.open(), mchid(), other());
    remind(&store, &mchid, &[(3, "c"), (1, "a"), (5, "e"), (50, "g")]);
    remind(&store, &other, &[(2, "b"), (4, "d"), (6, "f")]);
    let (mut all, mut turns) = (Vec::new(), 0);
    loop {
        let due = store.due(at(9), 2).unwrap();
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
        assert_eq!(ids(&store.due(at(9), 9).unwrap()), ["kept"]);
    }
    remind(&store, &mchid, &[(1, "removed")]);
    store.reset(None).unwrap();
    assert!(store.due(at(9), 9).unwrap().taken.is_empty());
}
