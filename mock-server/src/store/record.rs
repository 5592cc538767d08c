//! A callback as JSON, as backends keep it and `/__mock/state` shows it.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use wechatpay_protocol::Timestamp;
use wechatpay_texts::Both;

use super::{Attempt, Delivery, DeliveryState, JsonText, Outcome, SentCallback};

/// A callback as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveryRecord {
    number: u64,
    mchid: String,
    id: String,
    event_type: String,
    notify_url: String,
    resource: String,
    nonce: String,
    created: u64,
    state: StateRecord,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<AttemptRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateRecord {
    Waiting(u64),
    Sending,
    Received,
    GivenUp,
    Held,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttemptRecord {
    at: u64,
    serial_no: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    took_us: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<SentRecord>,
    outcome: OutcomeRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SentRecord {
    url: String,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeRecord {
    Answered { status: u16, body: Body },
    NoAnswer { reason: Reason },
    NotSent { reason: Reason },
}

/// A reason in both languages.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    en: String,
    zh: String,
}

/// A body: as text if it is UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    Text(String),
    Base64(String),
}

impl Delivery {
    /// The callback with its attempts.
    pub(crate) fn to_json(&self) -> JsonText {
        JsonText::of(&DeliveryRecord {
            number: self.number,
            mchid: self.mchid.to_string(),
            id: self.id.clone(),
            event_type: self.event_type.clone(),
            notify_url: self.notify_url.clone(),
            resource: self.resource.clone(),
            nonce: self.nonce.clone(),
            created: self.created.as_unix(),
            state: StateRecord::of(self.state),
            attempts: self.attempts.iter().map(AttemptRecord::of).collect(),
        })
    }

    /// Reads what [`to_json`](Self::to_json) writes.
    ///
    /// # Errors
    /// What is wrong with it.
    #[cfg_attr(
        not(any(test, feature = "redis", feature = "sqlite")),
        expect(dead_code, reason = "only backends that last keep texts")
    )]
    pub(crate) fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str::<DeliveryRecord>(text).map_err(|error| error.to_string())?.delivery()
    }
}

impl DeliveryRecord {
    /// The callback of this record.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(crate) fn delivery(self) -> Result<Delivery, String> {
        let attempts = self.attempts.into_iter().enumerate().map(|(index, attempt)| {
            attempt.attempt().map_err(|problem| format!("attempts[{index}].{problem}"))
        });
        Ok(Delivery {
            number: self.number,
            mchid: self.mchid.parse().map_err(|error| format!("mchid: {error}"))?,
            id: self.id,
            event_type: self.event_type,
            notify_url: self.notify_url,
            resource: self.resource,
            nonce: self.nonce,
            created: Timestamp::from_unix(self.created),
            state: self.state.state(),
            attempts: attempts.collect::<Result<_, _>>()?,
        })
    }
}

impl StateRecord {
    fn of(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Waiting(at) => Self::Waiting(at.as_unix()),
            DeliveryState::Sending => Self::Sending,
            DeliveryState::Received => Self::Received,
            DeliveryState::GivenUp => Self::GivenUp,
            DeliveryState::Held => Self::Held,
        }
    }

    fn state(&self) -> DeliveryState {
        match self {
            Self::Waiting(at) => DeliveryState::Waiting(Timestamp::from_unix(*at)),
            Self::Sending => DeliveryState::Sending,
            Self::Received => DeliveryState::Received,
            Self::GivenUp => DeliveryState::GivenUp,
            Self::Held => DeliveryState::Held,
        }
    }
}

impl AttemptRecord {
    fn of(attempt: &Attempt) -> Self {
        let sent = attempt.sent.as_ref().map(|sent| SentRecord {
            url: sent.url.clone(),
            headers: sent.headers.clone(),
            body: Body::of(&sent.body),
        });
        let outcome = match &attempt.outcome {
            Outcome::Answered { status, body } => {
                OutcomeRecord::Answered { status: status.as_u16(), body: Body::of(body) }
            }
            Outcome::NoAnswer { reason } => OutcomeRecord::NoAnswer { reason: reason.into() },
            Outcome::NotSent { reason } => OutcomeRecord::NotSent { reason: reason.into() },
        };
        Self {
            at: attempt.at.as_unix(),
            serial_no: attempt.serial.to_string(),
            fault: attempt.fault.as_ref().map(ToString::to_string),
            took_us: u64::try_from(attempt.took.as_micros()).unwrap_or(u64::MAX),
            sent,
            outcome,
        }
    }

