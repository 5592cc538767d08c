//! The seed file, checked against the configured merchants.

use std::{collections::HashSet, path::Path};

use wechatpay_texts::{phrase, text};

use crate::{
    config::{Config, error::ConfigError},
    operations::seed::{Seed, wrong_card},
};

/// Reads the content of the seed file at `path`.
pub(super) fn parse(path: &Path, text: &str) -> Result<Seed, ConfigError> {
    serde_json::from_str(text).map_err(|error| {
        let problem = text!("expected a seed in JSON, found: {error}");
        ConfigError::new(
            path,
            error.line().max(1),
            problem,
            phrase!("fixtures/config/seed.json is an example"),
        )
    })
}

/// Checks that each card has one merchant, that each code is unique within its card, and that each merchant is
/// configured.
pub(super) fn check(seed: &Seed, config: &Config, path: &Path, text: &str) -> Result<(), ConfigError> {
    let cards = seed.merchants.iter().map(|(mchid, merchant)| (mchid.as_str(), &merchant.cards[..]));
    if let Some((_, problem)) = wrong_card(cards) {
        return Err(ConfigError::new(path, None, problem, phrase!("remove or rename one of the two")));
    }
    let known: Vec<_> = config.merchants().iter().map(|merchant| merchant.mchid.as_str()).collect();
    let is_known: HashSet<_> = known.iter().copied().collect();
    let Some(unknown) = seed.merchants.keys().filter(|mchid| !is_known.contains(mchid.as_str())).min() else {
        return Ok(());
    };
    let name = format!("{unknown:?}");
    let line = text.lines().position(|line| line.contains(&name)).map(|index| index + 1);
    let known = known.join(phrase!(", ").text());
    let problem = text!("expected the mchid of a merchant ({known}), found {name}");
    let advice = phrase!("add the merchant to the configuration, or remove it here");
    Err(ConfigError::new(path, line, problem, advice))
}
