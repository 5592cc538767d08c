//! The table of ratios, made of the figures. What is to be reached stands here and nowhere else.

use super::{
    Comparison, Part, Run,
    scenarios::{FULL, FULL_SHARED, HALF_LOAD, REUSE, UNSIGNED},
};
use crate::{figures::grouped, programs::Peer};

/// What the journal may take, in MiB: `journal_bytes` of the mock's limits.
const JOURNAL_MIB: f64 = 32.0;

/// What the mock may take besides, in MiB.
const OWN_MIB: f64 = 12.0;

/// A row: a figure, what it is held to, and how near it must come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) part: Part,
    pub(crate) what: String,
    pub(crate) unit: Unit,
    pub(crate) measured: f64,
    pub(crate) bound: f64,
    pub(crate) bound_is: String,
    pub(crate) goal: Goal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    PerSecond,
    Microseconds,
    Milliseconds,
    Mebibytes,
}

/// How many times the bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    pub(crate) fn ratio(&self) -> f64 {
        self.measured / self.bound
    }

    pub(crate) fn is_reached(&self) -> bool {
        match self.goal {
            Goal::AtLeast(least) => self.ratio() >= least,
            Goal::AtMost(most) => self.ratio() <= most,
        }
    }
}

/// A row for each goal that there are figures for.
pub(crate) fn rows(figures: &Comparison) -> Vec<Row> {
    let rows = [
        full(figures),
        full_shared(figures),
        reuse(figures),
        beside_nginx(figures),
        beside_rust(figures),
        start(figures),
        idle_memory(figures),
        grown_memory(figures),
        latency(figures),
        library(figures),
    ];
    rows.into_iter().flatten().collect()
}

fn full(figures: &Comparison) -> Option<Row> {
    Some(Row {
        part: Part::Full,
        what: "full service, a core of its own".into(),
        unit: Unit::PerSecond,
        measured: run(figures, FULL)?.requests_per_second,
        bound: 1e6 / figures.keys.exchange_us(),
        bound_is: "1 core ÷ (verify + sign)".into(),
        goal: Goal::AtLeast(0.9),
    })
}

fn full_shared(figures: &Comparison) -> Option<Row> {
    let run = run(figures, FULL_SHARED)?;
    let cores = figures.machine.cores as f64 - run.generator_cores;
    Some(Row {
        part: Part::Full,
        what: "full service, all cores".into(),
        unit: Unit::PerSecond,
        measured: run.requests_per_second,
        bound: cores * 1e6 / figures.keys.exchange_us(),
        bound_is: format!("{cores:.2} cores that the generator left ÷ (verify + sign)"),
        goal: Goal::AtLeast(0.9),
    })
}

fn reuse(figures: &Comparison) -> Option<Row> {
    Some(Row {
        part: Part::Reuse,
        what: "`--signature-reuse 1s`".into(),
        unit: Unit::PerSecond,
        measured: run(figures, REUSE)?.requests_per_second,
        bound: 1e6 / figures.keys.verify_us,
        bound_is: "1 core ÷ verify".into(),
        goal: Goal::AtLeast(0.5),
    })
}

fn beside_nginx(figures: &Comparison) -> Option<Row> {
    beside(figures, run(figures, Peer::Nginx.name())?, Goal::AtLeast(0.6))
}

fn beside_rust(figures: &Comparison) -> Option<Row> {
    let peers = in_rust().filter_map(|name| run(figures, name));
    let fastest = peers.max_by(|one, other| per_core(one).total_cmp(&per_core(other)))?;
    beside(figures, fastest, Goal::AtLeast(1.0))
}

fn beside(figures: &Comparison, peer: &Run, goal: Goal) -> Option<Row> {
    Some(Row {
        part: Part::Unsigned,
        what: "`--no-signatures`, by core's time".into(),
        unit: Unit::PerSecond,
        measured: per_core(run(figures, UNSIGNED)?),
        bound: per_core(peer),
        bound_is: peer.scenario.clone(),
        goal,
    })
}

