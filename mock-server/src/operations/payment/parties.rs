//! Whether the merchants, appids and users that a request names belong together.

use serde_json::Value;

use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::Context,
    policies::AppidMismatch,
    request::validate::ValidRequest,
};

/// Checks the merchants, appids and users of an order. The order of the checks is an own choice.
pub(super) fn check(context: &Context<'_>, request: &ValidRequest<'_>) -> Result<(), ApiError> {
    check_mchid(request)?;
    let body = request.body();
    let text = |name: &str| body[name].as_str();
    let own = ["appid", "sp_appid", "combine_appid"].iter().find_map(|name| text(name));
    let known = &request.merchant().appids;
    if own.is_some_and(|appid| !known.is_empty() && !known.iter().any(|known| known == appid)) {
        return Err(match context.policies.appid_mismatch {
            AppidMismatch::Param => OperationError::OtherAppid,
            AppidMismatch::Code => OperationError::OtherAppidDocumented,
        }
        .into());
    }
    let sub_orders = body["sub_orders"].as_array().into_iter().flatten();
    let mut pairs = sub_orders.map(|order| (order["sub_mchid"].as_str(), order["mchid"].as_str()));
    let is_same = |(sub, own): (Option<&str>, Option<&str>)| sub.is_some() && sub == own;
    if is_same((text("sub_mchid"), text("sp_mchid"))) || pairs.any(is_same) {
        return Err(OperationError::SameSubMchid.into());
    }
    if text("sub_appid").is_some_and(|sub| text("sp_appid") == Some(sub)) {
        return Err(OperationError::SameSubAppid.into());
    }
    if body["payer"]["sub_openid"].is_string() && text("sub_appid").is_none() {
        return Err(OperationError::SubOpenidWithoutAppid.into());
    }
    Ok(())
}

/// Checks that the request's own merchant is the one that signed it.
pub(super) fn check_mchid(request: &ValidRequest<'_>) -> Result<(), ApiError> {
    let named = |name: &str| request.body()[name].as_str().or_else(|| request.sent(name)).map(str::to_owned);
    let own = ["mchid", "sp_mchid", "combine_mchid"].iter().find_map(|name| named(name));
    match own {
        Some(mchid) if mchid != request.merchant().mchid.as_str() => Err(OperationError::OtherMchid.into()),
        _ => Ok(()),
    }
}

/// Who is paid: the sub-merchant, if the request names one, or else the merchant.
pub(in crate::operations) fn payee<'r>(request: &'r ValidRequest<'_>) -> &'r str {
    let named = |name: &str| request.body()[name].as_str().or_else(|| request.sent(name));
    named("sub_mchid").filter(|mchid| !mchid.is_empty()).unwrap_or(request.merchant().mchid.as_str())
}

/// Whether an order names a user.
pub(super) fn has_openid(body: &Value) -> bool {
    ["openid", "sp_openid", "sub_openid"].iter().any(|name| body["payer"][*name].is_string())
}
