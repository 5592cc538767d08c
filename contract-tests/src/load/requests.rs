//! The requests: made, signed and turned into bytes before the first of them is sent.

use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use http::Method;
use wechatpay_client::{Client, MAX_BODY, RightsChange, SignedRequest, Target};
use wechatpay_protocol::Credentials;

use super::{Load, LoadError, asked::GOOD_FOR};
use crate::{
    case::{SAMPLE_BODY, SAMPLE_NUMBER},
    run::{random_nonce, send::Host},
};

/// The most memory that requests may take.
const MEMORY: usize = 1 << 30;

/// How many are signed between two looks at the time.
const BATCH: usize = 64;

/// Makes requests like the sample of the contract, each for one of so many members and with a number of its own.
pub(super) struct Maker<'a> {
    client: Client,
    host: &'a Host,
    /// What no other run's numbers begin with.
    run: String,
    members: NonZero<u64>,
    body_bytes: usize,
    of: usize,
}

/// Requests, ready to be sent, again from the first after the last.
pub(super) struct Requests {
    signed: Vec<Vec<u8>>,
    taken: AtomicUsize,
}

impl<'a> Maker<'a> {
    pub(super) fn new(load: &Load, credentials: &Credentials, host: &'a Host) -> Result<Self, LoadError> {
        let client = Client::builder().base_url(&load.target.to_string()).credentials(credentials).build();
        let client = client.map_err(LoadError::Credentials)?;
        let maker = Self {
            client,
            host,
            run: random_nonce().to_string(),
            members: load.members,
            body_bytes: 0,
            of: load.to_sign(),
        };
        let least = maker.body(0).len();
        let body_bytes = load.body_bytes.unwrap_or(least);
        if !(least..=MAX_BODY).contains(&body_bytes) {
            return Err(LoadError::Body { asked: body_bytes, least, most: MAX_BODY });
        }
        let maker = Self { body_bytes, ..maker };
        maker.fitting(load)
    }

    /// With as many requests as memory holds, unless more were asked for.
    fn fitting(mut self, load: &Load) -> Result<Self, LoadError> {
        let each = self.make(0).len();
        let most = MEMORY / each;
        match load.signed {
            Some(signed) if signed.get() > most => {
                Err(LoadError::Memory { signed: signed.get(), each, most })
            }
            _ => {
                self.of = self.of.min(most);
                Ok(self)
            }
        }
    }

    /// How long each body is.
    pub(super) fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// How many requests are to be signed.
    pub(super) fn count(&self) -> usize {
        self.of
    }

    /// One more request than those that are counted, to see what the server makes of it.
    pub(super) fn first(&self) -> Vec<u8> {
        self.make(self.of)
    }

    /// Signs all of them, on all cores, and calls `signed` with how many there are. Then there must be enough time left for
    /// what shall be done with them.
    pub(super) fn sign(
        &self,
        asked: Duration,
        signed: &(impl Fn(usize) + Sync),
    ) -> Result<Requests, LoadError> {
        let start = Instant::now();
        let mut requests = vec![Vec::new(); self.of];
        let done = AtomicUsize::new(0);
        let in_time = || start.elapsed() + asked <= GOOD_FOR;
        let batches = Mutex::new(requests.chunks_mut(BATCH).enumerate());
        let next = || batches.lock().unwrap_or_else(PoisonError::into_inner).next().filter(|_| in_time());
        let sign = || {
            while let Some((batch, requests)) = next() {
                for (request, number) in requests.iter_mut().zip(batch * BATCH..) {
                    *request = self.make(number);
                }
                signed(done.fetch_add(requests.len(), Ordering::Relaxed) + requests.len());
            }
        };
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
                scope.spawn(sign);
            }
        });
        let (signed, of, took) = (done.into_inner(), self.of, start.elapsed());
        if signed < of || !in_time() {
            return Err(LoadError::SigningTooLong { signed, of, took, asked });
        }
        Ok(Requests { signed: requests, taken: AtomicUsize::new(0) })
    }

    fn make(&self, number: usize) -> Vec<u8> {
        let code = code(member(number, self.of, self.members));
        let segments = [
            "v3",
            "marketing",
            "membercard-open",
            "cards",
            RightsChange::SAMPLE_CARD_ID,
            "codes",
            &code,
            "rights",
        ];
        let target = Target::from_segments(segments).expect("a card, a code and words are segments");
        self.bytes(&self.client.sign(Method::PATCH, &target, padded(&self.body(number), self.body_bytes)))
    }

    /// The sample's body with a number of its own, of which all are equally long.
    fn body(&self, number: usize) -> String {
        SAMPLE_BODY.replace(SAMPLE_NUMBER, &format!("load-{}-{number:08}", self.run))
    }

    /// A whole request.
    fn bytes(&self, request: &SignedRequest) -> Vec<u8> {
        let (method, target, body) = (request.method(), request.target().as_str(), request.body());
        let mut bytes =
            format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.host.as_written()).into_bytes();
        for (name, value) in &request.headers() {
            bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(body);
        bytes.shrink_to_fit();
        bytes
    }
}

impl Requests {
    /// The next request.
    pub(super) fn next(&self) -> &[u8] {
        &self.signed[self.taken.fetch_add(1, Ordering::Relaxed) % self.signed.len()]
    }

    /// How many different ones there are.
    pub(super) fn count(&self) -> usize {
        self.signed.len()
    }

    /// Whether any was sent more than once.
    pub(super) fn is_repeated(&self) -> bool {
        self.taken.load(Ordering::Relaxed) > self.signed.len()
    }
}

/// For which of so many members a request is: each in turn, or every n-th if there are more members than requests.
fn member(number: usize, of: usize, members: NonZero<u64>) -> u64 {
    let (number, of) = (number as u64, of.max(1) as u64);
    if members.get() > of {
        let member = u128::from(number) * u128::from(members.get()) / u128::from(of);
        return u64::try_from(member).unwrap_or(u64::MAX) % members;
    }
    number % members
}

/// The sample's code and those after it.
fn code(member: u64) -> String {
    let first: u64 = RightsChange::SAMPLE_CODE.parse().expect("the sample's code is a number");
    (first + member).to_string()
}

/// The same JSON with spaces before its last brace, so many bytes long, or as it is if it is longer already.
fn padded(body: &str, length: usize) -> String {
    let spaces = " ".repeat(length.saturating_sub(body.len()));
    body.strip_suffix('}').map_or_else(|| body.into(), |beginning| format!("{beginning}{spaces}}}"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn padding_adds_white_space_and_nothing_else() {
        for length in [SAMPLE_BODY.len(), SAMPLE_BODY.len() + 1, MAX_BODY] {
            let body = padded(SAMPLE_BODY, length);
            assert_eq!(body.len(), length);
            let [padded, sample] =
                [&body, SAMPLE_BODY].map(|json| serde_json::from_str::<Value>(json).unwrap());
            assert_eq!(padded, sample);
        }
    }

    #[test]
    fn members_are_called_in_turn_or_spread_over_all_of_them() {
        let members = |of, members: u64| {
            let members = members.try_into().unwrap();
            (0..of).map(|number| member(number, of, members)).collect::<Vec<_>>()
        };
        assert_eq!(members(5, 2), [0, 1, 0, 1, 0]);
        assert_eq!(members(4, 10), [0, 2, 5, 7]);
        assert_eq!(members(3, 1), [0, 0, 0]);
    }

    #[test]
    fn the_first_member_is_the_samples() {
        assert_eq!(code(0), RightsChange::SAMPLE_CODE);
    }
}
