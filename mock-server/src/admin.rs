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
    answer_body::AnswerBody,
    gateway::Gateway,
    stages::receive::{Peer, Received, receive},
};

pub(crate) use access::Access;
pub use access::{AdminToken, AdminTokenError};
pub use document::ADMIN_OPENAPI;

use answer::Answer;
use call::{Call, Caller};
use document::Document;
use refusal::Refusal;

/// Where it begins.
const ROOT: &str = "/__mock";

/// Whether a request is for the mock, not for the gateway.
pub(crate) fn is_meant<B>(request: &Request<B>) -> bool {
    let rest = request.uri().path().strip_prefix(ROOT);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request for the mock.
pub(crate) async fn answer<B>(gateway: &Arc<Gateway>, request: Request<B>, peer: Peer) -> Response<AnswerBody>
where
    B: Body<Data = Bytes> + Unpin,
{
    // A target that is a whole URL says itself which host is meant.
    let authority = request.uri().authority().map(ToString::to_string);
    let (received, whole) = receive(request, peer, &gateway.limits, &gateway.large_bodies).await;
    let result = match whole {
        Ok(()) => handle(gateway, &received, authority.as_deref()).await,
        Err(rejection) => Err(Refusal::Received(rejection)),
    };
    let keeps_alive = received.keeps_alive && !gateway.door.is_ending();
    result.unwrap_or_else(|refusal| refusal.to_answer()).into_response(keeps_alive)
}

async fn handle(
    gateway: &Arc<Gateway>,
    received: &Received,
    authority: Option<&str>,
) -> Result<Answer, Refusal> {
    let route = Document::current().route(&received.method, received.path());
    let caller = match gateway.access.admit(received, authority) {
        Ok(()) => Caller::Admitted,
        Err(refusal)
            if refusal.is_for_want_of_a_token() && matches!(&route, Ok(route) if route.is_public()) =>
        {
            Caller::Anybody
        }
        Err(refusal) => return Err(refusal),
    };
    let route = route?;
    let call = Call::new(gateway, caller, &route, received)?;
    route.operation.handler.handle(call).await
}
