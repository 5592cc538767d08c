//! A sample as written in its file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use wechatpay_mock::Provenance;
use wechatpay_texts::Text;

use super::leaves::{self, Leaf};
use crate::{
    DataText,
    case::{CaseRequest, Given, Pattern},
    sign::Sign,
};

/// Something that the gateway sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The name of its file, without `.json`.
    #[serde(skip)]
    pub name: String,
    /// What it is.
    pub title: DataText,
    /// How it is known.
    #[serde(rename = "standing")]
    pub provenance: Provenance,
    /// Where it was published.
    pub source: DataText,
    /// The state of the mock before.
    #[serde(default)]
    pub(super) given: Given,
    /// What brings the mock into the same case. The last response is compared, or the callback that follows.
    pub(super) when: Vec<Step>,
    /// What was sent.
    pub(super) sent: Sent,
    /// The pointers or the header names of what differs by nature, and the form that both values have.
    #[serde(default)]
    pub(super) differs: BTreeMap<String, Pattern>,
    /// Why the mock does not send the same, if it does not.
    #[serde(default)]
    pub unequal: Option<DataText>,
}

/// A request of a sample.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) request: CaseRequest,
    pub(super) sign: Sign,
    /// Values of the response that are placeholders from here on: their names, and JSON pointers to them.
    #[serde(default)]
    pub(super) keep: BTreeMap<String, String>,
}

/// What was sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Sent {
    /// A response to the last request.
    Response(Response),
    /// A bill, in response to the last request.
    File(Response),
    /// A callback to `{notify_url}`.
    Callback(Callback),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) status: u16,
    /// All headers, if they were published.
    #[serde(default)]
    pub(super) headers: Option<BTreeMap<String, String>>,
    pub(super) body: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Callback {
    /// All headers, if they were published.
    #[serde(default)]
    pub(super) headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) body: Option<String>,
    /// What is encrypted in it.
    #[serde(default)]
    pub(super) resource: Option<String>,
}

/// A file is not a sample.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("fixtures/real/{name}.json: {problem}")]
pub struct SampleError {
    name: String,
    problem: String,
}

/// The samples built into this version, by name.
///
/// # Errors
/// The same as [`parse`]; never in a released version, because a test reads all of them.
pub fn embedded() -> Result<Vec<Sample>, SampleError> {
    include!(concat!(env!("OUT_DIR"), "/real.rs")).into_iter().map(|(name, text)| parse(name, text)).collect()
}

/// Reads one sample.
///
/// # Errors
/// If the text is not a sample, or if a value that may differ does not have the form that the sample gives for it.
pub fn parse(name: &str, text: &str) -> Result<Sample, SampleError> {
    let error = |problem| SampleError { name: name.into(), problem };
    let sample: Sample = serde_json::from_str(text).map_err(|problem| error(problem.to_string()))?;
    let mut unused: BTreeSet<_> = sample.differs.keys().map(String::as_str).collect();
    for Leaf { at, value } in sample.leaves().map_err(error)? {
        let Some(pattern) = sample.differs.get(&at) else { continue };
        unused.remove(at.as_str());
        if !pattern.0.is_match(&value.text()) {
            return Err(error(format!("expected {at} to match {}, found {}", pattern.0, value.text())));
        }
    }
    if let Some(name) = unused.first() {
        return Err(error(format!("expected a value at {name}, which differs names; found none")));
    }
    Ok(Sample { name: name.into(), ..sample })
}

impl Sample {
    /// Everything in it that has a value.
    fn leaves(&self) -> Result<Vec<Leaf>, String> {
        let (headers, bodies) = match &self.sent {
            Sent::Response(Response { headers, body, .. }) => (headers, vec![leaves::of(body)?]),
            Sent::File(Response { headers, body, .. }) => (headers, vec![leaves::of_bill(body)?]),
            Sent::Callback(Callback { headers, body, resource }) => {
                let bodies = body.iter().chain(resource).map(|body| leaves::of(body));
                (headers, bodies.collect::<Result<Vec<_>, _>>()?)
            }
        };
        let headers = headers.iter().flatten().map(|(name, value)| Leaf::of_text(name, value));
        Ok(headers.chain(bodies.into_iter().flatten()).collect())
    }
}
