//! What a known mistake is.

use std::fmt;

/// A mistake in signing that can be proved: it has a name that never changes, and a remedy.
#[derive(Debug, PartialEq, Eq)]
pub struct Hypothesis {
    /// In kebab case.
    pub name: &'static str,
    /// How to mend it.
    pub english: &'static str,
    /// How to mend it, in Chinese.
    pub chinese: &'static str,
}

impl fmt::Display for Hypothesis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
