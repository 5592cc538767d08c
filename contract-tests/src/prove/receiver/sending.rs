//! What a probe sends: an ordinary callback, with the differences that its entry in `probes.toml` names.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use wechatpay_texts::phrase;

/// What a receiver must do with a callback, always within the time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Must {
    /// Answer 200 or 204.
    Take,
    /// Answer 4xx or 5xx.
    Refuse,
    /// Answer anything but 5xx.
    Handle,
    /// Answer anything.
    Answer,
}

impl fmt::Display for Must {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Take => phrase!("answer 200 or 204").text(),
            Self::Refuse => phrase!("refuse with 4xx or 5xx").text(),
            Self::Handle => phrase!("answer, with anything but 5xx").text(),
            Self::Answer => phrase!("answer, with any status").text(),
        })
    }
}

/// One callback, or the same several times, and how it differs from an ordinary one. Without any difference it is honest.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Sending {
    /// What the receiver must do; that of the probe, if missing.
    pub(super) must: Option<Must>,
    /// How often it is sent.
    pub(super) times: usize,
    /// Whether these are sent at the same time rather than one after the other.
    pub(super) at_once: bool,
    /// Whether each is about another order. Otherwise the same body is signed and sent again.
    pub(super) fresh: bool,
    /// Sends the body of the previous sending again, as the gateway does: with a new timestamp and signature.
    pub(super) again: bool,

    /// The event whose sample it has.
    pub(super) event: String,
    /// The name of an event in place of its own.
    pub(super) event_type: Option<String>,
    /// Members of the resource, in JSON, to set or to add.
    pub(super) set: BTreeMap<String, String>,
    /// Members of the resource to leave out.
    pub(super) remove: Vec<String>,
    /// The least size of the resource in bytes, reached by a list of coupons.
    pub(super) bytes: usize,
    /// What differs from the order that the receiver knows.
    pub(super) other: Option<Other>,
    /// Whether the order is one that the receiver does not know.
    pub(super) unknown_order: bool,
    pub(super) resource: ResourceForm,
    pub(super) associated_data: AssociatedData,
    pub(super) body: BodyForm,
    /// How many seconds ago the event happened.
    pub(super) created_ago: u64,

    /// How many seconds from now it is signed.
    pub(super) seconds: i64,
    pub(super) key: SignedBy,
    pub(super) serial: NamedKey,
    /// What is altered after signing.
    pub(super) altered: Option<Altered>,
    pub(super) names: NameCase,
    /// Headers to leave out.
    pub(super) without: Vec<String>,
}

/// What differs from a known order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Other {
    /// One cent less than the order's amount.
    Amount,
    /// Another merchant's number.
    Mchid,
    /// Another application's ID.
    Appid,
}

/// The form of the resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ResourceForm {
    #[default]
    Encrypted,
    /// Encrypted, and one byte of the tag is wrong.
    WrongTag,
    /// Encrypted with an APIv3 key that the receiver does not have.
    OtherKey,
    /// Not encrypted.
    PlainText,
}

/// The associated data of the encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AssociatedData {
    /// The original type, as in real callbacks.
    #[default]
    Usual,
    Empty,
    /// Empty, and the member is missing.
    Absent,
}

/// The spelling of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BodyForm {
    /// Compact, with its members in the order of real ones.
    #[default]
    Usual,
    /// With line breaks and indentation.
    Spaced,
    /// With its members in alphabetical order.
    Sorted,
    /// With `\/` in place of `/`.
    EscapedSlashes,
    /// With `\u4e2d` in place of `中`.
    EscapedChinese,
    /// With the number `1.0`.
    Number,
    /// With members that are not documented, in the body and in its resource.
    ExtraMembers,
    /// The beginning of a body.
    BrokenJson,
    Empty,
    /// A notice of a refund as APIv2 sends it.
    Xml,
}

/// The key that signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SignedBy {
    /// A key that the receiver has: the public key, if it has both.
    #[default]
    Usual,
    /// The platform certificate's key.
    Certificate,
    /// The public key's private half.
    PublicKey,
    /// The one of these two that is not the usual one.
    Another,
    /// A key that is not the gateway's.
    Unknown,
}

/// The key that `Wechatpay-Serial` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NamedKey {
    /// The one that signs; the usual one, if an unknown key signs.
    #[default]
    Own,
    /// The usual one, whichever signs.
    Usual,
    /// One that does not exist.
    Unknown,
}

/// What is altered after signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Altered {
    Body,
    Nonce,
    Timestamp,
    Signature,
    /// The signature is one of the gateway's probes of receivers.
    Signtest,
}

/// The case of the headers' names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NameCase {
    /// `Wechatpay-Nonce`
    #[default]
    Title,
    /// `wechatpay-nonce`
    Lower,
    /// `WECHATPAY-NONCE`
    Upper,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            must: None,
            times: 1,
            at_once: false,
            fresh: false,
            again: false,
            event: super::sample::TRANSACTION.into(),
            event_type: None,
            set: BTreeMap::new(),
            remove: Vec::new(),
            bytes: 0,
            other: None,
            unknown_order: false,
            resource: ResourceForm::default(),
            associated_data: AssociatedData::default(),
            body: BodyForm::default(),
            created_ago: 0,
            seconds: 0,
            key: SignedBy::default(),
            serial: NamedKey::default(),
            altered: None,
            names: NameCase::default(),
            without: Vec::new(),
        }
    }
}
