//! What the user does with a service order or a permission.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Both, phrase, text};

use super::{
    book::{Book, Payer, Purpose, Target},
    create,
    order::{ServiceOrder, State},
    permission::{Permission, PermissionState, TOKEN_LIVES},
};
use crate::{
    api::language::Language,
    operations::{
        magic,
        payment::{act::PayerError, numbers},
    },
};

/// What a user does with a service order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceAction {
    /// Confirms the order, so that the service begins. Of a permission: opens the service.
    #[default]
    Confirm,
    /// Pays what is completed.
    Pay,
    /// Leaves the order as it is: does not confirm it, or can't pay it.
    Fail,
}

/// What leads to a service order or a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceTarget {
    /// The number of an order.
    OutOrderNo(String),
    /// The code of a permission.
    AuthorizationCode(String),
    /// What a front end opens the page of an order with.
    Package(String),
    /// What a front end opens the page of a permission with.
    ApplyPermissionsToken(String),
}

/// What a user has before them.
#[derive(Clone, Debug)]
pub(crate) enum Business {
    Order(Box<ServiceOrder>),
    Permission(Box<Permission>),
}

impl ServiceTarget {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::OutOrderNo(name)
            | Self::AuthorizationCode(name)
            | Self::Package(name)
            | Self::ApplyPermissionsToken(name) => name,
        }
    }

    /// What it is called.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::OutOrderNo(_) => "out_order_no",
            Self::AuthorizationCode(_) => "authorization_code",
            Self::Package(_) => "package",
            Self::ApplyPermissionsToken(_) => "apply_permissions_token",
        }
    }
}

impl Business {
    /// The merchant's number of an order, or the code of a permission.
    pub(crate) fn number(&self) -> &str {
        match self {
            Self::Order(order) => &order.out_order_no,
            Self::Permission(permission) => &permission.authorization_code,
        }
    }

    /// The service of an order.
    pub(crate) fn service_id(&self) -> Option<&str> {
        match self {
            Self::Order(order) => order.text("service_id"),
            Self::Permission(_) => None,
        }
    }
}

impl Book<'_, '_> {
    /// What this leads to, if the merchant has it.
    pub(crate) fn find(&mut self, target: &ServiceTarget) -> Option<Business> {
        let id = match target {
            ServiceTarget::OutOrderNo(number) => match self.order(number) {
                Some(order) => return Some(Business::Order(order.into())),
                None => self.target(Purpose::OutOrderNo, number),
            },
            ServiceTarget::AuthorizationCode(code) => self.target(Purpose::AuthorizationCode, code),
            ServiceTarget::Package(package) => self.target(Purpose::Package, package),
            ServiceTarget::ApplyPermissionsToken(token) => self.target(Purpose::Token, token),
        };
        match id? {
            Target::Order(id) => Some(Business::Order(self.order(&id)?.into())),
            Target::Permission(id) => Some(Business::Permission(self.permission(&id)?.into())),
        }
    }

    /// Does what the user does; by default pays what is completed, and confirms everything else. Returns what a query shows
    /// then.
    ///
    /// # Errors
    /// If the order is in another state, or this user can't do it.
    pub(crate) fn act(
        &mut self,
        found: Business,
        action: Option<ServiceAction>,
        openid: Option<&str>,
    ) -> Result<Value, PayerError> {
        let now = self.now().as_unix();
        match found {
            Business::Order(mut order) => {
                let is_completed = order.state == State::Completed;
                let next = if is_completed { ServiceAction::Pay } else { ServiceAction::Confirm };
                let action = action.unwrap_or(next);
                check(&order, action, openid)?;
                match action {
                    ServiceAction::Confirm => self.confirm(&mut order, openid, now),
                    ServiceAction::Pay => self.collect(&mut order, Payer::User, now),
                    ServiceAction::Fail => {}
                }
                Ok(self.shown(&order.id))
            }
            Business::Permission(mut permission) => {
                let action = action.unwrap_or_default();
                check_permission(&permission, action, openid)?;
                self.check_token(&permission)?;
                if action == ServiceAction::Confirm {
                    self.open(&mut permission, openid, now);
                }
                Ok(permission.whole(self.merchant.mchid.as_str()))
            }
        }
    }

