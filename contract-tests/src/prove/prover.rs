//! Makes the probes, one after another or side by side.

use std::{
    ffi::OsString,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use wechatpay_mock::{Exchange, Fault};

use crate::environment::{self, EnvironmentError};

use super::{
    Keys, NotRun, PROBES, Probe, ProbeResult, Proof, Subject, Trigger, Verdict, command,
    ground::Ground,
    judge::{Seen, judge},
    probes::HONEST,
    subject::Said,
};

/// Holds a client to the contract.
#[derive(Clone, Debug)]
pub struct Prover {
    /// The client.
    pub subject: Subject,
    /// The keys that it has: of an application, or that it shall have at most.
    pub keys: Keys,
    /// How long it may take over a probe.
    pub timeout: Duration,
    /// How many probes are made at the same time, each with a mock of its own. An application is asked once at a time.
    pub jobs: NonZero<usize>,
}

/// No probe has any of these in its id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no probe has {} in its id or group; --list shows all", .filters.join(" or "))]
pub struct NoneSelected {
    filters: Vec<String>,
}

/// Why a client could not be held to the contract.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// No probe was chosen.
    #[error(transparent)]
    NoneSelected(#[from] NoneSelected),
    /// It fails against a mock that does nothing wrong.
    #[error(transparent)]
    FailsWithHonest(Box<Complaint>),
    /// It is a command that can't be run.
    #[error(transparent)]
    NotRun(#[from] NotRun),
    /// A mock can't be started.
    #[error("cannot start a mock on {listen}")]
    Mock {
        /// Where.
        listen: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// None of the probes that were chosen can be made with these keys.
    #[error(
        "expected a probe that can be made with --keys {keys}, found none; --list says why each is skipped"
    )]
    NoneToMake {
        /// The client's keys.
        keys: Keys,
    },
    /// There is no folder for its credentials.
    #[error("cannot make a folder for credentials")]
    Folder(#[source] io::Error),
    /// It can't be told where the mock is.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// What happened between a client and an honest mock.
#[derive(Debug)]
pub struct Complaint {
    did: String,
    found: Vec<String>,
    rejected_connections: Vec<String>,
    exchanges: Vec<String>,
    output: Vec<String>,
}

/// The most lines of the client's output that a complaint shows.
const SHOWN: usize = 20;

/// A client's time limit, of what it has for a probe. It then has time to say what happened.
const OWN_SHARE: u32 = 3;

/// How much longer than the client may, a misbehaviour lasts.
const LONGER: Duration = Duration::from_secs(5);

impl Prover {
    /// With the defaults of the command.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            keys: Keys::Both,
            timeout: Duration::from_secs(30),
            jobs: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        }
    }

    /// The probes with one of `filters` in their id or group, all if there are none, and why each would not be made.
    ///
    /// # Errors
    /// [`NoneSelected`] if there is none.
    pub fn plan(
        &self,
        filters: &[String],
    ) -> Result<Vec<(&'static Probe, Option<&'static str>)>, NoneSelected> {
        let is_meant = |probe: &&Probe| {
            filters.is_empty()
                || filters.iter().any(|text| probe.id.contains(text.as_str()) || probe.group == text)
        };
        let plan: Vec<_> = PROBES.iter().filter(is_meant).map(|probe| (probe, self.skips(probe))).collect();
        if plan.is_empty() { Err(NoneSelected { filters: filters.to_vec() }) } else { Ok(plan) }
    }

    /// Why a probe is not made.
    fn skips(&self, probe: &Probe) -> Option<&'static str> {
        let keys = probe.scene.keys?;
        match self.subject {
            Subject::Application { .. } if keys != self.keys => {
                Some("the application has other keys; --keys says which")
            }
            Subject::Command(_) if self.keys != Keys::Both && keys != self.keys => {
                Some("the client shall not have these keys")
            }
            Subject::Application { .. } | Subject::Command(_) => None,
        }
    }

    /// Makes the probes, and calls `on_done` after each. The honest mock comes first, whatever is chosen.
    ///
    /// # Errors
    /// [`Stopped`] if the client fails there, since all else would then say nothing, or if something is missing on this
    /// machine.
    pub async fn run(&self, filters: &[String], on_done: impl Fn(&ProbeResult)) -> Result<Proof, Stopped> {
        let begun = Instant::now();
        let plan = self.plan(filters)?;
        if plan.iter().all(|(_, skipped)| skipped.is_some()) {
            return Err(Stopped::NoneToMake { keys: self.keys });
        }
        let results = match &self.subject {
            Subject::Command(command) => self.run_command(command, plan, &on_done).await?,
            Subject::Application { trigger, listen } => {
                self.ask_application(trigger, *listen, plan, &on_done).await?
            }
        };
        Ok(Proof { subject: self.subject.to_string(), results, took: begun.elapsed() })
    }

    async fn run_command(
        &self,
        command: &[OsString],
        plan: Vec<(&'static Probe, Option<&'static str>)>,
        on_done: &impl Fn(&ProbeResult),
    ) -> Result<Vec<ProbeResult>, Stopped> {
        let honest = self.probe_command(command, &HONEST).await?;
        must_be_good(&HONEST, &honest)?;
        let results = plan.into_iter().map(async |(probe, skipped)| {
            let begun = Instant::now();
            let verdict = match skipped {
                Some(reason) => Verdict::Skipped { reason },
                None => verdict(probe, &self.probe_command(command, probe).await?),
            };
            let result = ProbeResult { probe, verdict, took: begun.elapsed() };
            on_done(&result);
            Ok(result)
        });
        let results: Vec<_> = stream::iter(results).buffered(self.jobs.get()).collect().await;
        results.into_iter().collect()
    }

    /// Runs the command once, with a mock, a folder and credentials of its own.
    async fn probe_command(&self, command: &[OsString], probe: &Probe) -> Result<Seen, Stopped> {
        let keys = probe.scene.keys.unwrap_or(self.keys);
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let ground = self.ground(listen, keys, probe).await?;
        let folder = tempfile::Builder::new().prefix("wechatpay-contract-").tempdir();
        let folder = folder.map_err(Stopped::Folder)?;
        let mut variables = environment::prepare(&ground.mock, &keys.credentials(), folder.path()).await?;
        let own_limit = (self.timeout / OWN_SHARE).as_secs_f64();
        variables.push(("WECHATPAY_TIMEOUT".into(), own_limit.to_string().into()));
        let said = command::run(command, &variables, self.timeout).await?;
        Ok(self.seen(said, &ground))
    }

    /// Asks the application for a call at each probe. There is one mock after another at the same address: a new one
    /// only where another world is needed.
    async fn ask_application(
        &self,
        trigger: &Trigger,
        listen: SocketAddr,
        plan: Vec<(&'static Probe, Option<&'static str>)>,
        on_done: &impl Fn(&ProbeResult),
    ) -> Result<Vec<ProbeResult>, Stopped> {
        let mut ground = self.ground(listen, self.keys, &HONEST).await?;
        let honest = self.seen(trigger.pull(self.timeout).await, &ground);
        must_be_good(&HONEST, &honest)?;
        let mut results = Vec::new();
        for (probe, skipped) in plan {
            let begun = Instant::now();
            let verdict = match skipped {
                Some(reason) => Verdict::Skipped { reason },
                None => {
                    if ground.suits(self.keys, probe.scene.world) {
                        self.set(&ground, probe)?;
                    } else {
                        ground.mock.shutdown().await;
                        ground = self.ground(listen, self.keys, probe).await?;
                    }
                    verdict(probe, &self.seen(trigger.pull(self.timeout).await, &ground))
                }
            };
            let result = ProbeResult { probe, verdict, took: begun.elapsed() };
            on_done(&result);
            results.push(result);
        }
        Ok(results)
    }

    async fn ground(&self, listen: SocketAddr, keys: Keys, probe: &Probe) -> Result<Ground, Stopped> {
        let ground = Ground::start(listen, keys, probe.scene.world).await;
        let ground = ground.map_err(|source| Stopped::Mock { listen, source })?;
        self.set(&ground, probe)?;
        Ok(ground)
    }

    fn set(&self, ground: &Ground, probe: &Probe) -> Result<(), Stopped> {
        let listen = ground.mock.address();
        ground.set(&probe.scene, self.timeout + LONGER).map_err(|source| Stopped::Mock { listen, source })
    }

    fn seen(&self, said: Said, ground: &Ground) -> Seen {
        let (exchanges, rejected_connections) = (ground.mock.exchanges(), ground.mock.rejected_connections());
        Seen { said, exchanges, missed: ground.missed(), limit: self.timeout, rejected_connections }
    }
}

