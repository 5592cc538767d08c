//! The seed file, checked against the configured merchants.

use std::{collections::HashSet, path::Path};

use crate::{
    config::{Config, error::ConfigError},
    operations::seed::Seed,
};

/// Reads the content of the seed file at `path`.
pub(super) fn parse(path: &Path, text: &str) -> Result<Seed, ConfigError> {
    serde_json::from_str(text).map_err(|error| {
        let problem = format!("expected a seed in JSON, found: {error}");
        ConfigError::new(path, error.line().max(1), problem, "fixtures/config/seed.json is an example")
    })
}

/// Checks that each card has one merchant, that each code is unique within its card, and that each merchant is
/// configured.
pub(super) fn check(seed: &Seed, config: &Config, path: &Path, text: &str) -> Result<(), ConfigError> {
    if let Some(problem) = wrong_card(seed) {
        return Err(ConfigError::new(path, None, problem, "remove or rename one of the two"));
    }
    let known: Vec<_> = config.merchants().iter().map(|merchant| merchant.mchid.as_str()).collect();
    let is_known: HashSet<_> = known.iter().copied().collect();
    let Some(unknown) = seed.merchants.keys().filter(|mchid| !is_known.contains(mchid.as_str())).min() else {
        return Ok(());
    };
    let name = format!("{unknown:?}");
    let line = text.lines().position(|line| line.contains(&name)).map(|index| index + 1);
    let problem = format!("expected the mchid of a merchant ({}), found {name}", known.join(", "));
    let advice = "add the merchant to the configuration, or remove it here";
    Err(ConfigError::new(path, line, problem, advice))
}

fn wrong_card(seed: &Seed) -> Option<String> {
    let mut card_ids = HashSet::new();
    for card in seed.merchants.values().flat_map(|merchant| &merchant.cards) {
        let card_id = &card.card_id;
        if !card_ids.insert(card_id) {
            return Some(format!("expected the card_id {card_id:?} once, found it again"));
        }
        let mut codes = HashSet::new();
        for code in card.members.iter().map(|member| &member.code) {
            if code.is_empty() {
                return Some(format!("expected a code for each member of the card {card_id:?}, found none"));
            }
            if !codes.insert(code) {
                return Some(format!(
                    "expected the code {code:?} once in the card {card_id:?}, found it again"
                ));
            }
        }
    }
    None
}
