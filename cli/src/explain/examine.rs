//! Examines the messages of a capture: what kind each is, whether its signature holds, and why not.

use std::time::{Duration, Instant};

use wechatpay_mock::diagnosis::{
    Diagnosis, Evidence, KeyHolder, KnownKey, ResponseEvidence, Verdict, diagnose, diagnose_response,
};
use wechatpay_protocol::{
    Authorization, Certificate, Credentials, KeyId, RequestMessage, SCHEME, Signature, Timestamp,
    VerifyingKey, display::quoted,
};
use wechatpay_texts::{phrase, text};

use super::{
    capture::{CaptureError, Message, Place, Start},
    content::{Kind, first_line, has_token, is_request, operation, signed_body, title, unsigned},
    keys::{Key, Keys, Owner},
    outcome::{Outcome, Unsigned},
    resource::{Data, Opened},
};

/// How long one signature is diagnosed, and all of them together; after that, signatures are only verified.
/// (own choice)
const EACH: Duration = Duration::from_secs(10);
const ALL: Duration = Duration::from_secs(60);

/// Examines messages with these keys.
pub(crate) struct Examiner<'k> {
    keys: &'k Keys,
    /// Keys whose private half is public: those of a mock.
    public_keys: Vec<KnownKey>,
    begun: Instant,
}

/// What was found out about a message.
pub(crate) struct Examination {
    pub(super) kind: Kind,
    pub(super) place: Option<Place>,
    /// Method and path, without the query, which may hold a token; or the status.
    pub(super) title: Option<String>,
    pub(super) signature: Outcome,
    pub(super) timestamp: Option<Timestamp>,
    /// The key that the headers name.
    pub(super) serial: Option<String>,
    /// Of a callback.
    pub(super) event_type: Option<String>,
    pub(super) resource: Option<Opened>,
    /// Whether the body has fewer bytes than its length promises: how many, and how many there should be.
    pub(super) short_body: Option<(usize, usize)>,
}

impl Examination {
    /// Whether nothing is wrong.
    pub(crate) fn holds(&self) -> bool {
        let is_signed =
            matches!(self.signature, Outcome::Holds { .. } | Outcome::Unsigned(Unsigned::Rightly));
        is_signed && self.resource.as_ref().is_none_or(|resource| !resource.is_wrong())
    }
}

impl<'k> Examiner<'k> {
    pub(crate) fn new(keys: &'k Keys) -> Self {
        Self { keys, public_keys: public_keys(), begun: Instant::now() }
    }

    /// Examines the messages that have to do with WeChat Pay, and counts the others.
    ///
    /// # Errors
    /// [`CaptureError::NoMessage`] if there is none.
    pub(crate) fn examine(&self, messages: &[Message]) -> Result<(Vec<Examination>, usize), CaptureError> {
        let all = messages.iter().map(|message| {
            let request = message.answers.and_then(|at| messages.get(at));
            self.examine_one(message, request)
        });
        let found: Vec<_> = all.flatten().collect();
        let skipped = messages.len() - found.len();
        if found.is_empty() { Err(CaptureError::NoMessage { skipped }) } else { Ok((found, skipped)) }
    }

    /// `None` if it has nothing to do with WeChat Pay.
    fn examine_one(&self, message: &Message, request: Option<&Message>) -> Option<Examination> {
        let data = Data::of(&message.body);
        let is_signed = message.header("Wechatpay-Signature").is_some();
        let request = request.filter(|request| is_request(request));
        let kind = match &message.start {
            _ if is_request(message) => Kind::Request,
            Start::Request { .. } if is_signed || data.is_some() => Kind::Callback,
            Start::Unknown if data.is_some() => Kind::Callback,
            Start::Response { .. } if is_signed || request.is_some() => Kind::Answer,
            Start::Unknown if is_signed => Kind::Answer,
            Start::Request { .. } | Start::Response { .. } | Start::Unknown => return None,
        };
        let (signature, timestamp, serial) = match kind {
            Kind::Request => self.request(message),
            Kind::Answer | Kind::Callback => self.response(message, request, kind),
        };
        let data = data.filter(|_| kind == Kind::Callback);
        Some(Examination {
            kind,
            place: message.place,
            title: title(&message.start),
            signature,
            timestamp,
            serial,
            event_type: data.as_ref().and_then(|data| data.event_type.clone()),
            resource: data.map(|data| data.open(self.keys.apiv3_key.as_deref(), self.time_limit())),
            short_body: message.promised.map(|promised| (message.body.len(), promised)),
        })
    }

