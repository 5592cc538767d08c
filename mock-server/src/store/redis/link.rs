//! Calls to the servers: which one is asked, over which connection, how long, and how often.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use ::redis::{Cmd, Connection, Value};
use wechatpay_texts::{Both, phrase, text};

use super::{
    super::{
        StoreResult, UnavailableError,
        redis_url::{Address, Form, RedisUrl},
    },
    masters::{KNOWS_WITHIN, Masters},
    node::{
        COUNTS_FOR, Failure, Node, REPLICATES_WITHIN, Request, exchange, failure, millis, no_master,
        replicas_by, said,
    },
};

/// How long a call may take with everything that is tried for it. (own choice)
const PATIENCE: Duration = Duration::from_millis(1900);

/// After how long an answer may be one of a master that was stopped, and has been replaced meanwhile. (own choice)
const LATE: Duration = Duration::from_millis(500);

/// The rest before the same is tried again. (own choice)
const REST: Duration = Duration::from_millis(40);

/// How long calls to a lost server fail at once, before one of them tries again. (own choice)
const FAILS_FAST: Duration = Duration::from_millis(250);

/// The most connections to a server. (own choice)
const CONNECTIONS: usize = 64;

/// How many commands are sent to a server at once.
const AT_ONCE: usize = 500;

/// The way to the servers.
pub(super) struct Link {
    pub(super) masters: Masters,
}

impl Link {
    pub(super) fn new(url: RedisUrl) -> Self {
        Self { masters: Masters::new(url) }
    }

    pub(super) fn is_cluster(&self) -> bool {
        self.masters.url.form == Form::Cluster
    }

    /// Whether replicas must have what a durable request changes.
    pub(super) fn waits(&self) -> bool {
        self.masters.url.wait > 0
    }

    /// Sends the request to the server that has the slot, and returns its answers. What a lost connection has left open is tried
    /// again: a request must be one that can be repeated.
    pub(super) fn call(&self, slot: u16, request: &Request) -> StoreResult<Vec<Value>> {
        let begun = Instant::now();
        let deadline = begun + PATIENCE;
        loop {
            let tried = Instant::now();
            let node = self.node(slot, deadline);
            let (node, failure) = match node {
                Err(failure) => (None, failure),
                Ok(node) => match self.attempt(&node, request, deadline) {
                    Ok(_)
                        if !request.is_durable
                            && tried.elapsed() > LATE
                            && !self.still_has(&node, slot, deadline) =>
                    {
                        let address = &node.address;
                        let reason = Both::of(|| text!("Redis at {address} has answered too late"));
                        (Some(node), Failure::Elsewhere(reason))
                    }
                    Ok(values) => {
                        self.is_back(&node);
                        return Ok(values);
                    }
                    Err(failure) => (Some(node), failure),
                },
            };
            let (reason, is_lost) = match failure {
                Failure::Refused(reason) => return Err(UnavailableError { reason }),
                Failure::Closed => {
                    let node =
                        node.map_or_else(|| self.masters.url.to_string(), |node| node.address.to_string());
                    return Err(UnavailableError::of(|| text!("Redis at {node} can't be reached")));
                }
                Failure::Broken(reason) => (reason, true),
                Failure::Elsewhere(reason) => (reason, false),
            };
            // Another attempt needs the time for an answer.
            if Instant::now() + REST + KNOWS_WITHIN > deadline {
                if is_lost && let Some(node) = &node {
                    self.is_gone(node, &reason);
                }
                return Err(UnavailableError { reason });
            }
            if begun.elapsed() > REST || !is_lost {
                std::thread::sleep(REST);
            }
            if self.masters.url.form != Form::Single {
                self.masters.ask_again(tried, deadline, node.as_deref());
            }
        }
    }

    /// Whether the node is still the one that has the slot, as far as anybody says.
    fn still_has(&self, node: &Arc<Node>, slot: u16, deadline: Instant) -> bool {
        if self.masters.url.form == Form::Single {
            return true;
        }
        self.masters.ask_again(Instant::now(), deadline, Some(node));
        self.masters.known(slot).is_none_or(|known| Arc::ptr_eq(&known, node))
    }

    /// The same for one command with one answer.
    pub(super) fn ask(&self, slot: u16, request: &Request) -> StoreResult<Value> {
        self.call(slot, request)?
            .into_iter()
            .next()
            .ok_or_else(|| UnavailableError::of(|| text!("no answer")))
    }

