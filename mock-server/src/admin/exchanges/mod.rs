//! The journal: a list, a long poll, one exchange in full, and an archive.

pub(super) mod decrypted;
pub(super) mod detail;
mod everywhere;
mod follow;
pub(super) mod summary;

use std::{net::SocketAddr, ops::RangeInclusive, str::FromStr, sync::Arc, time::Duration};

use axum::{Extension, extract::State};
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use wechatpay_protocol::{Mchid, Timestamp, display::quoted};
use wechatpay_texts::{phrase, text};

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        exchanges::{
            detail::Detail,
            everywhere::{Asked, Missing},
            follow::{look, next},
            summary::Summary,
        },
        extract::{Query, Segment, parameter},
        json::{Deleted, Json},
        long::Long,
    },
    api::suggest::{advice, near},
    journal::{
        Exchange, Filter, Order, Page,
        har::{Archive, Entry},
    },
    merchants::Merchant,
};

/// The most exchanges in one response.
const MOST: usize = 1000;
/// The default of `limit` in a list.
const USUAL: usize = 100;

/// Selects a merchant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct MerchantQuery {
    /// Only this merchant, by mchid.
    #[serde(deserialize_with = "mchid")]
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,32}$", example = "1900000001")]
    pub(super) merchant: Option<Mchid>,
}

/// Selects exchanges.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterQuery {
    /// Only exchanges whose Authorization names this merchant, by mchid.
    #[serde(deserialize_with = "mchid")]
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,32}$", example = "1900000001")]
    merchant: Option<Mchid>,
    /// Only exchanges that name no merchant of the mock; together with merchant, also that merchant's.
    #[serde(deserialize_with = "boolean")]
    #[param(default = false, example = true)]
    unknown: bool,
    /// Only exchanges of this operation, by the operationId in /__mock/contract.json.
    #[serde(deserialize_with = "operation")]
    #[param(min_length = 1, example = "set_rights")]
    operation: Option<String>,
    /// Only exchanges whose response has this status. Unanswered requests have none.
    #[serde(deserialize_with = "status")]
    #[param(value_type = Option<u16>, minimum = 100, maximum = 599, example = 401)]
    status: Option<StatusCode>,
    /// Only exchanges whose response has this error code. (In an expectation and in a fault rule's match, code is a
    /// member's code instead.)
    #[serde(deserialize_with = "code")]
    #[param(min_length = 1, max_length = 64, example = "SIGN_ERROR")]
    code: Option<String>,
    /// Only exchanges at this time of the mock's clock or later: Unix seconds or RFC 3339. A + is a literal plus sign.
    #[serde(deserialize_with = "time")]
    #[param(value_type = Option<String>, example = "2026-01-01T00:00:00+08:00")]
    since: Option<Timestamp>,
    /// Only exchanges with a number above this one.
    #[serde(deserialize_with = "after")]
    #[param(example = 100)]
    after: Option<u64>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// The order of the list, which also decides which exchanges are left out if there are more than limit. Default:
    /// oldest.
    #[serde(deserialize_with = "order")]
    #[param(inline, example = "newest")]
    order: Option<Order>,
    /// The most exchanges to return.
    #[serde(deserialize_with = "limit")]
    #[param(minimum = 1, maximum = 1000, default = 100, example = 100)]
    limit: Option<usize>,
    /// How many seconds to wait for the next exchange if there are none yet. Exchanges within 20 ms after it are in the
    /// same response.
    #[serde(deserialize_with = "wait")]
    #[param(minimum = 0, maximum = 60, default = 0, example = 30)]
    wait: Option<u64>,
    /// Whether to ask the other mocks of the same Redis as well. Not with after or wait: each mock counts its exchanges for itself.
    #[serde(deserialize_with = "boolean")]
    #[param(default = false, example = false)]
    everywhere: bool,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// The most exchanges to return.
    #[serde(deserialize_with = "limit")]
    #[param(minimum = 1, maximum = 1000, default = 1000, example = 1000)]
    limit: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ExchangePage<'a> {
    /// In the requested order.
    #[schema(max_items = 1000)]
    exchanges: Vec<Summary<'a>>,
    /// Whether there are more exchanges now: later ones, or older ones if the newest come first.
    has_more: bool,
    /// The value of after for the next call. 0 if the after of this call is higher than any number: the mock was
    /// restarted. Also 0 with everywhere.
    last: u64,
    /// The mocks whose exchanges are not in the list. Only with everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Vec<Missing>>,
}

