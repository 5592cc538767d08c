//! Runs the probes against a receiver, one after the other.

use std::{
    ffi::OsString,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::{sleep, timeout};
use wechatpay_mock::{Clock, Config, MerchantConfig, NoCredentials};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{phrase, text};

use super::{
    KnownOrder, Must, Need, PROBES, ReceiverError, ReceiverProbe, ReceiverUrl,
    application::{self, Application},
    destination::{Answer, Destination},
    gateway::Gateway,
    judge::{self, Judge, Judgement},
    order::Order,
    probes::ordinary_probe,
    sending::Sending,
};
use crate::prove::{
    Finding, FindingKind, Keys, Outcome, PlannedProbe, ProbeResult, Results, SelectionError, Tested,
    about::plan, finding::times,
};

/// Tests a receiver of callbacks.
#[derive(Clone, Debug)]
pub struct ReceiverProver {
    /// Where the receiver takes callbacks.
    pub url: ReceiverUrl,
    /// The command that starts the application; empty if it runs already.
    pub command: Vec<OsString>,
    /// The application says here how often it acted: a number, or `{"count": N}`.
    pub count: Option<ReceiverUrl>,
    /// The application forgets here what it did: a `POST` before each probe.
    pub reset: Option<ReceiverUrl>,
    /// An order that the application knows.
    pub order: Option<KnownOrder>,
    /// Hosts that may be called besides this machine.
    pub allowed_hosts: Vec<String>,
    /// Which of the gateway's keys the receiver has; those that the merchant trusts, if `None`.
    pub keys: Option<Keys>,
    /// The merchants, and the keys with which the gateway signs.
    pub config: Config,
    /// Whose callbacks these are; the first merchant's, if `None`.
    pub mchid: Option<String>,
    /// The time limit for each answer, and then for acting on what was taken.
    pub timeout: Duration,
}

/// What a run needs.
struct Run<'a> {
    prover: &'a ReceiverProver,
    gateway: Gateway,
    mchid: String,
    receiver: Destination,
    count: Option<Destination>,
    reset: Option<Destination>,
    application: Option<Application>,
}

/// The gateway waits so long. (documented)
const TIMEOUT: Duration = Duration::from_secs(5);

/// How often to ask it meanwhile, and how long to wait for what it must not do.
const POLL: Duration = Duration::from_millis(100);

/// The most downloads of certificates during a probe of an unknown key: one, and one by a timer. (own choice)
const MAX_DOWNLOADS: u64 = 2;

impl ReceiverProver {
    /// A prover with the defaults of the command line: the development merchant, and an application that runs already.
    pub fn new(url: ReceiverUrl) -> Self {
        Self {
            url,
            command: Vec::new(),
            count: None,
            reset: None,
            order: None,
            allowed_hosts: Vec::new(),
            keys: None,
            config: Config::default(),
            mchid: None,
            timeout: TIMEOUT,
        }
    }

    /// The probes with one of `filters` in their id, or as their group; all probes if there are no filters.
    ///
    /// # Errors
    /// [`SelectionError`] if there is none.
    pub fn plan(&self, filters: &[String]) -> Result<Vec<PlannedProbe<ReceiverProbe>>, SelectionError> {
        plan(&PROBES, |probe| &probe.about, filters, |probe| self.reason_to_skip(probe))
    }

