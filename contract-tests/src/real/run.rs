//! Brings a mock into the case of each sample, and compares what it sends.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt, stream};
use http::header::CONTENT_ENCODING;
use miniz_oxide::inflate::decompress_to_vec_zlib;
use tokio::time::timeout;
use wechatpay_protocol::{BaseUrl, Callback as Notice, Credentials, Timestamp};
use wechatpay_texts::{phrase, text};

use super::{
    compare, leaves,
    listener::{Listener, Received},
    sample::{Callback, Response, Sample, Sent, Step},
};
use crate::{
    case::Pattern,
    run::{self, Caller, Difference, Exchange, Part},
    verify::environment::start_mock,
};

/// How many samples are compared at the same time.
const CONCURRENCY: usize = 16;

/// How long a callback may take.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// What comparing a sample gave.
#[derive(Clone, Debug)]
pub struct SampleResult {
    /// The sample.
    pub sample: Sample,
    /// In what the mock differs; nothing if it equals the sample.
    pub differences: Vec<Difference>,
}

impl SampleResult {
    /// Whether the mock equals the sample, or is known not to. It must send something in any case.
    pub fn is_expected(&self) -> bool {
        let was_compared =
            self.differences.iter().all(|difference| !matches!(difference.part, Part::Response));
        was_compared && self.differences.is_empty() != self.sample.unequal.is_some()
    }
}

/// Compares all samples, each with a mock of its own.
pub async fn run(samples: Vec<Sample>) -> Vec<SampleResult> {
    let results = samples.into_iter().map(|sample| async move {
        let differences = compare_sample(&sample).await.unwrap_or_else(|problem| {
            vec![Difference::new(Part::Response, phrase!("what the gateway sent"), problem)]
        });
        SampleResult { sample, differences }
    });
    stream::iter(results).buffered(CONCURRENCY).collect().await
}

async fn compare_sample(sample: &Sample) -> Result<Vec<Difference>, String> {
    let (mock, url) = start_mock(&sample.given).await.map_err(|error| error.to_string())?;
    let listener = Listener::start().await.map_err(|error| error.to_string())?;
    let merchant = mock.credentials();
    let last = send_all(sample, &url, &merchant, &listener).await?;
    let differs = &sample.differs;
    match &sample.sent {
        Sent::Response(expected) => {
            let values = compare::values(&leaves::of(&expected.body)?, &leaves::of(&body(&last)?)?, differs);
            Ok(response(expected, &last, differs).into_iter().chain(values).collect())
        }
        Sent::File(expected) => {
            let (bill, found) = (leaves::of_bill(&expected.body)?, leaves::of_bill(&body(&last)?)?);
            let values = compare::values(&bill, &found, differs);
            Ok(response(expected, &last, differs).into_iter().chain(values).collect())
        }
        Sent::Callback(expected) => {
            let received = timeout(CALLBACK_TIMEOUT, listener.next()).await;
            let received = received.map_err(|_| text!("no callback"))?.map_err(|error| error.to_string())?;
            callback(expected, &received, &merchant, differs)
        }
    }
}

/// Sends all requests, and returns the last response. All others must be good.
async fn send_all(
    sample: &Sample,
    url: &BaseUrl,
    merchant: &Credentials,
    listener: &Listener,
) -> Result<Exchange, String> {
    let mut caller = Caller::new(url, merchant);
    caller.know("notify_url", listener.url().map_err(|error| error.to_string())?);
    let mut time = sample.given.now.map(Timestamp::from_unix);
    let mut last: Option<Exchange> = None;
    for Step { request, sign, keep } in &sample.when {
        if let Some(Exchange { response, .. }) = last.filter(|last| !last.response.status.is_success()) {
            return Err(text!(
                "{status} before {target}: {body}",
                status = response.status,
                target = request.target(),
                body = text(&response.body)
            ));
        }
        let mut sent = caller.send(request, sign, time).await?;
        time = run::clock(request, &sent).or(time);
        caller
            .keep(&mut sent, keep)
            .map_err(|pointer| text!("nothing at {pointer} in {body}", body = text(&sent.response.body)))?;
        last = Some(sent);
    }
    last.ok_or_else(|| text!("no request"))
}

/// Status and headers.
fn response(expected: &Response, last: &Exchange, differs: &BTreeMap<String, Pattern>) -> Vec<Difference> {
    let found = &last.response;
    let status = (found.status.as_u16() != expected.status)
        .then(|| Difference::new(Part::Status, expected.status.to_string(), found.status.as_str()));
    let headers = expected.headers.as_ref().map(|expected| {
        let value = |name: &String| {
            let values = found.headers.get_all(name).iter();
            values.map(|value| text(value.as_bytes())).collect::<Vec<_>>().join(", ")
        };
        // Our HTTP library writes the first letter of each word as a capital, and no other.
        let spelled = |name: &String| if name == "Request-Id" { "Request-ID".into() } else { name.clone() };
        let found = found.names.iter().map(|name| (spelled(name), value(name))).collect();
        compare::headers(expected, &found, differs)
    });
    status.into_iter().chain(headers.into_iter().flatten()).collect()
}

fn callback(
    expected: &Callback,
    received: &Received,
    merchant: &Credentials,
    differs: &BTreeMap<String, Pattern>,
) -> Result<Vec<Difference>, String> {
    let mut differences = Vec::new();
    if let Some(headers) = &expected.headers {
        differences.extend(compare::headers(headers, &received.headers, differs));
    }
    if let Some(body) = &expected.body {
        let (expected, found) = (leaves::of(body)?, leaves::of(&text(&received.body))?);
        differences.extend(compare::values(&expected, &found, differs));
    }
    if let Some(resource) = &expected.resource {
        let notice: Notice = serde_json::from_slice(&received.body).map_err(|error| error.to_string())?;
        let found = notice.decrypt(&merchant.apiv3_key).map_err(|error| error.to_string())?;
        let (expected, found) = (leaves::of(resource)?, leaves::of(&text(&found))?);
        differences.extend(compare::values(&expected, &found, differs));
    }
    Ok(differences)
}

/// The body before it was compressed.
fn body(last: &Exchange) -> Result<String, String> {
    let response = &last.response;
    match response.headers.get(CONTENT_ENCODING) {
        None => Ok(text(&response.body)),
        Some(_) => {
            let body = decompress_to_vec_zlib(&response.body).map_err(|error| error.to_string())?;
            Ok(text(&body))
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
