//! Runs a case against a server and says what differs.

mod body;
mod compare;
mod difference;
mod exchange;
mod recorded;
pub(crate) mod send;
mod signature;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use wechatpay_protocol::{Credentials, Timestamp};

use crate::{
    case::{Case, CaseExchange, CaseRequest, Expected, ExpectedBody, MadeRequest, MemberAfter, SignedBy},
    sign::Sign,
};

pub use difference::{Difference, Lines, Subject};
pub(crate) use exchange::Caller;
pub(crate) use send::Sent;

/// Where members' cards can be read.
const CARDS: &str = "/v3/marketing/membercard-open/cards";

/// What a segment of a path keeps as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Sends the case's requests to `base_url` as that merchant, one after another, and compares the answers, and then the
/// state. What differs is in the order in which it was looked at; nothing does if the case holds.
pub async fn run(case: &Case, base_url: &str, merchant: &Credentials) -> Vec<Difference> {
    let caller = Caller::new(base_url, merchant);
    let given = case.given.as_ref().and_then(|given| given.now).map(Timestamp::from_unix);
    let mut differences = Vec::new();
    for (index, exchange) in case.exchanges.iter().enumerate() {
        let CaseExchange { request, .. } = exchange;
        let at = format!("exchange {}, {} {}", index + 1, request.method(), request.target());
        let found = run_exchange(exchange, &caller, given).await;
        differences.extend(found.into_iter().map(|difference| difference.within(&at)));
    }
    for after in &case.after {
        let at = format!("afterwards, the card {} of {}", after.card_id, after.code);
        let found = run_exchange(&reading(after, &caller), &caller, given).await;
        differences.extend(found.into_iter().map(|difference| difference.within(&at)));
    }
    differences
}

async fn run_exchange(
    exchange: &CaseExchange,
    caller: &Caller<'_>,
    given: Option<Timestamp>,
) -> Vec<Difference> {
    match caller.send(&exchange.request, &exchange.sign, given).await {
        Ok(sent) => compare::compare(&exchange.expect, &sent, caller.merchant),
        Err(found) => vec![Difference::new(Subject::Answer, "one", found)],
    }
}

/// The exchange that reads a member's card.
fn reading(after: &MemberAfter, caller: &Caller<'_>) -> CaseExchange {
    let segment = |text: &str| {
        let text = text.replace("{unique}", &caller.unique);
        utf8_percent_encode(&text, SEGMENT).to_string()
    };
    let target = format!("{CARDS}/{}/codes/{}", segment(&after.card_id), segment(&after.code));
    CaseExchange {
        request: CaseRequest::Made(MadeRequest::get(target)),
        sign: Sign::Valid,
        expect: Expected {
            status: 200,
            signed_by: SignedBy::EitherKey,
            headers: [].into(),
            body: ExpectedBody::Partial(Value::Object(after.member.clone())),
        },
    }
}