    fn reason_to_skip(&self, probe: &ReceiverProbe) -> Option<&'static str> {
        let keys = self.keys();
        let is_met = |need: &&Need| match need {
            Need::Count => self.count.is_some(),
            Need::Order => self.order.is_some(),
            Need::Certificate => keys != Keys::PublicKey,
            Need::PublicKey => keys != Keys::Certificate,
            Need::OneKey => keys != Keys::Both,
        };
        probe.needs.iter().find(|need| !is_met(need)).map(|need| need.reason())
    }

    fn merchant(&self) -> Option<&MerchantConfig> {
        let mchid = self.mchid.as_deref();
        let mut merchants = self.config.merchants().iter();
        merchants.find(|merchant| mchid.is_none_or(|mchid| merchant.mchid.as_str() == mchid))
    }

    fn keys(&self) -> Keys {
        let trust = self.merchant().map(|merchant| merchant.trust).unwrap_or_default();
        self.keys.unwrap_or(match (trust.has_platform_certificate(), trust.has_public_key()) {
            (true, false) => Keys::Certificate,
            (false, true) => Keys::PublicKey,
            (true, true) | (false, false) => Keys::Both,
        })
    }

    /// Sends an ordinary callback, then the probes that match the filters, and calls `on_done` after each.
    ///
    /// # Errors
    /// [`ReceiverError`] if nothing can be tested, in particular if nothing listens, or a URL may not be called.
    pub async fn run(
        &self,
        filters: &[String],
        on_done: impl Fn(&ProbeResult),
    ) -> Result<Results, ReceiverError> {
        let start = Instant::now();
        let plan = self.plan(filters)?;
        if plan.iter().all(|(_, skipped)| skipped.is_some()) {
            return Err(ReceiverError::AllSkipped);
        }
        let run = self.start().await?;
        let mut probes = Vec::new();
        let mut on_done = |result: ProbeResult| {
            on_done(&result);
            probes.push(result);
        };
        // Without it, no other result means anything.
        let (ordinary, status) = run.ordinary().await?;
        let is_selected = plan.iter().any(|(probe, _)| probe.about.id == ordinary.probe.id);
        if is_selected || !ordinary.findings().is_empty() {
            on_done(ordinary);
        }
        let mut gone = status
            .is_none()
            .then_some(phrase!("the ordinary callback got no answer, so nothing else was sent").text());
        let judge = Judge { ordinary: status, limit: self.timeout };
        for (probe, skipped) in plan {
            if probe.about.id == ordinary_probe().about.id {
                continue;
            }
            let start = Instant::now();
            let outcome = match skipped.or(gone) {
                Some(reason) => Outcome::Skipped { reason },
                None => run.probe(probe, judge).await,
            };
            let result = ProbeResult { probe: &probe.about, outcome, took: start.elapsed() };
            if result.findings().iter().any(|one| matches!(one.kind, FindingKind::Unreachable { .. })) {
                gone = Some(phrase!("the application can't be reached any more").text());
            }
            on_done(result);
        }
        if let Some(application) = run.application {
            application.end().await;
        }
        Ok(Results { tested: Tested::Receiver(self.url.to_string()), probes, took: start.elapsed() })
    }

    /// Looks the hosts up, and starts the application if there is a command.
    async fn start(&self) -> Result<Run<'_>, ReceiverError> {
        let merchant = self.merchant().ok_or_else(|| NoCredentials::UnknownMchid {
            mchid: self.mchid.clone().unwrap_or_default(),
            known: self.config.merchants().iter().map(|merchant| merchant.mchid.to_string()).collect(),
        })?;
        let urls = [Some(&self.url), self.count.as_ref(), self.reset.as_ref()];
        let has_any_port = urls.iter().flatten().any(|url| url.is_any_port());
        if has_any_port && self.command.is_empty() {
            return Err(ReceiverError::AnyPort);
        }
        let port = if has_any_port { application::free_port().map_err(ReceiverError::Port)? } else { 0 };
        let resolve = async |url: &ReceiverUrl| {
            Destination::resolve(url.clone().at_port(port), &self.allowed_hosts).await
        };
        let receiver = resolve(&self.url).await?;
        let count = match &self.count {
            Some(url) => Some(resolve(url).await?),
            None => None,
        };
        let reset = match &self.reset {
            Some(url) => Some(resolve(url).await?),
            None => None,
        };
        let application = if self.command.is_empty() {
            None
        } else {
            let (config, mchid) = (&self.config, self.mchid.as_deref());
            Some(Application::start(&self.command, &receiver, config, mchid, self.keys()).await?)
        };
        let gateway = Gateway {
            certificate: self.config.platform_certificates.signing(Clock::system().now()).clone(),
            public_key: self.config.public_key.clone(),
            keys: self.keys(),
            apiv3_key: merchant.apiv3_key.clone(),
        };
        let mchid = merchant.mchid.to_string();
        Ok(Run { prover: self, gateway, mchid, receiver, count, reset, application })
    }
}

