//! Takes the figures, in an order that spares none of the servers what the machine does meanwhile: each repeat has them
//! all, every other one from the last to the first.

use std::{cell::RefCell, io, time::Duration};

use tokio::{process::Command, time::timeout};

use super::{
    Comparison, Grown, Library, Missing, Part, Run, Settings, Start, Version,
    scenarios::{FULL, Pace, SCENARIOS, Scenario},
};
use crate::{
    cores::Cores,
    failure::{During, Failure},
    figures::median,
    keys::Keys,
    load::{Load, Ran},
    machine::Machine,
    process::Memory,
    programs::{Peer, Programs, output},
    progress::tell,
    sample,
    server::{Kind, Server},
};

/// The most seconds under load that the generator has enough different requests for.
const ROUND: u64 = 12;

/// How often the libraries are started.
const LIBRARY_STARTS: u32 = 200;

/// How long that may take.
const LIBRARY_PATIENCE: Duration = Duration::from_secs(60);

/// Measures all that the settings ask for. A server that can't be measured becomes one that is missing.
///
/// # Errors
/// If nothing can be measured.
pub(crate) async fn measure(
    machine: Machine,
    programs: &Programs,
    settings: Settings,
) -> Result<Comparison, Failure> {
    let bench = Bench { programs, settings: &settings, missing: RefCell::default() };
    bench.tell_of_absent_peers();
    let (keys, runs) = bench.runs().await?;
    let starts = if bench.wants(Part::Start) { bench.starts().await? } else { Vec::new() };
    let memory = if bench.wants(Part::Memory) { bench.memory().await } else { Vec::new() };
    let library = if bench.wants(Part::Library) { bench.library().await } else { None };
    let version = |peer| Version { peer, version: programs.version(peer).to_owned() };
    let peers = programs.peers().map(version).collect();
    let missing = bench.missing.into_inner();
    Ok(Comparison { machine, settings, keys, peers, runs, starts, memory, library, missing })
}

struct Bench<'a> {
    programs: &'a Programs,
    settings: &'a Settings,
    missing: RefCell<Vec<Missing>>,
}

