//! What is told while it is measured.

use std::io::{self, Write};

/// A line on stderr, to whoever waits; nobody may be there.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
