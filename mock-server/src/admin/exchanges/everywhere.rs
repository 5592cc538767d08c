//! The exchanges of all mocks that have the same Redis, in one list.
//!
//! A mock asks those that have said in Redis that they are there, at the addresses that they have said, with the token that it was
//! called with itself. Nothing is sent to any other host.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::FromRequestParts;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderName, HeaderValue, Request, StatusCode, header::AUTHORIZATION, request::Parts};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::timeout;
use utoipa::ToSchema;
use wechatpay_protocol::display::error_chain;
use wechatpay_texts::text;

use super::{kept, summary::Summary};
use crate::{
    admin::{
        control::{Control, Other},
        error::AdminError,
        json::Json,
        long::Long,
    },
    journal::{Order, Page},
};

/// The mock that a call from another mock is for: its address may by now be another's.
const MOCK_ID: HeaderName = HeaderName::from_static("mock-id");

/// How long another mock may take to answer. (own choice)
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// The most bytes of each exchange in another mock's list, which is more than one takes, and of the rest of the list.
const OF_ONE: usize = 8 * 1024;
const OF_A_LIST: usize = 4 * 1024;

/// The most mocks that are asked. (own choice)
const MOST: usize = 64;

/// A call for a list, as far as other mocks are concerned.
pub(in crate::admin) struct Asked {
    query: String,
    authorization: Option<HeaderValue>,
    /// The mock that it is for, if another mock asks.
    of: Option<HeaderValue>,
}

/// The matching exchanges of this mock.
pub(super) struct List {
    pub(super) order: Order,
    pub(super) limit: usize,
    pub(super) page: Page,
}

/// A mock whose exchanges are not in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Missing {
    /// Its address, or its ID if it has none.
    #[schema(min_length = 1)]
    mock: String,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// The lists of one mock or of all.
#[derive(Serialize)]
struct Merged {
    exchanges: Vec<Box<RawValue>>,
    has_more: bool,
    last: u64,
    missing: Vec<Missing>,
}

/// The list of another mock.
#[derive(Default, Deserialize)]
struct Answer {
    exchanges: Vec<Box<RawValue>>,
    has_more: bool,
}

/// What exchanges are ordered by.
#[derive(Deserialize)]
struct Place {
    at_ms: u64,
    number: u64,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            query: parts.uri.query().unwrap_or_default().into(),
            authorization: parts.headers.get(AUTHORIZATION).cloned(),
            of: parts.headers.get(MOCK_ID).cloned(),
        })
    }
}

impl Asked {
    /// Whether another mock asks, which asks the others itself.
    pub(in crate::admin) fn is_by_mock(&self) -> bool {
        self.of.is_some()
    }

    /// The query for another mock.
    fn query(&self) -> String {
        let others = self.query.split('&').filter(|one| one.split('=').next() != Some("everywhere"));
        others.collect::<Vec<_>>().join("&")
    }
}

impl List {
    /// Answers with this mock's exchanges, and with those of the others unless one of them asks.
    pub(super) async fn answer(
        self,
        control: &Arc<Control>,
        listens: SocketAddr,
        asked: Asked,
    ) -> Result<Long, AdminError> {
        let others = control.lasting.others();
        let id = others.map_or("", |others| others.id());
        if asked.of.as_ref().is_some_and(|of| of.as_bytes() != id.as_bytes()) {
            return Err(AdminError::OtherMock);
        }
        let own = others.and_then(|others| others.address().map(Into::into));
        let own: String = own.unwrap_or_else(|| format!("http://{listens}"));
        let exchanges = kept(control, &self.page).map(|exchange| {
            let json = Json::of(&Summary::of_mock(&exchange, &own)).into_bytes();
            RawValue::from_string(String::from_utf8(json).unwrap_or_default()).expect("it was serialized")
        });
        let mut answers = vec![Answer { exchanges: exchanges.collect(), has_more: self.page.has_more }];
        let mut missing = Vec::new();
        if let Some(others) = others.filter(|_| !asked.is_by_mock()) {
            let found = others.look(&control.gateway.store)?;
            // What they answer is in memory until it is their turn.
            let bytes = OF_A_LIST + self.limit * OF_ONE;
            let _room = control.room_for(bytes * found.len().min(MOST))?;
            let asking = found.iter().take(MOST).map(|other| ask(other, &asked, bytes));
            let beyond = found.iter().skip(MOST).map(|_| Err(text!("more than {MOST} mocks are not asked")));
            for (other, answer) in found.iter().zip(join_all(asking).await.into_iter().chain(beyond)) {
                match answer {
                    Ok(answer) => answers.push(answer),
                    Err(reason) => {
                        let mock = other.address.clone().unwrap_or_else(|| other.id.clone());
                        missing.push(Missing { mock, reason });
                    }
                }
            }
        }
        Long::of(control, &self.merge(answers, missing))
    }

