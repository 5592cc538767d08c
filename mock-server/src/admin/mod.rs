//! Everything under `/__mock/`: inspecting and controlling a running mock.
//!
//! This is not part of the gateway: nothing here is signed or recorded in the journal. The handlers describe themselves
//! to utoipa, and `GET /__mock/openapi.json` serves that description.
//!
//! ```text
//! bytes ─▶ receive ─▶ admit ─▶ route ─▶ check ─▶ handler ─▶ bytes
//! ```
//!
//! A caller without access is refused before the path is looked up.

mod access;
pub(crate) mod advertised;
mod business_view;
mod callbacks;
mod clock;
mod contract;
pub(crate) mod control;
mod credentials;
mod document;
mod documents;
pub(crate) mod environment;
mod error;
mod events;
mod exchanges;
mod explain;
mod extract;
mod faults;
mod inspector;
mod json;
mod long;
mod merchants;
mod payment_requests;
mod payments;
mod policies;
mod qr;
mod replay;
mod request_payment;
mod reset;
mod service;
mod service_orders;
mod state;
mod streams;
mod transfers;
mod verify;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    body::{Body, HttpBody, to_bytes},
    extract::{MatchedPath, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Uri,
    header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH},
};
use tower_service::Service;
use utoipa_axum::{router::OpenApiRouter, routes};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Language, Within, text};

use crate::{
    admin::{
        control::Control,
        document::calls,
        error::AdminError,
        extract::check_query_names,
        inspector::{PAGE, WITHOUT_SLASH, lead_to_page},
        long::{IsEndless, IsLong},
    },
    api::{language::Language as Accepted, suggest::near},
    request::receive::{Peer, RawRequest, receive_within},
    response::body::ResponseBody,
};

pub(crate) use crate::admin::access::Access;
pub use crate::admin::access::{AdminToken, AdminTokenError};
pub(crate) use crate::admin::credentials::Ca;
pub use crate::admin::document::admin_openapi;

const ROOT: &str = "/__mock";
const INDEX: &str = "/__mock/";
const HEALTH: &str = "/__mock/health";

/// Whether a request is for `/__mock/` rather than the gateway.
pub(crate) fn is_admin_request<B>(request: &http::Request<B>) -> bool {
    is_admin_path(request.uri().path())
}

/// Whether requests with this path are for `/__mock/`.
pub(crate) fn is_admin_path(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers everything under `/__mock/`.
pub(crate) struct Admin {
    pub(crate) control: Arc<Control>,
    access: Access,
    ca: Arc<dyn Ca>,
    /// Built for the first call: most mocks in tests never get one.
    router: OnceLock<Router>,
}

/// The caller's access. An extension of the request.
#[derive(Clone, Copy, Debug)]
struct Caller {
    /// Whether the caller has full access. Otherwise it may only read the mock's health and the files of the page.
    is_admitted: bool,
    /// Its address; `None` on an in-memory connection.
    address: Option<SocketAddr>,
}

/// Scheme and host of the call, if they lead to this mock. An extension of the request.
#[derive(Clone, Debug)]
struct Origin(Option<String>);

impl Origin {
    /// The origin, or else one that leads to the address that the mock listens on.
    fn or_at(self, listens: SocketAddr) -> String {
        let ip = match listens.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        self.0.unwrap_or_else(|| format!("http://{}", SocketAddr::new(ip, listens.port())))
    }
}

impl Admin {
    pub(crate) fn new(control: Arc<Control>, access: Access, ca: Arc<dyn Ca>) -> Self {
        Self { control, access, ca, router: OnceLock::new() }
    }

    /// Answers in the language that the caller asks for, else in that of the process.
    pub(crate) async fn answer<B>(
        &self,
        request: http::Request<B>,
        peer: Peer,
    ) -> http::Response<ResponseBody>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        match language(request.headers()) {
            Some(language) => Within::new(language, self.respond(request, peer)).await,
            None => self.respond(request, peer).await,
        }
    }

    async fn respond<B>(&self, request: http::Request<B>, peer: Peer) -> http::Response<ResponseBody>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        let gateway = &self.control.gateway;
        let uri = request.uri().clone();
        let most = |head: &RawRequest| self.most_of_body(head, &uri);
        let (received, outcome) =
            receive_within(request, peer, &gateway.limits, &gateway.large_bodies, most).await;
        let wants_keep_alive = received.keeps_alive;
        let response = match outcome {
            Ok(()) => self.handle(received, uri).await,
            Err(error) => AdminError::Receive(error.into()).into_response(),
        };
        finish(response, wants_keep_alive && !gateway.gate.is_shutting_down()).await
    }

    /// The most bytes of a body. That of a whole state may be larger, if the caller may send one.
    fn most_of_body(&self, head: &RawRequest, uri: &Uri) -> usize {
        let limits = &self.control.gateway.limits;
        let is_state = head.method == Method::PUT && uri.path() == state::PATH;
        if is_state && self.access.admit(head, uri.authority()).is_ok() {
            state::most_bytes(limits)
        } else {
            limits.body
        }
    }

    async fn handle(&self, received: RawRequest, uri: Uri) -> Response {
        // The host in an absolute URL takes precedence over the Host header.
        let is_admitted = match self.access.admit(&received, uri.authority()) {
            Ok(()) => true,
            Err(error)
                if error.is_about_token() && received.method == Method::GET && uri.path() == HEALTH =>
            {
                false
            }
            // A browser sends no token when it opens the page.
            Err(AdminError::Token { .. }) if inspector::is_asked_for(&received, uri.path()) => false,
            Err(error) => return error.into_response(),
        };
        let caller = Caller { is_admitted, address: received.peer.address };
        let may_change = received.method != Method::GET;
        let origin = received.own_origin();
        let mut request = Request::new(Body::from(received.body));
        *request.method_mut() = received.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = received.headers;
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(Origin(origin));
        request.extensions_mut().insert(self.access.address());
        request.extensions_mut().insert(Arc::clone(&self.ca));
        let router = self.router.get_or_init(|| router(Arc::clone(&self.control)));
        let losses = self.control.gateway.store.losses();
        let response = match router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if may_change {
            Box::pin(self.control.settle()).await;
        }
        match self.control.gateway.store.lasting_since(losses).await {
            Err(error) if may_change => AdminError::Store(error).into_response(),
            _ => response,
        }
    }
}