impl Run<'_> {
    /// The result of the ordinary callback, and the status of its answer, if there was one.
    async fn ordinary(&self) -> Result<(ProbeResult, Option<http::StatusCode>), ReceiverError> {
        let start = Instant::now();
        self.forget().await.map_err(|reason| ReceiverError::Question { option: "--reset-url", reason })?;
        self.counted().await.map_err(|reason| ReceiverError::Question { option: "--count-url", reason })?;
        let probe = ordinary_probe();
        let answers = self.send_all(probe).await;
        let status = answers.iter().find_map(|(_, answer)| match answer {
            Answer::Answered(answered) => Some(answered.status),
            _ => None,
        });
        if let Some((_, Answer::Unreachable { reason })) = answers.first() {
            let (url, reason) = (self.receiver.to_string(), reason.clone());
            return Err(ReceiverError::Unreachable { url, reason });
        }
        let judge = Judge { ordinary: None, limit: self.prover.timeout };
        let outcome = self.outcome(probe, judge, &answers, Vec::new(), None);
        Ok((ProbeResult { probe: &probe.about, outcome, took: start.elapsed() }, status))
    }

    async fn probe(&self, probe: &'static ReceiverProbe, judge: Judge) -> Outcome {
        if let Some(application) = &self.application {
            application.forget_output();
        }
        let before = match self.forget().await {
            Ok(()) => self.counted().await,
            Err(reason) => Err(reason),
        };
        let downloads = self.downloads();
        let answers = self.send_all(probe).await;
        let mut kinds = Vec::new();
        let downloads = self.downloads().saturating_sub(downloads);
        if downloads > MAX_DOWNLOADS {
            kinds.push(FindingKind::Downloads { requests: downloads });
        }
        let mut acted = None;
        match (probe.acts, before) {
            (Some(expected), Ok(Some(before))) => match self.acted(before, expected).await {
                Ok(found) => {
                    acted = Some(found);
                    // An order that was paid before is not paid again.
                    let may_have_acted = self.prover.order.is_some() && self.reset.is_none();
                    if found > expected || (found < expected && !may_have_acted) {
                        kinds.push(FindingKind::WrongCount { expected, found });
                    }
                }
                Err(reason) => kinds.push(FindingKind::Unreachable { reason }),
            },
            (Some(_), Err(reason)) => kinds.push(FindingKind::Unreachable { reason }),
            (_, _) => {}
        }
        self.outcome(probe, judge, &answers, kinds, acted)
    }

    /// What the answers and the other findings mean.
    fn outcome(
        &self,
        probe: &'static ReceiverProbe,
        judge: Judge,
        answers: &[(Must, Answer)],
        others: Vec<FindingKind>,
        acted: Option<u64>,
    ) -> Outcome {
        let judgements: Vec<_> = answers.iter().map(|(must, answer)| judge.judge(*must, answer)).collect();
        let mut kinds: Vec<FindingKind> = Vec::new();
        let wrong = judgements.iter().filter_map(|judgement| match judgement {
            Judgement::Wrong(kind) => Some(kind.clone()),
            Judgement::Right | Judgement::Nothing => None,
        });
        for kind in wrong.chain(others) {
            let is_known = kinds.contains(&kind);
            // What was let through was acted upon.
            let follows = matches!(kind, FindingKind::WrongCount { .. })
                && kinds.iter().any(|known| matches!(known, FindingKind::FailedToReject));
            if !is_known && !follows {
                kinds.push(kind);
            }
        }
        let answers: Vec<_> = answers.iter().map(|(_, answer)| answer.clone()).collect();
        let did = match acted {
            None => judge::did(&answers),
            Some(count) => text!("{did}; acted {times}", did = judge::did(&answers), times = times(count)),
        };
        if !kinds.is_empty() {
            let findings = kinds.into_iter().map(|kind| Finding::new(kind, &probe.about)).collect();
            let of_application = || self.application.as_ref().and_then(Application::last_line);
            return Outcome::Failed { findings, did, said: judge::said(&answers).or_else(of_application) };
        }
        if judgements.contains(&Judgement::Nothing) {
            return Outcome::Skipped {
                reason: phrase!("it refuses the ordinary callback, too: a refusal proves nothing").text(),
            };
        }
        Outcome::Passed { did }
    }

    /// Sends everything of a probe, in order.
    async fn send_all(&self, probe: &ReceiverProbe) -> Vec<(Must, Answer)> {
        let known = self.prover.order.as_ref();
        let order = Order::new(&self.mchid, known);
        let mut answers = Vec::new();
        let mut body = Vec::new();
        for (must, sending) in &probe.sendings {
            if !sending.again {
                body = self.body(sending, &order);
            }
            let bodies = (0..sending.times).map(|_| match sending.fresh {
                true => self.body(sending, &Order::new(&self.mchid, known)),
                false => body.clone(),
            });
            let sent = bodies.map(|body| self.send(sending, body));
            if sending.at_once {
                answers.extend(join_all(sent).await.into_iter().map(|answer| (*must, answer)));
            } else {
                for sent in sent {
                    answers.push((*must, sent.await));
                }
            }
        }
        answers
    }

    fn body(&self, sending: &Sending, order: &Order) -> Vec<u8> {
        let now = Clock::system().now();
        if sending.unknown_order {
            self.gateway.body(sending, &Order::new(&self.mchid, None), now)
        } else {
            self.gateway.body(sending, order, now)
        }
    }

    async fn send(&self, sending: &Sending, body: Vec<u8>) -> Answer {
        let (server, target) = (self.receiver.server(), self.receiver.target());
        let request = self.gateway.request(sending, &body, server, target, Clock::system().now());
        self.receiver.send(&request, self.prover.timeout).await
    }

    /// Lets the application forget what it did, if it can.
    async fn forget(&self) -> Result<(), String> {
        match &self.reset {
            Some(reset) => reset.call("POST", TIMEOUT).await.map(drop),
            None => Ok(()),
        }
    }

    /// How often the application has acted; `None` if it does not say so.
    async fn counted(&self) -> Result<Option<u64>, String> {
        let Some(count) = &self.count else { return Ok(None) };
        let body = count.call("GET", TIMEOUT).await?;
        let value: Option<Value> = serde_json::from_slice(&body).ok();
        let number = value.as_ref().and_then(|value| value.get("count").unwrap_or(value).as_u64());
        let found = || String::from_utf8_lossy(&body).into_owned();
        number.map(Some).ok_or_else(|| {
            text!(r#"expected a number or {{"count": N}}, found {found}"#, found = quoted(&found()))
        })
    }

    /// How often it has acted since, once it has done so as often as expected. It may act after it has answered.
    async fn acted(&self, before: u64, expected: u64) -> Result<u64, String> {
        let since = async || Ok::<_, String>(self.counted().await?.unwrap_or(before).saturating_sub(before));
        let acting = async {
            while since().await? < expected {
                sleep(POLL).await;
            }
            Ok::<_, String>(())
        };
        if let Ok(acted) = timeout(self.prover.timeout, acting).await {
            acted?;
        }
        // It may yet act once more.
        sleep(POLL).await;
        since().await
    }

    fn downloads(&self) -> u64 {
        self.application.as_ref().map_or(0, Application::downloads)
    }
}
