//! One exchange, from a request to a signed response: the only file that names all stages.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body::Body;
use parking_lot::{RwLock, RwLockWriteGuard};
use tokio::sync::Semaphore;
use wechatpay_diagnosis::Diagnosis;
use wechatpay_openapi::Contract;
use wechatpay_protocol::Timestamp;

use crate::{
    api::error::ApiError,
    clock::Clock,
    faults::{ActiveFault, Cleared, ConnectionControl, Faults, RequestFields, accept_gate::AcceptGate},
    journal::{Exchange, Journal, Progress, Stage},
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
    store::{Documents, Store},
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

/// A received request and its progress so far.
struct InFlight {
    received: Arc<RawRequest>,
    /// When the request was received completely, since 1970.
    received_at: std::time::Duration,
    /// The time of its signatures.
    signs_at: Timestamp,
    progress: Progress,
}

/// The rest of an exchange after it is recorded: the response to send and the fault to deliver.
struct Concluded {
    response: Response,
    fault: Option<(ActiveFault, Cleared)>,
}

impl Gateway {
    pub(crate) fn new(
        Operations { contract, stubs, payments, transfers }: Operations,
        merchants: Merchants,
        policies: Policies,
        limits: Limits,
        diagnosis: DiagnosisMode,
        clock: Clock,
        randomness: Randomness,
    ) -> Self {
        let keep_alive = format!("timeout={}", limits.keep_alive.as_secs());
        Self {
            contract,
            stubs,
            merchants: Arc::new(merchants),
            store: Store::memory(&limits),
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
        let mut progress = Progress::begin();
        let (mut received, outcome) = receive(request, peer, &self.limits, &self.large_bodies).await;
        received.keeps_alive &= !self.gate.is_shutting_down();
        let received_at = self.clock.moment();
        let received = Arc::new(received);

        let now = Timestamp::from_unix(received_at.as_secs());
        let signs_at = self.clock.signing(now);
        let authenticated =
            outcome.and_then(|()| self.authenticated(&received, now, signs_at, &mut progress));
        let diagnosis = match &authenticated {
            Err(ApiError::SignatureMismatch(_)) => {
                self.diagnoser.diagnose(&received, &self.contract, &self.merchants).await
            }
            _ => None,
        };
        let in_flight = InFlight { received, received_at, signs_at, progress };
        let Concluded { response, fault } = self.conclude(in_flight, authenticated, diagnosis);
        if let Some((fault, cleared)) = fault {
            fault.deliver(&response, connection, &self.gate, cleared).await;
        }
        response.into_http()
    }

    /// Refuses what the HTTP server refuses before there is a request. Records it, and returns the response.
    pub(crate) fn refuse(&self, received: RawRequest, error: ApiError) -> Response {
        let progress = Progress::begin();
        let received_at = self.clock.moment();
        let signs_at = self.clock.signing(Timestamp::from_unix(received_at.as_secs()));
        let in_flight = InFlight { received: Arc::new(received), received_at, signs_at, progress };
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
        now: Timestamp,
        signs_at: Timestamp,
        progress: &mut Progress,
    ) -> Result<AuthenticatedRequest<'_>, ApiError> {
        let claim = Claim::of(received, &self.merchants);
        progress.merchant = claim.merchant.clone();
        progress.enter(Stage::Route);
        let routed = route(&self.contract, Arc::clone(received))?;
        progress.operation = Some(routed.operation.id_to_keep());

        progress.enter(Stage::Authenticate);
        let mismatch_message = self.policies.mismatch_message;
        let authenticated = authenticate(routed, claim, mismatch_message, now, signs_at)?;
        progress.is_authenticated = true;
        progress.warnings = authenticated.warnings();
        Ok(authenticated)
    }

    /// validate ─▶ execute ─▶ respond ─▶ sign ─▶ journal, without awaiting anything.
    fn conclude(
        &self,
        InFlight { received, received_at, signs_at, mut progress }: InFlight,
        authenticated: Result<AuthenticatedRequest<'_>, ApiError>,
        diagnosis: Option<Diagnosis>,
    ) -> Concluded {
        let _settled = self.settled.read();
        let now = Timestamp::from_unix(received_at.as_secs());
        let mut fault = None;
        let result = authenticated.and_then(|authenticated| {
            self.check_still_known(&authenticated)?;
            progress.enter(Stage::Validate);
            let valid = validate(authenticated, &self.merchants, self.policies.unknown_field, now)?;
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
                self.signed(&received, now, signs_at, &mut progress, fault, response)
            }
        };
        let response = deflate(response, &received.headers);
        progress.end();
        progress.fault = fault.as_ref().map(|(fault, _)| fault.clone());

        let most_of_a_body = self.limits.journal_body;
        let exchange =
            Exchange::new(received_at, most_of_a_body, &received, progress, result, diagnosis, &response);
        self.journal.record(exchange);
        Concluded { response, fault }
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
                self.store.commit(if is_kept { documents } else { documents.only_read() })
            };
            let Ok(mut fault) = self.faults.commit_with_fault(&fields, now, &mut warnings, commit) else {
                continue;
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
        merchant: &Arc<Merchant>,
        change: impl Fn(&Context<'_>, &mut Documents<'_>) -> T,
    ) -> T {
        let _settled = self.settled.read();
        let context = self.context(self.clock.now());
        loop {
            let mut documents = self.store.documents(&merchant.mchid);
            let changed = change(&context, &mut documents);
            if self.store.commit(documents).is_ok() {
                return changed;
            }
        }
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
