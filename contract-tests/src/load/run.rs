//! From what is asked to the results, one step after another.

use std::time::{Duration, Instant};

use wechatpay_client::PlatformKeys;
use wechatpay_protocol::Credentials;

use super::{
    Load, LoadError, Results,
    phase::{Outcome, Phase, Worker, once},
    requests::Maker,
    sample,
    tally::Tally,
};
use crate::run::send::Host;

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Requests are being signed.
    Signing {
        /// How many are.
        signed: usize,
        /// How many will be.
        of: usize,
    },
    /// Requests are sent, and not counted.
    WarmingUp(Course),
    /// Requests are sent and counted.
    Running(Course),
}

/// How far sending is.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// How long it has taken.
    pub took: Duration,
    /// How long it takes.
    pub length: Duration,
    /// How many answers there are.
    pub answered: u64,
}

/// Runs it as that merchant, and calls `tell` now and then with how far it is.
///
/// It blocks until it is done, on threads of its own; in an asynchronous program, `spawn_blocking` is the place for it.
///
/// # Errors
/// [`LoadError`] if nothing could be measured. Failures of single requests are results.
pub fn run(
    load: &Load,
    credentials: &Credentials,
    tell: &(dyn Fn(Step) + Sync),
) -> Result<Results, LoadError> {
    load.check()?;
    let keys = load.verify_every.map(|_| sample::keys(credentials)).transpose()?;
    let unreachable = |found: String| LoadError::Unreachable { url: load.target.to_string(), found };
    let host = Host::of(&load.target.to_string()).map_err(unreachable)?;
    let maker = Maker::new(load, credentials, &host)?;
    preflight(&host, &maker.first(), load, credentials)?;

    let (of, signing) = (maker.count(), Instant::now());
    tell(Step::Signing { signed: 0, of });
    let requests = maker.sign(load.warm_up + load.duration, &|signed| tell(Step::Signing { signed, of }))?;
    let signing_took = signing.elapsed();

    let mut workers = workers(&host, load).map_err(LoadError::Start)?;
    for worker in &mut workers {
        worker.open().map_err(|failure| unreachable(failure.to_string()))?;
    }
    let mut send = |length, verify_every, step: fn(Course) -> Step| {
        let phase = Phase::new(&requests, load, length, verify_every);
        phase.run(&mut workers, |took, answered| tell(step(Course { took, length, answered })))
    };
    if !load.warm_up.is_zero() {
        send(load.warm_up, None, Step::WarmingUp);
    }
    let Outcome { mut tally, requests: sent, took } = send(load.duration, load.verify_every, Step::Running);
    let verified = verify(&mut tally, keys.as_ref());
    Ok(Results {
        load: load.clone(),
        requests: sent,
        took,
        latency: tally.latency,
        statuses: tally.statuses,
        failures: tally.failures,
        sample: tally.kept.len() as u64,
        verified,
        signed: requests.count(),
        signing_took,
        is_repeated: requests.is_repeated(),
        body_bytes: maker.body_bytes(),
    })
}

/// Whether the server is there and takes the requests; if not, one answer says why as well as thousands.
fn preflight(host: &Host, request: &[u8], load: &Load, credentials: &Credentials) -> Result<(), LoadError> {
    let url = || load.target.to_string();
    match once(host, request).map_err(LoadError::Start)? {
        Err(failure) => Err(LoadError::Unreachable { url: url(), found: failure.to_string() }),
        Ok((400..500, received)) => Err(LoadError::Refused {
            url: url(),
            mchid: credentials.mchid.to_string(),
            answer: sample::refusal(&received),
        }),
        // A 2xx is what is wanted. Any other status may be a matter of chance, and is for the results to tell.
        Ok(_) => Ok(()),
    }
}

/// The connections, spread evenly over the threads.
fn workers<'a>(host: &'a Host, load: &Load) -> std::io::Result<Vec<Worker<'a>>> {
    let (connections, threads) = (load.connections.get(), load.threads.get());
    let share = |thread| connections / threads + usize::from(thread < connections % threads);
    (0..threads).map(|thread| Worker::new(host, share(thread))).collect()
}

/// How many of the answers that were kept hold. What is wrong with the others is a failure of theirs.
fn verify(tally: &mut Tally, keys: Option<&PlatformKeys>) -> u64 {
    let Some(keys) = keys else { return 0 };
    let mut verified = 0;
    for kept in &tally.kept {
        match sample::check(kept, keys) {
            Ok(()) => verified += 1,
            Err(problem) => tally.failures.add(format!("not verified: {problem}"), 1),
        }
    }
    verified
}
