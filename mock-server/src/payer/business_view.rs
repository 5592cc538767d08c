//! What `openBusinessView` does: it checks what the front end hands over, and its signature, before it shows a page of pay
//! score.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use wechatpay_diagnosis::{BusinessView, BusinessViewEvidence, diagnose_business_view};

use super::{NotRequested, Payer, PaymentError, front_end::secrets};
use crate::{
    merchants::Merchant,
    operations::pay_score::{Book, Business, ServiceAction, ServiceTarget},
};

/// What a front end hands over, and what the user then does.
pub(crate) struct OpenedView {
    pub(crate) view: BusinessView,
    pub(crate) parameters: Map<String, Value>,
    /// Default: the user confirms an order, opens a service, and only looks at the details of an order.
    pub(crate) action: Option<ServiceAction>,
    pub(crate) openid: Option<String>,
}

impl Payer {
    /// Checks what is handed over, and then does what the user does. Returns the order or the permission as a query shows it,
    /// with its merchant, and what the front end gets when its user comes back.
    pub(crate) fn open_view(&self, opened: OpenedView) -> Result<Value, NotRequested> {
        let OpenedView { view, parameters, action, openid } = opened;
        let found = target(view, &parameters).and_then(|target| self.owner(view, target, &parameters));
        let secrets = found.as_ref().map(|(_, merchant)| secrets(merchant)).unwrap_or_default();
        let evidence = BusinessViewEvidence {
            view,
            parameters: &parameters,
            is_known: found.is_some(),
            mchid: found.as_ref().map_or("", |(_, merchant)| merchant.mchid.as_str()),
            secrets,
        };
        if let Some(diagnosis) = diagnose_business_view(&evidence) {
            return Err(NotRequested::Wrong(diagnosis.into()));
        }
        // Parameters that lead to nothing have a diagnosis.
        let Some((target, merchant)) = found else { return Ok(Value::Null) };
        let unknown = || PaymentError::UnknownOrder { what: target.what(), found: target.as_str().into() };
        let shown = self.gateway.change(&merchant, |context, documents| {
            let mut book = Book::new(context, &merchant, documents);
            let found = book.find(&target).ok_or_else(unknown)?;
            let query_id = match &found {
                Business::Order(order) => Some(book.query_id(order)),
                Business::Permission(permission) => {
                    book.check_token(permission)?;
                    None
                }
            };
            let action = action.or((view != BusinessView::Detail).then_some(ServiceAction::Confirm));
            let mut shown = match (action, found) {
                (Some(action), found) => book.act(found, action, openid.as_deref())?,
                (None, Business::Order(order)) => book.shown(&order.id),
                (None, Business::Permission(permission)) => permission.whole(merchant.mchid.as_str()),
            };
            shown["merchant"] = merchant.mchid.as_str().into();
            if let Some(query_id) = query_id {
                shown["extraData"] = json!({ "query_id": query_id });
            }
            Ok(shown)
        });
        shown.map_err(NotRequested::Payment)
    }

    /// The merchant that has it: the one that is named, if several have.
    fn owner(
        &self,
        view: BusinessView,
        target: ServiceTarget,
        parameters: &Map<String, Value>,
    ) -> Option<(ServiceTarget, Arc<Merchant>)> {
        let is_of_view = |found: &Business| match found {
            Business::Order(_) => view != BusinessView::Enable,
            Business::Permission(_) => view == BusinessView::Enable,
        };
        let mut having_it = self.gateway.merchants.merchants();
        having_it.retain(|merchant| self.business(merchant, &target).is_some_and(|found| is_of_view(&found)));
        let is_named =
            |merchant: &&Arc<Merchant>| parameters.get("mch_id") == Some(&json!(merchant.mchid.as_str()));
        let merchant = having_it.iter().find(is_named).or(having_it.first())?;
        Some((target, Arc::clone(merchant)))
    }
}

/// What the parameters lead to.
fn target(view: BusinessView, parameters: &Map<String, Value>) -> Option<ServiceTarget> {
    let text = parameters.get(view.key())?.as_str()?.to_owned();
    Some(match view {
        BusinessView::Detail => ServiceTarget::OutOrderNo(text),
        BusinessView::Use | BusinessView::Enable => ServiceTarget::Package(text),
    })
}
