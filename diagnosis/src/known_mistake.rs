//! Known mistakes, and the rules that try them.

use std::fmt;

use wechatpay_texts::Phrase;

/// A mistake in signing that can be proved.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownMistake {
    /// In kebab case; never changes.
    pub name: &'static str,
    /// The remedy in English.
    pub english: &'static str,
    /// The remedy in Chinese.
    pub chinese: &'static str,
}

/// A mistake that is proved, and the ways in which it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvedMistake {
    /// The mistake.
    pub known: &'static KnownMistake,
    /// Its variants, if it has any: `spaced`, `sorted`. They never change.
    pub variants: Vec<&'static str>,
}

/// A known mistake, and a function that makes or undoes it.
pub(crate) struct Rule<F> {
    pub(crate) mistake: KnownMistake,
    pub(crate) apply: F,
    pub(crate) cost: Cost,
    pub(crate) variants: VariantsOf,
}

/// Names the ways in which the mistake was made, from the right value and the one that was signed.
pub(crate) type VariantsOf = fn(&[u8], &[u8]) -> Vec<&'static str>;

/// The cost of trying a rule, which decides when it is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// A few messages: tried always, also together with another mistake.
    Low,
    /// The body is parsed and serialized again: not tried on large bodies.
    Reserialize,
    /// Hundreds of messages: tried alone, and not with large bodies.
    High,
}

impl KnownMistake {
    pub(crate) const fn new(name: &'static str, english: &'static str, chinese: &'static str) -> Self {
        Self { name, english, chinese }
    }

    /// The remedy in the current language.
    pub fn remedy(&self) -> &'static str {
        Phrase { english: self.english, chinese: self.chinese }.text()
    }
}

impl<F: Copy> Rule<F> {
    /// A rule of low cost.
    pub(crate) const fn new(
        name: &'static str,
        english: &'static str,
        chinese: &'static str,
        apply: F,
    ) -> Self {
        let variants: VariantsOf = |_, _| Vec::new();
        Self { mistake: KnownMistake::new(name, english, chinese), apply, cost: Cost::Low, variants }
    }

    pub(crate) const fn costing(self, cost: Cost) -> Self {
        Self { cost, ..self }
    }

    pub(crate) const fn with_variants(self, variants: VariantsOf) -> Self {
        Self { variants, ..self }
    }
}

impl From<&'static KnownMistake> for ProvedMistake {
    fn from(known: &'static KnownMistake) -> Self {
        Self { known, variants: Vec::new() }
    }
}

/// `body-reserialized(spaced,sorted)`
impl fmt::Display for ProvedMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variants[..] {
            [] => f.write_str(self.known.name),
            variants => write!(f, "{}({})", self.known.name, variants.join(",")),
        }
    }
}

impl fmt::Display for KnownMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
