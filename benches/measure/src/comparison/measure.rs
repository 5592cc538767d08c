//! Takes the figures.

use std::{io, num::NonZero, thread, time::Duration};

use tokio::{process::Command, time::timeout};

use super::{
    Comparison, Grown, Library, Part, Run, Settings, Start, Version,
    scenarios::{FULL, Pace, SCENARIOS, Scenario},
};
use crate::{
    cores::Cores,
    failure::{During, Failure},
    figures::median,
    keys::Keys,
    load::{Load, Ran},
    machine::Machine,
    missing::Notes,
    process::Memory,
    programs::{Peer, Programs, output},
    progress::tell,
    repeats::Series,
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
    let bench = Bench { programs, settings: &settings, notes: Notes::default() };
    bench.tell_of_absent_peers();
    let (keys, runs) = bench.runs().await?;
    let starts = if bench.wants(Part::Start) { bench.starts().await? } else { Vec::new() };
    let memory = if bench.wants(Part::Memory) { bench.memory().await } else { Vec::new() };
    let library = if bench.wants(Part::Library) { bench.library().await } else { None };
    let version = |peer| Version { peer, version: programs.version(peer).to_owned() };
    let peers = programs.peers().map(version).collect();
    let missing = bench.notes.into_missing();
    Ok(Comparison { machine, settings, keys, peers, runs, starts, memory, library, missing })
}

struct Bench<'a> {
    programs: &'a Programs,
    settings: &'a Settings,
    notes: Notes,
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
            self.notes.add(peer.name(), "it is not installed; on Debian: apt-get install nginx-light");
        }
    }

    /// The servers under load, and the time of the cryptography in between.
    async fn runs(&self) -> Result<(Keys, Vec<Run>), Failure> {
        let there: Vec<_> = self.programs.peers().map(Kind::Peer).collect();
        let is_there = |kind| matches!(kind, Kind::Mock(_)) || there.contains(&kind);
        let scenarios = SCENARIOS.iter();
        let wanted = scenarios.filter(|scenario| self.wants(scenario.part) && is_there(scenario.kind));
        let mut runs = Series::of(wanted);
        let mut keys = Vec::new();
        for repeat in 1..=self.settings.repeats {
            keys.push(Keys::measure_apart(Cores::Apart).await?);
            let keys = Keys::median(&keys);
            runs.repeat(async |scenario| {
                let name = scenario.name;
                let (rate, ran) = self.notes.measured(name, self.run(scenario, keys).await)?;
                let per_second = ran.requests_per_second;
                tell(&format!("{repeat}/{} {name}: {per_second:.0} a second", self.settings.repeats));
                Some((rate, ran))
            })
            .await;
        }
        let runs = runs.measured().map(|(scenario, all)| summary(scenario, &all));
        Ok((Keys::median(&keys), runs.collect()))
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
        let mut servers = Series::of(self.servers());
        for _ in 0..self.settings.starts {
            servers
                .repeat(async |&(name, kind)| {
                    let time = self.notes.measured(name, self.first_answer(kind, &request).await)?;
                    Some(time.as_secs_f64() * 1e3)
                })
                .await;
        }
        let starts: Vec<_> = servers
            .measured()
            .map(|((name, _), times)| Start {
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
            all.extend(self.notes.measured(name, self.grown(name, kind).await));
        }
        all
    }

    /// Many requests to one server, in rounds for which the generator has enough different ones.
    async fn grown(&self, name: &str, kind: Kind) -> Result<Grown, Failure> {
        let server = Server::start(self.programs, kind, Cores::Shared).await?;
        let request = sample::signed()?;
        let (mut requests, mut seconds) = (0, 1);
        if kind == Kind::Peer(Peer::Nginx) {
            // It listens before it has workers, each of which takes memory too.
            server.first_answer(&request).await?;
            server.has_workers(thread::available_parallelism().map_or(1, NonZero::get)).await?;
            requests += 1;
        }
        let idle = server.memory_at_rest().await?;
        server.first_answer(&request).await?;
        requests += 1;
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
        let library: Library = self.notes.measured(what, printed.await)?;
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
