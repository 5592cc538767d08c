//! Checks a file, and makes of it what is to be imported.

use std::collections::HashSet;

use serde_json::{Value, value::RawValue};
use wechatpay_protocol::{Credentials, Mchid, display::quoted};
use wechatpay_texts::{Phrase, phrase, text};

use crate::{
    admin::{
        control::{Control, Stop},
        documents::checked,
        explain::explain,
    },
    api::suggest::{advice, near},
    merchants::{ApiCertificate, KeyPairError, MerchantConfig},
    operations::{
        initial::foreign,
        kind_named, kind_names,
        kinds::Kind,
        seed::{SeedMerchant, wrong_card},
    },
    store::{Delivery, DeliveryRecord, DeliveryState, Fingerprint, JsonText, Key, MerchantState},
};

use super::form::{
    ClockPart, CredentialsPart, DocumentPart, MerchantPart, ReminderPart, StateFile, check_time,
};

/// What is to be imported.
pub(super) struct Plan {
    pub(super) clock: Option<ClockPart>,
    pub(super) merchants: Vec<MerchantPlan>,
}

/// What a merchant is to become.
pub(super) struct MerchantPlan {
    pub(super) mchid: Mchid,
    /// What creates the merchant.
    pub(super) config: Option<Box<MerchantConfig>>,
    /// The initial state of a merchant that is created.
    pub(super) seed: Option<SeedMerchant>,
    pub(super) state: MerchantState,
}

/// The length of a callback's nonce, in bytes. (documented)
const NONCE: usize = 12;

/// Reads and checks a file. `None` if it takes too long.
///
/// # Errors
/// What was expected, what was found, and where.
pub(super) fn read(control: &Control, body: &[u8], stop: &Stop) -> Result<Option<Plan>, String> {
    let StateFile { clock, mut merchants, .. } = StateFile::read(body)?;
    clock.map_or(Ok(()), |clock| clock.check())?;
    let cards =
        merchants.iter().map(|(mchid, part)| (mchid.as_str(), part.cards.as_deref().unwrap_or_default()));
    if let Some((place, problem)) = wrong_card(cards) {
        return Err(format!("{place}: {problem}"));
    }
    let cards: Vec<_> = merchants
        .iter()
        .flat_map(|(mchid, part)| part.cards.iter().flatten().map(|card| (mchid.clone(), foreign(card))))
        .collect();
    let mut plan = Plan { clock, merchants: Vec::new() };
    while let Some((mchid, part)) = merchants.pop_first() {
        let others =
            cards.iter().filter(|(owner, _)| *owner != mchid).map(|(_, card)| card.clone()).collect();
        let reader = Reader { control, stop, place: format!("merchants.{mchid}") };
        match reader.merchant(&mchid, part, others)? {
            Some(merchant) => plan.merchants.push(merchant),
            None => return Ok(None),
        }
    }
    Ok(Some(plan))
}

/// Reads one merchant of a file.
struct Reader<'c> {
    control: &'c Control,
    stop: &'c Stop,
    place: String,
}