fn verdict(probe: &Probe, seen: &Seen) -> Verdict {
    let findings = judge(probe, seen);
    let requests = match seen.exchanges.as_slice() {
        [] => "no request".into(),
        [only] => format!("1 request, {}", answered(only)),
        [.., last] => format!("{} requests, the last {}", seen.exchanges.len(), answered(last)),
    };
    let did = format!("{}; {requests}", seen.said.how);
    if findings.is_empty() {
        return Verdict::Held { did };
    }
    let said = lines(seen).pop();
    Verdict::NotHeld { findings, did, said }
}

/// How the mock answered, if the answer got to the client.
fn answered(exchange: &Exchange) -> String {
    let Some(status) = exchange.status else { return "without an answer".into() };
    let end = match exchange.fault.as_ref().and_then(|strike| strike.fault) {
        Some(Fault::ResetAfterHeaders | Fault::StopInBody) => ", but not to the end",
        _ => "",
    };
    format!("answered {}{end}", status.as_u16())
}

/// The client's output, without empty lines and without what could steer a terminal.
fn lines(seen: &Seen) -> Vec<String> {
    let output = seen.said.output.as_deref().unwrap_or_default();
    let plain = anstream::adapter::strip_str(output).to_string();
    let lines = plain.lines().map(|line| line.chars().filter(|one| !one.is_control()).take(200).collect());
    lines.filter(|line: &String| !line.trim().is_empty()).collect()
}

