//! The seed file, held against the merchants that there are.

use std::path::Path;

use super::{Config, complaint::Complaint};
use crate::seed::Seed;

/// Reads the content of the seed file at `path`.
pub(super) fn parse(path: &Path, text: &str) -> Result<Seed, Complaint> {
    serde_json::from_str(text).map_err(|error| {
        let advice = "fixtures/config/seed.json is an example";
        Complaint::at(
            path,
            error.line().max(1),
            format!("expected the JSON of a seed, found: {error}"),
            advice,
        )
    })
}

/// Nothing may be there for a merchant that isn't.
pub(super) fn check_merchants(
    seed: &Seed,
    config: &Config,
    path: &Path,
    text: &str,
) -> Result<(), Complaint> {
    let known: Vec<_> = config.merchants().iter().map(|merchant| merchant.mchid.as_str()).collect();
    let mut strangers: Vec<_> =
        seed.merchants.keys().filter(|mchid| !known.contains(&mchid.as_str())).collect();
    strangers.sort();
    let Some(stranger) = strangers.first() else { return Ok(()) };
    let name = format!("{stranger:?}");
    let line = text.lines().position(|line| line.contains(&name)).map(|index| index + 1);
    let problem = format!("expected the mchid of a merchant ({}), found {name}", known.join(", "));
    Err(Complaint::at(path, line, problem, "add the merchant to the configuration, or remove it here"))
}