impl Bench<'_> {
    fn wants(&self, part: Part) -> bool {
        self.settings.parts.contains(&part)
    }

    fn tell_of_absent_peers(&self) {
        if !self.wants(Part::Unsigned) {
            return;
        }
        for peer in Peer::ALL.into_iter().filter(|peer| !self.programs.peers().any(|there| there == *peer)) {
            self.note(peer.name(), "it is not installed; on Debian: apt-get install nginx-light");
        }
    }

    /// In a line.
    fn note(&self, what: &str, why: &str) {
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        tell(&format!("{what}: not measured: {why}"));
        self.missing.borrow_mut().push(Missing { what: what.into(), why });
    }

    /// What was measured; `None` if it could not be, which is noted, so that the rest is measured all the same.
    fn noted<T>(&self, what: &str, measured: Result<T, Failure>) -> Option<T> {
        measured.map_err(|failure| self.note(what, &described(&failure))).ok()
    }

    /// The servers under load, and the time of the cryptography in between.
    async fn runs(&self) -> Result<(Keys, Vec<Run>), Failure> {
        let there: Vec<_> = self.programs.peers().map(Kind::Peer).collect();
        let is_there = |kind| matches!(kind, Kind::Mock(_)) || there.contains(&kind);
        let mut scenarios: Vec<_> = SCENARIOS
            .iter()
            .filter(|scenario| self.wants(scenario.part) && is_there(scenario.kind))
            .map(|scenario| (scenario, Vec::new()))
            .collect();
        let mut keys = Vec::new();
        for repeat in 1..=self.settings.repeats {
            keys.push(Keys::measure_apart(Cores::Apart).await?);
            for (scenario, all) in &mut scenarios {
                // Whoever failed once fails again.
                if all.len() + 1 < repeat as usize {
                    continue;
                }
                let ran = self.run(scenario, Keys::median(&keys)).await;
                if let Some((rate, ran)) = self.noted(scenario.name, ran) {
                    let (name, per_second) = (scenario.name, ran.requests_per_second);
                    tell(&format!("{repeat}/{} {name}: {per_second:.0} a second", self.settings.repeats));
                    all.push((rate, ran));
                }
            }
            scenarios.reverse();
        }
        scenarios.sort_by_key(|(scenario, _)| SCENARIOS.iter().position(|other| other.name == scenario.name));
        let runs = scenarios.iter().filter(|(_, all)| !all.is_empty());
        Ok((Keys::median(&keys), runs.map(|(scenario, all)| summary(scenario, all)).collect()))
    }

    async fn run(&self, scenario: &Scenario, keys: Keys) -> Result<(Option<f64>, Ran), Failure> {
        let rate = match scenario.pace {
            Pace::Closed => None,
            Pace::Half => Some((1e6 / keys.exchange_us() / 2.0).round()),
        };
        let server = Server::start(self.programs, scenario.kind, scenario.cores).await?;
        let load = Load { rate, ..Load::closed(self.settings.seconds, scenario.kind.signs()) };
        Ok((rate, load.run(self.programs, &server, scenario.cores).await?))
    }

    /// The mock and each peer, started again and again.
    async fn starts(&self) -> Result<Vec<Start>, Failure> {
        let request = sample::signed()?;
        let mut servers: Vec<_> = self.servers().map(|(name, kind)| (name, kind, Vec::new())).collect();
        for repeat in 1..=self.settings.starts {
            for (name, kind, times) in &mut servers {
                if times.len() + 1 < repeat as usize {
                    continue;
                }
                if let Some(time) = self.noted(name, self.first_answer(*kind, &request).await) {
                    times.push(time.as_secs_f64() * 1e3);
                }
            }
            servers.reverse();
        }
        servers.sort_by_key(|(name, ..)| self.servers().position(|(other, _)| other == *name));
        let starts = servers.into_iter().filter(|(.., times)| !times.is_empty());
        let starts: Vec<_> = starts
            .map(|(name, _, times)| Start {
                server: name.into(),
                median_ms: median(times.iter().copied()),
                least_ms: times.iter().copied().fold(f64::INFINITY, f64::min),
                most_ms: times.iter().copied().fold(0.0, f64::max),
            })
            .collect();
        for Start { server, median_ms, .. } in &starts {
            tell(&format!("{server}: first 204 after {median_ms:.2} ms"));
        }
        Ok(starts)
    }

    async fn first_answer(&self, kind: Kind, request: &[u8]) -> Result<Duration, Failure> {
        let server = Server::start(self.programs, kind, Cores::Shared).await?;
        let (time, head) = server.first_answer(request).await?;
        let is_signed = head.to_ascii_lowercase().contains("\r\nwechatpay-signature: ");
        if is_signed == kind.signs() {
            Ok(time)
        } else {
            let expected = if kind.signs() { "a signature" } else { "no signature" };
            Err(Failure::unexpected("the first call", expected, head))
        }
    }

    async fn memory(&self) -> Vec<Grown> {
        let mut all = Vec::new();
        for (name, kind) in self.servers() {
            all.extend(self.noted(name, self.grown(name, kind).await));
        }
        all
    }

    /// Many requests to one server, in rounds for which the generator has enough different ones.
    async fn grown(&self, name: &str, kind: Kind) -> Result<Grown, Failure> {
        let server = Server::start(self.programs, kind, Cores::Shared).await?;
        let idle = server.memory();
        server.first_answer(&sample::signed()?).await?;
        let (mut requests, mut seconds) = (1, 1);
        while requests < self.settings.requests {
            let load = Load { warm_up_seconds: 0, ..Load::closed(seconds, kind.signs()) };
            let ran = load.run(self.programs, &server, Cores::Shared).await?;
            requests += ran.requests;
            let left = self.settings.requests.saturating_sub(requests) as f64 / ran.requests_per_second;
            seconds = (left.ceil() as u64).clamp(1, ROUND);
        }
        let after = server.memory();
        let Memory { now_kib, most_kib } = after;
        tell(&format!(
            "{name}: {} KiB, after {requests} requests {now_kib}, at most {most_kib}",
            idle.now_kib
        ));
        Ok(Grown { server: name.into(), requests, idle, after })
    }

    async fn library(&self) -> Option<Library> {
        let what = "start of the library";
        let printed = async {
            let mut command = Command::new(self.programs.library_start()?);
            let printed = output(command.arg(LIBRARY_STARTS.to_string()), what);
            let printed = timeout(LIBRARY_PATIENCE, printed).await;
            let printed = printed.map_err(io::Error::from).during(|| what.into())??;
            serde_json::from_str(&printed).during(|| what.into())
        };
        let library: Library = self.noted(what, printed.await)?;
        tell(&format!("library: {:.0} µs, wiremock's {:.0} µs", library.mock_us, library.wiremock_us));
        Some(library)
    }

    /// The mock as it comes, and the peers that are there.
    fn servers(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        let peers = self.programs.peers().map(|peer| (peer.name(), Kind::Peer(peer)));
        [(FULL, Kind::Mock(&[]))].into_iter().chain(peers)
    }
}

fn summary(scenario: &Scenario, all: &[(Option<f64>, Ran)]) -> Run {
    let median_of = |figure: fn(&Ran) -> f64| median(all.iter().map(|(_, ran)| figure(ran)));
    Run {
        scenario: scenario.name.into(),
        rate: all.iter().find_map(|(rate, _)| *rate),
        requests_per_second: median_of(|ran| ran.requests_per_second),
        p50_us: median_of(|ran| ran.p50_us),
        p99_us: median_of(|ran| ran.p99_us),
        server_cores: median_of(|ran| ran.server_cores),
        generator_cores: median_of(|ran| ran.generator_cores),
        is_repeated: all.iter().any(|(_, ran)| ran.is_repeated),
        each: all.iter().map(|(_, ran)| ran.requests_per_second).collect(),
    }
}

/// An error and its causes, in a line.
fn described(failure: &Failure) -> String {
    let mut described = failure.to_string();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        described.push_str(&format!(": {error}"));
        cause = error.source();
    }
    described
}
