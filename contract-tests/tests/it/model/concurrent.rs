//! Many concurrent callers: sums do not depend on the order, so mock and model agree at the end.

use std::sync::Arc;

use proptest::{prelude::*, sample::select};
use wechatpay_client::RightsChange;
use wechatpay_mock::policies::Policies;

use super::{
    Setup,
    reference::{Change, MEMBERS, MERCHANTS, Member, Model},
};

/// The number of concurrent callers.
const CALLERS: usize = 4;

/// A change, and the callers that send it, all with the same number.
type Sent = (Change, Vec<usize>);

#[test]
fn each_change_by_concurrent_callers_is_applied_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    proptest!(ProptestConfig::with_cases(48), |(sent in sent())| {
        runtime.block_on(async {
            let setup = Arc::new(Setup::start(&Policies::default()).await);
            send(&setup, &sent).await;
            let mut model = Model::new(Policies::default());
            for (change, _) in &sent {
                prop_assert!(model.set(change).is_ok());
            }
            for (merchant, _) in MERCHANTS.iter().enumerate() {
                for member in MEMBERS {
                    let points = setup.points(merchant, member).await;
                    prop_assert_eq!(points, model.points(merchant, member), "{:?}", member);
                }
            }
            Ok(())
        })?;
    });
}

/// Changes that add points, each with its own number.
fn sent() -> impl Strategy<Value = Vec<Sent>> {
    let callers = prop::collection::vec(0..CALLERS, 1..4);
    let change = (0..MERCHANTS.len(), select(MEMBERS.as_slice()), -1000..1000_i64, callers);
    prop::collection::vec(change, 1..16).prop_map(|changes| {
        let numbered = changes.into_iter().enumerate();
        let change = |(number, (merchant, member, add, callers)): (usize, (_, _, _, Vec<usize>))| {
            let rights = RightsChange { add_bonus_value: Some(add), ..RightsChange::new(number.to_string()) };
            (Change { merchant, member, rights }, callers)
        };
        numbered.map(change).collect()
    })
}

/// Sends the changes of all callers concurrently.
async fn send(setup: &Arc<Setup>, sent: &[Sent]) {
    let callers = (0..CALLERS).map(|caller| {
        let of_caller = sent.iter().flat_map(move |(change, callers)| {
            let times = callers.iter().filter(move |it| **it == caller).count();
            std::iter::repeat_n(change.clone(), times)
        });
        let (changes, setup): (Vec<_>, _) = (of_caller.collect(), Arc::clone(setup));
        tokio::spawn(async move {
            for Change { merchant, member: Member { card_id, code }, rights } in changes {
                setup.clients[merchant].set_rights(card_id, code, &rights).await.unwrap();
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}
