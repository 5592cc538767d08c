//! Runs one case against a server and returns what differs from its expectations.
//!
//! [`verify`](crate::verify) runs many. The kit has its own HTTP client, because
//! cases need malformed requests and the exact bytes of the response.

mod body;
mod compare;
mod difference;
mod exchange;
pub(crate) mod send;
mod signature;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use wechatpay_protocol::{BaseUrl, Credentials, Timestamp};

use crate::{
    case::{BuiltRequest, Case, CaseExchange, CaseRequest, Expected, ExpectedBody, MemberAfter, SignedBy},
    sign::Sign,
};

pub use difference::{Difference, LineKind, Part};
pub(crate) use exchange::Caller;

/// The path of members' cards.
const CARDS: &str = "/v3/marketing/membercard-open/cards";

/// The characters that are escaped in a segment of a path: all but the unreserved ones.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Sends the case's requests to `base_url` as this merchant, one after another, then reads the state, and returns the
/// differences in that order; none if the case passes.
pub async fn run(case: &Case, base_url: &BaseUrl, merchant: &Credentials) -> Vec<Difference> {
    let caller = Caller::new(base_url, merchant);
    let time = case.given.as_ref().and_then(|given| given.now).map(Timestamp::from_unix);
    let mut differences = Vec::new();
    for (index, exchange) in case.exchanges.iter().enumerate() {
        let request = &exchange.request;
        let place = format!("exchange {}, {} {}", index + 1, request.method(), request.target());
        differences.extend(run_exchange(exchange, &caller, time, &place).await);
    }
    for after in &case.after {
        let place = format!("afterwards, the card {} of {}", after.card_id, after.code);
        differences.extend(run_exchange(&read_member(after, &caller), &caller, time, &place).await);
    }
    differences
}

async fn run_exchange(
    exchange: &CaseExchange,
    caller: &Caller<'_>,
    time: Option<Timestamp>,
    place: &str,
) -> Vec<Difference> {
    let differences = match caller.send(&exchange.request, &exchange.sign, time).await {
        Ok(sent) => compare::compare(&exchange.expect, &sent, caller.merchant),
        Err(problem) => vec![Difference::new(Part::Response, "one", problem)],
    };
    differences.into_iter().map(|difference| difference.within(place)).collect()
}

/// The exchange that reads a member's card.
fn read_member(after: &MemberAfter, caller: &Caller<'_>) -> CaseExchange {
    let segment = |text: &str| {
        let text = text.replace("{unique}", &caller.unique);
        utf8_percent_encode(&text, SEGMENT).to_string()
    };
    let target = format!("{CARDS}/{}/codes/{}", segment(&after.card_id), segment(&after.code));
    CaseExchange {
        request: CaseRequest::Built(BuiltRequest::get(target)),
        sign: Sign::Valid,
        expect: Expected {
            status: 200,
            signed_by: SignedBy::EitherKey,
            headers: [].into(),
            body: ExpectedBody::Partial(Value::Object(after.member.clone())),
        },
    }
}
