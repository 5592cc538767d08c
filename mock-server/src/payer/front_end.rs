//! What a client does before it shows a payment to its user: it checks what the front end hands over, and its signature.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};
use wechatpay_diagnosis::{
    PayClient, PaySignDiagnosis, PaySignEvidence, PrepaidOrder, Secret, SecretKind, diagnose_pay_sign,
    prepay_id,
};
use wechatpay_protocol::Mchid;

use super::{Payer, Payment, PaymentError, Said};
use crate::{
    merchants::Merchant,
    operations::payment::{Found, OrderName, PayerAction},
    request::diagnose::other_keys,
    store::StoreResult,
};

/// How long a paySign is explained. Every mistake is tried within milliseconds, unless the machine is busy; a developer waits
/// for the answer. (own choice)
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// What a front end hands to the client, and what the user then does.
pub(crate) struct FrontEndPayment {
    pub(crate) client: PayClient,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) action: PayerAction,
    pub(crate) openid: Option<String>,
}

/// Why the user does nothing.
pub(crate) enum FrontEndError {
    /// The client refuses what it is handed.
    Wrong(Box<PaySignDiagnosis>),
    /// The order can't be paid.
    Payment(PaymentError),
}

/// The keys that merchant and gateway share, with which API v2 signs.
pub(super) fn secrets(merchant: &Merchant) -> Vec<Secret<'_>> {
    let apiv3 = Secret { kind: SecretKind::ApiV3, text: merchant.apiv3_key.expose() };
    let apiv2 = merchant.apiv2_key.as_ref().map(|key| Secret { kind: SecretKind::ApiV2, text: key.expose() });
    [apiv3].into_iter().chain(apiv2).collect()
}

impl Payer {
    /// Checks what the client is handed, and then does what the user does. The outcome is the order as a query shows it, with its
    /// merchant.
    pub(crate) fn request(&self, payment: FrontEndPayment) -> Said<FrontEndError> {
        let FrontEndPayment { client, parameters, action, openid } = payment;
        let order = prepay_id(client, &parameters).map(|id| OrderName::PrepayId(id.into()));
        let found = match order.as_ref().map_or(Ok(None), |order| self.owner_of(order)) {
            Ok(found) => found,
            Err(error) => {
                let outcome = Err(FrontEndError::Payment(error.into()));
                return Said { merchant: None, order: None, outcome };
            }
        };
        let diagnosis = self.diagnose(client, &parameters, found.as_ref());
        let (number, merchant) =
            found.map(|(found, merchant)| (found.number().to_owned(), merchant.mchid.clone())).unzip();
        let outcome = match diagnosis {
            Some(diagnosis) => Err(FrontEndError::Wrong(diagnosis.into())),
            None => {
                // Parameters without an order have a diagnosis.
                let order = order.unwrap_or_else(|| OrderName::PrepayId(String::new()));
                let merchant = merchant.as_ref().map(Mchid::to_string);
                self.act(&Payment { order, action, merchant, openid }).map_err(FrontEndError::Payment)
            }
        };
        Said { merchant, order: number, outcome }
    }

    /// The order, with the first merchant that has it.
    fn owner_of(&self, order: &OrderName) -> StoreResult<Option<(Found, Arc<Merchant>)>> {
        for merchant in self.gateway.merchants.merchants() {
            if let Some(found) = self.found(&merchant, order)? {
                return Ok(Some((found, merchant)));
            }
        }
        Ok(None)
    }

    /// `None` if everything is right.
    fn diagnose(
        &self,
        client: PayClient,
        parameters: &Map<String, Value>,
        found: Option<&(Found, Arc<Merchant>)>,
    ) -> Option<PaySignDiagnosis> {
        let merchants = &self.gateway.merchants;
        let all = merchants.merchants();
        let mut other_values: Vec<&str> =
            all.iter().flat_map(|one| &one.appids).map(String::as_str).collect();
        let Some((found, merchant)) = found else {
            let evidence = PaySignEvidence {
                client,
                parameters,
                order: None,
                other_keys: Vec::new(),
                secrets: Vec::new(),
                other_values,
            };
            return diagnose_pay_sign(&evidence, TIME_LIMIT);
        };
        let mchids: Vec<_> = [merchant.mchid.as_str()].into_iter().chain(found.sub_mchid()).collect();
        other_values.extend(mchids.iter().copied().chain(found.out_trade_nos()));
        let evidence = PaySignEvidence {
            client,
            parameters,
            order: Some(PrepaidOrder {
                prepay_id: found.prepay_id(),
                trade_type: found.trade_type(),
                appids: found.appids(),
                mchids,
                key: merchant.key(),
            }),
            other_keys: other_keys(merchants, merchant),
            secrets: secrets(merchant),
            other_values,
        };
        diagnose_pay_sign(&evidence, TIME_LIMIT)
    }
}
