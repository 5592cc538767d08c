//! A shop that adds points to its members' cards. Its tests are in `tests/points.rs`.
#![forbid(unsafe_code)]

use wechatpay_client::{Client, Error, RightsChange};

/// A member's card.
#[derive(Clone, Copy, Debug)]
pub struct Card<'a> {
    /// The card template.
    pub card_id: &'a str,
    /// The member's own code.
    pub code: &'a str,
}

/// Adds points to a card, once: the same order again changes nothing.
///
/// If the outcome is unknown, it sends the same request once more.
///
/// # Errors
/// The last error of [`Client::set_rights`].
pub async fn add_points(client: &Client, card: Card<'_>, order: &str, points: i64) -> Result<(), Error> {
    let mut change = RightsChange::new(order);
    change.add_bonus_value = Some(points);
    let call = || client.set_rights(card.card_id, card.code, &change);
    let first = call().await;
    let last = match first {
        Err(error) if error.outcome_is_unknown() => call().await,
        known => known,
    };
    last.map(drop)
}
