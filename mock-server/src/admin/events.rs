//! What happens, as it happens: a stream of server-sent events.
//!
//! A stream reads its sources when one has something new and the reader has taken what it was sent before. So a slow reader
//! makes a stream skip, not grow, and a busy mock pays for a few rounds a second, however much happens.

use std::{array, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{future::select_all, stream::unfold};
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, sleep_until},
};
use wechatpay_protocol::Mchid;
use wechatpay_texts::Language;

use crate::{
    admin::{
        callbacks::AttemptLine,
        control::Control,
        documents::ChangeLine,
        error::{AdminError, Error},
        exchanges::{MerchantQuery, summary::Summary},
        extract::Query,
        json::Json,
        long::IsEndless,
        payment_requests::PaymentRequestLine,
        streams::STREAMS,
    },
    journal::{Entry, Journal, PaymentRequest, Ring},
};

/// Something that streams tell of, whose items are numbered from 1 since the mock started.
struct Source {
    /// The event's name. The list in its data has the same one, with _ for -.
    event: &'static str,
    /// Follows the number of the last item.
    follow: fn(&Journal) -> watch::Receiver<u64>,
    /// Reads the items of a merchant, or all, after a number.
    read: fn(&Journal, Option<&Mchid>, u64) -> News,
}

/// Every source, in the order of the numbers in an id.
const SOURCES: [Source; 4] = [
    Source {
        event: "exchanges",
        follow: |journal| journal.follow(),
        read: |journal, merchant, after| {
            let (exchanges, left_out, last) = journal.newest(merchant, after, MOST);
            News::of(&exchanges, left_out, last, |exchange| Json::of(&Summary::of(exchange)))
        },
    },
    Source {
        event: "attempts",
        follow: |journal| journal.attempts.follow(),
        read: |journal, merchant, after| {
            News::from(&journal.attempts, merchant, after, |attempt| Json::of(&AttemptLine::of(attempt)))
        },
    },
    Source {
        event: "changes",
        follow: |journal| journal.changes.follow(),
        read: |journal, merchant, after| {
            News::from(&journal.changes, merchant, after, |change| Json::of(&ChangeLine::of(change)))
        },
    },
    Source {
        event: "payment-requests",
        follow: |journal| journal.payment_requests.follow(),
        read: |journal, merchant, after| {
            let json = |request: &PaymentRequest| Json::of(&PaymentRequestLine::of(request));
            News::from(&journal.payment_requests, merchant, after, json)
        },
    },
];

/// The most items of a source in a round, and bytes of them. (own choice)
const MOST: usize = 200;
const MOST_BYTES: usize = 256 * 1024;
/// From a round to the next, and to the next one if it was full. (own choice)
const PAUSE: Duration = Duration::from_millis(100);
const LONG_PAUSE: Duration = Duration::from_secs(2);
/// How long nothing is sent at most, so that a connection which is gone is noticed. (own choice)
const QUIET: Duration = Duration::from_secs(15);

/// <https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header>
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Follows exchanges, attempts to deliver callbacks, changes of documents and what clients said to front ends, as server-sent events.
///
/// The events are exchanges, attempts, changes, payment-requests, cleared, when exchanges were deleted, and restarted, when Last-Event-ID is from an
/// earlier run of the mock. Their data is JSON: lists as in the calls that list the same, and in skipped how many before them
/// were left out, because there were too many or the reader is slow.
#[utoipa::path(
    get,
    path = "/__mock/events",
    params(
        MerchantQuery,
        (
            "Last-Event-ID" = Option<String>, Header,
            description = "The id of the last event that was received. Default: only what happens from now on."
        )
    ),
    responses(
        (status = 200, description = "Events, until the mock stops.", body = String, content_type = "text/event-stream"),
        (status = 503, description = "Too many streams are open.", body = Error)
    )
)]
pub(super) async fn follow_events(
    State(control): State<Arc<Control>>,
    Query(MerchantQuery { merchant }): Query<MerchantQuery>,
    headers: HeaderMap,
) -> Result<Response, AdminError> {
    let place = Arc::clone(&control.streams.places).try_acquire_owned();
    let place = place.map_err(|_| AdminError::NoStream { most: STREAMS })?;
    let id = headers.get(&LAST_EVENT_ID).filter(|id| !id.is_empty());
    let stream = Stream::begin(control, merchant, id, place);
    let events = unfold(stream, |mut stream| async move {
        let events = stream.next().await?;
        Some((Ok::<_, Infallible>(events), stream))
    });
    let mut response = ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response();
    response.extensions_mut().insert(IsEndless);
    Ok(response)
}

