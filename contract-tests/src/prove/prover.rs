//! Runs the probes: against a command concurrently, each with its own mock; against an application one by one.

use std::{
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use wechatpay_texts::phrase;

use super::{
    HonestMockError, Keys, Outcome, PROBES, PlannedProbe, Probe, ProbeResult, Results, SelectionError,
    StopError, Tested, TestedClient, Trigger, about::plan, command, observation::Observation, probes::honest,
    reaction::Reaction, scenario_mock::ScenarioMock,
};
use crate::environment;

/// Tests a client.
#[derive(Clone, Debug)]
pub struct Prover {
    /// The client.
    pub client: TestedClient,
    /// The gateway keys that an application has, or that a command gets at most.
    pub keys: Keys,
    /// The client's time limit for a probe.
    pub timeout: Duration,
    /// How many probes of a command run at the same time.
    pub jobs: NonZero<usize>,
}

/// The maximum number of lines shown of a client's output.
const MAX_OUTPUT_LINES: usize = 20;

/// The divisor of the time limit that is passed to the client. The client needs the rest to report the outcome.
const TIMEOUT_DIVISOR: u32 = 3;

/// How much longer than the client's time limit the mock is silent.
const EXTRA_SILENCE: Duration = Duration::from_secs(5);

impl Prover {
    /// A prover with the defaults of the command line.
    pub fn new(client: TestedClient) -> Self {
        Self {
            client,
            keys: Keys::Both,
            timeout: Duration::from_secs(30),
            jobs: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        }
    }

    /// The probes with one of `filters` in their id, or as their group; all probes if there are no filters.
    ///
    /// # Errors
    /// [`SelectionError`] if there is none.
    pub fn plan(&self, filters: &[String]) -> Result<Vec<PlannedProbe<Probe>>, SelectionError> {
        plan(&PROBES, |probe| &probe.about, filters, |probe| self.reason_to_skip(probe))
    }

    fn reason_to_skip(&self, probe: &Probe) -> Option<&'static str> {
        let keys = probe.scenario.keys?;
        match self.client {
            TestedClient::Application { .. } if keys != self.keys => {
                Some(phrase!("the application has other keys; --keys says which").text())
            }
            TestedClient::Command(_) if self.keys != Keys::Both && keys != self.keys => {
                Some(phrase!("the client gets other keys; --keys says which").text())
            }
            TestedClient::Application { .. } | TestedClient::Command(_) => None,
        }
    }

    /// Runs the probes that match the filters, and calls `on_done` after each.
    ///
    /// # Errors
    /// [`StopError`], in particular if the client fails with a correct mock: then all other probes would
    /// mean nothing.
    pub async fn run(
        &self,
        filters: &[String],
        on_done: impl Fn(&ProbeResult),
    ) -> Result<Results, StopError> {
        let start = Instant::now();
        let plan = self.plan(filters)?;
        if plan.iter().all(|(_, skipped)| skipped.is_some()) {
            return Err(StopError::AllSkipped { keys: self.keys });
        }
        let probes = match &self.client {
            TestedClient::Command(command) => self.run_command(command, plan, &on_done).await?,
            TestedClient::Application { trigger, listen } => {
                self.call_application(trigger, *listen, plan, &on_done).await?
            }
        };
        Ok(Results { tested: Tested::Client(self.client.to_string()), probes, took: start.elapsed() })
    }

    async fn run_command(
        &self,
        command: &[OsString],
        plan: Vec<PlannedProbe<Probe>>,
        on_done: &impl Fn(&ProbeResult),
    ) -> Result<Vec<ProbeResult>, StopError> {
        check_honest(&self.run_once(command, honest()).await?)?;
        let results = plan.into_iter().map(async |(probe, skipped)| {
            let start = Instant::now();
            let outcome = match skipped {
                Some(reason) => Outcome::Skipped { reason },
                None => self.run_once(command, probe).await?.outcome(probe),
            };
            Ok::<_, StopError>(finish(probe, outcome, start, on_done))
        });
        stream::iter(results).buffered(self.jobs.get()).try_collect().await
    }

    /// Runs the command once, with its own mock, folder and credentials.
    async fn run_once(&self, command: &[OsString], probe: &Probe) -> Result<Observation, StopError> {
        let keys = probe.scenario.keys.unwrap_or(self.keys);
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mock = self.start(listen, keys, probe).await?;
        let folder = environment::folder();
        let folder = folder.map_err(StopError::Folder)?;
        let mut variables = environment::prepare(&mock.server, &keys.credentials(), folder.path()).await?;
        let timeout = (self.timeout / TIMEOUT_DIVISOR).as_secs_f64();
        variables.insert("WECHATPAY_TIMEOUT".into(), timeout.to_string());
        let reaction = command::run(command, &variables, self.timeout).await?;
        Ok(self.observe(reaction, &mock))
    }

    /// Makes the application call once for each probe. The mock is replaced only if a probe needs other keys.
    async fn call_application(
        &self,
        trigger: &Trigger,
        listen: SocketAddr,
        plan: Vec<PlannedProbe<Probe>>,
        on_done: &impl Fn(&ProbeResult),
    ) -> Result<Vec<ProbeResult>, StopError> {
        let mut mock = self.start(listen, self.keys, honest()).await?;
        check_honest(&self.observe(trigger.send(self.timeout).await, &mock))?;
        let mut results = Vec::new();
        for (probe, skipped) in plan {
            let start = Instant::now();
            if let Some(reason) = skipped {
                results.push(finish(probe, Outcome::Skipped { reason }, start, on_done));
                continue;
            }
            if mock.has(self.keys, probe.scenario.gateway_keys) {
                self.prepare(&mock, probe)?;
            } else {
                mock.server.shutdown().await;
                mock = self.start(listen, self.keys, probe).await?;
            }
            let observation = self.observe(trigger.send(self.timeout).await, &mock);
            results.push(finish(probe, observation.outcome(probe), start, on_done));
        }
        Ok(results)
    }

    async fn start(&self, listen: SocketAddr, keys: Keys, probe: &Probe) -> Result<ScenarioMock, StopError> {
        let mock = ScenarioMock::start(listen, keys, probe.scenario.gateway_keys).await;
        let mock = mock.map_err(|source| StopError::Mock { listen, source })?;
        self.prepare(&mock, probe)?;
        Ok(mock)
    }

    fn prepare(&self, mock: &ScenarioMock, probe: &Probe) -> Result<(), StopError> {
        let prepared = mock.prepare(&probe.scenario, self.timeout + EXTRA_SILENCE);
        prepared.map_err(|source| StopError::Mock { listen: mock.server.address(), source })
    }

    fn observe(&self, reaction: Reaction, mock: &ScenarioMock) -> Observation {
        Observation {
            reaction,
            exchanges: mock.server.exchanges(),
            has_unmet_fault: mock.has_unmet_fault(),
            limit: self.timeout,
            rejected_connections: mock.server.rejected_connections(),
        }
    }
}

fn finish(
    probe: &'static Probe,
    outcome: Outcome,
    start: Instant,
    on_done: &impl Fn(&ProbeResult),
) -> ProbeResult {
    let result = ProbeResult { probe: &probe.about, outcome, took: start.elapsed() };
    on_done(&result);
    result
}

/// Fails if the client did not pass the probe without a fault.
fn check_honest(observation: &Observation) -> Result<(), StopError> {
    let findings = observation.findings(honest());
    if findings.is_empty() {
        return Ok(());
    }
    let output = observation.output_lines();
    let skipped = output.len().saturating_sub(MAX_OUTPUT_LINES);
    Err(StopError::HonestMock(Box::new(HonestMockError {
        reaction: observation.reaction.how.clone(),
        findings: findings.iter().map(|finding| finding.kind.to_string()).collect(),
        rejected_connections: observation.rejected_connections.clone(),
        exchanges: observation.exchanges.iter().map(ToString::to_string).collect(),
        output: output.into_iter().skip(skipped).collect(),
    })))
}
