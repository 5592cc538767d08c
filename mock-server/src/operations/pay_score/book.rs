//! One merchant's service orders and permissions within one change.

use std::sync::Arc;

use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

use super::{
    kind,
    order::{Detail, ServiceOrder, State},
    permission::{Permission, PermissionState},
    view,
};
use crate::{
    merchants::Merchant,
    operations::{
        Context,
        payment::{
            collected::{self, Collected},
            ledger::Ledger,
            numbers,
        },
    },
    store::Documents,
};

/// One merchant's service orders and permissions. What it reads is as it is by now: what was due has happened.
pub(crate) struct Book<'l, 'd> {
    pub(super) context: &'l Context<'l>,
    pub(super) merchant: &'l Arc<Merchant>,
    pub(super) documents: &'l mut Documents<'d>,
}

/// The most open permissions of a user for a service that are kept as that user's. (own choice)
const MOST_PERMISSIONS: usize = 16;

/// What a number is for: one is not accepted for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Opens the page of an order.
    Package,
    /// Finds the order that a user has come back from.
    QueryId,
    /// Opens the page of a permission.
    Token,
    /// The number of a sub-merchant's order: the last one of any sub-merchant is found.
    OutOrderNo,
    /// The code of a permission: the last one of any sub-merchant is found.
    AuthorizationCode,
}

impl Purpose {
    fn id(self, number: &str) -> String {
        let purpose = match self {
            Self::Package => "package",
            Self::QueryId => "query_id",
            Self::Token => "apply_permissions_token",
            Self::OutOrderNo => "out_order_no",
            Self::AuthorizationCode => "authorization_code",
        };
        format!("{purpose}={number}")
    }
}

/// What a number leads to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Target {
    /// The order with this ID.
    Order(String),
    /// The permission with this ID.
    Permission(String),
}

/// How money is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payer {
    /// The user pays on the page of the order: the payment has the order's number. (documented)
    User,
    /// WeChat Pay takes it: the payment has a number of the gateway's. (documented)
    Gateway,
}

impl<'l, 'd> Book<'l, 'd> {
    pub(crate) fn new(
        context: &'l Context<'l>,
        merchant: &'l Arc<Merchant>,
        documents: &'l mut Documents<'d>,
    ) -> Self {
        Self { context, merchant, documents }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.context.now
    }

    /// The order with this ID.
    pub(super) fn order(&mut self, id: &str) -> Option<ServiceOrder> {
        let mut order: ServiceOrder = self.documents.get(kind::ORDER, id)?;
        let due = order.due(self.now());
        match order.state {
            State::Created => match due.filter(|at| *at < order.expires()) {
                Some(at) => self.confirm(&mut order, None, at),
                None if order.expires() <= self.now().as_unix() => {
                    order.state = State::Expired;
                    self.put(&order);
                }
                None => {}
            },
            State::Completed => {
                if let Some(at) = due {
                    self.collect(&mut order, Payer::Gateway, at);
                }
            }
            State::Confirmed | State::Done | State::Revoked | State::Expired => {}
        }
        Some(order)
    }

    pub(super) fn put(&mut self, order: &ServiceOrder) {
        self.documents.put(kind::ORDER, &order.id, order);
    }

    /// What a number leads to.
    pub(super) fn target(&mut self, purpose: Purpose, number: &str) -> Option<Target> {
        self.documents.get(kind::NUMBER, &purpose.id(number))
    }

    pub(super) fn name(&mut self, purpose: Purpose, number: &str, target: &Target) {
        self.documents.put(kind::NUMBER, &purpose.id(number), target);
    }

    /// Makes the user act by itself.
    pub(super) fn remind(&mut self, will: Option<u64>, kind: &str, id: &str) {
        if let Some(at) = will {
            self.documents.remind(Timestamp::from_unix(at), kind, id);
        }
    }

    /// The user confirms an order that is created. The callback is sent with the change.
    pub(super) fn confirm(&mut self, order: &mut ServiceOrder, openid: Option<&str>, at: u64) {
        self.begin(order, openid);
        self.tell(order, "PAYSCORE.USER_CONFIRM", at);
    }

    /// The service begins.
    pub(super) fn begin(&mut self, order: &mut ServiceOrder, openid: Option<&str>) {
        if order.user().is_none() {
            let openid = openid.map(str::to_owned);
            order.openid = Some(openid.unwrap_or_else(|| numbers::openid(self.context.randomness)));
        }
        order.state = State::Confirmed;
        order.will = None;
        self.put(order);
        self.count(order, 1);
    }

    /// All that is left of an order is collected. The callback is sent with the change.
    pub(super) fn collect(&mut self, order: &mut ServiceOrder, payer: Payer, at: u64) {
        let openid = order.user().unwrap_or_default().to_owned();
        let Some(completion) = &mut order.completion else { return };
        let out_trade_no = match payer {
            Payer::User => order.out_order_no.clone(),
            Payer::Gateway => collected::out_trade_no(&order.order_id),
        };
        let amount = completion.rest();
        let transaction_id = collected::record(
            &mut Ledger::new(self.context, self.merchant, self.documents),
            &Collected {
                order_id: &order.order_id,
                fields: &order.fields,
                out_order_no: &order.out_order_no,
                out_trade_no: &out_trade_no,
                openid: &openid,
                amount,
                at,
            },
        );
        completion.out_trade_no = Some(out_trade_no);
        let detail = Detail {
            amount,
            paid_time: numbers::digits_of_time(Timestamp::from_unix(at)),
            transaction_id: Some(transaction_id),
            synced: None,
        };
        completion.details.push(detail);
        self.finish(order, State::Done);
        self.tell(order, "PAYSCORE.USER_PAID", at);
    }

