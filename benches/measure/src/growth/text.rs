//! The figures as tables in Markdown.

use std::path::{Path, PathBuf};

use super::{Axis, Growth, Service};
use crate::{figures::grouped, missing, table::Table};

/// What stands between the markers of the documentation, by their names. Only what was measured.
pub(crate) fn sections(figures: &Growth) -> Vec<(&'static str, String)> {
    let axes = Axis::ALL.into_iter().filter(|axis| figures.settings.axes.contains(axis));
    let tables = axes.map(|axis| (axis.name(), table(figures, axis)));
    let all = format!("{}\n\n{}", figures.machine.line(), missing::list(&figures.missing));
    [("growth", all)].into_iter().chain(tables).collect()
}

/// What shows an axis's plot, in a document beside whose folder it is.
pub(crate) fn link(plot: &Path, axis: Axis) -> String {
    let from_document: PathBuf = plot.iter().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
    format!("\n![Requests a second against {}]({})\n", axis.label(), from_document.display())
}

fn table(figures: &Growth, axis: Axis) -> String {
    let [full, unsigned] = Service::ALL.map(Service::label);
    let mut table = Table::new(&[
        axis.label(),
        &format!("{full}, requests/s"),
        "p99 in µs",
        &format!("`{unsigned}`, requests/s"),
        "p99 in µs",
        "requests were sent again",
    ]);
    for &value in axis.values() {
        let figure = |service, of: fn(&super::Point) -> f64| {
            figures.point(axis, value, service).map_or_else(String::new, |point| grouped(of(point)))
        };
        let is_repeated =
            |service| figures.point(axis, value, service).is_some_and(|point| point.is_repeated);
        let repeated = Service::ALL.into_iter().filter(|&service| is_repeated(service)).map(Service::label);
        table.add([
            grouped(value as f64),
            figure(Service::Full, |point| point.requests_per_second),
            figure(Service::Full, |point| point.p99_us),
            figure(Service::Unsigned, |point| point.requests_per_second),
            figure(Service::Unsigned, |point| point.p99_us),
            repeated.collect::<Vec<_>>().join(", "),
        ]);
    }
    table.to_string()
}
