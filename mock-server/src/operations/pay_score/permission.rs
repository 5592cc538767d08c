//! Permissions: a user lets a merchant create orders without a confirmation.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

use super::{
    book::{Book, MOST_PERMISSIONS, Purpose, Target, user_id},
    create::check_appid,
    kind, view,
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{
        Context, example,
        payment::{Order, numbers, parties},
        resource,
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::{Documents, Fingerprint},
};

/// How long the user's page can be opened with a token, in seconds. (documented)
pub(super) const TOKEN_LIVES: u64 = 60 * 60;

/// A permission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Permission {
    /// Its ID in the store.
    pub(super) id: String,
    pub(super) authorization_code: String,
    /// What was applied for.
    fields: Value,
    content: String,
    /// What the front end opens the user's page with.
    pub(super) token: String,
    /// When the token was made.
    pub(super) renewed: u64,
    pub(super) state: PermissionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) openid: Option<String>,
    /// When the user opened the service, and ended that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opened: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<u64>,
    /// When the user opens the service by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) will: Option<u64>,
}

/// `authorization_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum PermissionState {
    /// Applied for, but no user has opened the service.
    UnboundUser,
    Available,
    /// The user or the merchant has ended it.
    Unavailable,
}

impl PermissionState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UnboundUser => "UNBINDUSER",
            Self::Available => "AVAILABLE",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}

impl Permission {
    pub(super) fn is_open(&self) -> bool {
        self.state == PermissionState::Available
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str()
    }

    /// Everything that any answer shows of it.
    pub(crate) fn whole(&self, mchid: &str) -> Value {
        let mut all = self.fields.clone();
        all["mchid"] = mchid.into();
        all["apply_permissions_token"] = self.token.as_str().into();
        all["authorization_state"] = self.state.name().into();
        // The answer has only these two values.
        all["use_service_state"] = if self.is_open() { "AVAILABLE" } else { "UNAVAILABLE" }.into();
        if let Some(openid) = &self.openid {
            all["openid"] = openid.as_str().into();
        }
        let times = [("authorization_success_time", self.opened), ("cancel_authorization_time", self.ended)];
        for (name, at) in times {
            if let Some(at) = at {
                all[name] = Timestamp::from_unix(at).to_rfc3339().into();
            }
        }
        all
    }
}

impl Book<'_, '_> {
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
    fn end(&mut self, permission: &mut Permission) {
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

    fn put_permission(&mut self, permission: &Permission) {
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
}

/// The ID of the user of a permission.
fn user_of(permission: &Permission) -> Option<String> {
    let service_id = permission.text("service_id").unwrap_or_default();
    Some(user_id(permission.text("sub_mchid"), service_id, permission.openid.as_deref()?))
}

/// `POST /v3/payscore/permissions`, and the partner's. The same application again renews its token.
pub(super) fn apply(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_appid(request)?;
    let mut book = Book::new(context, request.merchant(), documents);
    let (fields, now) = (request.plain(), book.now().as_unix());
    let code = fields["authorization_code"].as_str().unwrap_or_default();
    let id = Order::id(&request.merchant().mchid, parties::payee(request), code);
    let content = Fingerprint::of(fields).to_hex();
    let mut warning = None;
    let permission = match book.permission(&id) {
        Some(known) if known.content != content => return Err(OperationError::PermissionRepeated.into()),
        Some(known) => {
            warning = Some(Warning::Repeated);
            Permission { renewed: now, ..known }
        }
        None => Permission {
            id: id.clone(),
            authorization_code: code.into(),
            fields: fields.clone(),
            content,
            token: numbers::package(&format!("authorization_code={id}"), context.randomness),
            renewed: now,
            state: PermissionState::UnboundUser,
            openid: None,
            opened: None,
            ended: None,
            will: context.payments.auto_confirm.map(|after| now.saturating_add(after.as_secs())),
        },
    };
    book.put_permission(&permission);
    let target = Target::Permission(id.clone());
    book.name(Purpose::Token, &permission.token, &target);
    book.name(Purpose::AuthorizationCode, code, &target);
    if warning.is_none() {
        book.remind(permission.will, kind::PERMISSION, &id);
    }
    let mut response = view::respond(request, &permission.whole(request.merchant().mchid.as_str()));
    response.warnings.extend(warning);
    Ok(response)
}

/// `GET …/permissions/authorization-code/{authorization_code}`, `…/openid/{openid}`, the partner's `…/search` and `…/user-service-state`. A user without a
/// permission has one that is not available. (own choice)
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut book = Book::new(context, request.merchant(), documents);
    match named(&mut book, request) {
        Some(permission) => Ok(view::respond(request, &permission.whole(request.merchant().mchid.as_str()))),
        None if is_sample(request) => example::answer(context, request, documents),
        None if request.sent("authorization_code").is_some() => Err(OperationError::UnknownPermission.into()),
        None => Ok(view::respond(request, &nothing(request))),
    }
}

/// `POST …/terminate`, by authorization code or by user, who then has no permission that is open.
pub(super) fn terminate(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut book = Book::new(context, request.merchant(), documents);
    let Some(mut permission) = named(&mut book, request) else {
        return match is_sample(request) {
            true => example::answer(context, request, documents),
            false => Err(OperationError::UnknownPermission.into()),
        };
    };
    if !permission.is_open() {
        return Err(OperationError::PermissionNotOpen.into());
    }
    let user = user_of(&permission).map(|id| book.user(&id)).unwrap_or_default();
    if user.orders > 0 {
        return Err(OperationError::PermissionInUse.into());
    }
    if sent(request, "authorization_code").is_none() {
        for id in user.permissions.iter().filter(|id| **id != permission.id) {
            if let Some(mut other) = book.permission(id).filter(Permission::is_open) {
                book.end(&mut other);
            }
        }
    }
    book.end(&mut permission);
    Ok(OperationResponse::no_content(Vec::new()))
}

/// The permission that the request names, by its code or by its user.
fn named(book: &mut Book<'_, '_>, request: &ValidRequest<'_>) -> Option<Permission> {
    let sent = |name: &str| sent(request, name);
    let openid = sent("openid").or_else(|| sent("sub_openid"));
    let id = match sent("authorization_code") {
        Some(code) => Order::id(&request.merchant().mchid, parties::payee(request), code),
        None => {
            let id = user_id(sent("sub_mchid"), sent("service_id").unwrap_or_default(), openid?);
            book.user(&id).permissions.pop()?
        }
    };
    let permission = book.permission(&id)?;
    let is_same = |name: &str| sent(name).is_none_or(|named| permission.text(name) == Some(named));
    let is_users = openid.is_none_or(|named| permission.openid.as_deref() == Some(named));
    (is_users && is_same("service_id") && is_same("sub_mchid")).then_some(permission)
}

/// What a request says of this name, in its body, its path or its query.
fn sent<'r>(request: &'r ValidRequest<'_>, name: &str) -> Option<&'r str> {
    let text = request.body()[name].as_str().or_else(|| request.sent(name));
    text.filter(|text| !text.is_empty())
}

fn is_sample(request: &ValidRequest<'_>) -> bool {
    ["authorization_code", "openid", "sub_openid"].iter().any(|name| resource::is_sample(request, name))
}

/// What a user without a permission has.
fn nothing(request: &ValidRequest<'_>) -> Value {
    let mut all = json!({
        "mchid": request.merchant().mchid.as_str(),
        "authorization_state": "UNAVAILABLE",
        "use_service_state": "UNAVAILABLE",
    });
    for (name, value) in request.parameters() {
        all[*name] = value.as_str().into();
    }
    all
}
