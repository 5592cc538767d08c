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
use wechatpay_texts::{phrase, text};

use crate::{
    case::{BuiltRequest, Case, CaseExchange, CaseRequest, Expected, ExpectedBody, MemberAfter, SignedBy},
    sign::Sign,
};

pub use difference::{Difference, LineKind, Part};
pub(crate) use exchange::{Caller, Exchange};

/// The path of members' cards.
const CARDS: &str = "/v3/marketing/membercard-open/cards";

/// The characters that are escaped in a segment of a path: all but the unreserved ones.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Sends the case's requests to `base_url` as this merchant, one after another, then reads the state, and returns the
/// differences in that order; none if the case passes.
pub async fn run(case: &Case, base_url: &BaseUrl, merchant: &Credentials) -> Vec<Difference> {
    let mut caller = Caller::new(base_url, merchant);
    let mut time = case.given.as_ref().and_then(|given| given.now).map(Timestamp::from_unix);
    let mut differences = Vec::new();
    for (index, exchange) in case.exchanges.iter().enumerate() {
        let request = &exchange.request;
        let place = text!(
            "exchange {number}, {method} {target}",
            number = index + 1,
            method = request.method(),
            target = request.target()
        );
        differences.extend(run_exchange(exchange, &mut caller, &mut time, &place).await);
    }
    for after in &case.after {
        let place =
            text!("afterwards, the card {card_id} of {code}", card_id = after.card_id, code = after.code);
        let read = read_member(after, &caller);
        differences.extend(run_exchange(&read, &mut caller, &mut time, &place).await);
    }
    differences
}

async fn run_exchange(
    exchange: &CaseExchange,
    caller: &mut Caller<'_>,
    time: &mut Option<Timestamp>,
    place: &str,
) -> Vec<Difference> {
    let sent = caller.send(&exchange.request, &exchange.sign, *time).await;
    let differences = match sent {
        Ok(mut sent) => {
            *time = clock(&exchange.request, &sent).or(*time);
            let missing = caller.keep(&mut sent, &exchange.keep).err();
            let missing = missing.map(|pointer| {
                Difference::new(Part::Body, text!("a value to keep at {pointer}"), phrase!("none"))
            });
            let mut differences = compare::compare(&exchange.expect, &sent, caller.merchant);
            differences.extend(missing);
            differences
        }
        Err(problem) => vec![Difference::new(Part::Response, "one", problem)],
    };
    differences.into_iter().map(|difference| difference.within(place)).collect()
}

/// The mock's time, if this is its response to a change of its clock. Later requests are signed with it.
pub(crate) fn clock(request: &CaseRequest, sent: &Exchange) -> Option<Timestamp> {
    (request.target() == "/__mock/clock").then_some(())?;
    let body: Value = serde_json::from_slice(&sent.response.body).ok()?;
    body["now"].as_u64().map(Timestamp::from_unix)
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
        keep: [].into(),
        expect: Expected {
            status: 200,
            signed_by: SignedBy::EitherKey,
            headers: [].into(),
            body: ExpectedBody::Partial(Value::Object(after.member.clone())),
        },
    }
}