/// Requests for each second that the server ran on a core: where the generator is slower than the server, requests a
/// second would say more about the generator.
pub(super) fn per_core(run: &Run) -> f64 {
    run.requests_per_second / run.server_cores
}

fn start(figures: &Comparison) -> Option<Row> {
    let of = |name: &str| figures.starts.iter().find(|start| start.server == name);
    let peers = in_rust().filter_map(of);
    let fastest = peers.min_by(|one, other| one.median_ms.total_cmp(&other.median_ms))?;
    Some(Row {
        part: Part::Start,
        what: "exec to first signed 204".into(),
        unit: Unit::Milliseconds,
        measured: of(FULL)?.median_ms,
        bound: fastest.median_ms,
        bound_is: format!("{}, unsigned", fastest.server),
        goal: Goal::AtMost(2.0),
    })
}

fn idle_memory(figures: &Comparison) -> Option<Row> {
    let grown = figures.memory.iter().find(|grown| grown.server == FULL)?;
    Some(Row {
        part: Part::Memory,
        what: "memory, idle".into(),
        unit: Unit::Mebibytes,
        measured: mebibytes(grown.idle.now_kib),
        bound: OWN_MIB,
        bound_is: String::new(),
        goal: Goal::AtMost(1.0),
    })
}

fn grown_memory(figures: &Comparison) -> Option<Row> {
    let grown = figures.memory.iter().find(|grown| grown.server == FULL)?;
    Some(Row {
        part: Part::Memory,
        what: format!("memory, most in {} requests", grouped(grown.requests as f64)),
        unit: Unit::Mebibytes,
        measured: mebibytes(grown.after.most_kib),
        bound: JOURNAL_MIB + OWN_MIB,
        bound_is: format!("the journal's {JOURNAL_MIB} + {OWN_MIB}"),
        goal: Goal::AtMost(1.0),
    })
}

fn latency(figures: &Comparison) -> Option<Row> {
    let run = run(figures, HALF_LOAD)?;
    Some(Row {
        part: Part::Latency,
        what: format!("p99 at {} requests a second", grouped(run.rate?)),
        unit: Unit::Microseconds,
        measured: run.p99_us,
        bound: figures.keys.exchange_us(),
        bound_is: "verify + sign".into(),
        goal: Goal::AtMost(3.0),
    })
}

fn library(figures: &Comparison) -> Option<Row> {
    let library = figures.library.as_ref()?;
    Some(Row {
        part: Part::Library,
        what: "start in a test, second and later".into(),
        unit: Unit::Microseconds,
        measured: library.mock_us,
        bound: library.wiremock_us,
        bound_is: "wiremock".into(),
        goal: Goal::AtMost(1.5),
    })
}

fn run<'a>(figures: &'a Comparison, scenario: &str) -> Option<&'a Run> {
    figures.runs.iter().find(|run| run.scenario == scenario)
}

fn in_rust() -> impl Iterator<Item = &'static str> {
    Peer::ALL.into_iter().filter(|peer| peer.is_in_rust()).map(Peer::name)
}