    /// The same for many merchants' commands, each with the merchant's slot, in as few requests as possible. Returns an answer for each, in their
    /// order; none for those whose server can't be reached. Replicas have what it tells: otherwise a callback could be sent whose
    /// change is lost.
    pub(super) fn call_each(
        &self,
        commands: impl IntoIterator<Item = (u16, Cmd)>,
    ) -> StoreResult<Vec<Option<Value>>> {
        let mut requests: HashMap<Option<Address>, (u16, Request, Vec<usize>)> = HashMap::new();
        let mut total = 0;
        let mut answers = Vec::new();
        let mut last_error = None;
        let mut send = |(slot, request, places): (u16, Request, Vec<usize>),
                        answers: &mut Vec<Option<Value>>| {
            match self.call(slot, &request) {
                Ok(values) => {
                    places.into_iter().zip(values).for_each(|(place, value)| answers[place] = Some(value));
                }
                Err(error) => last_error = Some(error),
            }
        };
        for (place, (slot, command)) in commands.into_iter().enumerate() {
            total += 1;
            answers.push(None);
            let node = if self.is_cluster() {
                self.masters.known(slot).map(|node| node.address.clone())
            } else {
                None
            };
            // Without a known server, each goes its own way.
            if node.is_none() && self.is_cluster() {
                send((slot, Request::of(&command).durable(), vec![place]), &mut answers);
                continue;
            }
            let (_, request, places) = requests
                .entry(node.clone())
                .or_insert_with(|| (slot, Request::default().durable(), Vec::new()));
            request.add(&command);
            places.push(place);
            if places.len() == AT_ONCE
                && let Some(full) = requests.remove(&node)
            {
                send(full, &mut answers);
            }
        }
        requests.into_values().for_each(|request| send(request, &mut answers));
        match last_error {
            Some(error) if total > 0 && answers.iter().all(Option::is_none) => Err(error),
            _ => Ok(answers),
        }
    }

    /// One attempt: over a connection that was used before, or a new one.
    fn attempt(&self, node: &Arc<Node>, request: &Request, deadline: Instant) -> Result<Vec<Value>, Failure> {
        let mut connection = self.connection(node, deadline)?;
        self.masters.sent.fetch_add(1, Relaxed);
        let result = self.converse(node, &mut connection, request, deadline);
        match result {
            Ok(_) | Err(Failure::Refused(_)) => node.let_go(Some(connection)),
            // A connection to what is no longer the master has no use, and the others are probably as broken. A new one loads the
            // scripts.
            Err(_) => {
                node.let_go(None);
                node.pool.lock().idle.clear();
            }
        }
        result
    }

    /// Sends the request, and waits for as many replicas as it needs. A server that is not known to have so many says in the same
    /// answer how many there are: connections are kept, and replicas come and go meanwhile.
    fn converse(
        &self,
        node: &Arc<Node>,
        connection: &mut Connection,
        request: &Request,
        deadline: Instant,
    ) -> Result<Vec<Value>, Failure> {
        let broken = |error| Failure::Broken(said(&node.address, &error));
        let address = &node.address;
        if !(request.is_durable && self.waits()) {
            let answers = exchange(connection, &request.bytes, request.count, deadline).map_err(broken)?;
            return failure(address, &answers).map_or(Ok(answers), Err);
        }
        let (begun, wanted) = (self.masters.now(), usize::from(self.masters.url.wait));
        let expected = node.replicas(begun).min(wanted);
        let asks_role = expected < wanted;
        let mut bytes = request.bytes.clone();
        if asks_role {
            ::redis::cmd("ROLE").write_packed_command(&mut bytes);
        }
        if expected > 0 {
            wait_for(expected).write_packed_command(&mut bytes);
        }
        let count = request.count + usize::from(asks_role) + usize::from(expected > 0);
        let mut answers = exchange(connection, &bytes, count, deadline).map_err(broken)?;
        let mut reached = if expected > 0 { answers.pop() } else { None };
        let role = if asks_role { answers.pop() } else { None };
        if let Some(failure) = failure(address, answers.iter().chain(&reached)) {
            return Err(failure);
        }
        if let Some(role) = role {
            let Some(replicas) = replicas_by(&role) else {
                return Err(no_master(address));
            };
            node.replicas.store(replicas, Relaxed);
        }
        let known = if asks_role { node.replicas(begun).min(wanted) } else { expected };
        if known > expected {
            let mut bytes = Vec::new();
            wait_for(known).write_packed_command(&mut bytes);
            reached = exchange(connection, &bytes, 1, deadline).map_err(broken)?.pop();
        }
        let reached = match reached {
            Some(Value::Int(reached)) => usize::try_from(reached).unwrap_or(0),
            _ => 0,
        };
        if reached < known {
            node.missed.store(begun, Relaxed);
            // It is to say anew how many there are.
            node.replicas.store(0, Relaxed);
            let reason = Both::of(|| text!("no replica of Redis at {address} has confirmed the change"));
            return Err(Failure::Elsewhere(reason));
        }
        if known == 0 && self.masters.url.form != Form::Single {
            self.is_master(node, deadline)?;
        } else {
            node.alone_since.store(0, Relaxed);
        }
        Ok(answers)
    }

