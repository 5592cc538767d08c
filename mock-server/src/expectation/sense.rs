//! Whether an expectation can be met, and can be unmet.

use super::{Between, Expectation, Times};
use crate::{gateway::Gateway, likeness::nearest};

/// Why an expectation makes no sense: it names what there is none of, so that it would be met by mistake, or what is
/// asked for is always so, or never.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Senseless {
    #[error("merchant: expected the mchid of a merchant, found {}; did you mean {nearest}?", quoted(.found))]
    UnknownMerchant { found: String, nearest: String },
    #[error(
        "operation: expected one of {}, found {}; did you mean {nearest}?", .known.join(", "), quoted(.found)
    )]
    UnknownOperation { found: String, known: Vec<&'static str>, nearest: &'static str },
    #[error("status: expected 100 to 599, found {found}")]
    Status { found: u16 },
    #[error("times: expected at_least to be no more than at_most, found {at_least} and {at_most}")]
    Never { at_least: u64, at_most: u64 },
    #[error("times: expected a number, at_least from 1 on, or at_most: any number of exchanges would do")]
    Always,
}

impl Expectation {
    /// Whether it makes sense where there are these merchants and operations.
    pub(crate) fn check(&self, gateway: &Gateway) -> Result<(), Senseless> {
        if let Some(found) = &self.merchant {
            check_merchant(found, gateway)?;
        }
        if let Some(found) = &self.operation {
            check_operation(found, gateway)?;
        }
        match self.status {
            Some(found) if !(100..=599).contains(&found) => return Err(Senseless::Status { found }),
            _ => {}
        }
        match self.times {
            Times::Between(Between { at_least, at_most: Some(at_most) }) if at_least > at_most => {
                Err(Senseless::Never { at_least, at_most })
            }
            Times::Between(Between { at_least: 0, at_most: None }) => Err(Senseless::Always),
            Times::Between(_) | Times::Exactly(_) => Ok(()),
        }
    }
}

fn check_merchant(found: &str, gateway: &Gateway) -> Result<(), Senseless> {
    if gateway.identity.merchant(found).is_some() {
        return Ok(());
    }
    let known: Vec<_> =
        gateway.identity.merchants().iter().map(|merchant| merchant.mchid.to_string()).collect();
    let nearest = nearest(found, known.iter().map(String::as_str)).unwrap_or_default().into();
    Err(Senseless::UnknownMerchant { found: found.into(), nearest })
}

fn check_operation(found: &str, gateway: &Gateway) -> Result<(), Senseless> {
    if gateway.contract.has_operation(found) {
        return Ok(());
    }
    let known: Vec<_> = gateway.contract.operation_ids().collect();
    let nearest = nearest(found, known.iter().copied()).unwrap_or_default();
    Err(Senseless::UnknownOperation { found: found.into(), known, nearest })
}

/// The beginning of a text, in quotes.
fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(64).collect::<String>())
}
