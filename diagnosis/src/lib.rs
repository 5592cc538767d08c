//! Explains why the signature of a WeChat Pay APIv3 request does not match, or that of a response or callback
//! ([`diagnose_response`]), or why the data in a callback can't be decrypted ([`open_resource`]): bytes and keys in,
//! verdict out. [`diagnose_pay_sign`] does the same for what a front end hands to the client to open a payment.
//!
//! [`diagnose`] tries the usual mistakes on the signature that was sent, and reports those with which it verifies.
//! That is proof, not a guess: it reads what a known key signed ([`VerifyingKey::recover`]), and compares it with
//! the right message and with each message that a known mistake produces. If nothing fits, it reports what is still
//! certain, such as that the merchant's own key signed another message, and adds what is likely, marked as a hint.
//!
//! Here, a client signs without the newline at the end of the message:
//!
//! ```
//! use wechatpay_diagnosis::{Evidence, TIME_LIMIT, diagnose};
//! use wechatpay_protocol::{Credentials, RequestMessage, SigningKey, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let merchant = Credentials::development();
//! let key = SigningKey::from_pem(&merchant.merchant_key)?;
//! let message = RequestMessage {
//!     method: "POST",
//!     target: "/v3/pay/transactions/jsapi",
//!     timestamp: Timestamp::from_unix(1_756_951_532),
//!     nonce_str: "593BEC0C930BF1AFEB40B4A08C8FB242",
//!     body: br#"{"total":1}"#,
//! };
//! let signature = key.sign(message.to_bytes().trim_ascii_end());
//!
//! let evidence = Evidence {
//!     message,
//!     signature: &signature.to_string(),
//!     mchid: merchant.mchid.as_str(),
//!     serial_no: merchant.merchant_serial.as_str(),
//!     host: None,
//!     template: None,
//!     headers: Vec::new(),
//!     key: &key.verifying_key(),
//!     other_keys: Vec::new(),
//! };
//! let diagnosis = diagnose(&evidence, TIME_LIMIT).expect("the signature does not match");
//! assert_eq!(diagnosis.name(), "no-final-newline");
//! assert_eq!(
//!     diagnosis.to_string(),
//!     "no-final-newline: line 5 (body) should be `{\"total\":1}\\n`, but `{\"total\":1}` was signed; \
//!      end the last line with a newline, too",
//! );
//! # Ok(())
//! # }
//! ```
//!
//! Mistakes are data, with a table for each family. A signature may have one of each:
//!
//! | module | mistakes in |
//! |---|---|
//! | `encoding` | the encoding of the signature |
//! | `key` | the key |
//! | `digest` | hash and padding |
//! | `values` | the values on the five lines, up to two |
//! | `layout` | the lines and their endings |
//!
//! `hint` has what can only be supposed. `received` has the mistakes in responses, which are made after they were signed;
//! `resource` those in encrypted data; `pay_sign` those in what opens a payment, `business_view` in what opens a page of pay
//! score.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

wechatpay_texts::catalogue!();

mod business_view;
mod difference;
mod digest;
mod encoding;
mod hint;
mod key;
mod known_mistake;
mod layout;
mod pay_sign;
mod permutations;
mod proxy;
mod received;
mod report;
mod resource;
mod rules;
mod search;
mod signer;
mod subject;
mod values;

use std::time::{Duration, Instant};

use wechatpay_protocol::{Recovered, RequestMessage, Signature, VerifyingKey};
use wechatpay_texts::text;

pub use business_view::{
    BusinessView, BusinessViewEvidence, GivenParameter, diagnose_business_view, given_parameter,
    known_business_view_hints, known_business_view_mistakes,
};
pub use difference::Difference;
pub use key::{KeyHolder, KnownKey};
pub use known_mistake::{KnownMistake, ProvedMistake};
pub use pay_sign::{
    ParameterProblem, PayClient, PaySignDiagnosis, PaySignEvidence, PrepaidOrder, Secret, SecretKind,
    diagnose_pay_sign, known_pay_sign_hints, known_pay_sign_mistakes, prepay_id,
};
pub use received::{ResponseEvidence, diagnose_response, known_response_hints, known_response_mistakes};
pub use report::{Diagnosis, Fact, Verdict};
pub use resource::{
    OpenedResource, ResourceEvidence, known_resource_hints, known_resource_mistakes, open_resource,
};

