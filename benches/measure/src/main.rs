//! Measures the mock beside its peers, and how its cost grows: `benches/compare` and `benches/growth`.
//!
//! Each builds what it needs, starts servers as processes of their own, puts them under the load of
//! `wechatpay-contract load`, and ends them. Figures are kept as JSON; all tables and plots are made of that.
#![forbid(unsafe_code)]

mod cli;
mod comparison;
mod cores;
mod document;
mod failure;
mod figures;
mod growth;
mod keys;
mod load;
mod machine;
mod missing;
mod process;
mod programs;
mod progress;
mod repeats;
mod sample;
mod server;
mod table;

use std::{error::Error, fs, io::Write, iter, path::Path, process::ExitCode};

use clap::Parser;
use serde::{Serialize, de::DeserializeOwned};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::{Cli, Command, Output},
    comparison::{Comparison, Part, rows},
    failure::{During, Failure},
    growth::{Axis, Growth},
    keys::Keys,
    machine::Machine,
    programs::Programs,
};

#[tokio::main]
async fn main() -> ExitCode {
    // What runs is dropped when it is interrupted, and ends the processes that it started.
    let done = tokio::select! {
        done = run(Cli::parse().command) => done,
        interrupted = interruption() => Err(interrupted),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            progress::tell(&format!("error: {failure}"));
            for cause in iter::successors(failure.source(), |&cause| cause.source()) {
                progress::tell(&format!("  because: {cause}"));
            }
            ExitCode::from(2)
        }
    }
}

async fn interruption() -> Failure {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Failure::Interrupted,
        _ = terminate.recv() => Failure::Interrupted,
    }
}

/// Whether all was measured, and is as it should be.
async fn run(command: Command) -> Result<bool, Failure> {
    match command {
        Command::Compare(options) => compare(options).await,
        Command::Growth(options) => grow(options).await,
        Command::Keys => {
            let keys = Keys::measure()?;
            print(&serde_json::to_string(&keys).during(|| "the figures".into())?).map(|()| true)
        }
    }
}

async fn compare(options: cli::Compare) -> Result<bool, Failure> {
    let figures: Comparison = match &options.output.from {
        Some(file) => read(file)?,
        None => {
            let parts = if options.only.is_empty() { Part::ALL.to_vec() } else { options.only };
            let settings = comparison::Settings {
                parts,
                seconds: options.duration,
                repeats: options.repeats,
                starts: options.starts,
                requests: if options.full { 1_000_000 } else { options.requests },
            };
            let machine = Machine::here();
            comparison::measure(machine, &Programs::build().await?, settings).await?
        }
    };
    print(&comparison::terminal(&figures))?;
    keep(&figures, &options.output)?;
    if let Some(document) = &options.output.write {
        document::fill(document, &comparison::sections(&figures))?;
    }
    Ok(figures.missing.is_empty() && rows(&figures).iter().all(comparison::Row::is_reached))
}

async fn grow(options: cli::Growth) -> Result<bool, Failure> {
    let figures: Growth = match &options.output.from {
        Some(file) => read(file)?,
        None => {
            let axes = if options.only.is_empty() { Axis::ALL.to_vec() } else { options.only };
            let settings = growth::Settings { axes, seconds: options.duration, repeats: options.repeats };
            let machine = Machine::here();
            growth::measure(machine, &Programs::build().await?, settings).await?
        }
    };
    let mut sections = growth::sections(&figures);
    print(&sections.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n"))?;
    keep(&figures, &options.output)?;
    if let Some(document) = &options.output.write {
        let folder = document.with_extension("");
        fs::create_dir_all(&folder).during(|| folder.display().to_string())?;
        for axis in Axis::ALL {
            let file = folder.join(format!("{}.svg", axis.name()));
            let section = sections.iter_mut().find(|(name, _)| *name == axis.name());
            if let (Some(plot), Some((_, text))) = (growth::plot(&figures, axis)?, section) {
                fs::write(&file, plot).during(|| file.display().to_string())?;
                *text += &growth::link(&file, axis);
            }
        }
        document::fill(document, &sections)?;
    }
    Ok(figures.missing.is_empty())
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    let what = || file.display().to_string();
    let text = fs::read_to_string(file).during(what)?;
    serde_json::from_str(&text).during(what)
}

fn keep(figures: &impl Serialize, output: &Output) -> Result<(), Failure> {
    let Some(file) = &output.report else { return Ok(()) };
    let what = || file.display().to_string();
    let text = serde_json::to_string_pretty(figures).during(what)?;
    fs::write(file, text + "\n").during(what)
}

/// On stdout. That nobody reads it is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let written = writeln!(std::io::stdout(), "{text}");
    let is_unread = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    written.or_else(|error| if is_unread(&error) { Ok(()) } else { Err(error) }).during(|| "stdout".into())
}