/// The language that a caller asks for.
fn language(headers: &HeaderMap) -> Option<Language> {
    headers.get(ACCEPT_LANGUAGE).filter(|value| !value.is_empty())?;
    Some(match Accepted::preferred(headers)? {
        Accepted::En => Language::English,
        _ => Language::Chinese,
    })
}

/// Every call, with its description.
fn api() -> OpenApiRouter<Arc<Control>> {
    OpenApiRouter::new()
        .routes(routes!(service::show_index))
        .routes(routes!(service::show_health))
        .routes(routes!(service::show_openapi))
        .routes(routes!(inspector::show_page))
        .routes(routes!(inspector::show_page_file))
        .routes(routes!(contract::list_operations))
        .routes(routes!(contract::show_contract))
        .routes(routes!(contract::show_family))
        .routes(routes!(service::show_metrics))
        .routes(routes!(exchanges::list_exchanges, exchanges::delete_exchanges))
        .routes(routes!(exchanges::export_exchanges))
        .routes(routes!(exchanges::show_exchange))
        .routes(routes!(verify::list_expectations, verify::verify))
        .routes(routes!(exchanges::decrypted::show_decrypted))
        .routes(routes!(replay::replay_exchange))
        .routes(routes!(replay::curl::show_curl))
        .routes(routes!(replay::replay_request))
        .routes(routes!(events::follow_events))
        .routes(routes!(faults::list_faults, faults::add_fault, faults::delete_faults))
        .routes(routes!(faults::show_fault, faults::delete_fault))
        .routes(routes!(faults::list_fault_names))
        .routes(routes!(clock::show_clock, clock::set_clock))
        .routes(routes!(callbacks::list_callbacks, callbacks::send_callback))
        .routes(routes!(callbacks::show_callback))
        .routes(routes!(callbacks::resend_callback))
        .routes(routes!(callbacks::list_attempts))
        .routes(routes!(payments::list_payments, payments::pay))
        .routes(routes!(documents::list_documents))
        .routes(routes!(documents::show_document, documents::put_document, documents::delete_document))
        .routes(routes!(service_orders::act))
        .routes(routes!(business_view::open_business_view))
        .routes(routes!(request_payment::request_payment))
        .routes(routes!(payment_requests::list_payment_requests))
        .routes(routes!(qr::show_qr))
        .routes(routes!(policies::list_policies))
        .routes(routes!(transfers::confirm))
        .routes(routes!(transfers::request_merchant_transfer))
        .routes(routes!(merchants::list_merchants, merchants::make_merchant))
        .routes(routes!(merchants::show_merchant, merchants::delete_merchant))
        .routes(routes!(credentials::show_credentials))
        .routes(routes!(credentials::show_ca))
        .routes(routes!(environment::make_environment))
        .routes(routes!(reset::reset))
        .routes(routes!(state::export_state, state::import_state))
}

fn router(control: Arc<Control>) -> Router {
    let (router, _) = api().split_for_parts();
    let router = router.route(ROOT, get(service::show_index)).route(WITHOUT_SLASH, get(lead_to_page));
    router.route_layer(from_fn(check)).fallback(unknown_path).with_state(control)
}

/// Refuses a method, query parameter or body that is not in the call's description.
async fn check(path: MatchedPath, request: Request, next: Next) -> Result<Response, AdminError> {
    let path = match path.as_str() {
        ROOT => INDEX,
        WITHOUT_SLASH => PAGE,
        path => path,
    };
    let at_path = || calls().iter().filter(|call| call.path == path);
    let method = request.method().as_str();
    let Some(call) = at_path().find(|call| call.method == method) else {
        let allow: Vec<_> = at_path().map(|call| call.method.as_str()).collect();
        return Err(AdminError::UnknownMethod { allow: allow.join(", "), found: quoted(method) });
    };
    check_query_names(request.uri().query().unwrap_or_default(), &call.query)?;
    let length = request.body().size_hint().lower();
    if !call.takes_body && length > 0 {
        // A caller may believe that the body narrows a call that deletes everything.
        return Err(AdminError::Body(text!("the body: expected none, found {length} bytes")));
    }
    Ok(next.run(request).await)
}

async fn unknown_path(uri: Uri) -> AdminError {
    let nearest = near(uri.path(), calls().iter().map(|call| call.path.as_str())).unwrap_or(INDEX);
    AdminError::UnknownPath { found: quoted(uri.path()), nearest }
}

/// Adds the headers of the connection. All bodies but long and endless ones are already in memory.
async fn finish(response: Response, keeps_alive: bool) -> http::Response<ResponseBody> {
    let (mut head, body) = response.into_parts();
    head.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let body = if head.extensions.get::<IsEndless>().is_some() {
        ResponseBody::endless(body)
    } else if head.extensions.get::<IsLong>().is_some() {
        ResponseBody::streamed(body)
    } else {
        to_bytes(body, usize::MAX).await.unwrap_or_default().into()
    };
    if let Some(length) = body.size_hint().exact() {
        head.headers.insert(CONTENT_LENGTH, length.into());
    }
    if !keeps_alive {
        head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    http::Response::from_parts(head, body)
}