use rules::Case;
use search::{Found, Outcome, Suspects};
use signer::{Claim, Signer};
use subject::Subject;

/// A request as it was received, and the keys that may have signed it.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// The message that should have been signed.
    pub message: RequestMessage<'a>,
    /// The signature, as in the `Authorization` header.
    pub signature: &'a str,
    /// The merchant, as in the `Authorization` header.
    pub mchid: &'a str,
    /// The serial number, as in the `Authorization` header.
    pub serial_no: &'a str,
    /// The `Host` header.
    pub host: Option<&'a str>,
    /// The operation's path with its parameters in braces: `/v3/certificates/{serial_no}`.
    pub template: Option<&'a str>,
    /// All headers, with names in lower case: some show what a proxy changed.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The key that should have signed.
    pub key: &'a VerifyingKey,
    /// Keys that may have signed by mistake, the most likely first. The first 64 are tried.
    pub other_keys: Vec<KnownKey>,
}

/// The default time limit of a diagnosis. (own choice)
pub const TIME_LIMIT: Duration = Duration::from_millis(25);

/// Every mistake that can be proved, family by family.
pub fn known_mistakes() -> Vec<&'static KnownMistake> {
    let encodings = encoding::ENCODINGS.iter().map(|rule| &rule.mistake);
    let values = rules::REQUEST.values().map(|(_, rule)| &rule.mistake);
    let lines = layout::LINES.iter().map(|rule| &rule.mistake);
    let endings = layout::ENDINGS.iter().map(|rule| &rule.mistake);
    let keys = key::KEYS.iter().chain(digest::known_mistakes());
    let mut all: Vec<&KnownMistake> = Vec::new();
    for mistake in encodings.chain(keys).chain(values).chain(lines).chain(endings) {
        // Some have two rules.
        if !all.contains(&mistake) {
            all.push(mistake);
        }
    }
    all
}

/// Every hint.
pub fn known_hints() -> impl Iterator<Item = &'static KnownMistake> {
    hint::HINTS.iter().map(|rule| &rule.mistake)
}

/// Explains why a signature does not match; `None` if it matches.
///
/// May take a few milliseconds more than `time_limit`: the likeliest mistakes are tried even if it is zero. If the time
/// is up before every mistake was tried, a fact says so.
pub fn diagnose(evidence: &Evidence<'_>, time_limit: Duration) -> Option<Diagnosis> {
    let case = Case { evidence, rules: &rules::REQUEST, answered: None };
    let diagnosis = certain(&case, Deadline::after(time_limit))?;
    Some(Diagnosis { hints: hint::hints(hint::HINTS, evidence, &diagnosis), ..diagnosis })
}

/// The diagnosis without hints.
fn certain(case: &impl Suspects, deadline: Deadline) -> Option<Diagnosis> {
    let claim = case.claim();
    let Some(signer) = Signer::identify(claim, deadline) else {
        return Some(bare_hash(case, deadline).unwrap_or_else(|| unexplained(claim, deadline)));
    };
    let mut is_time_up = false;
    for recovered in &signer.recovered {
        match case.search(recovered, deadline) {
            Outcome::Found(found) => return proven(claim.subject, &signer, recovered, found),
            Outcome::NotFound => {}
            Outcome::TimeUp => is_time_up = true,
        }
    }
    Some(other_message(claim.subject, &signer, is_time_up).unwrap_or_else(|| unexplained(claim, deadline)))
}

