//! Everything under `/__mock/`: what is no part of the gateway, for whoever wants to see and to steer it.
//!
//! `fixtures/contract/admin.openapi.json` describes every call, and calls are routed by it. Nothing here is signed, and
//! nothing comes into the journal.
//!
//! ```text
//! bytes ─▶ receive ─▶ route ─▶ admit ─▶ handle ─▶ bytes
//! ```
//!
//! A call that is not admitted is told so before it is told that there is no such path.

mod access;
mod answer;
mod body;
mod call;
mod clock;
pub(crate) mod control;
mod document;
mod exchanges;
mod faults;
mod handler;
mod merchants;
mod query;
mod refusal;
mod reset;
mod service;
mod verify;

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;

use crate::{
    admin::{
        answer::Answer,
        call::{Call, Caller},
        control::Control,
        document::Document,
        refusal::Refusal,
    },
    request::receive::{Peer, RawRequest, receive},
    response::body::ResponseBody,
};

pub(crate) use crate::admin::access::Access;
pub use crate::admin::access::{AdminToken, AdminTokenError};
pub use crate::admin::document::ADMIN_OPENAPI;

/// Where it begins.
const ROOT: &str = "/__mock";

/// Whether a request is for the mock, not for the gateway.
pub(crate) fn is_meant<B>(request: &Request<B>) -> bool {
    let rest = request.uri().path().strip_prefix(ROOT);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Everything under `/__mock/`.
pub(crate) struct Admin {
    pub(crate) control: Arc<Control>,
    pub(crate) access: Access,
}

impl Admin {
    /// Answers a request for the mock.
    pub(crate) async fn answer<B>(&self, request: Request<B>, peer: Peer) -> Response<ResponseBody>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let gateway = &self.control.gateway;
        // A target that is a whole URL says itself which host is meant.
        let authority = request.uri().authority().map(ToString::to_string);
        let (received, whole) = receive(request, peer, &gateway.limits, &gateway.large_bodies).await;
        let result = match whole {
            Ok(()) => self.handle(&received, authority.as_deref()).await,
            Err(rejection) => Err(Refusal::RawRequest(rejection)),
        };
        let keeps_alive = received.keeps_alive && !gateway.gate.is_shutting_down();
        result.unwrap_or_else(|refusal| refusal.to_answer()).into_response(keeps_alive)
    }

    async fn handle(&self, received: &RawRequest, authority: Option<&str>) -> Result<Answer, Refusal> {
        let route = Document::current().route(&received.method, received.path());
        let caller = match self.access.admit(received, authority) {
            Ok(()) => Caller::Admitted,
            Err(refusal)
                if refusal.is_for_want_of_a_token() && matches!(&route, Ok(route) if route.is_public()) =>
            {
                Caller::Anybody
            }
            Err(refusal) => return Err(refusal),
        };
        let route = route?;
        let call = Call::new(&self.control, self.access.address(), caller, &route, received)?;
        route.operation.handler.handle(call).await
    }
}