    /// A number with which the front end can ask for the order that its user has come back from (documented), one for each
    /// order. (own choice)
    pub(crate) fn query_id(&mut self, id: &str) -> Option<String> {
        let mut order = self.order(id)?;
        if order.query_id.is_none() {
            let query_id = numbers::package(&format!("query_id={id}"), self.context.randomness);
            self.name(Purpose::QueryId, &query_id, &Target::Order(order.id.clone()));
            order.query_id = Some(query_id);
            self.put(&order);
        }
        order.query_id
    }

    /// # Errors
    /// If the user opens the service too late.
    fn check_token(&self, permission: &Permission) -> Result<(), PayerError> {
        let age = self.now().as_unix().saturating_sub(permission.renewed);
        if age < TOKEN_LIVES {
            return Ok(());
        }
        let reason = Both::of(|| {
            text!("expected an apply_permissions_token of less than {TOKEN_LIVES} s, found one of {age} s")
        });
        Err(PayerError { shown: "请求已过期，请重新发起", reason })
    }
}

fn check(order: &ServiceOrder, action: ServiceAction, openid: Option<&str>) -> Result<(), PayerError> {
    let is_possible = match action {
        ServiceAction::Confirm => order.state == State::Created,
        ServiceAction::Pay => order.state == State::Completed,
        ServiceAction::Fail => matches!(order.state, State::Created | State::Completed),
    };
    if !is_possible {
        let found = described(order.state);
        let reason = Both::of(|| {
            let wanted = match action {
                ServiceAction::Confirm => "CREATED",
                ServiceAction::Pay => "DOING, MCH_COMPLETE",
                ServiceAction::Fail => phrase!("CREATED or DOING, MCH_COMPLETE").text(),
            };
            text!("expected a service order in state {wanted}, found one in {found}")
        });
        return Err(PayerError { shown: "当前订单状态不合法", reason });
    }
    if action == ServiceAction::Confirm
        && let Some(error) = create::refusal(&order.out_order_no)
    {
        let name = magic::name_in(&order.out_order_no).unwrap_or_default();
        let reason = Both::of(|| text!("the number says that the user is refused: {name}"));
        return Err(PayerError { shown: error.message(Language::ZhCn), reason });
    }
    if action == ServiceAction::Pay && magic::name_in(&order.out_order_no) == Some(magic::PAY_FAIL) {
        let reason = Both::of(|| text!("the number says that the money can't be collected: pay-fail"));
        return Err(PayerError { shown: "支付分扣款失败", reason });
    }
    match (order.user(), openid) {
        (Some(ordered), Some(named)) if ordered != named && order.text("sub_openid") != Some(named) => {
            Err(PayerError {
                shown: "下单账号与支付账号不一致，请核实后再支付",
                reason: other_user(ordered, named),
            })
        }
        _ => Ok(()),
    }
}

fn check_permission(
    permission: &Permission,
    action: ServiceAction,
    openid: Option<&str>,
) -> Result<(), PayerError> {
    let reason = match (action, permission.state, &permission.openid, openid) {
        (ServiceAction::Pay, ..) => {
            Both::of(|| text!("expected a service order, found a permission, for which nothing is paid"))
        }
        (_, _, Some(known), Some(named)) if known != named => other_user(known, named),
        (ServiceAction::Confirm, PermissionState::Available, ..) => {
            Both::of(|| text!("expected a permission that is not open yet"))
        }
        _ => return Ok(()),
    };
    Err(PayerError { shown: "当前无权限进行此操作", reason })
}

fn other_user(expected: &str, found: &str) -> Both {
    let [expected, found] = [expected, found].map(quoted);
    Both::of(|| text!("expected the user {expected}, found {found}"))
}

fn described(state: State) -> String {
    match state.description() {
        Some(description) => format!("{}, {description}", state.name()),
        None => state.name().into(),
    }
}