/// `None` if nothing is wrong.
fn proven(subject: Subject, signer: &Signer, recovered: &Recovered, found: Found) -> Option<Diagnosis> {
    let difference = found.difference(subject);
    let mistakes = proved([&signer.mistakes[..], &digest::mistakes(recovered)].concat(), found.mistakes);
    (!mistakes.is_empty()).then(|| Diagnosis {
        mistakes,
        difference,
        facts: signer.facts(recovered).into(),
        ..Diagnosis::of(subject, Verdict::Proven)
    })
}

/// Mistakes in how the message was signed, and in the message.
fn proved(signing: Vec<&'static KnownMistake>, message: Vec<ProvedMistake>) -> Vec<ProvedMistake> {
    signing.into_iter().map(ProvedMistake::from).chain(message).collect()
}

/// The diagnosis if the message is unknown; `None` if even the signer is uncertain.
fn other_message(subject: Subject, signer: &Signer, is_time_up: bool) -> Option<Diagnosis> {
    let recovered = signer.recovered.first().filter(|first| first.is_certain())?;
    Some(Diagnosis {
        mistakes: proved([&signer.mistakes[..], &digest::certain_mistakes(recovered)].concat(), Vec::new()),
        facts: signer.facts(recovered).into_iter().chain(is_time_up.then(time_was_up)).collect(),
        ..Diagnosis::of(subject, Verdict::OtherMessage)
    })
}

/// The diagnosis if a bare hash of the message was sent in place of a signature.
fn bare_hash(case: &impl Suspects, deadline: Deadline) -> Option<Diagnosis> {
    let Claim { subject, signature, .. } = case.claim();
    let readings = signer::readings(signature).into_iter();
    let contents =
        readings.map(|(_, bytes)| bytes.as_bytes().to_vec()).filter(|bytes| digest::is_digest(bytes));
    contents.map(|content| Recovered::Bare { content }).find_map(|hash| {
        let Outcome::Found(found) = case.search_hash(&hash, deadline) else { return None };
        Some(Diagnosis {
            difference: found.difference(subject),
            mistakes: proved(vec![&digest::HASH_NOT_SIGNED], found.mistakes),
            ..Diagnosis::of(subject, Verdict::Proven)
        })
    })
}

fn unexplained(claim: Claim<'_>, deadline: Deadline) -> Diagnosis {
    let form = match claim.signature.parse::<Signature>() {
        Ok(signature) => {
            let bytes = signature.as_bytes().len();
            Fact::of(|| text!("the signature is Base64 of {bytes} bytes"))
        }
        Err(_) => {
            let characters = claim.signature.chars().count();
            Fact::of(|| text!("the signature has {characters} characters and is not standard Base64"))
        }
    };
    let bits = claim.key.bits();
    let bytes = bits.div_ceil(8);
    let key = match claim.subject {
        Subject::Request | Subject::PaySign | Subject::BusinessView => {
            Fact::of(|| text!("the merchant's key has {bits} bits, so its signatures have {bytes} bytes"))
        }
        Subject::Response | Subject::Resource => {
            Fact::of(|| text!("the key has {bits} bits, so its signatures have {bytes} bytes"))
        }
    };
    let others = claim.others().count();
    let keys = if deadline.is_over() {
        time_was_up()
    } else {
        Fact::of(|| text!("neither that key nor any of {others} other known keys made it"))
    };
    Diagnosis { facts: vec![form, key, keys], ..Diagnosis::of(claim.subject, Verdict::Unexplained) }
}

fn time_was_up() -> Fact {
    Fact::of(|| text!("the time limit was reached before every known mistake was tried"))
}

/// The time to stop; none if it is too far in the future.
#[derive(Clone, Copy)]
struct Deadline(Option<Instant>);

impl Deadline {
    fn after(time_limit: Duration) -> Self {
        Self(Instant::now().checked_add(time_limit))
    }

    fn is_over(self) -> bool {
        self.0.is_some_and(|deadline| Instant::now() > deadline)
    }
}
