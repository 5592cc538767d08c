//! What `openBusinessView` does: it checks what the front end hands over, and its signature, before it shows a page of pay
//! score.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use wechatpay_diagnosis::{BusinessView, BusinessViewEvidence, diagnose_business_view, given_parameter};

use super::{FrontEndError, Payer, PaymentError, Said, front_end::secrets, service_orders::unknown};
use crate::{
    journal::ChangedBy,
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
    /// Checks what is handed over, and then does what the user does. The outcome is the order or the permission as a query shows
    /// it, with its merchant, and what the front end gets when its user comes back.
    pub(crate) fn open_view(&self, opened: OpenedView) -> Said<FrontEndError> {
        let found = target(opened.view, &opened.parameters)
            .and_then(|target| self.owner(opened.view, target, &opened.parameters));
        let business = found.as_ref().and_then(|(target, merchant)| self.business(merchant, target).ok()?);
        Said {
            merchant: found.as_ref().map(|(_, merchant)| merchant.mchid.clone()),
            order: business.as_ref().map(|found| found.number().to_owned()),
            outcome: self.open_found(opened, found, business.as_ref()),
        }
    }

    fn open_found(
        &self,
        OpenedView { view, parameters, action, openid }: OpenedView,
        found: Option<(ServiceTarget, Arc<Merchant>)>,
        business: Option<&Business>,
    ) -> Result<Value, FrontEndError> {
        let secrets = found.as_ref().map(|(_, merchant)| secrets(merchant)).unwrap_or_default();
        let evidence = BusinessViewEvidence {
            view,
            parameters: &parameters,
            is_known: found.is_some(),
            mchid: found.as_ref().map_or("", |(_, merchant)| merchant.mchid.as_str()),
            service_id: business.and_then(Business::service_id).unwrap_or_default(),
            secrets,
        };
        if let Some(diagnosis) = diagnose_business_view(&evidence) {
            return Err(FrontEndError::Wrong(diagnosis.into()));
        }
        // Parameters that lead to nothing have a diagnosis.
        let Some((target, merchant)) = found else { return Ok(Value::Null) };
        let shown = self.gateway.change(ChangedBy::Payer, &merchant, |context, documents| {
            let mut book = Book::new(context, &merchant, documents);
            let found = book.find(&target).ok_or_else(|| unknown(&target))?;
            let order = match &found {
                Business::Order(order) => Some(order.id.clone()),
                Business::Permission(_) => None,
            };
            let action = action.or((view != BusinessView::Detail).then_some(ServiceAction::Confirm));
            let mut shown = match (action, found) {
                (Some(action), found) => book.act(found, Some(action), openid.as_deref())?,
                (None, Business::Order(order)) => book.shown(&order.id),
                (None, Business::Permission(permission)) => permission.whole(merchant.mchid.as_str()),
            };
            shown["merchant"] = merchant.mchid.as_str().into();
            if let Some(query_id) = order.and_then(|id| book.query_id(&id)) {
                shown["extraData"] = json!({ "query_id": query_id });
            }
            Ok(shown)
        });
        shown.map_err(PaymentError::from).flatten().map_err(FrontEndError::Payment)
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
        having_it.retain(|merchant| {
            self.business(merchant, &target).ok().flatten().is_some_and(|found| is_of_view(&found))
        });
        let mch_id = given_parameter(parameters, "mch_id").map(|given| given.text);
        let is_named = |merchant: &&Arc<Merchant>| mch_id.as_deref() == Some(merchant.mchid.as_str());
        let merchant = having_it.iter().find(is_named).or(having_it.first())?;
        Some((target, Arc::clone(merchant)))
    }
}

/// What the parameters lead to.
fn target(view: BusinessView, parameters: &Map<String, Value>) -> Option<ServiceTarget> {
    let text = given_parameter(parameters, view.key())?.text;
    Some(match view {
        BusinessView::Detail => ServiceTarget::OutOrderNo(text),
        BusinessView::Use => ServiceTarget::Package(text),
        BusinessView::Enable => ServiceTarget::ApplyPermissionsToken(text),
    })
}
