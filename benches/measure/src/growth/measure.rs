//! Takes the figures: a new mock for each.

use super::{Axis, CORES, Growth, Point, Service, Settings};
use crate::{
    failure::Failure,
    figures::median,
    load::{Load, Ran},
    machine::Machine,
    missing::Notes,
    programs::Programs,
    progress::tell,
    repeats::Series,
    server::Server,
};

/// The mock keeps so many members that it made on first use: it has them all before figures are taken.
const KEPT_MEMBERS: u64 = 100_000;

/// The fewest requests a second that it is then expected to take.
const SLOW: u64 = 3_000;

/// The most memory that different requests shall take.
const REQUESTS_BYTES: u64 = 256 << 20;

/// Measures all points. One that can't be measured becomes one that is missing.
///
/// # Errors
/// If none can be.
pub(crate) async fn measure(
    machine: Machine,
    programs: &Programs,
    settings: Settings,
) -> Result<Growth, Failure> {
    let notes = Notes::default();
    let mut points = Series::of(points(&settings.axes));
    for repeat in 1..=settings.repeats {
        points
            .repeat(async |&(axis, value, service)| {
                let name = format!("{value} {}, {}", axis.label(), service.label());
                let load = load(axis, value, service, settings.seconds);
                let ran = notes.measured(&name, run(&load, programs, service).await)?;
                let per_second = ran.requests_per_second;
                tell(&format!("{repeat}/{} {name}: {per_second:.0} a second", settings.repeats));
                Some(ran)
            })
            .await;
    }
    let points: Vec<_> = points.measured().map(|(at, all)| summary(at, &all)).collect();
    if points.is_empty() {
        return Err(Failure::unexpected("growth", "something that can be measured", "nothing"));
    }
    Ok(Growth { machine, settings, points, missing: notes.into_missing() })
}

async fn run(load: &Load, programs: &Programs, service: Service) -> Result<Ran, Failure> {
    let server = Server::start(programs, service.kind(), CORES).await?;
    load.run(programs, &server, CORES).await
}

fn points(axes: &[Axis]) -> impl Iterator<Item = (Axis, u64, Service)> {
    axes.iter().flat_map(|&axis| {
        axis.values()
            .iter()
            .flat_map(move |&value| Service::ALL.into_iter().map(move |service| (axis, value, service)))
    })
}

fn load(axis: Axis, value: u64, service: Service, seconds: u64) -> Load {
    let load = Load::closed(seconds, matches!(service, Service::Full));
    match axis {
        Axis::Connections => Load { connections: value.try_into().unwrap_or(u32::MAX), ..load },
        Axis::Members if value > KEPT_MEMBERS => Load {
            members: value,
            signed: usize::try_from(KEPT_MEMBERS * 2).ok(),
            warm_up_seconds: KEPT_MEMBERS / SLOW,
            ..load
        },
        Axis::Members => Load { members: value, ..load },
        Axis::Body => Load {
            body_bytes: value.try_into().ok(),
            signed: usize::try_from((REQUESTS_BYTES / value).min(50_000)).ok(),
            ..load
        },
    }
}

fn summary((axis, value, service): (Axis, u64, Service), all: &[Ran]) -> Point {
    let median_of = |figure: fn(&Ran) -> f64| median(all.iter().map(figure));
    Point {
        axis,
        value,
        service,
        requests_per_second: median_of(|ran| ran.requests_per_second),
        p99_us: median_of(|ran| ran.p99_us),
        server_cores: median_of(|ran| ran.server_cores),
        generator_cores: median_of(|ran| ran.generator_cores),
        is_repeated: all.iter().any(|ran| ran.is_repeated),
        each: all.iter().map(|ran| ran.requests_per_second).collect(),
    }
}