impl Reader<'_> {
    /// `None` if it takes too long.
    fn merchant(
        &self,
        mchid: &str,
        part: MerchantPart<'_>,
        others: Vec<(Key, JsonText)>,
    ) -> Result<Option<MerchantPlan>, String> {
        let place = &self.place;
        let mchid: Mchid = mchid.parse().map_err(|error| format!("{place}: {error}"))?;
        let seed = seed(&part);
        let MerchantPart { credentials, documents, numbers, callbacks, reminders, .. } = part;
        let config = credentials.map(|credentials| self.config(&mchid, credentials)).transpose()?;
        let initial = seed.clone().map(|seed| [others, seed.documents()].concat());
        let mut state = MerchantState { documents: initial.unwrap_or_default(), ..MerchantState::default() };
        let mut keys = HashSet::new();
        for (at, document) in documents.into_iter().flatten().enumerate() {
            if self.stop.is_set() {
                return Ok(None);
            }
            let (key, value) = self.document(&format!("{place}.documents[{at}]"), document)?;
            if !keys.insert(key.clone()) {
                return Err(text!(
                    "{place}.documents[{at}]: expected each {kind} once, found the key {found} again",
                    kind = key.kind,
                    found = quoted(&key.id)
                ));
            }
            state.documents.push((key, value));
        }
        state.numbers = self.numbers(numbers.unwrap_or_default())?;
        for (at, callback) in callbacks.into_iter().flatten().enumerate() {
            if self.stop.is_set() {
                return Ok(None);
            }
            let place = format!("{place}.callbacks[{at}]");
            let delivery = self.callback(&mchid, callback).map_err(|problem| within(&place, &problem))?;
            state.deliveries.push(delivery);
        }
        for (at, ReminderPart { at: due, kind, key }) in reminders.into_iter().flatten().enumerate() {
            let place = format!("{place}.reminders[{at}]");
            check_time(&format!("{place}.at"), due)?;
            let kind = self.kind(&format!("{place}.kind"), &kind)?;
            state
                .reminders
                .push((wechatpay_protocol::Timestamp::from_unix(due), Key::new(kind.name(), &key)));
        }
        Ok(Some(MerchantPlan { mchid, config: config.map(Box::new), seed, state }))
    }

    fn document(&self, place: &str, document: DocumentPart<'_>) -> Result<(Key, JsonText), String> {
        let DocumentPart { kind, key, value } = document;
        let known = self.kind(&format!("{place}.kind"), &kind)?;
        let place = format!("{place}.value");
        let value = self.value(value).map_err(|problem| within(&place, &problem))?;
        let value = checked(known, &key, &value).map_err(|problem| within(&place, &problem))?;
        Ok((Key::new(&kind, &key), JsonText::of(&value)))
    }

    fn kind(&self, place: &str, name: &str) -> Result<&'static Kind, String> {
        kind_named(&self.control.gateway.contract, name).ok_or_else(|| {
            let advice = advice(near(name, kind_names()).unwrap_or_default(), "");
            let found = quoted(name);
            text!("{place}: expected a kind of document, found {found}{advice}")
        })
    }

    /// A part of the file as a tree, which takes more memory than its text. So its text is as long as a body at most.
    fn value(&self, text: &RawValue) -> Result<Value, String> {
        let (text, most) = (text.get(), self.control.gateway.limits.body);
        if text.len() > most {
            return Err(text!(
                "the body: expected at most {most} bytes, found {length}",
                length = text.len()
            ));
        }
        serde_json::from_str(text)
            .map_err(|error| text!("the body: expected valid JSON, found an error: {error}"))
    }

    fn numbers(&self, pairs: Vec<[String; 2]>) -> Result<Vec<(Fingerprint, Fingerprint)>, String> {
        let place = &self.place;
        let mut seen = HashSet::new();
        let fingerprint = |at: usize, half: usize, digits: &str| {
            Fingerprint::from_hex(digits).ok_or_else(|| {
                let found = quoted(digits);
                text!("{place}.numbers[{at}][{half}]: expected 32 hexadecimal digits, found {found}")
            })
        };
        let pair = |(at, [number, content]): (usize, [String; 2])| {
            let pair = (fingerprint(at, 0, &number)?, fingerprint(at, 1, &content)?);
            if seen.insert(pair.0) {
                return Ok(pair);
            }
            Err(text!(
                "{place}.numbers[{at}][0]: expected each number once, found {found} again",
                found = quoted(&number)
            ))
        };
        pairs.into_iter().enumerate().map(pair).collect()
    }

    /// A callback. Its number and its merchant may be left out.
    fn callback(&self, mchid: &Mchid, text: &RawValue) -> Result<Delivery, String> {
        let mut value = self.value(text)?;
        let Some(fields) = value.as_object_mut() else {
            return Err(text!("the body: expected an object, found something else"));
        };
        // It gets a new one.
        fields.insert("number".into(), 0.into());
        let found = fields.entry("mchid").or_insert_with(|| mchid.as_str().into());
        if found != mchid.as_str() {
            return Err(text!("mchid: expected {mchid}, found {found}", found = quoted(&found.to_string())));
        }
        let record: DeliveryRecord = serde_path_to_error::deserialize(&value)
            .map_err(|error| explain(error.path(), &error.inner().to_string()))?;
        let delivery = record.delivery()?;
        check_callback(&delivery)?;
        Ok(delivery)
    }

    fn config(&self, mchid: &Mchid, part: CredentialsPart) -> Result<MerchantConfig, String> {
        let place = format!("{}.credentials", self.place);
        let CredentialsPart { trust, merchant_certificate, merchant_key, apiv3_key } = part;
        let development = Credentials::development();
        let certificate = match merchant_key {
            Some(key) => ApiCertificate::new(&merchant_certificate, Some(&key)),
            None => match ApiCertificate::new(&merchant_certificate, Some(&development.merchant_key)) {
                Err(KeyPairError::Mismatch { .. }) => ApiCertificate::new(&merchant_certificate, None),
                other => other,
            },
        };
        let certificate = certificate.map_err(|error| match error {
            KeyPairError::Certificate(error) => format!("{place}.merchant_certificate: {error}"),
            error => format!("{place}.merchant_key: {error}"),
        })?;
        let apiv3_key = match apiv3_key {
            Some(key) => key.parse().map_err(|error| format!("{place}.apiv3_key: {error}"))?,
            None => development.apiv3_key,
        };
        Ok(MerchantConfig { trust, certificate, apiv3_key, ..MerchantConfig::new(mchid.clone()) })
    }
}