/// Lists exchanges in short, or waits for the next one.
#[utoipa::path(
    get,
    path = "/__mock/exchanges",
    params(FilterQuery, ListQuery),
    responses((
        status = 200,
        description = "The matching exchanges. For the next page, oldest first, pass last as after.",
        body = ExchangePage
    ), (
        status = 421,
        description = "Mock-Id, which a mock sends to another, names another mock.",
        body = Error
    ), (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error))
)]
pub(super) async fn list_exchanges(
    State(control): State<Arc<Control>>,
    Extension(address): Extension<SocketAddr>,
    asked: Asked,
    Query(filter): Query<FilterQuery>,
    Query(ListQuery { order, limit, wait, everywhere }): Query<ListQuery>,
) -> Result<Long, AdminError> {
    let (filter, order, limit) = (filter.check(&control)?, order.unwrap_or_default(), limit.unwrap_or(USUAL));
    if everywhere || asked.is_by_mock() {
        if everywhere && (wait.is_some() || filter.after > 0) {
            return Err(AdminError::Query(text!(
                "everywhere: expected neither after nor wait with it, found one of them; each mock counts its \
                 exchanges for itself, so call each by its own address"
            )));
        }
        let list = everywhere::List {
            order,
            limit,
            page: look(&control.gateway.journal, &filter, order, limit).page,
        };
        // Boxed, since it is larger than all else here and seldom needed.
        return Box::pin(list.answer(&control, address, asked)).await;
    }
    let seen = match wait {
        None | Some(0) => look(&control.gateway.journal, &filter, order, limit),
        Some(seconds) => {
            let (journal, gate) = (&control.gateway.journal, &control.gateway.gate);
            next(journal, gate, filter, order, limit, Duration::from_secs(seconds)).await
        }
    };
    let frame =
        ExchangePage { exchanges: Vec::new(), has_more: seen.page.has_more, last: seen.last, missing: None };
    let exchanges = kept(&control, &seen.page);
    Long::list(&control, &frame, exchanges.map(|exchange| Json::of(&Summary::of(&exchange)).into_bytes()))
}

/// Exports exchanges as an HTTP archive (HAR 1.2), oldest first, and after them the callbacks that were sent, unless a filter is
/// about requests.
#[utoipa::path(
    get,
    path = "/__mock/exchanges.har",
    params(FilterQuery, ExportQuery),
    responses((
        status = 200,
        description = "The matching exchanges. The comment of log says if there are more.",
        body = Archive
    ), (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error))
)]
pub(super) async fn export_exchanges(
    State(control): State<Arc<Control>>,
    Extension(address): Extension<SocketAddr>,
    Query(filter): Query<FilterQuery>,
    Query(ExportQuery { limit }): Query<ExportQuery>,
) -> Result<Long, AdminError> {
    let filter = filter.check(&control)?;
    let page = control.gateway.journal.page(&filter, Order::Oldest, limit.unwrap_or(MOST));
    let entries = kept(&control, &page).map(move |exchange| Entry::of(&exchange, address));
    let has_callbacks = filter.operation.is_none() && filter.status.is_none() && filter.code.is_none();
    // Callbacks are always a merchant's.
    let has_callbacks = has_callbacks && (filter.merchant.is_some() || !filter.unknown);
    let mchid = filter.merchant.as_deref().and_then(|mchid| mchid.parse().ok());
    let attempts = if has_callbacks && !page.has_more && filter.after == 0 {
        control.gateway.journal.attempts.after(mchid.as_ref(), 0).0
    } else {
        Vec::new()
    };
    let since = filter.since;
    let attempts = attempts.into_iter().filter(move |one| since.is_none_or(|since| one.attempt.at >= since));
    let callbacks = attempts.filter_map(|attempted| Entry::of_attempt(&attempted));
    let entries = entries.chain(callbacks).map(|entry| Json::of(&entry).into_bytes());
    Long::list(&control, &Archive::without_entries(&page), entries)
}

/// Shows an exchange in full.
#[utoipa::path(
    get,
    path = "/__mock/exchanges/{number}",
    params(("number" = u64, Path, description = "The exchange's number.", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "The exchange.", body = Detail),
        (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
    )
)]
pub(super) async fn show_exchange(
    State(control): State<Arc<Control>>,
    segment: Segment,
) -> Result<Long, AdminError> {
    let exchange = control.exchange(segment.number()?)?;
    Long::of(&control, &Detail::of(&exchange))
}

/// The exchanges of a page that are still in the journal when they are taken: a page that is read slowly keeps none of
/// them in memory.
fn kept(control: &Control, page: &Page) -> impl Iterator<Item = Arc<Exchange>> + use<> {
    let numbers: Vec<_> = page.exchanges.iter().map(|exchange| exchange.number).collect();
    let journal = Arc::clone(&control.gateway.journal);
    numbers.into_iter().filter_map(move |number| journal.exchange(number))
}

