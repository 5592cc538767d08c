//! One exchange, from a request to a signed response: the only file that names all stages.

use std::{mem, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body::Body;
use http_body_util::Full;
use parking_lot::{RwLock, RwLockWriteGuard};
use tokio::sync::Semaphore;
use wechatpay_diagnosis::Diagnosis;
use wechatpay_openapi::Contract;
use wechatpay_protocol::Timestamp;
use wechatpay_texts::text;

use crate::{
    api::error::ApiError,
    clock::{CheckTimes, Clock, Times},
    faults::{ActiveFault, Cleared, ConnectionControl, Faults, RequestFields, accept_gate::AcceptGate},
    journal::{ChangedBy, Exchange, Journal, Progress, Stage},
    limits::Limits,
    merchants::{Merchant, Merchants},
    operations::{Context, Operations, handler, payment::Payments, stub::Stubs, transfer::Transfers},
    policies::{Policies, SignedRefusals},
    random::Randomness,
    request::{
        authenticate::{AuthenticatedRequest, Claim, authenticate},
        diagnose::{Diagnoser, DiagnosisMode},
        receive::{LARGE_BODIES, Peer, RawRequest, receive},
        route::route,
        validate::{ValidRequest, validate},
    },
    response::{
        OperationResponse,
        body::ResponseBody,
        deflate::deflate,
        respond::{Response, respond, with_diagnosis},
        sign::sign,
    },
    store::{CommitError, Documents, Store, StoreResult, UnavailableError},
};

/// A gateway without its sockets: the stages of a request, and the state that they change.
pub(crate) struct Gateway {
    pub(crate) contract: Arc<Contract>,
    stubs: Arc<Stubs>,
    pub(crate) merchants: Arc<Merchants>,
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) journal: Arc<Journal>,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
    pub(crate) policies: Policies,
    payments: Payments,
    transfers: Transfers,
    pub(crate) limits: Limits,
    pub(crate) gate: AcceptGate,
    diagnoser: Diagnoser,
    /// The value of `Keep-Alive`.
    keep_alive: HeaderValue,
    /// Permits for reading large bodies at once.
    pub(crate) large_bodies: Semaphore,
    /// Locked for reading from an operation until its exchange is recorded; locked for writing while `/__mock/` or the
    /// library changes the mock.
    settled: RwLock<()>,
}

/// What a gateway is made of.
pub(crate) struct Parts {
    pub(crate) operations: Operations,
    pub(crate) merchants: Merchants,
    pub(crate) store: Store,
    pub(crate) policies: Policies,
    pub(crate) limits: Limits,
    pub(crate) diagnosis: DiagnosisMode,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
}

/// A received request and its progress so far.
struct InFlight {
    received: Arc<RawRequest>,
    times: Times,
    progress: Progress,
}

/// What a request that is processed again has in addition.
pub(crate) struct Replay {
    /// The number of the exchange that it is from, if it is from the journal.
    pub(crate) of: Option<u64>,
    /// The times that it is checked by.
    pub(crate) checked_at: CheckTimes,
}

/// The rest of an exchange after it is recorded: the response to send and the fault to deliver.
struct Concluded {
    exchange: Arc<Exchange>,
    response: Response,
    fault: Option<(ActiveFault, Cleared)>,
}

