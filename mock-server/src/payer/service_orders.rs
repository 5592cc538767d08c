//! What the user does with a service order of pay score, or with a permission.

use std::sync::Arc;

use serde_json::Value;
use wechatpay_protocol::display::quoted;

use super::{Payer, PaymentError};
use crate::{
    journal::ChangedBy,
    merchants::Merchant,
    operations::pay_score::{Book, Business, ServiceAction, ServiceTarget},
    store::StoreResult,
};

/// What a user does with a service order, or with a permission.
///
/// ```
/// use wechatpay_mock::{ServiceAction, ServiceOrderCall};
///
/// let confirms = ServiceOrderCall::of("1234323JKHDFE1243252");
/// assert_eq!(confirms.action, Some(ServiceAction::Confirm));
/// let pays = ServiceOrderCall { action: Some(ServiceAction::Pay), ..confirms };
/// let opens_a_service = ServiceOrderCall::of_permission("1275342195190894594");
/// ```
#[derive(Clone, Debug)]
pub struct ServiceOrderCall {
    /// The order, or the permission.
    pub target: ServiceTarget,
    /// What the user does. Default: pays what is completed, confirms everything else.
    pub action: Option<ServiceAction>,
    /// The merchant whose order it is, by mchid. Default: the one that has an order of this number.
    pub merchant: Option<String>,
    /// The user. Default: the one that was ordered for, or a new one.
    pub openid: Option<String>,
}

impl ServiceOrderCall {
    /// The user confirms the order with this `out_order_no`.
    pub fn of(out_order_no: &str) -> Self {
        Self::with(ServiceTarget::OutOrderNo(out_order_no.into()))
    }

    /// The user opens the service that the permission with this `authorization_code` is for.
    pub fn of_permission(authorization_code: &str) -> Self {
        Self::with(ServiceTarget::AuthorizationCode(authorization_code.into()))
    }

    /// The user confirms what this leads to.
    pub fn with(target: ServiceTarget) -> Self {
        Self { target, action: Some(ServiceAction::Confirm), merchant: None, openid: None }
    }

    fn unknown(&self) -> PaymentError {
        unknown(&self.target)
    }
}

pub(super) fn unknown(target: &ServiceTarget) -> PaymentError {
    PaymentError::UnknownServiceOrder { what: target.what(), found: quoted(target.as_str()) }
}

impl Payer {
    /// Does what the user does. Returns the order or the permission as a query shows it, with its merchant.
    pub(crate) fn act_on_service(&self, call: &ServiceOrderCall) -> Result<Value, PaymentError> {
        let has_it = |merchant: &Arc<Merchant>| Ok(self.business(merchant, &call.target)?.is_some());
        let merchant = self.only_merchant(call.merchant.as_deref(), has_it, || call.unknown())?;
        self.gateway.change(ChangedBy::Payer, &merchant, |context, documents| {
            let mut book = Book::new(context, &merchant, documents);
            let found = book.find(&call.target).ok_or_else(|| call.unknown())?;
            let mut shown = book.act(found, call.action, call.openid.as_deref())?;
            shown["merchant"] = merchant.mchid.as_str().into();
            Ok(shown)
        })?
    }

    /// What the merchant has under this name.
    pub(super) fn business(
        &self,
        merchant: &Arc<Merchant>,
        target: &ServiceTarget,
    ) -> StoreResult<Option<Business>> {
        self.gateway.change(ChangedBy::Time, merchant, |context, documents| {
            Book::new(context, merchant, documents).find(target)
        })
    }
}