/// Deletes all exchanges, or those of one merchant.
#[utoipa::path(
    delete,
    path = "/__mock/exchanges",
    params(MerchantQuery),
    responses((status = 200, description = "The number of deleted exchanges.", body = Deleted))
)]
pub(super) async fn delete_exchanges(
    State(control): State<Arc<Control>>,
    Query(MerchantQuery { merchant }): Query<MerchantQuery>,
) -> Json {
    // So that no exchange is recorded before what it has changed.
    let _between = control.gateway.between_exchanges();
    Json::of(&Deleted { deleted: control.gateway.journal.clear(merchant.as_ref()) })
}

impl MerchantQuery {
    /// The merchant, or else the first one.
    ///
    /// # Errors
    /// [`AdminError::NoMerchant`]
    pub(super) fn known(&self, control: &Control) -> Result<Arc<Merchant>, AdminError> {
        let merchants = &control.gateway.merchants;
        let found = match &self.merchant {
            Some(mchid) => merchants.merchant(mchid.as_str()),
            None => merchants.first(),
        };
        found.ok_or_else(|| AdminError::NoMerchant {
            found: self
                .merchant
                .as_ref()
                .map_or_else(|| phrase!("none").to_string(), |mchid| quoted(mchid.as_str())),
        })
    }
}

impl FilterQuery {
    fn check(self, control: &Control) -> Result<Filter, AdminError> {
        let contract = &control.gateway.contract;
        if let Some(found) = &self.operation
            && contract.operation(found).is_none()
        {
            let near = near(found, contract.operation_ids()).unwrap_or_default();
            let advice = advice(near, phrase!("GET /__mock/operations lists them").text());
            let found = quoted(found);
            let problem = text!("operation: expected an operationId, found {found}{advice}");
            return Err(AdminError::Query(problem));
        }
        Ok(Filter {
            merchant: self.merchant.map(|mchid| mchid.to_string()),
            unknown: self.unknown,
            operation: self.operation,
            status: self.status,
            code: self.code,
            since: self.since,
            after: self.after.unwrap_or(0),
        })
    }
}

pub(super) fn mchid<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Mchid>, D::Error> {
    parameter(text, phrase!("an mchid, 1 to 32 digits"), |text| text.parse().ok())
}

fn operation<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    // FilterQuery::check compares it with the contract.
    parameter(text, phrase!("an operationId"), |text| Some(text.into()))
}

fn status<'de, D: Deserializer<'de>>(text: D) -> Result<Option<StatusCode>, D::Error> {
    parameter(text, phrase!("100 to 599"), |text| StatusCode::from_u16(within(100..=599, text)?).ok())
}

fn code<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    parameter(text, phrase!("1 to 64 characters"), |text| (1..=64).contains(&text.len()).then(|| text.into()))
}

fn time<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Timestamp>, D::Error> {
    parameter(text, phrase!("Unix seconds, or RFC 3339 since 1970"), |text| {
        let seconds = text.parse().ok().map(Timestamp::from_unix);
        seconds.or_else(|| Timestamp::from_rfc3339(text).ok())
    })
}

pub(super) fn after<'de, D: Deserializer<'de>>(text: D) -> Result<Option<u64>, D::Error> {
    parameter(text, phrase!("a number of 0 or more"), |text| text.parse().ok())
}

fn order<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Order>, D::Error> {
    parameter(text, phrase!("oldest or newest"), |text| match text {
        "oldest" => Some(Order::Oldest),
        "newest" => Some(Order::Newest),
        _ => None,
    })
}

pub(super) fn limit<'de, D: Deserializer<'de>>(text: D) -> Result<Option<usize>, D::Error> {
    parameter(text, phrase!("1 to 1000"), |text| within(1..=MOST, text))
}

pub(super) fn wait<'de, D: Deserializer<'de>>(text: D) -> Result<Option<u64>, D::Error> {
    parameter(text, phrase!("0 to 60 seconds"), |text| within(0..=60, text))
}

fn boolean<'de, D: Deserializer<'de>>(text: D) -> Result<bool, D::Error> {
    let found = parameter(text, phrase!("true or false"), |text| text.parse().ok());
    found.map(Option::unwrap_or_default)
}

fn within<T: FromStr + PartialOrd>(range: RangeInclusive<T>, text: &str) -> Option<T> {
    text.parse().ok().filter(|number| range.contains(number))
}