impl Gateway {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { operations, merchants, store, policies, limits, diagnosis, clock, randomness } = parts;
        let Operations { contract, stubs, payments, transfers } = operations;
        let keep_alive = format!("timeout={}", limits.keep_alive.as_secs());
        Self {
            contract,
            stubs,
            merchants: Arc::new(merchants),
            store,
            faults: Faults::new(limits.faults, limits.admin_bytes),
            journal: Arc::new(Journal::new(&limits)),
            clock,
            randomness,
            policies,
            payments,
            transfers,
            limits,
            gate: AcceptGate::default(),
            diagnoser: Diagnoser::new(diagnosis),
            keep_alive: keep_alive.try_into().expect("digits are valid in a header"),
            large_bodies: Semaphore::new(LARGE_BODIES),
            settled: RwLock::new(()),
        }
    }

    /// Processes one request from this connection, and returns the response.
    pub(crate) async fn exchange<B>(
        &self,
        request: Request<B>,
        peer: Peer,
        connection: &ConnectionControl,
    ) -> http::Response<ResponseBody>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let Concluded { response, fault, .. } = self.process(request, peer, None).await;
        if let Some((fault, cleared)) = fault {
            fault.deliver(&response, connection, &self.gate, cleared).await;
        }
        response.into_http()
    }

    /// Processes a request again, and returns the exchange. It is checked by the times of then, and changes the state of now.
    /// A fault changes its response, but there is no connection that it could delay or end.
    pub(crate) async fn replay(
        &self,
        request: Request<Full<Bytes>>,
        peer: Peer,
        replay: Replay,
    ) -> Arc<Exchange> {
        self.process(request, peer, Some(replay)).await.exchange
    }

    /// receive ─▶ authenticated ─▶ conclude
    async fn process<B>(&self, request: Request<B>, peer: Peer, replay: Option<Replay>) -> Concluded
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let mut progress = Progress::begin();
        let (mut received, outcome) = receive(request, peer, &self.limits, &self.large_bodies).await;
        received.keeps_alive &= !self.gate.is_shutting_down();
        let mut times = self.clock.times();
        if let Some(Replay { of, checked_at }) = replay {
            (progress.replay_of, times.checked_at) = (of, checked_at);
        }
        let received = Arc::new(received);

        let authenticated =
            outcome.and_then(|()| self.authenticated(&received, times.checked_at, &mut progress));
        let diagnosis = match &authenticated {
            Err(ApiError::SignatureMismatch(_)) => {
                self.diagnoser.diagnose(&received, &self.contract, &self.merchants).await
            }
            _ => None,
        };
        let in_flight = InFlight { received: Arc::clone(&received), times, progress };
        let losses = self.store.losses();
        let concluded = self.store.waiting(|| self.conclude(in_flight, authenticated, diagnosis));
        match self.store.lasting_since(losses).await {
            Ok(()) => concluded,
            Err(error) => self.lost(&received, times.now(), concluded, error),
        }
    }

    /// The exchange is in the journal as it was meant, but its change may not outlast a crash, so that it is not answered as done.
    fn lost(
        &self,
        received: &RawRequest,
        now: Timestamp,
        concluded: Concluded,
        error: UnavailableError,
    ) -> Concluded {
        let number = concluded.exchange.number;
        tracing::error!("{}", text!("exchange {number} is answered with 503: {error}"));
        let (random, keep_alive) = (self.randomness.bytes(), &self.keep_alive);
        let response = respond(received, &Err(unavailable(error)), now, random, keep_alive);
        Concluded { response, fault: None, ..concluded }
    }

    /// Refuses what the HTTP server refuses before there is a request. Records it, and returns the response.
    pub(crate) fn refuse(&self, received: RawRequest, error: ApiError) -> Response {
        let (progress, times) = (Progress::begin(), self.clock.times());
        let in_flight = InFlight { received: Arc::new(received), times, progress };
        self.conclude(in_flight, Err(error), None).response
    }

    /// Keeps requests from taking effect or being recorded while the guard exists, so that a change happens between two
    /// exchanges. Do not hold it for long.
    pub(crate) fn between_exchanges(&self) -> RwLockWriteGuard<'_, ()> {
        self.settled.write()
    }

    /// route ─▶ authenticate
    fn authenticated(
        &self,
        received: &Arc<RawRequest>,
        checked_at: CheckTimes,
        progress: &mut Progress,
    ) -> Result<AuthenticatedRequest<'_>, ApiError> {
        let claim = Claim::of(received, &self.merchants);
        progress.merchant = claim.merchant.clone();
        progress.enter(Stage::Route);
        let routed = route(&self.contract, Arc::clone(received))?;
        progress.operation = Some(routed.operation.id_to_keep());

        progress.enter(Stage::Authenticate);
        let mismatch_message = self.policies.mismatch_message;
        let authenticated = authenticate(routed, claim, mismatch_message, checked_at)?;
        progress.is_authenticated = true;
        progress.warnings = authenticated.warnings();
        Ok(authenticated)
    }

    /// validate ─▶ execute ─▶ respond ─▶ sign ─▶ journal, without awaiting anything.
    fn conclude(
        &self,
        InFlight { received, times, mut progress }: InFlight,
        authenticated: Result<AuthenticatedRequest<'_>, ApiError>,
        diagnosis: Option<Diagnosis>,
    ) -> Concluded {
        let _settled = self.settled.read();
        let (now, checked_at) = (times.now(), times.checked_at);
        let mut fault = None;
        let result = authenticated.and_then(|authenticated| {
            self.check_still_known(&authenticated)?;
            progress.enter(Stage::Validate);
            let valid =
                validate(authenticated, &self.merchants, self.policies.unknown_field, checked_at.clock)?;
            progress.enter(Stage::Apply);
            progress.warnings.extend_from_slice(valid.warnings());
            self.execute(&valid, now, &mut progress, &mut fault)
        });

        progress.enter(Stage::Respond);
        let response = respond(&received, &result, now, self.randomness.bytes(), &self.keep_alive);
        let response = with_diagnosis(response, diagnosis.as_ref().filter(|_| self.diagnoser.is_in_header()));

        progress.enter(Stage::Sign);
        let response = match &result {
            Ok(OperationResponse { is_signed: false, .. }) => response,
            _ => {
                let fault = fault.as_ref().map(|(fault, _)| fault);
                self.signed(&received, now, times.signs_at, &mut progress, fault, response)
            }
        };
        let response = deflate(response, &received.headers);
        progress.end();
        progress.fault = fault.as_ref().map(|(fault, _)| fault.clone());
        let changed = mem::take(&mut progress.changed);

        let most_of_a_body = self.limits.journal_body;
        let exchange =
            Exchange::new(times, most_of_a_body, &received, progress, result, diagnosis, &response);
        let exchange = self.journal.record(exchange, changed);
        Concluded { exchange, response, fault }
    }

    /// A merchant may be removed after its request is authenticated. Such a request must not bring its state back.
    fn check_still_known(&self, request: &AuthenticatedRequest<'_>) -> Result<(), ApiError> {
        let mchid = &request.merchant().mchid;
        let known = self.merchants.merchant(mchid.as_str());
        if known.is_some_and(|known| Arc::ptr_eq(&known, request.merchant())) {
            return Ok(());
        }
        Err(ApiError::UnknownMchid { found: mchid.to_string() })
    }

    /// Executes the operation and applies its changes, unless a fault prevents it. Starts over if another request
    /// changed a document that this one read.
    fn execute(
        &self,
        request: &ValidRequest<'_>,
        now: Timestamp,
        progress: &mut Progress,
        active_fault: &mut Option<(ActiveFault, Cleared)>,
    ) -> Result<OperationResponse, ApiError> {
        let context = self.context(now);
        let operation = request.operation();
        let execute = handler(operation);
        let mchid = &request.merchant().mchid;
        let mut conflicts = 0;
        loop {
            let mut warnings = Vec::new();
            let mut documents = self.store.documents(mchid);
            let computed = execute(&context, request, &mut documents);
            let fields = RequestFields {
                mchid,
                operation,
                parameters: request.parameters(),
                body: request.plain(),
                is_signed: match &computed {
                    Ok(response) => response.is_signed,
                    Err(_) => self.policies.signed_refusals == SignedRefusals::Business,
                },
            };
            let commit = |fault: Option<&ActiveFault>| {
                let is_kept = computed.is_ok() && fault.is_none_or(|fault| fault.is_applied);
                // A refusal, too, must be about documents as they were at one time.
                let documents = if is_kept { documents } else { documents.only_read() };
                self.store.commit(documents).map(|changed| progress.changed = changed)
            };
            let mut fault = match self.faults.commit_with_fault(&fields, now, &mut warnings, commit) {
                Ok(fault) => fault,
                Err(CommitError::Conflict) => {
                    conflicts += 1;
                    self.store.after_conflict(conflicts).map_err(unavailable)?;
                    continue;
                }
                Err(CommitError::Unavailable(error)) => return Err(unavailable(error)),
            };
            let result = match &mut fault {
                None => computed,
                Some((fault, _)) => fault.decide(operation, computed, &mut warnings),
            };
            *active_fault = fault;
            progress.warnings.extend(warnings);
            return result;
        }
    }

    fn context(&self, now: Timestamp) -> Context<'_> {
        Context {
            now,
            contract: &self.contract,
            policies: &self.policies,
            merchants: &self.merchants,
            randomness: &self.randomness,
            stubs: &self.stubs,
            payments: self.payments,
            transfers: &self.transfers,
        }
    }

    /// Changes a merchant's documents without a request. Starts over if a request changed a document that was read.
    pub(crate) fn change<T>(
        &self,
        by: ChangedBy,
        merchant: &Arc<Merchant>,
        change: impl Fn(&Context<'_>, &mut Documents<'_>) -> T,
    ) -> StoreResult<T> {
        self.store.waiting(|| {
            let _settled = self.settled.read();
            let context = self.context(self.clock.now());
            let mut conflicts = 0;
            loop {
                let mut documents = self.store.documents(&merchant.mchid);
                let done = change(&context, &mut documents);
                match self.store.commit(documents) {
                    Ok(changed) => {
                        self.journal.changes.keep(&merchant.mchid, context.now, by, changed);
                        return Ok(done);
                    }
                    Err(CommitError::Conflict) => {
                        conflicts += 1;
                        self.store.after_conflict(conflicts)?;
                    }
                    Err(CommitError::Unavailable(error)) => return Err(error),
                }
            }
        })
    }

    /// Looks at a merchant's documents, and changes nothing.
    pub(crate) fn look<T>(
        &self,
        merchant: &Merchant,
        look: impl FnOnce(&Context<'_>, &mut Documents<'_>) -> T,
    ) -> StoreResult<T> {
        self.store.waiting(|| {
            let mut documents = self.store.documents(&merchant.mchid);
            let seen = look(&self.context(self.clock.now()), &mut documents);
            documents.check().map(|()| seen)
        })
    }

    /// The response, signed if its status and the policies require it, and corrupted if a fault does so.
    fn signed(
        &self,
        received: &RawRequest,
        now: Timestamp,
        signs_at: Timestamp,
        progress: &mut Progress,
        fault: Option<&ActiveFault>,
        response: Response,
    ) -> Response {
        let Some(merchant) = progress.merchant.as_ref().filter(|_| progress.has_passed(Stage::Authenticate))
        else {
            return response;
        };
        if fault.is_some_and(ActiveFault::is_never_signed) {
            return response;
        }
        let key = self.merchants.signing_key(merchant, received.wechatpay_serial(), now);
        let (response, is_signed) =
            sign(response, key, self.policies.signed_refusals, signs_at, &self.randomness);
        progress.is_signed = is_signed;
        match fault {
            None => response,
            Some(fault) => fault.corrupt(response, key, &self.merchants),
        }
    }
}

fn unavailable(UnavailableError { reason }: UnavailableError) -> ApiError {
    ApiError::StoreUnavailable { reason }
}
