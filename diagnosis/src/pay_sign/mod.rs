//! Checks what a front end hands to the client to open a payment: the parameters, and their signature, the paySign.
//!
//! The client does this before it shows anything to the payer. What the signature is of is found out as for requests.

mod lines;
mod parameters;
mod report;
mod search;
mod version2;

use std::time::Duration;

use serde_json::{Map, Value};
use wechatpay_protocol::{Signature, VerifyingKey};

use crate::{
    Deadline, Diagnosis, KnownKey, KnownMistake, Verdict, certain, digest, encoding, key, layout,
    signer::Claim, subject::Subject,
};

use lines::Handed;
pub(crate) use parameters::normal;
use parameters::{Parameters, Role};

pub use report::{ParameterProblem, PaySignDiagnosis};

/// What opens the payment. Each reads parameters of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayClient {
    /// A page: `WeixinJSBridge.invoke('getBrandWCPayRequest', …)`.
    JsapiBridge,
    /// A page with the JS-SDK: `wx.chooseWXPay(…)`, which knows the appid and reads `timestamp`.
    JsSdk,
    /// A mini program: `wx.requestPayment(…)`, which knows the appid.
    MiniProgram,
    /// An app: `PayReq` of the SDK for Android, iOS or HarmonyOS.
    App,
}

/// What a front end hands to the client, and what it should fit.
#[derive(Clone)]
pub struct PaySignEvidence<'a> {
    /// What opens the payment.
    pub client: PayClient,
    /// What it is given.
    pub parameters: &'a Map<String, Value>,
    /// The order whose prepay_id is [given](prepay_id); `None` if there is none.
    pub order: Option<PrepaidOrder<'a>>,
    /// Keys that may have signed by mistake, the most likely first. The first 64 are tried.
    pub other_keys: Vec<KnownKey>,
    /// Keys with which API v2 signs.
    pub secrets: Vec<Secret<'a>>,
    /// Values that may have been signed in place of the right ones: other appids and prepay_ids, the nonce and the
    /// timestamp of the order's request.
    pub other_values: Vec<&'a str>,
}

/// An order that waits for its payer.
#[derive(Clone, Debug)]
pub struct PrepaidOrder<'a> {
    /// Its `prepay_id`.
    pub prepay_id: &'a str,
    /// How it is to be paid: `JSAPI`, which is also for mini programs, or `APP`.
    pub trade_type: &'a str,
    /// The appids that may open the payment: its own; of a partner's, those with an openid.
    pub appids: Vec<&'a str>,
    /// The merchants that may stand in `partnerId`.
    pub mchids: Vec<&'a str>,
    /// The key of the merchant that placed it.
    pub key: &'a VerifyingKey,
}

/// A key that merchant and gateway share. Never shown.
#[derive(Clone, Copy)]
pub struct Secret<'a> {
    /// Which one.
    pub kind: SecretKind,
    /// The key itself.
    pub text: &'a str,
}

/// A kind of key that merchant and gateway share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// The key of API v2.
    ApiV2,
    /// The key of API v3, which signs nothing.
    ApiV3,
}

/// Longer values are not signed by anyone. (own choice)
const LONGEST: usize = 128;

impl PayClient {
    /// The client that these parameters seem to be for. [`JsSdk`](Self::JsSdk) is never certain, so never the answer.
    pub fn of(parameters: &Map<String, Value>) -> Self {
        let has = |name| parameters.keys().any(|key| parameters::normal(key) == name);
        if has("partnerid") || has("packagevalue") || has("sign") && !has("paysign") {
            Self::App
        } else if has("appid") {
            Self::JsapiBridge
        } else {
            Self::MiniProgram
        }
    }

    /// The trade type of the orders that it can pay.
    pub fn trade_type(self) -> &'static str {
        if self == Self::App { "APP" } else { "JSAPI" }
    }
}

impl SecretKind {
    fn name(self) -> &'static str {
        match self {
            Self::ApiV2 => "apiv2-key",
            Self::ApiV3 => "apiv3-key",
        }
    }
}

