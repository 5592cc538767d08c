//! What benches measure: an exchange and each of its steps, without a socket.
//!
//! Only with the feature `measured`, which is in no ordinary build. Requests are signed before they are measured; what
//! answers them is the gateway as it serves them.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use wechatpay_protocol::{
    Authorization, Credentials, Nonce, RequestMessage, ResponseMessage, Signature, SigningKey, Timestamp,
    VerifyingKey, WECHATPAY_SERIAL,
};

use crate::{
    clock::Clock,
    config::Config,
    connections::Addresses,
    exchange::exchange,
    faults::{Line, RuleError, Strike},
    gateway::Gateway,
    journal::{Exchange, Progress, Stage},
    log,
    operations::Outcome,
    randomness::Randomness,
    rejection::Rejection,
    stages::{
        apply::apply,
        authenticate::{AuthenticatedRequest, authenticate},
        receive::{Peer, Received, receive},
        respond::{Answer, respond},
        route::{RoutedRequest, route},
        sign::sign,
        validate::{ValidRequest, validate},
    },
};

const TARGET: &str =
    "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights";

const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

const WRONG: &str = "expected a request that has taken the steps before this one, and no other";
const ACCEPTED: &str = "the sample is accepted";

const PEER: Peer = Peer { address: Some(ADDRESS), is_tls: false };

/// A gateway without a socket, and the first of its merchants, who signs requests to it.
pub struct Measured {
    gateway: Arc<Gateway>,
    line: Line,
    merchant: Credentials,
    key: SigningKey,
    signed: AtomicU64,
}

/// What an exchange is made of, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A stage.
    Stage(Stage),
    /// The exchange goes into the journal, the metrics and the log.
    Record,
}

/// A request on its way: not yet received, or after one of the steps.
pub struct Passage {
    progress: Progress,
    /// When the request was whole, since 1970.
    moment: Duration,
    at: At,
}

enum At {
    Sent(Request<Full<Bytes>>),
    Received(Arc<Received>),
    Routed(Arc<Received>, RoutedRequest),
    Authenticated(Arc<Received>, AuthenticatedRequest),
    Valid(Arc<Received>, ValidRequest),
    Applied(Arc<Received>, Outcome),
    Answered(Arc<Received>, Result<Outcome, Rejection>, Answer),
    Signed(Arc<Received>, Result<Outcome, Rejection>, Answer),
    Recorded,
}

/// What no exchange can do without: the merchant's signature is verified, and the gateway's made.
pub struct Cryptography {
    request: Vec<u8>,
    signature: Signature,
    merchant: VerifyingKey,
    answer: Vec<u8>,
    gateway: Arc<Gateway>,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; Stage::ALL.len() + 1] = {
        let mut steps = [Self::Record; Stage::ALL.len() + 1];
        let mut at = 0;
        while at < Stage::ALL.len() {
            steps[at] = Self::Stage(Stage::ALL[at]);
            at += 1;
        }
        steps
    };

    /// Its name: `authenticate`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stage(stage) => stage.name(),
            Self::Record => "record",
        }
    }
}

impl Measured {
    /// The gateway that a mock with this configuration has.
    ///
    /// # Errors
    /// [`RuleError`] if one of its fault rules makes no sense.
    ///
    /// # Panics
    /// If the first merchant is configured without its private key.
    pub fn new(config: &Config, clock: Clock, randomness: Randomness) -> Result<Self, RuleError> {
        let merchant = config.credentials(None, clock.now());
        let merchant = merchant.expect("the first merchant is configured with its private key");
        let addresses = Addresses { either: ADDRESS, tls_alone: None };
        Ok(Self {
            gateway: Arc::new(Gateway::new(config, addresses, clock, randomness)?),
            line: Line::default(),
            key: SigningKey::from_pem(&merchant.merchant_key).expect("configured keys are valid"),
            merchant,
            signed: AtomicU64::new(0),
        })
    }