/// Whether it makes sense to go on.
fn must_be_good(probe: &Probe, honest: &Seen) -> Result<(), Stopped> {
    let findings = judge(probe, honest);
    if findings.is_empty() {
        return Ok(());
    }
    let output = lines(honest);
    let skipped = output.len().saturating_sub(SHOWN);
    Err(Stopped::FailsWithHonest(Box::new(Complaint {
        did: honest.said.how.clone(),
        found: findings.iter().map(|finding| finding.kind.to_string()).collect(),
        rejected_connections: honest.rejected_connections.clone(),
        exchanges: honest.exchanges.iter().map(ToString::to_string).collect(),
        output: output.into_iter().skip(skipped).collect(),
    })))
}

impl std::error::Error for Complaint {}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the client fails with a mock that does nothing wrong, so nothing else was tried")?;
        write!(f, "\n  {}: {}", self.did, self.found.join("; "))?;
        for reason in &self.rejected_connections {
            write!(f, "\n  mock    turned away: {reason}")?;
        }
        if self.exchanges.is_empty() && self.rejected_connections.is_empty() {
            write!(
                f,
                "\n  no request reached the mock; does the client read WECHATPAY_BASE_URL or HTTPS_PROXY?"
            )?;
        }
        for exchange in &self.exchanges {
            write!(f, "\n  mock    {exchange}")?;
        }
        for line in &self.output {
            write!(f, "\n  client  {line}")?;
        }
        Ok(())
    }
}
