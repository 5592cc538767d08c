//! What the user does with a service order or a permission.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wechatpay_protocol::display::quoted;

use super::{
    book::{Book, Payer, Target},
    create, magic,
    order::{ServiceOrder, State},
    permission::{self, Permission, PermissionState, TOKEN_LIVES},
};
use crate::{
    api::language::Language,
    operations::payment::{Refusal, numbers},
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
    /// What a front end opens the page with.
    Package(String),
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
            Self::OutOrderNo(name) | Self::AuthorizationCode(name) | Self::Package(name) => name,
        }
    }

    /// What it is called.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::OutOrderNo(_) => "out_order_no",
            Self::AuthorizationCode(_) => "authorization_code",
            Self::Package(_) => "package",
        }
    }
}

impl Book<'_, '_> {
    /// What this leads to, if the merchant has it.
    pub(crate) fn find(&mut self, target: &ServiceTarget) -> Option<Business> {
        let id = match target {
            ServiceTarget::OutOrderNo(number) => match self.order(number) {
                Some(order) => return Some(Business::Order(order.into())),
                None => self.target(&create::by_number(number)),
            },
            ServiceTarget::AuthorizationCode(code) => self.target(&permission::by_code(code)),
            ServiceTarget::Package(package) => self.target(package),
        };
        match id? {
            Target::Order(id) => Some(Business::Order(self.order(&id)?.into())),
            Target::Permission(id) => Some(Business::Permission(self.permission(&id)?.into())),
        }
    }

    /// Does what the user does. Returns what a query shows then.
    ///
    /// # Errors
    /// If the order is in another state, or this user can't do it.
    pub(crate) fn act(
        &mut self,
        found: Business,
        action: ServiceAction,
        openid: Option<&str>,
    ) -> Result<Value, Refusal> {
        let now = self.now().as_unix();
        match found {
            Business::Order(mut order) => {
                check(&order, action, openid)?;
                match action {
                    ServiceAction::Confirm => self.confirm(&mut order, openid, now),
                    ServiceAction::Pay => self.collect(&mut order, Payer::User, now),
                    ServiceAction::Fail => {}
                }
                Ok(self.shown(&order.id))
            }
            Business::Permission(mut permission) => {
                check_permission(&permission, action)?;
                if action == ServiceAction::Confirm {
                    self.open(&mut permission, openid, now);
                }
                Ok(permission.whole(self.merchant.mchid.as_str()))
            }
        }
    }

    /// A number with which the front end can ask for what its user has come back from. (documented)
    pub(crate) fn query_id(&mut self, order: &ServiceOrder) -> String {
        let query_id = numbers::package(&format!("query_id={}", order.id), self.context.randomness);
        self.name(&query_id, &Target::Order(order.id.clone()));
        query_id
    }

    /// # Errors
    /// If the page of a permission is opened too late.
    pub(crate) fn check_token(&self, permission: &Permission) -> Result<(), Refusal> {
        let age = self.now().as_unix().saturating_sub(permission.renewed);
        if age < TOKEN_LIVES {
            return Ok(());
        }
        let reason =
            format!("expected an apply_permissions_token of less than {TOKEN_LIVES} s, found one of {age} s");
        Err(Refusal { shown: "请求已过期，请重新发起", reason })
    }
}

fn check(order: &ServiceOrder, action: ServiceAction, openid: Option<&str>) -> Result<(), Refusal> {
    let is_possible = match action {
        ServiceAction::Confirm => order.state == State::Created,
        ServiceAction::Pay => order.state == State::Completed,
        ServiceAction::Fail => matches!(order.state, State::Created | State::Completed),
    };
    if !is_possible {
        let (found, wanted) = (
            described(order.state),
            match action {
                ServiceAction::Confirm => "CREATED",
                ServiceAction::Pay => "DOING, MCH_COMPLETE",
                ServiceAction::Fail => "CREATED or DOING, MCH_COMPLETE",
            },
        );
        let reason = format!("expected a service order in state {wanted}, found one in {found}");
        return Err(Refusal { shown: "当前订单状态不合法", reason });
    }
    if action == ServiceAction::Confirm
        && let Some(error) = create::refusal(&order.out_order_no)
    {
        let name = magic::name_in(&order.out_order_no).unwrap_or_default();
        let reason = format!("the number says that the user is refused: {name}");
        return Err(Refusal { shown: error.message(Language::ZhCn), reason });
    }
    if action == ServiceAction::Pay && magic::name_in(&order.out_order_no) == Some(magic::PAY_FAIL) {
        let reason = "the number says that the money can't be collected: pay-fail".into();
        return Err(Refusal { shown: "支付分扣款失败", reason });
    }
    match (&order.openid, openid) {
        (Some(ordered), Some(named)) if ordered != named && order.text("sub_openid") != Some(named) => {
            let reason = format!("expected the user {}, found {}", quoted(ordered), quoted(named));
            Err(Refusal { shown: "下单账号与支付账号不一致，请核实后再支付", reason })
        }
        _ => Ok(()),
    }
}

fn check_permission(permission: &Permission, action: ServiceAction) -> Result<(), Refusal> {
    let reason = match (action, permission.state) {
        (ServiceAction::Confirm, PermissionState::Available) => "expected a permission that is not open yet",
        (ServiceAction::Pay, _) => "expected a service order, found a permission, for which nothing is paid",
        _ => return Ok(()),
    };
    Err(Refusal { shown: "当前无权限进行此操作", reason: reason.into() })
}

fn described(state: State) -> String {
    match state.description() {
        Some(description) => format!("{}, {description}", state.name()),
        None => state.name().into(),
    }
}