    fn attempt(self) -> Result<Attempt, String> {
        let sent = |SentRecord { url, headers, body }: SentRecord| {
            let body = body.bytes().map_err(|problem| format!("sent.body.{problem}"))?;
            Ok::<_, String>(Arc::new(SentCallback { url, headers, body }))
        };
        Ok(Attempt {
            at: Timestamp::from_unix(self.at),
            serial: self.serial_no.parse().map_err(|error| format!("serial_no: {error}"))?,
            fault: self.fault.map(Into::into),
            took: Duration::from_micros(self.took_us),
            sent: self.sent.map(sent).transpose()?,
            outcome: match self.outcome {
                OutcomeRecord::Answered { status, body } => Outcome::Answered {
                    status: StatusCode::from_u16(status)
                        .map_err(|error| format!("outcome.answered.status: {error}"))?,
                    body: body.bytes().map_err(|problem| format!("outcome.answered.body.{problem}"))?,
                },
                OutcomeRecord::NoAnswer { reason } => Outcome::NoAnswer { reason: reason.into() },
                OutcomeRecord::NotSent { reason } => Outcome::NotSent { reason: reason.into() },
            },
        })
    }
}

impl From<&Both> for Reason {
    fn from(Both { english, chinese }: &Both) -> Self {
        Self { en: english.clone(), zh: chinese.clone() }
    }
}

impl From<Reason> for Both {
    fn from(Reason { en, zh }: Reason) -> Self {
        Self { english: en, chinese: zh }
    }
}

impl Body {
    fn of(bytes: &Bytes) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    fn bytes(self) -> Result<Bytes, String> {
        match self {
            Self::Text(text) => Ok(text.into()),
            Self::Base64(text) => {
                STANDARD.decode(text).map(Bytes::from).map_err(|error| format!("base64: {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wechatpay_protocol::KeyId;

    use super::*;

    #[test]
    fn a_callback_is_read_as_it_was_written() {
        let attempt = |outcome, body: &'static [u8]| Attempt {
            at: Timestamp::from_unix(2),
            serial: KeyId::Certificate("6B02BF8E93D977998EC83F5E1A7E346B7265A191".parse().unwrap()),
            fault: Some("twice".into()),
            took: Duration::from_micros(7),
            sent: Some(Arc::new(SentCallback {
                url: "http://127.0.0.1/".into(),
                headers: vec![("a".into(), "b".into())],
                body: Bytes::from_static(body),
            })),
            outcome,
        };
        let reason = || Both { english: "why".into(), chinese: "为什么".into() };
        let states = [
            DeliveryState::Waiting(Timestamp::from_unix(9)),
            DeliveryState::Sending,
            DeliveryState::Received,
            DeliveryState::GivenUp,
            DeliveryState::Held,
        ];
        for state in states {
            let delivery = Delivery {
                number: 3,
                mchid: "1900000001".parse().unwrap(),
                id: "id".into(),
                event_type: "A.B".into(),
                notify_url: "http://127.0.0.1/".into(),
                resource: "{}".into(),
                created: Timestamp::from_unix(1),
                attempts: vec![
                    attempt(Outcome::Answered { status: StatusCode::OK, body: "会".into() }, b"{}"),
                    attempt(Outcome::NoAnswer { reason: reason() }, b"\xff"),
                    attempt(Outcome::NotSent { reason: reason() }, b""),
                ],
                state,
                nonce: "abcdefghijkl".into(),
            };
            let read = Delivery::from_json(delivery.to_json().as_str()).unwrap();
            assert_eq!(format!("{read:?}"), format!("{delivery:?}"));
        }
        assert!(Delivery::from_json("{}").unwrap_err().contains("number"));
    }
}
