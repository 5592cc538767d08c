//! One exchange, from request to signed answer: the only file that names all stages.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use wechatpay_protocol::{Timestamp, WECHATPAY_SERIAL};

use crate::{
    answer_body::AnswerBody,
    forensics::diagnose_request,
    gateway::Gateway,
    journal::{Exchange, Progress, Stage},
    log,
    operations::Outcome,
    rejection::Rejection,
    stages::{
        apply::apply, authenticate::authenticate, receive::Received, receive::receive, respond::respond,
        respond::with_diagnosis, route::route, sign::sign, validate::validate,
    },
};

/// Answers one request.
pub(crate) async fn exchange<B>(gateway: &Gateway, request: Request<B>) -> Response<AnswerBody>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (received, whole) = receive(request, &gateway.limits, &gateway.large_bodies).await;
    let (received, now) = (Arc::new(received), gateway.clock.now());
    let mut progress = Progress::default();
    let result = whole.and_then(|()| process(gateway, &received, now, &mut progress));

    let diagnosis = match &result {
        Err(Rejection::SignatureMismatch(_)) if gateway.diagnosis => {
            diagnose_request(&received, gateway.contract, &gateway.identity)
        }
        _ => None,
    };

    let answer = respond(&received, &result, now, gateway.randomness.bytes());
    let answer = with_diagnosis(answer, diagnosis.as_ref());
    let wanted = received.headers.get(WECHATPAY_SERIAL).and_then(|value| value.to_str().ok());
    let merchant = progress.mchid.as_ref();
    let key = merchant.and_then(|merchant| gateway.identity.signing_key(merchant, wanted, now));
    let answer = sign(answer, key, gateway.policies.signed_refusals, now, gateway.randomness.bytes());

    let mut response = Response::new(AnswerBody::from(answer.body.clone()));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers.clone();
    log::exchange(&gateway.journal.record(Exchange::new(now, received, progress, result, diagnosis, answer)));
    response
}

/// What the request comes to: route ─▶ authenticate ─▶ validate ─▶ apply.
fn process(
    gateway: &Gateway,
    received: &Arc<Received>,
    now: Timestamp,
    progress: &mut Progress,
) -> Result<Outcome, Rejection> {
    progress.enter(Stage::Route);
    let routed = route(gateway.contract, Arc::clone(received))?;
    progress.operation = Some(routed.operation.id.as_str());

    progress.enter(Stage::Authenticate);
    let authenticated = authenticate(routed, &gateway.identity, now)?;
    progress.mchid = Some(authenticated.merchant().mchid.clone());

    progress.enter(Stage::Validate);
    let valid = validate(authenticated, gateway.policies.unknown_field)?;

    progress.enter(Stage::Apply);
    apply(gateway, &valid)
}