pub(super) fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        comparison::{Grown, Library, Settings, Start},
        keys::Keys,
        machine::Machine,
        process::Memory,
    };

    /// Nothing but the machine, of two cores, and its cryptography: 20 µs to verify, 230 to sign.
    fn nothing() -> Comparison {
        let unknown = || "unknown".to_owned();
        Comparison {
            machine: Machine {
                cpu: unknown(),
                cores: 2,
                kernel: unknown(),
                rustc: unknown(),
                commit: unknown(),
                date: unknown(),
                load_before: unknown(),
            },
            settings: Settings { parts: Vec::new(), seconds: 1, repeats: 1, starts: 1, requests: 1 },
            keys: Keys { verify_us: 20.0, sign_us: 230.0 },
            peers: Vec::new(),
            runs: Vec::new(),
            starts: Vec::new(),
            memory: Vec::new(),
            library: None,
            missing: Vec::new(),
        }
    }

    fn ran(scenario: &str, requests_per_second: f64, server_cores: f64, generator_cores: f64) -> Run {
        Run {
            scenario: scenario.into(),
            rate: None,
            requests_per_second,
            p50_us: 0.0,
            p99_us: 0.0,
            server_cores,
            generator_cores,
            is_repeated: false,
            each: Vec::new(),
        }
    }

    fn started(server: &str, median_ms: f64) -> Start {
        Start { server: server.into(), median_ms, least_ms: 0.0, most_ms: 0.0 }
    }

    /// Part, measured, bound and whether it was reached, of each row.
    fn found(figures: &Comparison) -> Vec<(Part, f64, f64, bool)> {
        rows(figures).iter().map(|row| (row.part, row.measured, row.bound, row.is_reached())).collect()
    }

    #[test]
    fn what_was_not_measured_has_no_row() {
        assert_eq!(rows(&nothing()), []);
        let alone = Comparison { runs: vec![ran(UNSIGNED, 1.0, 1.0, 1.0)], ..nothing() };
        assert_eq!(rows(&alone), []);
    }

    #[test]
    fn full_service_is_held_to_the_cryptography_on_the_cores_that_the_generator_leaves_it() {
        // With a core each, the generator that never sleeps takes nothing from the server.
        let runs = vec![
            ran(FULL, 3_600.0, 1.0, 1.0),
            ran(FULL_SHARED, 5_000.0, 1.5, 0.5),
            ran(REUSE, 24_999.0, 1.0, 1.0),
        ];
        assert_eq!(
            found(&Comparison { runs, ..nothing() }),
            [
                (Part::Full, 3_600.0, 4_000.0, true),
                (Part::Full, 5_000.0, 6_000.0, false),
                (Part::Reuse, 24_999.0, 50_000.0, false)
            ]
        );
    }

    #[test]
    fn unsigned_service_is_held_to_nginx_and_to_the_best_in_rust_by_the_time_that_each_ran() {
        let runs = vec![
            ran(UNSIGNED, 60_000.0, 1.0, 1.0),
            ran("nginx", 90_000.0, 0.75, 1.0),
            ran("wiremock", 50_000.0, 1.0, 1.0),
            ran("httpmock", 40_000.0, 0.5, 1.0),
        ];
        assert_eq!(
            found(&Comparison { runs, ..nothing() }),
            [(Part::Unsigned, 60_000.0, 120_000.0, false), (Part::Unsigned, 60_000.0, 80_000.0, false)]
        );
    }

    #[test]
    fn a_start_is_held_to_the_quickest_in_rust_and_not_to_nginx() {
        let starts = vec![
            started(FULL, 4.0),
            started("nginx", 1.0),
            started("wiremock", 3.0),
            started("apimock", 2.0),
        ];
        assert_eq!(found(&Comparison { starts, ..nothing() }), [(Part::Start, 4.0, 2.0, true)]);
    }

    #[test]
    fn memory_latency_and_the_library_are_held_to_no_more_than_so_much() {
        let memory = |now_kib, most_kib| Memory { now_kib, most_kib };
        let idle = memory(12 << 10, 12 << 10);
        let grown = Grown { server: FULL.into(), requests: 1_000, idle, after: memory(40 << 10, 45 << 10) };
        let library = Library {
            starts: 1,
            mock_us: 20.0,
            wiremock_us: 10.0,
            mock_first_us: 0.0,
            wiremock_first_us: 0.0,
        };
        let half = Run { rate: Some(2_000.0), p99_us: 750.0, ..ran(HALF_LOAD, 2_000.0, 0.5, 1.0) };
        let figures =
            Comparison { memory: vec![grown], library: Some(library), runs: vec![half], ..nothing() };
        assert_eq!(
            found(&figures),
            [
                (Part::Memory, 12.0, 12.0, true),
                (Part::Memory, 45.0, 44.0, false),
                (Part::Latency, 750.0, 250.0, true),
                (Part::Library, 20.0, 10.0, false)
            ]
        );
    }
}
