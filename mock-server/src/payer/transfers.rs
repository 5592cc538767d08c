//! What a user does with a transfer or an authorization, and what a client checks before it asks the user.

use std::sync::Arc;

use serde_json::{Map, Value};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Both, text};

use super::{Payer, PaymentError, Said};
use crate::{
    journal::ChangedBy,
    merchants::Merchant,
    operations::{
        payment::Ledger,
        transfer::{TransferAction, TransferName, TransferTarget},
    },
    store::StoreResult,
};

/// What a user does with a transfer, or with an authorization of transfers.
///
/// ```
/// use wechatpay_mock::{Confirmation, TransferAction, TransferName};
///
/// let transfer = || TransferName::OutBillNo("plfk2020042013".into());
/// assert_eq!(Confirmation::of(transfer()).action, TransferAction::Confirm);
/// let declines = Confirmation { action: TransferAction::Decline, ..Confirmation::of(transfer()) };
/// ```
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// The transfer or the authorization.
    pub transfer: TransferName,
    /// What the user does.
    pub action: TransferAction,
    /// The merchant whose transfer it is, by mchid. Default: the one that has a transfer of this name.
    pub merchant: Option<String>,
    /// The user's real name. A transfer that names another fails. Default: the one in the transfer.
    pub user_name: Option<String>,
}

impl Confirmation {
    /// The transfer is confirmed.
    pub fn of(transfer: TransferName) -> Self {
        Self { transfer, action: TransferAction::Confirm, merchant: None, user_name: None }
    }
}

/// What `wx.requestMerchantTransfer` is handed.
const PARAMETERS: [&str; 3] = ["mchId", "appId", "package"];

/// Why a client does not ask its user.
pub(crate) enum RequestTransferError {
    /// This parameter is wrong: what was expected and found.
    Wrong(Both),
    /// The user can't do it.
    Payment(PaymentError),
}

impl Payer {
    /// Does what the user does. Returns the transfer as a query shows it, with its merchant.
    pub(crate) fn confirm(&self, confirmation: &Confirmation) -> Result<Value, PaymentError> {
        let Confirmation { transfer, action, user_name, .. } = confirmation;
        let merchant = self.only_merchant(
            confirmation.merchant.as_deref(),
            |merchant| Ok(self.transfer_of(merchant, transfer)?.is_some()),
            || unknown(transfer),
        )?;
        self.gateway.change(ChangedBy::Payer, &merchant, |context, documents| {
            let mut ledger = Ledger::new(context, &merchant, documents);
            let found = ledger.find_transfer(transfer).ok_or_else(|| unknown(transfer))?;
            let mut shown = ledger.act_on_transfer(&found, *action, user_name.as_deref())?;
            shown["merchant"] = merchant.mchid.as_str().into();
            Ok(shown)
        })?
    }

    /// Checks what the client is handed, and then does what the user does.
    pub(crate) fn request_transfer(
        &self,
        parameters: &Map<String, Value>,
        action: TransferAction,
        user_name: Option<String>,
    ) -> Said<RequestTransferError> {
        let text = |name: &str| parameters.get(name).and_then(Value::as_str);
        let merchant = text("mchId").and_then(|mchid| self.gateway.merchants.merchant(mchid));
        let target = merchant.as_ref().zip(text("package")).and_then(|(merchant, package)| {
            self.transfer_of(merchant, &TransferName::PackageInfo(package.into())).ok().flatten()
        });
        Said {
            merchant: merchant.as_ref().map(|merchant| merchant.mchid.clone()),
            order: target.map(|target| target.number().to_owned()),
            outcome: self.ask_user(parameters, merchant.as_ref(), action, user_name),
        }
    }

    fn ask_user(
        &self,
        parameters: &Map<String, Value>,
        merchant: Option<&Arc<Merchant>>,
        action: TransferAction,
        user_name: Option<String>,
    ) -> Result<Value, RequestTransferError> {
        let text = |name: &str| match parameters.get(name) {
            Some(Value::String(text)) => Ok(text.as_str()),
            other => {
                let found = other.map(|value| quoted(&value.to_string()));
                Err(RequestTransferError::Wrong(Both::of(|| match &found {
                    Some(found) => text!("{name}: expected a text, found {found}"),
                    None => text!("{name}: expected a text, found nothing"),
                })))
            }
        };
        let [mchid, appid, package] = PARAMETERS.map(text);
        let (mchid, appid, package) = (mchid?, appid?, package?);
        let name = TransferName::PackageInfo(package.into());
        let wrong = |name: &str, expected: &dyn Fn() -> String, found: &str| {
            let found = quoted(found);
            RequestTransferError::Wrong(Both::of(|| {
                text!("{name}: expected {expected}, found {found}", expected = expected())
            }))
        };
        let Some(merchant) = merchant else {
            let expected = || text!("the mchid of the merchant that transfers");
            return Err(wrong("mchId", &expected, mchid));
        };
        let ordered = self.gateway.change(ChangedBy::Payer, merchant, |context, documents| {
            let mut ledger = Ledger::new(context, merchant, documents);
            let found = ledger.find_transfer(&name)?;
            ledger.transfer_appid(&found)
        });
        match ordered.map_err(|error| RequestTransferError::Payment(error.into()))? {
            None => {
                let expected = || text!("the package_info of one of this merchant's transfers");
                Err(wrong("package", &expected, package))
            }
            Some(ordered) if ordered != appid => {
                Err(wrong("appId", &|| text!("the appid of the transfer, {ordered}"), appid))
            }
            Some(_) => {
                let merchant = Some(mchid.to_owned());
                let confirmation = Confirmation { transfer: name, action, merchant, user_name };
                self.confirm(&confirmation).map_err(RequestTransferError::Payment)
            }
        }
    }

    fn transfer_of(
        &self,
        merchant: &Arc<Merchant>,
        name: &TransferName,
    ) -> StoreResult<Option<TransferTarget>> {
        self.gateway.change(ChangedBy::Time, merchant, |context, documents| {
            Ledger::new(context, merchant, documents).find_transfer(name)
        })
    }
}

fn unknown(transfer: &TransferName) -> PaymentError {
    PaymentError::UnknownTransfer { what: transfer.what(), found: quoted(transfer.as_str()) }
}