    fn is_late(&self) -> bool {
        self.begun.elapsed() >= ALL
    }

    fn time_limit(&self) -> Duration {
        if self.is_late() { Duration::ZERO } else { EACH }
    }

    fn request(&self, message: &Message) -> (Outcome, Option<Timestamp>, Option<String>) {
        let Some(header) = message.header("Authorization") else {
            let missing = text!("expected the header Authorization, found none");
            return (Outcome::Malformed(missing), None, None);
        };
        let authorization = match Authorization::parse(header.as_bytes()) {
            Ok(authorization) => authorization,
            Err(error) => return (Outcome::Malformed(error.to_string()), None, None),
        };
        let Some((method, target)) = first_line(message) else {
            let missing = text!("expected method and path, as in `POST /v3/… HTTP/1.1`, found none");
            return (Outcome::Malformed(missing), Some(authorization.timestamp()), None);
        };
        let operation = operation(message);
        let serial = authorization.serial_no();
        let headers: Vec<_> =
            message.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str())).collect();
        let attempt = |key: &Key, other_keys: Vec<KnownKey>| {
            let evidence = Evidence {
                message: RequestMessage {
                    method,
                    target,
                    timestamp: authorization.timestamp(),
                    nonce_str: authorization.nonce_str(),
                    body: signed_body(message),
                },
                signature: authorization.signature(),
                mchid: authorization.mchid(),
                serial_no: serial,
                host: message.header("Host"),
                template: operation.map(|operation| operation.path().as_str()),
                headers: headers.iter().map(|(name, value)| (name.as_str(), *value)).collect(),
                key: &key.key,
                other_keys,
            };
            if self.is_late() {
                return verified(&key.key, &evidence.message.to_bytes(), evidence.signature);
            }
            let mut diagnosis = diagnose(&evidence, EACH)?;
            // A path and query with a token is not shown.
            if has_token(target) {
                diagnosis.difference.take_if(|difference| difference.name() == "path and query");
            }
            Some(diagnosis)
        };
        let is_merchants =
            |key: &&Key| key.owner != Owner::Gateway && !matches!(key.id, Some(KeyId::PublicKey(_)));
        let outcome = self.outcome(serial, is_merchants, attempt);
        (outcome, Some(authorization.timestamp()), Some(serial.to_owned()))
    }

    fn response(
        &self,
        message: &Message,
        request: Option<&Message>,
        kind: Kind,
    ) -> (Outcome, Option<Timestamp>, Option<String>) {
        let timestamp = message.header("Wechatpay-Timestamp").and_then(|value| value.parse().ok());
        let serial = message.header("Wechatpay-Serial");
        let wanted = ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature"];
        let missing: Vec<_> = wanted.into_iter().filter(|name| message.header(name).is_none()).collect();
        let scheme = message.header("Wechatpay-Signature-Type").filter(|scheme| *scheme != SCHEME);
        let repeated = wanted.into_iter().find(|name| message.values(name).nth(1).is_some());
        let outcome = match (&missing[..], repeated) {
            (_, Some(name)) => Outcome::Malformed(text!("expected the header {name} once, found it twice")),
            ([], None) => match scheme {
                Some(scheme) => {
                    let found = quoted(scheme);
                    Outcome::Malformed(text!("expected Wechatpay-Signature-Type: {SCHEME}, found {found}"))
                }
                None => self.signed_response(message, request),
            },
            (missing, None) if missing.contains(&"Wechatpay-Signature") => {
                Outcome::Unsigned(unsigned(message, request, kind))
            }
            (missing, None) => Outcome::Malformed(text!(
                "expected the header {missing}, found none",
                missing = missing.join(phrase!(" and ").text())
            )),
        };
        (outcome, timestamp, serial.map(ToOwned::to_owned))
    }

    fn signed_response(&self, message: &Message, request: Option<&Message>) -> Outcome {
        let value = |name| message.header(name).unwrap_or_default();
        let serial = value("Wechatpay-Serial");
        let authorization = request.and_then(|request| request.header("Authorization"));
        let authorization = authorization.and_then(|header| Authorization::parse(header.as_bytes()).ok());
        let answered = request.zip(authorization.as_ref()).and_then(|(request, authorization)| {
            let (method, target) = first_line(request)?;
            let (timestamp, nonce_str) = (authorization.timestamp(), authorization.nonce_str());
            Some(RequestMessage { method, target, timestamp, nonce_str, body: signed_body(request) })
        });
        let attempt = |key: &Key, other_keys: Vec<KnownKey>| {
            let evidence = ResponseEvidence {
                timestamp: value("Wechatpay-Timestamp"),
                nonce: value("Wechatpay-Nonce"),
                serial,
                signature: value("Wechatpay-Signature"),
                body: &message.body,
                request: answered,
                key: &key.key,
                other_keys,
            };
            if self.is_late() {
                let ResponseEvidence { timestamp, nonce, body, signature, .. } = evidence;
                let lines = format!("{timestamp}\n{nonce}\n");
                return verified(&key.key, &[lines.as_bytes(), body, b"\n"].concat(), signature);
            }
            diagnose_response(&evidence, EACH)
        };
        self.outcome(serial, |key| !matches!(key.owner, Owner::Merchant(_)), attempt)
    }

    /// Verifies with the key that `serial` names, or else with each key that may be meant.
    fn outcome(
        &self,
        serial: &str,
        may_sign: impl Fn(&&Key) -> bool,
        attempt: impl Fn(&Key, Vec<KnownKey>) -> Option<Diagnosis>,
    ) -> Outcome {
        let others = |than: &Key| {
            let given = self.keys.keys.iter().filter(|key| key.key != than.key).map(Key::known);
            given.chain(self.public_keys.iter().cloned()).collect()
        };
        let of = |key: &Key, diagnosis: Option<Diagnosis>| match diagnosis {
            Some(diagnosis) => Outcome::Fails(diagnosis),
            None if key.id.is_none() || key.is_named(serial) => Outcome::Holds { key: key.names() },
            None => Outcome::WrongSerial { named: serial.to_owned(), key: key.names() },
        };
        if let Some(named) = self.keys.keys.iter().find(|key| key.is_named(serial)) {
            return of(named, attempt(named, others(named)));
        }
        let explained = self.keys.keys.iter().filter(may_sign).find_map(|key| {
            let diagnosis = attempt(key, Vec::new());
            let is_unexplained = diagnosis
                .as_ref()
                .is_some_and(|one| matches!(one.verdict, Verdict::Unexplained | Verdict::NotTried));
            (!is_unexplained).then(|| of(key, diagnosis))
        });
        explained.unwrap_or_else(|| Outcome::NoKey { serial: serial.to_owned() })
    }
}

/// Verifies a signature that there is no time to diagnose.
fn verified(key: &VerifyingKey, message: &[u8], signature: &str) -> Option<Diagnosis> {
    let signature = signature.parse::<Signature>();
    let is_right = signature.is_ok_and(|signature| key.verify(message, &signature).is_ok());
    (!is_right).then(Diagnosis::not_tried)
}

/// The keys of the development credentials: a mock may have signed, or a test that was made with them.
fn public_keys() -> Vec<KnownKey> {
    let development = Credentials::development();
    let stranger =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/credentials/other_cert.pem"));
    let certificate = |holder, pem: &str| {
        Certificate::from_pem(pem).ok().map(|one| KnownKey { holder, key: one.verifying_key().clone() })
    };
    let platform = development.platform_certificate.as_ref();
    let platform = platform.map(|(serial, pem)| (KeyHolder::Gateway(serial.to_string()), pem.as_str()));
    let merchant = (KeyHolder::Development, development.merchant_certificate.as_str());
    let all = platform.into_iter().chain([merchant, (KeyHolder::Stranger, stranger)]);
    all.filter_map(|(holder, pem)| certificate(holder, pem)).collect()
}
