//! The form of a state: that of a seed file, widened.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use wechatpay_protocol::Timestamp;
use wechatpay_texts::text;

use crate::{
    admin::{clock::Signatures, error::AdminError, extract::read_json},
    api::non_null::non_null,
    clock::Clock,
    merchants::TrustMode,
    operations::seed::SeedCard,
};

/// The version of this form. It grows when an older mock could not understand what a newer one writes.
pub(super) const VERSION: u64 = 1;

/// The state of merchants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = State)]
pub(in crate::admin) struct StateFile<'a> {
    /// The version of this form. Default: 1.
    #[serde(default, rename = "version", deserialize_with = "non_null")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1)]
    _version: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "non_null")]
    pub(super) clock: Option<ClockPart>,
    /// The merchants by mchid.
    #[serde(borrow, deserialize_with = "each_once")]
    pub(super) merchants: BTreeMap<String, MerchantPart<'a>>,
}

/// The clock: ahead of the real time, or frozen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = StateClock)]
pub(in crate::admin) struct ClockPart {
    /// Seconds ahead of the real time; negative if behind. Default: 0.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = -253_402_300_799_i64, maximum = 253_402_300_799_i64)]
    offset: Option<i64>,
    /// The time at which it stands instead, in Unix seconds.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 253_402_300_799_i64)]
    frozen: Option<u64>,
    /// The time of signatures. Default: the mock's.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    signatures: Option<Signatures>,
}

/// What is remembered of a merchant. With only the fields of a seed file, or none, it is the state of a start.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MerchantState)]
pub(in crate::admin) struct MerchantPart<'a> {
    /// Whether the merchant may use the member-card operations at all. Default: true.
    #[serde(default, deserialize_with = "non_null")]
    pub(super) may_use_member_cards: Option<bool>,
    /// The card templates that the merchant created. They become documents, before those below.
    #[serde(default, deserialize_with = "non_null")]
    pub(super) cards: Option<Vec<SeedCard>>,
    /// What creates the merchant if it does not exist.
    #[serde(default, deserialize_with = "non_null")]
    pub(super) credentials: Option<CredentialsPart>,
    /// In the order in which they were created.
    #[serde(default, borrow, deserialize_with = "non_null")]
    pub(super) documents: Option<Vec<DocumentPart<'a>>>,
    /// The used request numbers, oldest first: a fingerprint of each, and one of its content, both of 32 hexadecimal digits.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<Vec<Vec<String>>>)]
    pub(super) numbers: Option<Vec<[String; 2]>>,
    /// The callbacks with every attempt, oldest first. Those that wait are sent when they are due.
    #[serde(default, borrow, deserialize_with = "non_null")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub(super) callbacks: Option<Vec<&'a RawValue>>,
    /// When documents change by themselves.
    #[serde(default, deserialize_with = "non_null")]
    pub(super) reminders: Option<Vec<ReminderPart>>,
}

/// What creates a merchant.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StateCredentials)]
pub(in crate::admin) struct CredentialsPart {
    #[serde(default)]
    pub(super) trust: TrustMode,
    /// Its certificate, PEM.
    pub(super) merchant_certificate: String,
    /// Its private key, PEM. Default: the development merchant's, if the certificate is of that key; else the mock has none.
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub(super) merchant_key: Option<String>,
    /// Its APIv3 key. Default: the development merchant's.
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub(super) apiv3_key: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StateDocument)]
pub(in crate::admin) struct DocumentPart<'a> {
    pub(super) kind: String,
    pub(super) key: String,
    /// As operations keep it, and GET /__mock/documents/{kind}/{key} shows it.
    #[serde(borrow)]
    #[schema(value_type = Value)]
    pub(super) value: &'a RawValue,
}

/// When a document changes by itself.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StateReminder)]
pub(in crate::admin) struct ReminderPart {
    /// In Unix seconds of the mock's clock.
    #[schema(maximum = 253_402_300_799_i64)]
    pub(super) at: u64,
    pub(super) kind: String,
    pub(super) key: String,
}

impl<'a> StateFile<'a> {
    /// Reads a file.
    ///
    /// # Errors
    /// What was expected, what was found, and where.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            version: Option<serde_json::Value>,
        }
        // First, as a newer form may have other fields. Whatever else is wrong is said below.
        let version = serde_json::from_slice(body).ok().and_then(|Version { version }| version);
        if let Some(found) = version.filter(|version| *version != VERSION) {
            return Err(match found.as_u64() {
                Some(newer) if newer > VERSION => text!(
                    "version: expected {VERSION}, found {newer}; a newer mock wrote it, and only a newer one can read it"
                ),
                _ => text!("version: expected {VERSION}, found {found}"),
            });
        }
        read_json(body).map_err(|error| match error {
            AdminError::Body(problem) => problem,
            error => error.to_string(),
        })
    }
}

impl ClockPart {
    /// How a clock is set.
    pub(super) fn of(clock: &Clock) -> Self {
        let is_frozen = clock.is_frozen();
        Self {
            offset: (!is_frozen).then(|| clock.offset()),
            frozen: is_frozen.then(|| clock.now().as_unix()),
            signatures: clock.signs_in_real_time().then_some(Signatures::Real),
        }
    }

    /// # Errors
    /// What was expected, what was found, and where.
    pub(super) fn check(&self) -> Result<(), String> {
        match (self.offset, self.frozen) {
            (Some(_), Some(_)) => Err(text!("clock: expected offset or frozen, found both")),
            (Some(offset), None) if offset.unsigned_abs() > Clock::LATEST => {
                let most = Clock::LATEST;
                Err(text!("clock.offset: expected -{most} to {most}, found {offset}"))
            }
            (None, Some(frozen)) => check_time("clock.frozen", frozen),
            _ => Ok(()),
        }
    }

    /// Sets the clock so.
    pub(super) fn set(&self, clock: &Clock) {
        clock.sign_in_real_time(self.signatures == Some(Signatures::Real));
        match self.frozen {
            Some(at) => {
                clock.freeze(Some(Timestamp::from_unix(at)));
            }
            None => clock.skew(self.offset.unwrap_or_default()),
        }
    }
}

/// # Errors
/// If the time is after the last that a clock shows.
pub(super) fn check_time(place: &str, unix: u64) -> Result<(), String> {
    if unix <= Clock::LATEST {
        return Ok(());
    }
    let latest = Clock::LATEST;
    Err(text!("{place}: expected Unix seconds up to {latest}, found {unix}"))
}

/// A map in which no name is there twice: of two merchants of one mchid, one would be lost.
fn each_once<'de, D, T>(map: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct EachOnce<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for EachOnce<T> {
        type Value = BTreeMap<String, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some(name) = entries.next_key::<String>()? {
                let value = entries.next_value()?;
                if map.contains_key(&name) {
                    return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
                }
                map.insert(name, value);
            }
            Ok(map)
        }
    }

    map.deserialize_map(EachOnce(PhantomData))
}
