//! What a user does with a transfer or an authorization.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use wechatpay_texts::{Both, Phrase, phrase, text};

use super::{
    authorization, authorize,
    bill::{State, Transfer},
    kind,
    named::{self, TransferName, TransferTarget},
    progress,
};
use crate::operations::payment::{act::PayerError, ledger::Ledger};

/// What a user does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransferAction {
    /// Confirms.
    #[default]
    Confirm,
    /// Declines: a transfer fails. Of an authorization, also takes it back.
    Decline,
}

/// The `fail_reason` of a transfer to a user with another name. (documented)
const OTHER_NAME: &str = "NAME_NOT_CORRECT";

/// What a user sees who can't confirm. (own choice)
const OVER: &str = "当前单据状态不可操作";

impl Ledger<'_, '_> {
    /// The transfer or authorization of this name, if the merchant has it.
    pub(crate) fn find_transfer(&mut self, name: &TransferName) -> Option<TransferTarget> {
        Some(match name {
            TransferName::OutBillNo(number) => {
                self.documents.get::<Value>(kind::TRANSFER, number)?;
                TransferTarget::Transfer(number.clone())
            }
            TransferName::OutAuthorizationNo(number) => {
                self.documents.get::<Value>(kind::AUTHORIZATION, number)?;
                TransferTarget::Authorization(number.clone())
            }
            TransferName::PackageInfo(package) => named::of_package(self, package)?,
        })
    }

    /// Does what the user does. Returns what a query shows then.
    ///
    /// # Errors
    /// If there is nothing to confirm or to decline.
    pub(crate) fn act_on_transfer(
        &mut self,
        target: &TransferTarget,
        action: TransferAction,
        user_name: Option<&str>,
    ) -> Result<Value, PayerError> {
        match target {
            TransferTarget::Transfer(number) => {
                let Some(mut transfer) = progress::transfer(self, number) else { return Ok(Value::Null) };
                check(&transfer)?;
                let now = self.now().as_unix();
                match action {
                    TransferAction::Confirm => {
                        let ordered = transfer.text("user_name").filter(|name| !name.is_empty());
                        if user_name.is_some_and(|name| ordered.is_some_and(|ordered| ordered != name)) {
                            transfer.will_fail_with = Some(OTHER_NAME.into());
                        }
                        progress::confirm(self, &mut transfer, now);
                    }
                    TransferAction::Decline => progress::decline(self, &mut transfer, now),
                }
                progress::keep(self, &transfer);
                progress::go_on(self, &mut transfer);
                Ok(transfer.shown(self.merchant))
            }
            TransferTarget::Authorization(number) => act_on_authorization(self, number, action),
        }
    }

    /// The appid that a front end confirms with.
    pub(crate) fn transfer_appid(&mut self, target: &TransferTarget) -> Option<String> {
        let fields = match target {
            TransferTarget::Transfer(number) => progress::transfer(self, number)?.fields,
            TransferTarget::Authorization(number) => authorize::find(self, number)?.fields,
        };
        fields["appid"].as_str().map(String::from)
    }
}

/// The state in which the user confirms.
const WAITS: Phrase = Phrase::name("WAIT_USER_CONFIRM");

fn check(transfer: &Transfer) -> Result<(), PayerError> {
    match transfer.state {
        State::WaitUserConfirm => Ok(()),
        state => Err(refused(WAITS, &json!(state))),
    }
}

/// What the user does with an authorization. Returns what a query shows then.
///
/// # Errors
/// If there is nothing to confirm or to take back.
fn act_on_authorization(
    ledger: &mut Ledger<'_, '_>,
    number: &str,
    action: TransferAction,
) -> Result<Value, PayerError> {
    use authorization::State::{TakingEffect, WaitUserConfirm};

    let Some(mut authorization) = authorize::find(ledger, number) else { return Ok(Value::Null) };
    if let Some(transfer) = authorization.awaited() {
        return Err(refused_because(|| {
            text!("expected the transfer {transfer}, which the user authorises with, found the authorization")
        }));
    }
    let now = ledger.now().as_unix();
    match (authorization.state, action) {
        (WaitUserConfirm, TransferAction::Confirm) => {
            authorization::take_effect(ledger, &mut authorization, now);
        }
        (WaitUserConfirm | TakingEffect, TransferAction::Decline) => {
            authorization::end(ledger, &mut authorization, now, authorization::BY_USER);
        }
        (state, TransferAction::Confirm) => return Err(refused(WAITS, &json!(state))),
        (state, TransferAction::Decline) => {
            return Err(refused(phrase!("WAIT_USER_CONFIRM or TAKING_EFFECT"), &json!(state)));
        }
    }
    Ok(authorization.shown())
}

fn refused(expected: Phrase, found: &Value) -> PayerError {
    let found = found.as_str().unwrap_or_default();
    refused_because(|| text!("expected state {expected}, found {found}"))
}

fn refused_because(reason: impl Fn() -> String) -> PayerError {
    PayerError { shown: OVER, reason: Both::of(reason) }
}
