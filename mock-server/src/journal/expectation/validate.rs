//! Checks that an expectation can be met and can fail.

use wechatpay_openapi::{Contract, Operation};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Text, phrase};

use crate::{
    api::suggest::{advice, near},
    journal::expectation::{Between, Expectation, Times},
    merchants::Merchants,
    request::place::{self, PlaceError},
};

/// Why an expectation is invalid: it names something unknown, so a typo could make it pass, or it is always or never
/// met.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub(crate) enum InvalidExpectation {
    #[text(
        "merchant: expected the mchid of a merchant, found {found}{advice}",
        found = quoted(found),
        advice = advice(near, phrase!("GET /__mock/merchants lists them").text())
    )]
    UnknownMerchant { found: String, near: String },
    #[text(
        "operation: expected an operationId, found {found}{advice}",
        found = quoted(found),
        advice = advice(near, phrase!("GET /__mock/operations lists them").text())
    )]
    UnknownOperation { found: String, near: String },
    #[text(transparent)]
    Place(#[from] PlaceError),
    #[text("status: expected 100 to 599, found {found}")]
    Status { found: u16 },
    #[text("times: expected at_least to be no more than at_most, found {at_least} and {at_most}")]
    Never { at_least: u64, at_most: u64 },
    #[text(
        "times: expected a number, at_least of 1 or more, or at_most; without them, any number of exchanges would match"
    )]
    Always,
}

impl Expectation {
    /// Checks it against the merchants and operations that exist.
    pub(crate) fn check(&self, merchants: &Merchants, contract: &Contract) -> Result<(), InvalidExpectation> {
        if let Some(found) = &self.merchant {
            check_merchant(found, merchants)?;
        }
        let operation = self.operation.as_ref().map(|found| operation(found, contract)).transpose()?;
        place::check(&self.places, operation, contract)?;
        match self.status {
            Some(found) if !(100..=599).contains(&found) => return Err(InvalidExpectation::Status { found }),
            _ => {}
        }
        match self.times {
            Times::Between(Between { at_least, at_most: Some(at_most) }) if at_least > at_most => {
                Err(InvalidExpectation::Never { at_least, at_most })
            }
            Times::Between(Between { at_least: 0, at_most: None }) => Err(InvalidExpectation::Always),
            Times::Between(_) | Times::Exactly(_) => Ok(()),
        }
    }
}

fn check_merchant(found: &str, merchants: &Merchants) -> Result<(), InvalidExpectation> {
    if merchants.merchant(found).is_some() {
        return Ok(());
    }
    let known: Vec<_> = merchants.merchants().iter().map(|merchant| merchant.mchid.to_string()).collect();
    let near = near(found, known.iter().map(String::as_str)).unwrap_or_default().into();
    Err(InvalidExpectation::UnknownMerchant { found: found.into(), near })
}

fn operation<'c>(found: &str, contract: &'c Contract) -> Result<&'c Operation, InvalidExpectation> {
    contract.operation(found).ok_or_else(|| {
        let near = near(found, contract.operation_ids()).unwrap_or_default().into();
        InvalidExpectation::UnknownOperation { found: found.into(), near }
    })
}