/// The prepay_id among the parameters, even if it is not written rightly; `None` if there is none.
pub fn prepay_id(client: PayClient, parameters: &Map<String, Value>) -> Option<&str> {
    parameters::prepay_id(client, parameters)
}

/// Explains why the client refuses the parameters; `None` if they are right.
///
/// May take a few milliseconds more than `time_limit`, as [`diagnose`](crate::diagnose) does.
pub fn diagnose_pay_sign(evidence: &PaySignEvidence<'_>, time_limit: Duration) -> Option<PaySignDiagnosis> {
    let read = Parameters::read(evidence);
    let order = evidence.order.as_ref();
    let signature = order.and_then(|order| diagnose_signature(evidence, order, &read, time_limit));
    let parameters = read.problems;
    (!parameters.is_empty() || signature.is_some()).then_some(PaySignDiagnosis { parameters, signature })
}

/// `None` if the signature is right, or if too little is given to say.
fn diagnose_signature(
    evidence: &PaySignEvidence<'_>,
    order: &PrepaidOrder<'_>,
    read: &Parameters<'_>,
    time_limit: Duration,
) -> Option<Diagnosis> {
    let text = |role| read.text(role).filter(|text| text.len() <= LONGEST);
    let (timestamp, nonce) = (text(Role::TimeStamp)?, text(Role::NonceStr)?);
    let signature = read.text(Role::PaySign)?;
    let appid = text(Role::AppId).filter(|given| order.appids.contains(given));
    let appids = appid.map_or_else(|| order.appids.clone(), |given| vec![given]);
    let others = [Role::AppId, Role::Package, Role::PartnerId].into_iter().filter_map(text);
    let others = order.appids.iter().copied().chain(others).chain(evidence.other_values.iter().copied());
    let others: Vec<_> = others.filter(|other| other.len() <= LONGEST).collect();
    let handed = |appid| Handed {
        client: evidence.client,
        values: [appid, timestamp, nonce].map(str::to_owned),
        prepay_id: order.prepay_id,
        mchids: &order.mchids,
        sign_type: text(Role::SignType),
        others: &others,
        secrets: &evidence.secrets,
    };
    let handed: Vec<_> = appids.into_iter().map(handed).collect();
    let is_right = |signature: Signature| {
        handed.iter().any(|handed| order.key.verify(&handed.message(), &signature).is_ok())
    };
    if signature.parse().is_ok_and(is_right) {
        return None;
    }
    if let Some(mistake) = handed.iter().find_map(|handed| version2::proved(handed, signature)) {
        let mistakes = vec![mistake];
        return Some(Diagnosis { mistakes, ..Diagnosis::of(Subject::PaySign, Verdict::Proven) });
    }
    let other_keys = &evidence.other_keys;
    let claim = Claim { subject: Subject::PaySign, signature, key: order.key, other_keys };
    let diagnosis = certain(&search::Case { claim, handed }, Deadline::after(time_limit))?;
    let is_unexplained = diagnosis.verdict == Verdict::Unexplained;
    let hints = version2::hint(signature).filter(|_| is_unexplained).into_iter().collect();
    Some(Diagnosis { hints, ..diagnosis })
}

/// Every mistake in parameters and paySign that can be proved.
pub fn known_pay_sign_mistakes() -> Vec<&'static KnownMistake> {
    let encodings = encoding::ENCODINGS.iter().map(|rule| &rule.mistake);
    let endings = layout::ENDINGS.iter().map(|rule| &rule.mistake);
    let shared = encodings.chain(&key::KEYS).chain(digest::known_mistakes()).chain(endings);
    let mut all: Vec<&KnownMistake> = Vec::new();
    for mistake in
        parameters::known_mistakes().chain(lines::known_mistakes()).chain(&version2::PROVED).chain(shared)
    {
        if !all.contains(&mistake) {
            all.push(mistake);
        }
    }
    all
}

/// Every hint about the paySign.
pub fn known_pay_sign_hints() -> impl Iterator<Item = &'static KnownMistake> {
    version2::HINTS.iter()
}