    /// Whether a server without replicas is the master, as another one says: it may be one that was stopped, and whose replicas
    /// have another master now.
    fn is_master(&self, node: &Arc<Node>, deadline: Instant) -> Result<(), Failure> {
        let now = self.masters.now();
        let since = match node.alone_since.compare_exchange(0, now, Relaxed, Relaxed) {
            Ok(_) => now,
            Err(since) => since,
        };
        let is_named = || {
            let named = node.named.load(Relaxed);
            named >= since && named + millis(COUNTS_FOR) > self.masters.now()
        };
        if !is_named() {
            self.masters.ask_again(Instant::now(), deadline, Some(node));
        }
        if is_named() {
            return Ok(());
        }
        let address = &node.address;
        Err(Failure::Elsewhere(Both::of(|| {
            text!("Redis at {address} has no replica, and no other node says that it is the master")
        })))
    }

    fn connection(&self, node: &Arc<Node>, deadline: Instant) -> Result<Connection, Failure> {
        let now = self.masters.now();
        let closed_until = node.closed_until.load(Relaxed);
        if closed_until > now {
            return Err(Failure::Closed);
        }
        // One tries, and the others fail at once meanwhile.
        if closed_until > 0 {
            let later = now + millis(FAILS_FAST);
            if node.closed_until.compare_exchange(closed_until, later, Relaxed, Relaxed).is_err() {
                return Err(Failure::Closed);
            }
        }
        let mut pool = node.pool.lock();
        loop {
            if let Some(connection) = pool.idle.pop() {
                pool.used += 1;
                return Ok(connection);
            }
            if pool.used < CONNECTIONS {
                pool.used += 1;
                break;
            }
            if node.freed.wait_until(&mut pool, deadline).timed_out() {
                let address = &node.address;
                let reason = Both::of(|| text!("all connections to Redis at {address} are in use"));
                return Err(Failure::Elsewhere(reason));
            }
        }
        drop(pool);
        let needs_master =
            self.masters.url.wait > 0 || matches!(self.masters.url.form, Form::Sentinel { .. });
        node.connect(needs_master, deadline).inspect_err(|_| node.let_go(None))
    }

    fn node(&self, slot: u16, deadline: Instant) -> Result<Arc<Node>, Failure> {
        if let Some(node) = self.masters.known(slot) {
            return Ok(node);
        }
        self.masters.ask_again(Instant::now(), deadline, None);
        if Instant::now() > deadline {
            return Err(Failure::Broken(Both::of(|| text!("there is no time left"))));
        }
        let unknown = || text!("none of {url} says which server is the master", url = self.masters.url);
        self.masters.known(slot).ok_or_else(|| Failure::Broken(Both::of(unknown)))
    }

    fn is_gone(&self, node: &Node, reason: &Both) {
        node.closed_until.store(self.masters.now() + millis(FAILS_FAST), Relaxed);
        if !node.is_lost.swap(true, Relaxed) {
            tracing::warn!(address = %node.address, %reason, "{}", phrase!("lost the connection to Redis"));
        }
    }

    fn is_back(&self, node: &Node) {
        if node.is_lost.load(Relaxed) && node.is_lost.swap(false, Relaxed) {
            node.closed_until.store(0, Relaxed);
            tracing::info!(address = %node.address, "{}", phrase!("Redis is available again"));
        }
    }
}

fn wait_for(replicas: usize) -> Cmd {
    let mut wait = ::redis::cmd("WAIT");
    wait.arg(replicas).arg(REPLICATES_WITHIN.as_millis() as u64);
    wait
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.masters.url).finish()
    }
}
