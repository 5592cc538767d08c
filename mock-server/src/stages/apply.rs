//! The request takes effect: check 12, the operation's own rules, and the change of state.

use super::validate::ValidRequest;
use crate::{gateway::Gateway, operations::Outcome, rejection::Rejection};

/// Lets the operation's handler do its work.
pub(crate) fn apply(gateway: &Gateway, request: &ValidRequest) -> Result<Outcome, Rejection> {
    let mut outcome = request.operation().handler.handle(gateway, request)?;
    outcome.warnings.splice(..0, request.warnings().iter().cloned());
    Ok(outcome)
}