    /// The sample request, signed, with a request number and a nonce that none before it had.
    ///
    /// # Panics
    /// Never: the sample is a request.
    pub fn request(&self) -> Passage {
        let sample = Sample::new(self.signed.fetch_add(1, Ordering::Relaxed), self.gateway.clock.now());
        let signature = self.key.sign(&sample.message());
        let Credentials { mchid, merchant_serial, public_key, .. } = &self.merchant;
        let authorization =
            Authorization::new(mchid, merchant_serial, sample.timestamp, &sample.nonce, &signature);
        let named = public_key.as_ref().map(|(id, _)| id.to_string()).unwrap_or_default();
        let request = Request::patch(TARGET)
            .header(header::HOST, ADDRESS.to_string())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "measured")
            .header(header::CONTENT_TYPE, "application/json")
            .header(WECHATPAY_SERIAL, named)
            .header(header::AUTHORIZATION, authorization.to_string())
            .header(header::CONTENT_LENGTH, sample.body.len())
            .body(Full::from(sample.body))
            .expect("the sample is a request");
        Passage { progress: Progress::begin(), moment: Duration::ZERO, at: At::Sent(request) }
    }

    /// The whole exchange, as for a request that came over a socket.
    ///
    /// # Panics
    /// If the request has taken a step already, or is refused.
    pub async fn exchange(&self, request: Passage) {
        let At::Sent(request) = request.at else { panic!("{WRONG}") };
        let status = exchange(&self.gateway, request, PEER, &self.line).await.status();
        assert_eq!(status, StatusCode::NO_CONTENT, "{ACCEPTED}");
    }

    /// The request before that step: it has taken those before it.
    ///
    /// # Panics
    /// If it was refused in one of them.
    pub async fn before(&self, step: Step) -> Passage {
        let mut request = self.request();
        for earlier in Step::ALL.into_iter().take_while(|earlier| *earlier != step) {
            request = self.step(earlier, request).await;
        }
        request
    }

    /// Takes this step with the request: the same calls as in `exchange.rs`.
    ///
    /// # Panics
    /// If it has not taken those before it, or is refused.
    pub async fn step(&self, step: Step, request: Passage) -> Passage {
        let gateway = &*self.gateway;
        let Passage { mut progress, mut moment, at } = request;
        let now = Timestamp::from_unix(moment.as_secs());
        if let Step::Stage(stage) = step {
            progress.enter(stage);
        }
        let at = match (step, at) {
            (Step::Stage(Stage::Receive), At::Sent(request)) => {
                let (received, whole) = receive(request, PEER, &gateway.limits, &gateway.large_bodies).await;
                whole.expect(ACCEPTED);
                moment = gateway.clock.moment();
                At::Received(Arc::new(received))
            }
            (Step::Stage(Stage::Route), At::Received(received)) => {
                let routed = route(gateway.contract, Arc::clone(&received)).expect(ACCEPTED);
                progress.operation = Some(routed.operation.id.as_str());
                At::Routed(received, routed)
            }
            (Step::Stage(Stage::Authenticate), At::Routed(received, routed)) => {
                let authenticated = authenticate(
                    routed,
                    &gateway.identity,
                    now,
                    gateway.signing.signatures(),
                    gateway.mutation,
                )
                .expect(ACCEPTED);
                progress.merchant = Some(Arc::clone(authenticated.merchant()));
                progress.is_authenticated = authenticated.is_proven();
                progress.warnings = authenticated.oddities();
                At::Authenticated(received, authenticated)
            }
            (Step::Stage(Stage::Validate), At::Authenticated(received, authenticated)) => {
                At::Valid(received, validate(authenticated, gateway.policies.unknown_field).expect(ACCEPTED))
            }
            (Step::Stage(Stage::Apply), At::Valid(received, valid)) => {
                progress.strike = Strike::at(gateway, &valid, now, &mut progress.warnings);
                At::Applied(received, apply(gateway, &valid).expect(ACCEPTED))
            }
            (Step::Stage(Stage::Respond), At::Applied(received, outcome)) => {
                let result = Ok(outcome);
                let answer = respond(&received, &result, now, gateway.randomness.bytes());
                At::Answered(received, result, answer)
            }
            (Step::Stage(Stage::Sign), At::Answered(received, result, answer)) => {
                let merchant = progress.merchant.as_ref().expect(ACCEPTED);
                let wanted = received.headers.get(WECHATPAY_SERIAL).and_then(|value| value.to_str().ok());
                let key = gateway.identity.signing_key(merchant, wanted, now);
                let (answer, signature) =
                    sign(answer, key, gateway.policies.signed_refusals, now, &gateway.signing);
                progress.signature = signature;
                At::Signed(received, result, answer)
            }
            (Step::Record, At::Signed(received, result, answer)) => {
                progress.end();
                let most_of_a_body = gateway.limits.journal_body;
                let exchange =
                    Exchange::new(moment, most_of_a_body, &received, progress, result, None, &answer);
                let exchange = gateway.journal.record(exchange);
                gateway.metrics.record(&exchange);
                log::exchange(&exchange);
                progress = Progress::begin();
                At::Recorded
            }
            _ => panic!("{WRONG}"),
        };
        Passage { progress, moment, at }
    }

    /// What the exchange of the sample can't do without.
    pub fn cryptography(&self) -> Cryptography {
        let now = self.gateway.clock.now();
        let sample = Sample::new(self.signed.fetch_add(1, Ordering::Relaxed), now);
        let answer = ResponseMessage { timestamp: now, nonce: sample.nonce.as_str(), body: b"" };
        let request = sample.message();
        Cryptography {
            signature: self.key.sign(&request),
            request,
            merchant: self.key.verifying_key(),
            answer: answer.to_bytes(),
            gateway: Arc::clone(&self.gateway),
        }
    }
}

impl Cryptography {
    /// Verifies the merchant's signature, as `authenticate` does.
    ///
    /// # Panics
    /// Never: the signature is right.
    pub fn verify(&self) {
        self.merchant.verify(&self.request, &self.signature).expect("the signature is right");
    }

    /// Signs an answer without a body, as `sign` does.
    pub fn sign(&self) -> Signature {
        self.gateway.identity.public_key().key().key.sign(&self.answer)
    }
}

/// The documentation's sample, with a number of its own.
struct Sample {
    timestamp: Timestamp,
    nonce: Nonce,
    body: String,
}

impl Sample {
    fn new(number: u64, timestamp: Timestamp) -> Self {
        let body = format!(
            "{{\"before_bonus_value\":500,\"bonus_value\":600,\"add_bonus_value\":100,\"out_request_no\":\"measured-{number:016}\"}}"
        );
        Self { timestamp, nonce: Nonce::from_random(u128::from(number).to_be_bytes()), body }
    }

    /// What its merchant signs.
    fn message(&self) -> Vec<u8> {
        let message = RequestMessage {
            method: "PATCH",
            target: TARGET,
            timestamp: self.timestamp,
            nonce_str: self.nonce.as_str(),
            body: self.body.as_bytes(),
        };
        message.to_bytes()
    }
}
