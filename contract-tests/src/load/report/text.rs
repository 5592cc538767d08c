//! The figures for people.

use std::{
    fmt,
    io::{self, Write},
    time::Duration,
};

use anstyle::{AnsiColor, Style};

use crate::load::{Load, Pace, Results, Schedule};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const QUIET: Style = Style::new().dimmed();

/// The latencies that are shown, by the part of the answers that took at most so long.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// Writes the figures: throughput first, then latency, then whether all answers were good.
///
/// The text has colours; `anstream` takes them out where nobody can see them.
///
/// # Errors
/// If it can't be written.
pub fn write(out: &mut impl Write, results: &Results) -> io::Result<()> {
    let load = &results.load;
    let (requests, seconds) = (Grouped(results.requests), results.took.as_secs_f64());
    let rate = Grouped(results.per_second().round() as u64);
    writeln!(out, "target      {}, {}, {}", load.target, described(&load.pace), many(load))?;
    writeln!(out, "requests    {requests} in {seconds:.2} s, {rate} good answers a second")?;
    write_latency(out, results)?;
    write_statuses(out, results)?;
    write_failures(out, results)?;
    write_sample(out, results)?;
    write_signed(out, results)
}

fn described(pace: &Pace) -> String {
    match pace {
        Pace::Closed => "closed loop".into(),
        Pace::Open(Schedule::Rate(rate)) => format!("open loop at {} a second", Grouped(rate.get().into())),
        Pace::Open(Schedule::Burst { size, every }) => {
            format!("bursts of {} every {}", Grouped(size.get().into()), Shown(*every))
        }
    }
}

fn many(load: &Load) -> String {
    let (connections, threads) = (load.connections.get(), load.threads.get());
    let s = |count| if count == 1 { "" } else { "s" };
    let polling = if load.is_busy_polling { ", busy polling" } else { "" };
    format!("{connections} connection{}, {threads} thread{}{polling}", s(connections), s(threads))
}

fn write_latency(out: &mut impl Write, results: &Results) -> io::Result<()> {
    let latency = &results.latency;
    if latency.is_empty() {
        return writeln!(out, "latency     none, as there was no answer");
    }
    let shown = |nanoseconds| Shown(Duration::from_nanos(nanoseconds));
    let mean = shown(latency.mean().round() as u64);
    write!(out, "latency     min {}, mean {mean}", shown(latency.min()))?;
    for (name, quantile) in QUANTILES {
        write!(out, ", {name} {}", shown(latency.value_at_quantile(quantile)))?;
    }
    writeln!(out, ", max {}", shown(latency.max()))
}

fn write_statuses(out: &mut impl Write, results: &Results) -> io::Result<()> {
    let statuses = results.statuses.iter().map(|(status, count)| format!("{status}: {}", Grouped(*count)));
    let statuses = statuses.collect::<Vec<_>>().join(", ");
    writeln!(out, "statuses    {}", if statuses.is_empty() { "none" } else { &statuses })
}

fn write_failures(out: &mut impl Write, results: &Results) -> io::Result<()> {
    let failures = &results.failures;
    let style = if failures.count() == 0 { GOOD } else { BAD };
    writeln!(out, "failed      {style}{}{style:#}", Grouped(failures.count()))?;
    for (reason, count) in failures.reasons() {
        writeln!(out, "            {}: {reason}", Grouped(*count))?;
    }
    match failures.others() {
        0 => Ok(()),
        others => writeln!(out, "            {}: other reasons", Grouped(others)),
    }
}

fn write_sample(out: &mut impl Write, results: &Results) -> io::Result<()> {
    let Results { sample, verified, .. } = results;
    let Some(every) = results.load.verify_every else {
        return writeln!(out, "verified    {QUIET}none, as was asked for{QUIET:#}");
    };
    let style = if verified == sample { GOOD } else { BAD };
    let (sample, verified) = (Grouped(*sample), Grouped(*verified));
    writeln!(out, "verified    {style}{verified} of {sample}{style:#}, one answer in {every}")
}

fn write_signed(out: &mut impl Write, results: &Results) -> io::Result<()> {
    let (signed, took) = (Grouped(results.signed as u64), results.signing_took.as_secs_f64());
    let repeated =
        if results.is_repeated { "; all were sent, so they were sent again from the first" } else { "" };
    writeln!(out, "signed      {signed} requests ahead, in {took:.2} s{repeated}")
}

/// A number with a comma between its thousands.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
        f.write_str(&groups.collect::<Vec<_>>().join(","))
    }
}

/// A time in the unit that suits it, with three digits.
struct Shown(Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let (value, unit) = match seconds {
            1.0.. => (seconds, "s"),
            0.001.. => (seconds * 1e3, "ms"),
            _ => (seconds * 1e6, "µs"),
        };
        let decimals = match value {
            100.0.. => 0,
            10.0.. => 1,
            _ => 2,
        };
        write!(f, "{value:.decimals$} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_between_thousands() {
        let shown = [0, 999, 1000, 1_234_567].map(|number| Grouped(number).to_string());
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn times_have_the_unit_that_suits_them() {
        let shown = [1_234, 45_600, 999_000, 8_765_000, 12_000_000_000]
            .map(|nanoseconds| Shown(Duration::from_nanos(nanoseconds)).to_string());
        assert_eq!(shown, ["1.23 µs", "45.6 µs", "999 µs", "8.77 ms", "12.0 s"]);
    }
}