/// The cards of a merchant, if the file has some, or nothing but what a seed file has.
fn seed(part: &MerchantPart<'_>) -> Option<SeedMerchant> {
    let MerchantPart {
        may_use_member_cards,
        cards,
        credentials: _,
        documents,
        numbers,
        callbacks,
        reminders,
    } = part;
    let is_widened = documents.is_some() || numbers.is_some() || callbacks.is_some() || reminders.is_some();
    if is_widened && cards.is_none() && may_use_member_cards.is_none() {
        return None;
    }
    let usual = SeedMerchant::default();
    Some(SeedMerchant {
        may_use_member_cards: may_use_member_cards.unwrap_or(usual.may_use_member_cards),
        cards: cards.clone().unwrap_or_default(),
    })
}

/// # Errors
/// If the callback could not be sent, or a time is after the last that a clock shows.
fn check_callback(delivery: &Delivery) -> Result<(), String> {
    let Delivery { nonce, resource, created, attempts, state, .. } = delivery;
    if nonce.len() != NONCE {
        return Err(text!("nonce: expected {NONCE} bytes, found {found}", found = quoted(nonce)));
    }
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(resource) {
        return Err(text!("resource: expected JSON, found an error: {error}"));
    }
    check_time("created", created.as_unix())?;
    if let DeliveryState::Waiting(at) = state {
        check_time("state.waiting", at.as_unix())?;
    }
    let mut attempts = attempts.iter().enumerate();
    attempts
        .try_for_each(|(index, attempt)| check_time(&format!("attempts[{index}].at"), attempt.at.as_unix()))
}

/// What problems call the value that they are about.
const WHOLE: Phrase = phrase!("the body");

/// A problem with a value, as one with the file.
fn within(place: &str, problem: &str) -> String {
    match problem.strip_prefix(WHOLE.text()) {
        Some(rest) => format!("{place}{rest}"),
        None if problem.starts_with('[') => format!("{place}{problem}"),
        None => format!("{place}.{problem}"),
    }
}
