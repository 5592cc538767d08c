//! One exchange, from request to signed answer: the only file that names all stages.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use wechatpay_protocol::{Timestamp, WECHATPAY_SERIAL};

use crate::{
    answer_body::AnswerBody,
    faults::{Line, Strike},
    gateway::Gateway,
    journal::{Exchange, Progress, Stage},
    log,
    operations::Outcome,
    rejection::Rejection,
    stages::{
        apply::apply,
        authenticate::{authenticate, named_merchant},
        receive::{Peer, Received, receive},
        respond::{Answer, respond, with_diagnosis},
        route::route,
        sign::sign,
        validate::validate,
    },
};

/// Answers one request that came over this line.
pub(crate) async fn exchange<B>(
    gateway: &Arc<Gateway>,
    request: Request<B>,
    peer: Peer,
    line: &Line,
) -> Response<AnswerBody>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut progress = Progress::begin();
    let (mut received, whole) = receive(request, peer, &gateway.limits, &gateway.large_bodies).await;
    received.keeps_alive &= !gateway.door.is_ending();
    let (received, moment) = (Arc::new(received), gateway.clock.moment());
    let now = Timestamp::from_unix(moment.as_secs());
    let result = whole.and_then(|()| process(gateway, &received, now, &mut progress));
    if progress.merchant.is_none() {
        progress.merchant = named_merchant(&received, &gateway.identity);
    }

    progress.enter(Stage::Respond);
    let diagnosis = match &result {
        Err(Rejection::SignatureMismatch(_)) => gateway.diagnose(&received).await,
        _ => None,
    };
    let answer = respond(&received, &result, now, gateway.randomness.bytes());
    let answer = with_diagnosis(answer, diagnosis.as_ref().filter(|_| gateway.diagnosis.is_told()));

    progress.enter(Stage::Sign);
    let answer = signed(gateway, &received, now, &mut progress, answer);
    progress.end();

    let struck = progress.strike.clone().zip(progress.merchant.clone());
    // From here on, so that whoever sees the exchange in the journal can end its wait.
    let cleared = struck.as_ref().map(|(_, merchant)| merchant.faults.cleared());
    let most_of_a_body = gateway.limits.journal_body;
    let exchange = Exchange::new(moment, most_of_a_body, &received, progress, result, diagnosis, &answer);
    let exchange = gateway.journal.record(exchange);
    gateway.metrics.record(&exchange);
    log::exchange(&exchange);

    if let (Some((strike, _)), Some(cleared)) = (&struck, cleared) {
        strike.deliver(&answer, line, gateway, cleared).await;
    }
    let mut response = Response::new(AnswerBody::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
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
    progress.merchant = Some(Arc::clone(authenticated.merchant()));
    progress.is_authenticated = true;
    progress.warnings = authenticated.oddities();

    progress.enter(Stage::Validate);
    let valid = validate(authenticated, gateway.policies.unknown_field)?;

    progress.enter(Stage::Apply);
    progress.strike = Strike::at(gateway, &valid, now, &mut progress.warnings);
    match &mut progress.strike {
        None => apply(gateway, &valid),
        Some(strike) => strike.decide(&mut progress.warnings, || apply(gateway, &valid)),
    }
}

/// The answer, signed if it is to be; spoilt, if a fault does so.
fn signed(
    gateway: &Gateway,
    received: &Received,
    now: Timestamp,
    progress: &mut Progress,
    answer: Answer,
) -> Answer {
    let Some(merchant) = progress.merchant.as_ref().filter(|_| progress.has_passed(Stage::Authenticate))
    else {
        return answer;
    };
    if progress.strike.as_ref().is_some_and(Strike::is_never_signed) {
        return answer;
    }
    let wanted = received.headers.get(WECHATPAY_SERIAL).and_then(|value| value.to_str().ok());
    let key = gateway.identity.signing_key(merchant, wanted, now);
    let (answer, is_signed) = sign(answer, key, gateway.policies.signed_refusals, now, &gateway.randomness);
    progress.is_signed = is_signed;
    let Some(strike) = &progress.strike else { return answer };
    if strike.misses(&answer) {
        strike.take_back(gateway, merchant);
        progress.strike = None;
        return answer;
    }
    strike.spoil(answer, key, &gateway.identity)
}
