//! New identifiers and times, in the shape of their examples.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use wechatpay_openapi::Field;
use wechatpay_protocol::Timestamp;

use crate::request::validate::ValidRequest;

/// Makes identifiers and times: the same ones for the same request on the same day.
pub(in crate::operations) struct Fresh {
    seed: [u8; 32],
    now: Timestamp,
    /// Whether what it tells of happens now, to the second, rather than on the day before.
    is_event: bool,
}

const DAY: u64 = 24 * 60 * 60;

/// The number of days from now to the end of what has one. (own choice)
const VALID_DAYS: u64 = 30;

/// The fewest characters of an identifier that is made anew: shorter ones are mostly numbers of a service or a plan, which
/// stay the same. (own choice)
const SHORTEST: usize = 10;

/// The characters of an identifier that stay: a prefix like `wx`, and the beginning of a number; of a short one only the
/// first. (own choice)
const KEPT: usize = 4;

impl Fresh {
    /// A source for the answer to this request: its merchant, operation and content decide the identifiers.
    pub(in crate::operations) fn of(request: &ValidRequest, now: Timestamp) -> Self {
        Self::seeded(&content(request), now)
    }

    /// A source that makes the same for the same content.
    pub(in crate::operations) fn seeded(content: &impl Serialize, now: Timestamp) -> Self {
        let json = serde_json::to_vec(content).expect("contents are values, which always serialize");
        Self { seed: Sha256::digest(json).into(), now, is_event: false }
    }

    /// The same for what happens now.
    pub(in crate::operations) fn of_event(content: &impl Serialize, now: Timestamp) -> Self {
        Self { is_event: true, ..Self::seeded(content, now) }
    }

    /// A new value for the field; `None` if it is neither an identifier nor a time.
    pub(super) fn value(&self, field: &Field<'_>) -> Option<Value> {
        if field.schema.get("enum").is_some() || field.schema.get("const").is_some() {
            return None;
        }
        match field.example()? {
            Value::String(example) => self.text(field, example).map(Value::from),
            Value::Number(example) => self.number(field, example.as_u64()?).map(Value::from),
            _ => None,
        }
    }

    /// A new identifier in the shape of the field's example, however short that is; `None` if it has none.
    pub(in crate::operations) fn identifier(&self, field: &Field<'_>) -> Option<Value> {
        match field.example()? {
            Value::String(example) => Some(self.like(field.pointer, example).into()),
            Value::Number(example) => {
                self.like(field.pointer, &example.as_u64()?.to_string()).parse::<u64>().ok().map(Value::from)
            }
            _ => None,
        }
    }

    fn text(&self, field: &Field<'_>, example: &str) -> Option<String> {
        if let Some(time) = self.time(field.name, example) {
            return Some(time);
        }
        let is_identifier = is_identifier(field.name)
            && example.len() >= SHORTEST
            && example.bytes().all(|byte| byte.is_ascii_graphic())
            && example.bytes().any(|byte| byte.is_ascii_digit());
        is_identifier.then(|| self.like(field.pointer, example))
    }

    fn number(&self, field: &Field<'_>, example: u64) -> Option<u64> {
        let digits = example.to_string();
        if is_time(field.name) && digits.len() == 10 {
            return Some(self.day(field.name) * DAY + example % DAY);
        }
        let is_identifier = is_identifier(field.name) && digits.len() >= SHORTEST;
        is_identifier.then(|| self.like(field.pointer, &digits)).and_then(|digits| digits.parse().ok())
    }

    /// A text like the example: with other digits, and other letters if it has both cases, as random ones have.
    fn like(&self, pointer: &str, example: &str) -> String {
        let has = |is: fn(&u8) -> bool| example.bytes().any(|byte| is(&byte));
        let is_random = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
        let kept = if example.len() < SHORTEST { 1 } else { KEPT };
        let mut random = Random::new(&self.seed, pointer);
        let other = |(index, character): (usize, char)| {
            let mut among = |first: u8, count: u8| char::from(first + random.byte() % count);
            match character {
                _ if index < kept => character,
                '0'..='9' => among(b'0', 10),
                'a'..='z' if is_random => among(b'a', 26),
                'A'..='Z' if is_random => among(b'A', 26),
                _ => character,
            }
        };
        example.chars().enumerate().map(other).collect()
    }

    /// The time in the example on another day; `None` if it is none.
    fn time(&self, name: &str, example: &str) -> Option<String> {
        if name.contains("birth") {
            return None;
        }
        if self.is_event && !is_end(name) && Timestamp::from_rfc3339(example).is_ok() {
            return Some(self.now.to_rfc3339());
        }
        let date = Timestamp::from_unix(self.day(name) * DAY).to_rfc3339();
        let (date, bytes) = (date.get(..10)?, example.as_bytes());
        let has_shape = |shape: &str| {
            bytes.len() >= shape.len()
                && shape.bytes().zip(bytes).all(|(wanted, byte)| match wanted {
                    b'0' => byte.is_ascii_digit(),
                    other => other == *byte,
                })
        };
        if has_shape("0000-00-00") {
            let is_only_date = bytes.len() == 10;
            let is_time = is_only_date || has_shape("0000-00-00T00:00") || has_shape("0000-00-00 00:00");
            return is_time.then(|| format!("{date}{}", &example[10..]));
        }
        let is_compact =
            is_time(name) && matches!(bytes.len(), 8 | 14) && bytes.iter().all(u8::is_ascii_digit);
        let is_compact = is_compact && (example.starts_with("19") || example.starts_with("20"));
        is_compact.then(|| format!("{}{}", date.replace('-', ""), &example[8..]))
    }

