//! One run of the load generator, `wechatpay-contract load`, against a server.

use std::{
    collections::BTreeMap,
    fs, io,
    process::Stdio,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::{process::Child, time};

use crate::{
    cores::{Cores, Side},
    failure::{During, Failure},
    process,
    programs::Programs,
    server::Server,
};

/// How often it is looked at how long server and generator have run.
const LOOK: Duration = Duration::from_millis(50);

/// How long a run may take: signatures are good for half of it.
const PATIENCE: Duration = Duration::from_secs(600);

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) connections: u32,
    pub(crate) seconds: u64,
    pub(crate) warm_up_seconds: u64,
    /// Requests a second, whether or not they are answered; without it, one after another on each connection.
    pub(crate) rate: Option<f64>,
    /// How many different requests there are; without it, as many as the generator finds fit.
    pub(crate) signed: Option<usize>,
    pub(crate) members: u64,
    pub(crate) body_bytes: Option<usize>,
    pub(crate) are_answers_signed: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) requests: u64,
    pub(crate) requests_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) is_repeated: bool,
    /// Cores' worth of time that the server took while the figures were taken, and the generator: one, if it never
    /// sleeps.
    pub(crate) server_cores: f64,
    pub(crate) generator_cores: f64,
}

/// The generator's report, as far as it is needed.
#[derive(Deserialize)]
struct Report {
    seconds: f64,
    requests: u64,
    requests_per_second: f64,
    latency_us: Latency,
    statuses: BTreeMap<String, u64>,
    failed: u64,
    is_repeated: bool,
}

#[derive(Deserialize)]
struct Latency {
    p50: f64,
    p99: f64,
}

