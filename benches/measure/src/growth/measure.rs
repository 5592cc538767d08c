//! Takes the figures: a new mock for each, and every other repeat in reverse.

use super::{Axis, CORES, Growth, Point, Service, Settings};
use crate::{
    failure::Failure,
    figures::median,
    keys::Keys,
    load::{Load, Ran},
    machine::Machine,
    programs::Programs,
    progress::tell,
    server::Server,
};

/// The mock keeps so many members that it made on first use: it has them all before figures are taken.
const KEPT_MEMBERS: u64 = 100_000;

/// The fewest requests a second that it is then expected to take.
const SLOW: u64 = 3_000;

/// The most memory that different requests shall take.
const REQUESTS_BYTES: u64 = 256 << 20;

/// Measures all points.
///
/// # Errors
/// If one can't be measured.
pub(crate) async fn measure(
    machine: Machine,
    programs: &Programs,
    settings: Settings,
) -> Result<Growth, Failure> {
    let mut points: Vec<_> = points(&settings.axes).map(|point| (point, Vec::new())).collect();
    let mut keys = Vec::new();
    for repeat in 1..=settings.repeats {
        keys.push(Keys::measure_apart(CORES).await?);
        for (at, all) in &mut points {
            let (axis, value, service) = *at;
            let server = Server::start(programs, service.kind(), CORES).await?;
            let ran = load(axis, value, service, settings.seconds).run(programs, &server, CORES).await?;
            let (axis, service, per_second) = (axis.label(), service.label(), ran.requests_per_second);
            tell(&format!(
                "{repeat}/{} {value} {axis}, {service}: {per_second:.0} a second",
                settings.repeats
            ));
            all.push(ran);
        }
        points.reverse();
    }
    if settings.repeats % 2 == 1 {
        points.reverse();
    }
    let points = points.into_iter().map(|(at, all)| summary(at, &all)).collect();
    Ok(Growth { machine, settings, keys: Keys::median(&keys), points })
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
        each: all.iter().map(|ran| ran.requests_per_second).collect(),
    }
}
