//! What the commands have in common towards whoever watches them.

use std::io;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr, if that is a terminal.
pub(crate) fn progress(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}");
    let bar = ProgressBar::new(steps.try_into().unwrap_or(u64::MAX));
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// `verify | head` is no failure: the exit code and the reports are still wanted.
pub(crate) fn unless_nobody_reads(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}
