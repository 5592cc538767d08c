//! The seed file, held against the merchants that there are.

use std::{collections::HashSet, path::Path};

use crate::{
    config::{Config, complaint::Complaint},
    operations::seed::Seed,
};

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

/// Each card belongs to one merchant and each code to one card, and nothing may be there for a merchant that isn't.
pub(super) fn check(seed: &Seed, config: &Config, path: &Path, text: &str) -> Result<(), Complaint> {
    check_cards(seed, path)?;
    check_merchants(seed, config, path, text)
}

fn check_cards(seed: &Seed, path: &Path) -> Result<(), Complaint> {
    let complain =
        |problem| Err(Complaint::at(path, None, problem, "remove one of the two, or name it differently"));
    let mut card_ids = HashSet::new();
    for card in seed.merchants.values().flat_map(|merchant| &merchant.cards) {
        let card_id = &card.card_id;
        if !card_ids.insert(card_id) {
            return complain(format!("expected the card_id {card_id:?} once, found it again"));
        }
        let mut codes = HashSet::new();
        for code in card.members.iter().map(|member| &member.code) {
            if code.is_empty() {
                return complain(format!(
                    "expected a code for each member of the card {card_id:?}, found none"
                ));
            }
            if !codes.insert(code) {
                return complain(format!(
                    "expected the code {code:?} once in the card {card_id:?}, found it again"
                ));
            }
        }
    }
    Ok(())
}

fn check_merchants(seed: &Seed, config: &Config, path: &Path, text: &str) -> Result<(), Complaint> {
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
