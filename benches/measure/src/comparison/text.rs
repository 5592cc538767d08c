//! The figures as tables: in Markdown for the documentation, and for the terminal, where Markdown's tables read well too.

use super::{
    Comparison, Row, Run, rows,
    rows::{Goal, Unit, mebibytes, per_core},
};
use crate::{figures::grouped, missing, table::Table};

/// From which share of a core on the generator counts as the one that was too slow.
const BUSY: f64 = 0.95;

/// What stands between the markers of the documentation, by their names.
pub(crate) fn sections(figures: &Comparison) -> Vec<(&'static str, String)> {
    vec![
        ("ratios", format!("{}\n\n{}\n{}", figures.machine.line(), cryptography(figures), ratios(figures))),
        ("runs", runs(figures)),
        ("starts", starts(figures)),
        ("memory", memory(figures)),
        ("missing", missing::list(&figures.missing)),
    ]
}

pub(crate) fn terminal(figures: &Comparison) -> String {
    let sections = sections(figures).into_iter().map(|(_, text)| text).filter(|text| !text.is_empty());
    sections.collect::<Vec<_>>().join("\n")
}

fn cryptography(figures: &Comparison) -> String {
    let keys = &figures.keys;
    let (verify, sign, both) = (keys.verify_us, keys.sign_us, keys.exchange_us());
    let bound = grouped(1e6 / both);
    format!(
        "One verify takes {verify:.1} µs, one sign {sign:.1} µs, both {both:.1} µs: at most {bound} signed exchanges a second and core.\n"
    )
}

fn ratios(figures: &Comparison) -> String {
    let mut table =
        Table::new(&["what", "measured", "held to", "ratio", "goal", "reached", "measured again by"]);
    for row in rows(figures) {
        let bound = quantity(row.bound, row.unit);
        table.add([
            row.what.clone(),
            quantity(row.measured, row.unit),
            if row.bound_is.is_empty() { bound } else { format!("{bound}: {}", row.bound_is) },
            format!("{:.2}", row.ratio()),
            goal(&row),
            if row.is_reached() { "yes" } else { "**no**" }.into(),
            format!("`benches/compare --only {}`", row.part.name()),
        ]);
    }
    table.to_string()
}

fn runs(figures: &Comparison) -> String {
    let mut table = Table::new(&[
        "server",
        "requests/s",
        "least–most",
        "p50",
        "p99",
        "server's cores",
        "generator's",
        "requests/s and core",
        "note",
    ]);
    for run in &figures.runs {
        table.add([
            run.scenario.clone(),
            grouped(run.requests_per_second),
            span(&run.each),
            quantity(run.p50_us, Unit::Microseconds),
            quantity(run.p99_us, Unit::Microseconds),
            format!("{:.2}", run.server_cores),
            format!("{:.2}", run.generator_cores),
            grouped(per_core(run)),
            note(run),
        ]);
    }
    table.to_string()
}

fn note(run: &Run) -> String {
    // A generator that has a core of its own never sleeps: then it is the server's time left that tells.
    let notes = [
        (run.rate.is_none() && run.generator_cores > BUSY && run.server_cores < BUSY)
            .then_some("the generator was the slower one"),
        run.is_repeated.then_some("requests were sent again"),
    ];
    notes.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn starts(figures: &Comparison) -> String {
    let mut table = Table::new(&["server", "version", "median", "least", "most"]);
    for start in &figures.starts {
        table.add([
            start.server.clone(),
            version(figures, &start.server),
            quantity(start.median_ms, Unit::Milliseconds),
            quantity(start.least_ms, Unit::Milliseconds),
            quantity(start.most_ms, Unit::Milliseconds),
        ]);
    }
    table.to_string()
}

fn memory(figures: &Comparison) -> String {
    let mut table = Table::new(&["server", "version", "idle", "requests", "after them", "most"]);
    for grown in &figures.memory {
        let size = |kib| quantity(mebibytes(kib), Unit::Mebibytes);
        table.add([
            grown.server.clone(),
            version(figures, &grown.server),
            size(grown.idle.now_kib),
            grouped(grown.requests as f64),
            size(grown.after.now_kib),
            size(grown.after.most_kib),
        ]);
    }
    table.to_string()
}

/// What a peer's is; the mock is this repository's.
fn version(figures: &Comparison, server: &str) -> String {
    let peer = figures.peers.iter().find(|version| version.peer.name() == server);
    peer.map_or_else(|| "this one".into(), |version| version.version.clone())
}

fn goal(row: &Row) -> String {
    match row.goal {
        Goal::AtLeast(least) => format!("at least {least}"),
        Goal::AtMost(most) => format!("at most {most}"),
    }
}

fn quantity(figure: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond => format!("{} /s", grouped(figure)),
        Unit::Microseconds => format!("{} µs", grouped(figure)),
        Unit::Milliseconds => format!("{figure:.2} ms"),
        Unit::Mebibytes => format!("{figure:.1} MiB"),
    }
}

fn span(figures: &[f64]) -> String {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(0.0, f64::max);
    format!("{}–{}", grouped(least), grouped(most))
}