/// What is new in a source.
struct News {
    /// The newest ones, oldest first, as JSON.
    items: Vec<Vec<u8>>,
    /// At most how many there are before them.
    skipped: u64,
    /// The number of the last item of all.
    last: u64,
}

impl News {
    /// As many of the items, which are oldest first, as have room. `left_out` are before them.
    fn of<T>(items: &[Arc<T>], left_out: u64, last: u64, json: impl Fn(&T) -> Json) -> Self {
        let mut bytes = 0;
        let mut newest: Vec<_> = items.iter().rev().take(MOST).map(|item| json(item).into_bytes()).collect();
        newest.retain(|item| {
            bytes += item.len();
            bytes <= MOST_BYTES
        });
        newest.reverse();
        Self { skipped: left_out + (items.len() - newest.len()) as u64, items: newest, last }
    }

    /// Those of a ring.
    fn from<E: Entry>(
        ring: &Ring<E>,
        merchant: Option<&Mchid>,
        after: u64,
        json: impl Fn(&E) -> Json,
    ) -> Self {
        let (entries, last) = ring.after(merchant, after);
        Self::of(&entries, ring.evicted(after), last, json)
    }

    fn is_full(&self) -> bool {
        self.skipped > 0 || self.items.len() >= MOST
    }

    /// `{"exchanges":[…],"skipped":0}`
    fn json(&self, event: &str) -> Vec<u8> {
        let (list, skipped) = (event.replace('-', "_"), self.skipped);
        let items = self.items.join(&b',');
        [format!("{{\"{list}\":[").as_bytes(), &items, format!("],\"skipped\":{skipped}}}").as_bytes()]
            .concat()
    }
}

/// How much a reader has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// How often exchanges were cleared.
    clears: u64,
    /// The last number of each source.
    last: [u64; SOURCES.len()],
}

impl Seen {
    /// The id of an event: `RUN-CLEARS.LAST.LAST`.
    fn id(&self, run: u64) -> String {
        let last = self.last.map(|number| number.to_string()).join(".");
        format!("{run:016x}-{}.{last}", self.clears)
    }

    /// What a reader with this id has seen of this run, if that is possible.
    fn of(id: &str, run: u64, newest: &Self) -> Option<Self> {
        let (found, numbers) = id.split_once('-')?;
        let mut numbers = numbers.split('.').map(|number| number.parse::<u64>().ok());
        let mut next = |most: u64| numbers.next()?.filter(|number| *number <= most);
        let mut seen = Self { clears: next(newest.clears)?, last: [0; SOURCES.len()] };
        for (last, most) in seen.last.iter_mut().zip(newest.last) {
            *last = next(most)?;
        }
        (u64::from_str_radix(found, 16) == Ok(run) && numbers.next().is_none()).then_some(seen)
    }
}

/// A stream to one reader.
struct Stream {
    control: Arc<Control>,
    merchant: Option<Mchid>,
    /// `None` if the reader has seen another run of the mock.
    seen: Option<Seen>,
    /// The first event, which only tells the reader its id.
    first: Option<String>,
    /// That of the call, in which its events are made.
    language: Language,
    following: [watch::Receiver<u64>; SOURCES.len()],
    /// When the next round may be.
    due: Instant,
    /// When the reader was last sent something.
    sent: Instant,
    _place: OwnedSemaphorePermit,
}

impl Stream {
    fn begin(
        control: Arc<Control>,
        merchant: Option<Mchid>,
        id: Option<&HeaderValue>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let following = SOURCES.map(|source| (source.follow)(&control.gateway.journal));
        let clears = control.gateway.journal.clear_count();
        let newest = Seen { clears, last: array::from_fn(|at| *following[at].borrow()) };
        let run = control.streams.run;
        let seen = match id {
            None => Some(newest),
            Some(id) => id.to_str().ok().and_then(|id| Seen::of(id, run, &newest)),
        };
        let first = seen.map(|seen| format!("id: {}\n\n", seen.id(run)));
        let now = Instant::now();
        let language = Language::current();
        Self { control, merchant, seen, first, language, following, due: now, sent: now, _place: place }
    }

