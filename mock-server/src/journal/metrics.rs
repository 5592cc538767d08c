//! Metrics for Prometheus: requests and responses, the time of each stage, and the size of the journal.
//!
//! No label has a value that a peer chooses, so the number of time series is bounded. The counters start with the mock,
//! or with its last reset.

use std::{borrow::Cow, fmt};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, prometheus_text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use crate::{
    api::error::ApiError,
    journal::{Exchange, Stage, Verdict},
};

/// The metrics of one mock.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    warnings: Family<Name, Counter>,
    faults: Family<Name, Counter>,
    /// By stage, in order.
    stages: [Histogram; Stage::ALL.len()],
    journal_exchanges: Gauge,
    journal_bytes: Gauge,
}

/// The size of the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// The number of exchanges since the mock started.
    pub(crate) recorded: u64,
    /// The number of exchanges that are kept.
    pub(crate) exchanges: usize,
    /// Their approximate size in bytes.
    pub(crate) bytes: usize,
}

/// The labels of the counter of requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: Cow<'static, str>,
    status: Status,
    code: Cow<'static, str>,
}

/// The status of a response; `None` if none was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Status(Option<u16>);

/// A single label: its name and value.
type Name = [(&'static str, &'static str); 1];

/// The value of a label without a value.
const NONE: &str = "none";

/// The upper bounds of the histogram of stage times, in seconds.
const SECONDS: [f64; 13] = [1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1.0];

impl EncodeLabelValue for Status {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => status.encode(encoder),
            None => NONE.encode(encoder),
        }
    }
}

impl Metrics {
    /// The `Content-Type` of the text that [`Metrics::render`] returns.
    pub(crate) const CONTENT_TYPE: &'static str = prometheus_text::CONTENT_TYPE;

    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("wechatpay_mock");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of the mock", build);
        let requests = Family::default();
        registry.register("requests", "Requests by operation, status and code", requests.clone());
        let warnings = Family::default();
        registry.register("warnings", "Warnings about requests, by name", warnings.clone());
        let faults = Family::default();
        registry.register("faults", "Requests that a fault applied to, by the fault's name", faults.clone());
        let times = Family::<Name, _, _>::new_with_constructor(new_histogram as fn() -> _);
        registry.register_with_unit(
            "stage_duration",
            "How long each stage of an exchange took",
            Unit::Seconds,
            times.clone(),
        );
        let journal_exchanges = Gauge::default();
        registry.register("journal_exchanges", "Exchanges in the journal", journal_exchanges.clone());
        let journal_bytes = Gauge::default();
        let help = "Approximate memory use of the journal";
        registry.register_with_unit("journal", help, Unit::Bytes, journal_bytes.clone());
        Self {
            registry,
            requests,
            warnings,
            faults,
            stages: Stage::ALL.map(|stage| times.get_or_create_owned(&[("stage", stage.name())])),
            journal_exchanges,
            journal_bytes,
        }
    }

    /// Counts an exchange.
    pub(crate) fn record(&self, exchange: &Exchange) {
        let code = exchange.refusal_sent().and_then(ApiError::listed_code);
        let labels = RequestLabels {
            operation: exchange.operation.clone().unwrap_or(NONE.into()),
            status: Status(exchange.status.map(|status| status.as_u16())),
            code: code.map_or(NONE.into(), |code| Cow::Owned(code.to_owned())),
        };
        self.requests.get_or_create(&labels).inc();
        for warning in &exchange.warnings {
            self.warnings.get_or_create(&[("warning", warning.name())]).inc();
        }
        if let Some(fault) = &exchange.fault {
            self.faults.get_or_create(&[("fault", fault.label())]).inc();
        }
        for (stage, verdict) in exchange.verdicts() {
            if verdict != Verdict::NotReached {
                self.stages[stage as usize].observe(exchange.times.of(stage).as_secs_f64());
            }
        }
    }

    /// All metrics, with the current size of the journal, in the text format of Prometheus.
    pub(crate) fn render(&self, recorded: Recorded) -> String {
        self.journal_exchanges.set(signed(recorded.exchanges));
        self.journal_bytes.set(signed(recorded.bytes));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry).expect("writing to a String does not fail");
        text
    }
}

fn new_histogram() -> Histogram {
    Histogram::new(SECONDS)
}

fn signed(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