    /// Keeps an order whose total or payments have changed: nothing may be left to be collected.
    pub(super) fn put_collected(&mut self, order: &mut ServiceOrder) {
        if order.completion.as_ref().is_none_or(|completion| completion.rest() == 0) {
            self.finish(order, State::Done);
        } else {
            self.put(order);
        }
    }

    /// An order comes to its end.
    pub(super) fn finish(&mut self, order: &mut ServiceOrder, state: State) {
        if order.state.is_doing() {
            self.count(order, -1);
        }
        order.state = state;
        order.will = None;
        self.put(order);
    }

    fn tell(&mut self, order: &ServiceOrder, event_type: &str, at: u64) {
        let Some(url) = order.text("notify_url").or(self.merchant.notify_url.as_deref()) else { return };
        let Some(event) = self.context.contract.event(event_type) else { return };
        let mut all = view::whole(order, self.merchant.mchid.as_str());
        for name in ["post_payments", "post_discounts"] {
            if all[name].is_null() {
                all[name] = json!([]);
            }
        }
        let data = view::picked(event.variant_of(&all).as_value(), &all);
        self.context.send_exactly(self.documents, event_type, url, &data, at);
    }

    /// Counts the orders of a user that are not finished.
    fn count(&mut self, order: &ServiceOrder, change: i64) {
        let Some(openid) = order.user() else { return };
        let id = user_id(order.text("sub_mchid"), order.text("service_id").unwrap_or_default(), openid);
        let mut user = self.user(&id);
        user.orders = user.orders.saturating_add_signed(change);
        self.documents.put(kind::USER, &id, &user);
    }

    /// What a user has with a service.
    pub(super) fn user(&mut self, id: &str) -> User {
        self.documents.get(kind::USER, id).unwrap_or_default()
    }

    /// The permission with this ID.
    pub(super) fn permission(&mut self, id: &str) -> Option<Permission> {
        let mut permission: Permission = self.documents.get(kind::PERMISSION, id)?;
        if permission.state == PermissionState::UnboundUser
            && let Some(at) = permission.will.filter(|at| *at <= self.now().as_unix())
        {
            self.open(&mut permission, None, at);
        }
        Some(permission)
    }

    /// A user opens the service. The callback is sent with the change.
    pub(super) fn open(&mut self, permission: &mut Permission, openid: Option<&str>, at: u64) {
        let openid = permission.openid.take().or_else(|| openid.map(str::to_owned));
        permission.openid = Some(openid.unwrap_or_else(|| numbers::openid(self.context.randomness)));
        permission.state = PermissionState::Available;
        permission.opened = Some(at);
        permission.ended = None;
        permission.will = None;
        self.put_permission(permission);
        if let Some(id) = user_of(permission) {
            let mut user = self.user(&id);
            user.permissions.retain(|known| *known != permission.id && self.is_open(known));
            let oldest = user.permissions.len().saturating_sub(MOST_PERMISSIONS - 1);
            user.permissions.drain(..oldest);
            user.permissions.push(permission.id.clone());
            self.documents.put(kind::USER, &id, &user);
        }
        self.tell_of(permission, "USER_OPEN_SERVICE", at);
    }

    /// A permission ends. The callback is sent with the change.
    pub(super) fn end(&mut self, permission: &mut Permission) {
        let at = self.now().as_unix();
        permission.state = PermissionState::Unavailable;
        permission.ended = Some(at);
        self.put_permission(permission);
        // What the user has is the last one that is open, or else the last one.
        if let Some(id) = user_of(permission) {
            let mut user = self.user(&id);
            if user.permissions.iter().any(|known| self.is_open(known)) {
                user.permissions.retain(|known| *known != permission.id);
                self.documents.put(kind::USER, &id, &user);
            }
        }
        self.tell_of(permission, "USER_CLOSE_SERVICE", at);
    }

    fn is_open(&mut self, id: &str) -> bool {
        let permission: Option<Permission> = self.documents.get(kind::PERMISSION, id);
        permission.as_ref().is_some_and(Permission::is_open)
    }

    pub(super) fn put_permission(&mut self, permission: &Permission) {
        self.documents.put(kind::PERMISSION, &permission.id, permission);
    }

    fn tell_of(&mut self, permission: &Permission, status: &str, at: u64) {
        let Some(url) = permission.text("notify_url").or(self.merchant.notify_url.as_deref()) else { return };
        let event_type = format!("PAYSCORE.{status}");
        let mut all = permission.whole(self.merchant.mchid.as_str());
        all["user_service_status"] = status.into();
        all["openorclose_time"] = numbers::digits_of_time(Timestamp::from_unix(at)).into();
        let Some(event) = self.context.contract.event(&event_type) else { return };
        let data = view::picked(event.variant_of(&all).as_value(), &all);
        self.context.send_exactly(self.documents, &event_type, url, &data, at);
    }

    /// The order as a query shows it, with its merchant.
    pub(crate) fn shown(&mut self, id: &str) -> Value {
        let order = self.order(id);
        order.map_or(Value::Null, |order| view::whole(&order, self.merchant.mchid.as_str()))
    }
}

/// What a user has with a service.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct User {
    /// How many of its orders are not finished.
    #[serde(default)]
    pub(super) orders: u64,
    /// The IDs of its permissions that are open, the last one last; or that of its last one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) permissions: Vec<String>,
}

/// The ID of a user's in the store.
pub(super) fn user_id(sub_mchid: Option<&str>, service_id: &str, openid: &str) -> String {
    json!([sub_mchid, service_id, openid]).to_string()
}

/// The ID of the user of a permission.
pub(super) fn user_of(permission: &Permission) -> Option<String> {
    let service_id = permission.text("service_id").unwrap_or_default();
    Some(user_id(permission.text("sub_mchid"), service_id, permission.openid.as_deref()?))
}