    fn merge(&self, answers: Vec<Answer>, missing: Vec<Missing>) -> Merged {
        let mut has_more = answers.iter().any(|answer| answer.has_more);
        let exchanges = answers.into_iter().flat_map(|answer| answer.exchanges).map(|exchange| {
            let place = serde_json::from_str(exchange.get()).unwrap_or(Place { at_ms: 0, number: 0 });
            (place.at_ms, place.number, exchange)
        });
        let mut exchanges: Vec<_> = exchanges.collect();
        // Those of one mock at the same moment stay in their order, since the sort is stable.
        match self.order {
            Order::Oldest => exchanges.sort_by_key(|(at_ms, number, _)| (*at_ms, *number)),
            Order::Newest => exchanges.sort_by_key(|(at_ms, number, _)| std::cmp::Reverse((*at_ms, *number))),
        }
        has_more |= exchanges.len() > self.limit;
        exchanges.truncate(self.limit);
        let exchanges = exchanges.into_iter().map(|(_, _, exchange)| exchange).collect();
        Merged { exchanges, has_more, last: 0, missing }
    }
}

/// The exchanges of another mock.
///
/// # Errors
/// Why there are none.
async fn ask(other: &Other, asked: &Asked, most: usize) -> Result<Answer, String> {
    if !other.is_live() {
        return Err(text!("it has not reported for {seconds} s", seconds = other.silent.as_secs()));
    }
    let unknown = || text!("its address is unknown; start it with --advertise http://HOST:PORT");
    let address = other.address.as_ref().ok_or_else(unknown)?;
    let mut request = Request::get(format!("{address}/__mock/exchanges?{}", asked.query()))
        .header(MOCK_ID, &other.id)
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    if let Some(authorization) = &asked.authorization {
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
    }
    let answer = async {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await.map_err(|error| error_chain(&error))?;
        let (head, body) = response.into_parts();
        match head.status {
            StatusCode::OK => {}
            StatusCode::MISDIRECTED_REQUEST => return Err(text!("another mock answers at its address")),
            StatusCode::UNAUTHORIZED => return Err(text!("it has another token")),
            StatusCode::NOT_FOUND => return Err(text!("it has no token, so its /__mock/ is off")),
            status => return Err(text!("expected status 200, found {found}", found = status.as_u16())),
        }
        let body = Limited::new(body, most).collect().await.map_err(|error| error_chain(&*error))?;
        serde_json::from_slice(&body.to_bytes())
            .map_err(|error| text!("expected a list of exchanges, found an error: {error}"))
    };
    timeout(ANSWERS_WITHIN, answer)
        .await
        .unwrap_or_else(|_| Err(text!("no answer within {seconds} s", seconds = ANSWERS_WITHIN.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(exchanges: &[(u64, u64)], has_more: bool) -> Answer {
        let raw = |(at_ms, number): &(u64, u64)| {
            RawValue::from_string(format!(r#"{{"number":{number},"at_ms":{at_ms}}}"#)).unwrap()
        };
        Answer { exchanges: exchanges.iter().map(raw).collect(), has_more }
    }

    #[test]
    fn exchanges_are_merged_by_time_and_no_more_than_the_limit() {
        let merged = |order, limit| {
            let page = Page { exchanges: Vec::new(), has_more: false };
            let answers = vec![answer(&[(1, 1), (3, 2)], false), answer(&[(2, 1), (4, 2)], false)];
            let merged = List { order, limit, page }.merge(answers, Vec::new());
            let of = |exchange: Box<RawValue>| serde_json::from_str::<Place>(exchange.get()).unwrap().at_ms;
            (merged.exchanges.into_iter().map(of).collect::<Vec<_>>(), merged.has_more)
        };
        assert_eq!(merged(Order::Oldest, 9), (vec![1, 2, 3, 4], false));
        assert_eq!(merged(Order::Newest, 3), (vec![4, 3, 2], true));
    }

    #[test]
    fn another_mock_is_not_asked_to_ask_others() {
        let query = "limit=5&everywhere=true&merchant=1".into();
        let asked = Asked { query, authorization: None, of: None };
        assert_eq!(asked.query(), "limit=5&merchant=1");
    }
}
