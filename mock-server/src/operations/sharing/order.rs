//! The order that a request shares, and whether it can be shared now.

use crate::{
    api::operation_error::OperationError,
    operations::payment::{
        ledger::{Ledger, Target},
        order::{MINUTE, Order},
        parties,
        shared::SharingApi,
    },
    request::validate::ValidRequest,
};

/// How long after its payment an order can be shared, in seconds. (documented)
const EARLIEST: u64 = MINUTE;

/// An order that can be shared, with its payment.
pub(super) struct Shareable {
    pub(super) order: Order,
    pub(super) transaction_id: String,
    paid: u64,
}

impl Shareable {
    /// The order of this `transaction_id`; `None` if nobody placed it.
    ///
    /// # Errors
    /// If it was not placed to be shared, or is shared by the other API.
    pub(super) fn find(
        ledger: &mut Ledger<'_, '_>,
        transaction_id: &str,
        api: SharingApi,
    ) -> Result<Option<Self>, OperationError> {
        let Some(Target::Order(id)) = ledger.target(transaction_id) else { return Ok(None) };
        let Some(order) = ledger.order(&id) else { return Ok(None) };
        let Some(payment) = &order.payment else { return Ok(None) };
        let (transaction_id, paid) = (payment.transaction_id.clone(), payment.at);
        if !order.is_for_sharing() {
            return Err(OperationError::SharingNotOrdered);
        }
        api.check(order.sharing.api)?;
        Ok(Some(Self { order, transaction_id, paid }))
    }

    /// Whether what was left is the merchant's, by a request or because its time is over.
    pub(super) fn is_finished(&self, api: SharingApi, ledger: &Ledger<'_, '_>) -> bool {
        self.order.sharing.is_finished || self.paid.saturating_add(api.lasts()) <= ledger.now().as_unix()
    }

    /// What can be shared of it, in fen.
    pub(super) fn left(&self, api: SharingApi, ledger: &Ledger<'_, '_>) -> u64 {
        if self.is_finished(api, ledger) { 0 } else { self.order.unshared() }
    }

    /// # Errors
    /// If it was paid a moment ago, or nothing can be shared any more.
    pub(super) fn check_time(&self, api: SharingApi, ledger: &Ledger<'_, '_>) -> Result<(), OperationError> {
        if ledger.now().as_unix() < self.paid.saturating_add(EARLIEST) {
            return Err(api.too_early());
        }
        if self.is_finished(api, ledger) {
            return Err(OperationError::SharingFinished);
        }
        Ok(())
    }
}

/// # Errors
/// If a request names another sub-merchant than what it is about.
pub(super) fn check_sub_mchid(
    request: &ValidRequest<'_>,
    sub_mchid: Option<&str>,
) -> Result<(), OperationError> {
    let own = request.merchant().mchid.as_str();
    match (parties::payee(request), sub_mchid) {
        (named, Some(sub_mchid)) if named == sub_mchid => Ok(()),
        (named, None) if named == own => Ok(()),
        // It names none.
        (named, Some(_)) if named == own => Err(OperationError::OtherSubMerchantsOrder),
        _ => Err(OperationError::SharingOtherSubMerchant),
    }
}
