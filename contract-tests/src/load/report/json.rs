//! The figures as JSON. Programs compare them from one version to the next, so the names stay.

use std::{collections::BTreeMap, num::NonZero};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::load::{Pace, Results, Schedule};

#[derive(Serialize)]
struct Report {
    target: String,
    mode: &'static str,
    connections: usize,
    threads: usize,
    is_busy_polling: bool,
    rate: Option<NonZero<u32>>,
    seconds: f64,
    requests: u64,
    requests_per_second: f64,
    latency_us: Latency,
    statuses: BTreeMap<u16, u64>,
    failed: u64,
    verified: u64,
    signed: usize,
    is_repeated: bool,
    members: NonZero<u64>,
    body_bytes: usize,
}

/// In whole microseconds.
#[derive(Serialize)]
struct Latency {
    min: u64,
    mean: u64,
    p50: u64,
    p90: u64,
    p99: u64,
    p99_9: u64,
    max: u64,
}

pub(super) fn render(results: &Results) -> serde_json::Result<String> {
    let load = &results.load;
    let (mode, rate) = match load.pace {
        Pace::Closed => ("closed", None),
        Pace::Open(Schedule::Rate(rate)) => ("open", Some(rate)),
        Pace::Open(Schedule::Burst { .. }) => ("burst", None),
    };
    let report = Report {
        target: load.target.to_string(),
        mode,
        connections: load.connections.get(),
        threads: load.threads.get(),
        is_busy_polling: load.is_busy_polling,
        rate,
        seconds: results.took.as_secs_f64(),
        requests: results.requests,
        requests_per_second: results.per_second(),
        latency_us: latency(&results.latency),
        statuses: results.statuses.clone(),
        failed: results.failures.count(),
        verified: results.verified,
        signed: results.signed,
        is_repeated: results.is_repeated,
        members: load.members,
        body_bytes: results.body_bytes,
    };
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn latency(nanoseconds: &Histogram<u64>) -> Latency {
    const NANOSECONDS: u64 = 1000;
    let at = |quantile| nanoseconds.value_at_quantile(quantile).div_ceil(NANOSECONDS);
    Latency {
        min: nanoseconds.min().div_ceil(NANOSECONDS),
        mean: (nanoseconds.mean() / NANOSECONDS as f64).round() as u64,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p99_9: at(0.999),
        max: nanoseconds.max().div_ceil(NANOSECONDS),
    }
}
