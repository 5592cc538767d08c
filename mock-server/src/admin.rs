//! Everything under `/__mock/`: what is no part of the gateway, for whoever wants to see and to steer it.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;

use crate::{answer_body::AnswerBody, gateway::Gateway};

/// Where it begins.
const ROOT: &str = "/__mock";

/// Whether a request is for the mock, not for the gateway.
pub(crate) fn is_meant<B>(request: &Request<B>) -> bool {
    let rest = request.uri().path().strip_prefix(ROOT);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request for the mock.
pub(crate) async fn answer<B>(
    gateway: &Arc<Gateway>,
    request: Request<B>,
    peer: Option<SocketAddr>,
) -> Response<AnswerBody>
where
    B: Body<Data = Bytes> + Unpin,
{
    let _ = (gateway, request, peer);
    let mut response = Response::new(AnswerBody::from(Bytes::new()));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