    /// The day of a time, counted from 1970: yesterday, so that it is past by any zone; or later, if it is an end.
    fn day(&self, name: &str) -> u64 {
        let today = self.now.as_unix() / DAY;
        if is_end(name) { today + VALID_DAYS } else { today.saturating_sub(1) }
    }
}

/// What makes a request another: its merchant, operation and content.
pub(in crate::operations) fn content(request: &ValidRequest) -> impl Serialize {
    let (mchid, operation) = (request.merchant().mchid.as_str(), request.operation().id());
    (mchid, operation, request.parameters(), request.plain())
}

fn is_identifier(name: &str) -> bool {
    name == "id" || name.ends_with("_id") || name.ends_with("_no") || name.ends_with("_sn")
}

/// Whether a time of this name is the end of something.
fn is_end(name: &str) -> bool {
    const ENDS: [&str; 6] = ["end", "expire", "expiry", "deadline", "invalid", "due"];
    name.split('_').any(|word| ENDS.iter().any(|end| word.starts_with(end)))
}

fn is_time(name: &str) -> bool {
    ["time", "date", "timestamp", "day"].iter().any(|end| name.ends_with(end))
}

/// Bytes that a seed and a field's place decide.
struct Random {
    start: Sha256,
    block: [u8; 32],
    used: usize,
    blocks: u64,
}

impl Random {
    fn new(seed: &[u8; 32], pointer: &str) -> Self {
        let start = Sha256::new().chain_update(seed).chain_update(pointer);
        Self { start, block: [0; 32], used: 32, blocks: 0 }
    }

    fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            self.block = self.start.clone().chain_update(self.blocks.to_be_bytes()).finalize().into();
            self.blocks += 1;
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// 2025-09-04 in Beijing.
    fn fresh(seed: u8) -> Fresh {
        Fresh { seed: [seed; 32], now: Timestamp::from_unix(1_756_951_532), is_event: false }
    }

    fn value(name: &str, example: &Value) -> Option<Value> {
        let schema = json!({ "examples": [example] });
        let pointer = format!("/{name}");
        fresh(1).value(&Field { name, pointer: &pointer, schema: &schema, is_required: true })
    }

    #[test]
    fn an_identifier_has_the_shape_of_its_example() {
        for example in [
            "1217752501201407033233368018",
            "wx201410272009395522657a690389285100",
            "6uqyGjGrCf2GtyXP8bxrbuH9-aAoTjH-rKeSl3Lf4_So6kdkQu4w8BYVP3bzLtvR38lxt4PjtCDXsQpzqge_hQEovHzOhsLleGFQVRF-U_0",
        ] {
            let made = value("media_id", &json!(example)).unwrap();
            let made = made.as_str().unwrap();
            assert_eq!((made.len(), &made[..4]), (example.len(), &example[..4]));
            assert_ne!(made, example);
            let is_like = |(made, example): (char, char)| {
                made.is_ascii_digit() == example.is_ascii_digit()
                    && made.is_ascii_uppercase() == example.is_ascii_uppercase()
            };
            assert!(made.chars().zip(example.chars()).all(is_like), "{made}");
        }
        let number = value("applyment_id", &json!(2_000_002_124_775_691_u64)).unwrap();
        assert!(number.as_u64().unwrap().to_string().starts_with("2000"), "{number}");
    }

    #[test]
    fn a_seed_and_a_place_decide_an_identifier() {
        let of = |seed, pointer| fresh(seed).like(pointer, "1217752501201407033233368018");
        assert_eq!(of(1, "/id"), of(1, "/id"));
        assert_ne!(of(1, "/id"), of(2, "/id"));
        assert_ne!(of(1, "/id"), of(1, "/list/0/id"));
    }

    #[test]
    fn a_time_is_the_example_on_a_new_day() {
        for (name, example, expected) in [
            ("success_time", "2018-06-08T10:34:56+08:00", "2025-09-03T10:34:56+08:00"),
            ("expire_time", "2018-06-08T10:34:56.120+08:00", "2025-10-04T10:34:56.120+08:00"),
            ("create_date", "2018-06-08", "2025-09-03"),
            ("end_time", "20180608103456", "20251004103456"),
            ("pay_time", "2018-06-08 10:34:56", "2025-09-03 10:34:56"),
        ] {
            assert_eq!(value(name, &json!(example)), Some(json!(expected)), "{name}");
        }
        assert_eq!(
            value("submit_time", &json!(1_719_128_975)),
            Some(json!(1_756_857_600 + 1_719_128_975 % DAY))
        );
    }

    #[test]
    fn what_an_event_tells_of_happens_now_and_ends_later() {
        let fresh = Fresh { is_event: true, ..fresh(1) };
        let example = "2018-06-08T10:34:56+08:00";
        assert_eq!(fresh.time("success_time", example).unwrap(), "2025-09-04T10:05:32+08:00");
        assert_eq!(fresh.time("expire_time", example).unwrap(), "2025-10-04T10:34:56+08:00");
    }

    #[test]
    fn anything_else_stays() {
        for (name, example) in [
            ("birthday", json!("1990-01-01")),
            ("service_id", json!("500001")),
            ("trade_state", json!("SUCCESS")),
            ("goods_name", json!("2018-06-08 sale")),
            ("total", json!(10_000_000_000_u64)),
        ] {
            assert_eq!(value(name, &example), None, "{name}");
        }
    }
}
