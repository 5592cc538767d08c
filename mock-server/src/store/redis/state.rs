//! All that a merchant has, for `state export` and `state import`.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use wechatpay_protocol::Mchid;

use super::{
    super::{
        Backend as _, CommitError, Delivery, JsonText, Key, Listed, MerchantState, StoreResult,
        documents::Changes,
    },
    AT_ONCE, Bounds, Inner, Redis, keys,
    node::Request,
    reminders::reminded,
    scripts::SCRIPTS,
    values::{fingerprint, items, unreadable},
};

/// All that a merchant has.
pub(super) fn export(store: &Redis, mchid: &Mchid) -> StoreResult<MerchantState> {
    let inner = &store.inner;
    let mut documents = Vec::new();
    for (kind, _) in store.kinds(mchid)? {
        let mut after = 0;
        loop {
            let page = store.list(mchid, &kind, after, AT_ONCE)?;
            let is_last = page.len() < AT_ONCE;
            for Listed { place, id, document } in page {
                after = place;
                documents.push((place, Key { kind: Arc::clone(&kind), id: id.into() }, document.value));
            }
            if is_last {
                break;
            }
        }
    }
    documents.sort_unstable_by_key(|(place, ..)| *place);
    let mut numbers = Vec::new();
    loop {
        let mut command = SCRIPTS.numbers.call(mchid);
        command.arg(numbers.len()).arg(numbers.len() + AT_ONCE - 1);
        let page = items(inner.ask(mchid, &command)?)?;
        for two in page.chunks_exact(2) {
            numbers.push((fingerprint(&two[0])?, fingerprint(&two[1])?));
        }
        if page.len() < 2 * AT_ONCE {
            break;
        }
    }
    let mut deliveries: Vec<Delivery> = Vec::new();
    loop {
        let after = deliveries.last().map_or(0, |last| last.number);
        let page = inner.deliveries(std::slice::from_ref(mchid), after, AT_ONCE)?;
        let is_last = page.len() < AT_ONCE;
        deliveries.extend(page);
        if is_last {
            break;
        }
    }
    let found = inner
        .ask(mchid, ::redis::cmd("ZRANGE").arg(keys::reminders(mchid)).arg(0).arg(-1).arg("WITHSCORES"))?;
    let mut reminders = Vec::new();
    for two in items(found)?.chunks_exact(2) {
        let ((at, _), key) = reminded(&two[0], &two[1]).ok_or_else(unreadable)?;
        reminders.push((at, key));
    }
    let documents = documents.into_iter().map(|(_, key, value)| (key, value)).collect();
    Ok(MerchantState { documents, numbers, deliveries, reminders })
}

/// Puts it in place of all that the merchant has. Not at once: so much would hold the server up. If it fails in between, what is there is a part.
pub(super) fn import(inner: &Inner, mchid: &Mchid, state: MerchantState) -> StoreResult<()> {
    let MerchantState { documents, numbers, deliveries, reminders } = state;
    inner.know(mchid)?;
    inner.reset(mchid, "empty")?;
    let commit = |changes| {
        inner.commit(mchid, changes).map(drop).map_err(|error| match error {
            CommitError::Unavailable(error) => error,
            // It has read nothing.
            CommitError::Conflict => unreadable(),
        })
    };
    // One after another: a commit keeps its documents in the order of their keys.
    for page in documents.chunks(AT_ONCE) {
        put_in_order(inner, mchid, page)?;
    }
    for page in numbers.chunks(AT_ONCE) {
        commit(Changes { numbers: page.to_vec(), ..Changes::default() })?;
    }
    for page in reminders.chunks(AT_ONCE) {
        commit(Changes { reminders: page.to_vec(), ..Changes::default() })?;
    }
    inner.import(mchid, &deliveries)
}

/// Keeps documents in this order.
fn put_in_order(inner: &Inner, mchid: &Mchid, documents: &[(Key, JsonText)]) -> StoreResult<()> {
    let commands = documents.iter().map(|(key, value)| {
        let mut command = SCRIPTS.commit.call(mchid);
        let Bounds { created, request_numbers, bytes, callbacks, callback_bytes, reminders } = inner.bounds;
        let id = format!("{}-{}", inner.owner, inner.commits.fetch_add(1, Relaxed));
        command.arg(id).arg(created).arg(request_numbers).arg(bytes);
        command.arg(callbacks).arg(callback_bytes).arg(reminders);
        command.arg(0).arg(1).arg(keys::field(key)).arg(value.as_str()).arg(0).arg(0).arg(0);
        command
    });
    let mut request = Request::default();
    commands.for_each(|command| request.add(&command));
    inner.link.call(keys::slot_of(mchid), &request.durable()).map(drop)
}