    /// The next events, once there are some and the reader has taken those before; `None` once the mock shuts down.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first.into());
        }
        // A reader that took long gets as long again, so that its connection is not always behind.
        self.due = self.due.max(Instant::now() + self.sent.elapsed());
        let control = Arc::clone(&self.control);
        tokio::select! {
            biased;
            () = control.gateway.gate.shutdown() => None,
            events = self.round() => {
                self.sent = Instant::now();
                Some(events.into())
            }
        }
    }

    /// Waits for something new, or to be quiet for too long.
    async fn round(&mut self) -> Vec<u8> {
        let quiet_until = Instant::now() + QUIET;
        loop {
            sleep_until(self.due).await;
            self.following.iter_mut().for_each(watch::Receiver::mark_unchanged);
            let events = self.language.within(|| self.read());
            if !events.is_empty() {
                return events;
            }
            let changed = self.following.iter_mut().map(|source| Box::pin(source.changed()));
            tokio::select! {
                _ = select_all(changed) => {}
                () = sleep_until(quiet_until) => return b":\n\n".to_vec(),
            }
        }
    }

    /// What is new in all sources. Also decides when the next round may be.
    fn read(&mut self) -> Vec<u8> {
        let (control, run) = (&self.control, self.control.streams.run);
        let journal = &control.gateway.journal;
        let (is_known, mut seen, cleared, news) = loop {
            let clears = journal.clear_count();
            let known = self.seen.and_then(|seen| Some((seen, journal.cleared(seen.clears)?)));
            let is_known = known.is_some();
            let (seen, cleared) = known.unwrap_or((Seen { clears, ..Seen::default() }, Vec::new()));
            let news: [News; SOURCES.len()] =
                array::from_fn(|at| (SOURCES[at].read)(journal, self.merchant.as_ref(), seen.last[at]));
            // Otherwise some of it may have been cleared, and some not.
            if journal.clear_count() == clears {
                break (is_known, seen, cleared, news);
            }
        };
        let mut events = Vec::new();
        let mut tell = |event: &str, seen: &Seen, data: &[u8]| {
            let head = format!("event: {event}\nid: {}\ndata: ", seen.id(run));
            events.extend_from_slice(&[head.as_bytes(), data, b"\n\n"].concat());
        };
        if !is_known {
            tell("restarted", &seen, b"{}");
        }
        for merchant in cleared {
            seen.clears += 1;
            if self.merchant.is_none() || merchant.is_none() || merchant == self.merchant {
                let data = json!({ "merchant": merchant.as_ref().map(Mchid::as_str) });
                tell("cleared", &seen, data.to_string().as_bytes());
            }
        }
        let pause = if news.iter().any(News::is_full) { LONG_PAUSE } else { PAUSE };
        for (at, (source, news)) in SOURCES.iter().zip(news).enumerate() {
            seen.last[at] = news.last;
            if !news.items.is_empty() || news.skipped > 0 {
                tell(source.event, &seen, &news.json(source.event));
            }
        }
        self.seen = Some(seen);
        self.due = Instant::now() + pause;
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: u64 = 255;
    const SEEN: Seen = Seen { clears: 0, last: [7; SOURCES.len()] };
    const NEWEST: Seen = Seen { clears: 1, last: [20; SOURCES.len()] };

    #[test]
    fn an_id_says_what_its_reader_has_seen() {
        assert!(SEEN.id(RUN).starts_with("00000000000000ff-0.7.7"));
        for seen in [SEEN, NEWEST] {
            assert_eq!(Seen::of(&seen.id(RUN), RUN, &NEWEST), Some(seen));
        }
    }

    #[test]
    fn an_id_of_another_run_or_of_what_has_not_happened_is_unknown() {
        let id = SEEN.id(RUN);
        let replaced = |from, to| id.replacen(from, to, 1);
        let longer = format!("{id}.1");
        let (shorter, _) = id.rsplit_once('.').unwrap();
        for id in [
            "",
            "x",
            shorter,
            &longer,
            &replaced("ff-", "fe-"),
            &replaced(".7", ".21"),
            &replaced(".7", ".-7"),
            &replaced(".7", ".99999999999999999999"),
            &replaced("-0", "-2"),
        ] {
            assert_eq!(Seen::of(id, RUN, &NEWEST), None, "{id}");
        }
    }

    #[test]
    fn a_round_has_the_newest_items_that_have_room() {
        let of = |count: u64, left_out: u64, size: usize| {
            let items: Vec<_> = (1..=count).map(Arc::new).collect();
            News::of(&items, left_out, count, |number| Json::of(&format!("{number}{}", "x".repeat(size))))
        };
        let few = of(2, 0, 0);
        assert_eq!(few.json("payment-requests"), br#"{"payment_requests":["1","2"],"skipped":0}"#);
        assert!(!few.is_full());
        let many = of(205, 3, 0);
        assert_eq!((many.items.len(), many.skipped, &many.items[0][..]), (MOST, 8, &b"\"6\""[..]));
        let large = of(9, 0, 100_000);
        assert_eq!((large.items.len(), large.skipped, large.is_full()), (2, 7, true));
    }
}
