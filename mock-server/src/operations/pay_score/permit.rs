//! What a merchant does with permissions: applies for one, looks at it, and ends it.

use serde_json::{Value, json};

use super::{
    book::{Book, Purpose, Target, user_id, user_of},
    create::check_appid,
    kind,
    permission::{Permission, PermissionState},
    view,
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{
        Context,
        payment::{numbers, order::Order, parties},
        resource,
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::{Documents, Fingerprint},
};

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
        None => sample(context, request).or_else(|error| match request.sent("authorization_code") {
            Some(_) => Err(error),
            None => Ok(view::respond(request, &nothing(request))),
        }),
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
        return sample(context, request);
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

/// The answer about a permission that nobody asked for: the documentation's sample, or an error.
fn sample(context: &Context<'_>, request: &ValidRequest<'_>) -> Result<OperationResponse, ApiError> {
    let names = ["authorization_code", "openid", "sub_openid"];
    resource::sample_or(context, request, &names, OperationError::UnknownPermission)
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