impl Load {
    /// 64 connections with no pause after a second of warm-up.
    pub(crate) fn closed(seconds: u64, are_answers_signed: bool) -> Self {
        Self {
            connections: 64,
            seconds,
            warm_up_seconds: 1,
            rate: None,
            signed: None,
            members: 1,
            body_bytes: None,
            are_answers_signed,
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// If the generator fails, or any answer was not 204: then the figures say nothing.
    pub(crate) async fn run(
        &self,
        programs: &Programs,
        server: &Server,
        cores: Cores,
    ) -> Result<Ran, Failure> {
        let folder = tempfile::tempdir().during(|| "a folder for temporary files".into())?;
        let file = folder.path().join("load.json");
        let mut command = cores.command(Side::Generator, programs.generator()?);
        command
            .arg("load")
            .args(self.options(&server.url(), cores))
            .arg(format!("--report=json={}", file.display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let child = command.spawn().during(|| "cannot start the load generator".into())?;
        let looks = time::timeout(PATIENCE, Looks::until_it_ends(child, server)).await;
        let looks = looks.map_err(io::Error::from).during(|| "the load generator".into())??;

        let report = fs::read_to_string(&file).during(|| "the load generator's report".into())?;
        let report: Report = serde_json::from_str(&report).during(|| "the load generator's report".into())?;
        if report.failed > 0 || report.statuses.keys().any(|status| status != "204") {
            let found = format!("{:?}, and {} failed", report.statuses, report.failed);
            return Err(Failure::unexpected("the load", "nothing but 204", found));
        }
        let (server_cores, generator_cores) = looks.in_the_middle_of(report.seconds).ok_or_else(|| {
            Failure::unexpected(
                "the load generator",
                "a second or more under load",
                report.seconds.to_string(),
            )
        })?;
        Ok(Ran {
            requests: report.requests,
            requests_per_second: report.requests_per_second,
            p50_us: report.latency_us.p50,
            p99_us: report.latency_us.p99,
            is_repeated: report.is_repeated,
            server_cores,
            generator_cores,
        })
    }

    fn options(&self, target: &str, cores: Cores) -> Vec<String> {
        let mut options = vec![
            format!("--target={target}"),
            format!("--connections={}", self.connections),
            format!("--duration={}s", self.seconds),
            format!("--warm-up={}s", self.warm_up_seconds),
            format!("--members={}", self.members),
            format!("--verify-every={}", if self.are_answers_signed { 100 } else { 0 }),
        ];
        options.extend(self.rate.map(|rate| format!("--rate={rate:.0}")));
        options.extend(self.signed.map(|signed| format!("--signed={signed}")));
        options.extend(self.body_bytes.map(|bytes| format!("--body-bytes={bytes}")));
        // Where all share the cores, it would take them from the server. At a fixed rate, whatever else runs at times would
        // keep a thread that is never idle waiting for milliseconds, and that would count as latency.
        if cores == Cores::Apart && self.rate.is_none() {
            options.push("--busy-poll".to_owned());
        }
        options
    }
}

/// How long server and generator had run on cores, from time to time.
struct Looks(Vec<Look>);

struct Look {
    at: Instant,
    server: Duration,
    generator: Duration,
}

impl Looks {
    async fn until_it_ends(mut generator: Child, server: &Server) -> Result<Self, Failure> {
        let mut looks = Vec::new();
        let mut tick = time::interval(LOOK);
        tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        let what = || "the load generator".to_owned();
        while generator.try_wait().during(what)?.is_none() {
            tick.tick().await;
            if let Some(pid) = generator.id() {
                looks.push(Look { at: Instant::now(), server: server.cpu(), generator: process::cpu(pid) });
            }
        }
        let ran = generator.wait_with_output().await.during(what)?;
        if !ran.status.success() {
            let output = String::from_utf8_lossy(&ran.stderr).into_owned();
            return Err(Failure::Ended { what: what(), status: ran.status, output });
        }
        // The process may have ended between the question and the look.
        looks.pop();
        Ok(Self(looks))
    }

    /// Cores' worth of time of server and generator in the middle half of what the generator measured. That were its last
    /// seconds: before them it signed and warmed up, after them it does little.
    fn in_the_middle_of(&self, seconds: f64) -> Option<(f64, f64)> {
        let end = self.0.last()?.at;
        let is_within = |look: &&Look| {
            let before_end = (end - look.at).as_secs_f64() / seconds;
            (0.25..0.75).contains(&before_end)
        };
        let mut middle = self.0.iter().filter(is_within);
        let (first, last) = (middle.next()?, middle.next_back()?);
        let span = (last.at - first.at).as_secs_f64();
        let cores = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() / span;
        Some((cores(first.server, last.server), cores(first.generator, last.generator)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_never_sleeps_if_and_only_if_it_has_a_core_of_its_own_and_no_rate() {
        let polls = |rate, cores| {
            let load = Load { rate, ..Load::closed(1, true) };
            let options = load.options("http://127.0.0.1:1", cores);
            options.iter().any(|option| option == "--busy-poll")
        };
        assert!(polls(None, Cores::Apart));
        assert!(!polls(None, Cores::Shared) && !polls(Some(1.0), Cores::Apart));
    }

    /// What was seen each 100 ms for so many seconds, of processes that took so many cores in each of them.
    fn looks(server: &[f64], generator: &[f64]) -> Looks {
        let start = Instant::now();
        let ran = |cores: &[f64], at: f64| {
            let taken = cores.iter().enumerate();
            Duration::from_secs_f64(
                taken.map(|(second, cores)| cores * (at - second as f64).clamp(0.0, 1.0)).sum(),
            )
        };
        let look = |tick: usize| {
            let at = tick as f64 / 10.0;
            let at = (Duration::from_secs_f64(at), ran(server, at), ran(generator, at));
            Look { at: start + at.0, server: at.1, generator: at.2 }
        };
        Looks((0..=server.len() * 10).map(look).collect())
    }

    #[test]
    fn only_the_middle_half_of_what_was_measured_counts() {
        // Four seconds were measured: before them the generator signed and warmed up.
        let looks = looks(&[0.0, 1.0, 0.1, 0.5, 0.5, 0.9], &[2.0, 0.3, 0.2, 0.25, 0.25, 0.0]);
        let (server, generator) = looks.in_the_middle_of(4.0).unwrap();
        assert!((server - 0.5).abs() < 1e-6 && (generator - 0.25).abs() < 1e-6, "{server} {generator}");
    }

    #[test]
    fn a_run_without_two_looks_in_its_middle_has_no_figure() {
        assert_eq!(looks(&[1.0], &[1.0]).in_the_middle_of(0.1), None);
        assert_eq!(Looks(Vec::new()).in_the_middle_of(1.0), None);
    }
}
