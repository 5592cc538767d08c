//! Calls to the servers: which one is asked, over which connection, how long, and how often.

use std::{
    collections::{HashMap, HashSet},
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use ::redis::{
    Client, Cmd, Connection, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, ServerErrorKind, Value, io::tcp::TcpSettings,
};
use parking_lot::{Condvar, Mutex, RwLock};
use wechatpay_texts::{Both, phrase, text};

use super::{
    super::{
        Unavailable,
        redis_url::{Address, Form, RedisUrl},
    },
    keys,
    scripts::SCRIPTS,
};

/// How long a call may take with everything that is tried for it. (own choice)
const PATIENCE: Duration = Duration::from_millis(1900);

/// How long a server may take to accept a connection, and to answer: so that there is time for a second attempt. (own choice)
const ANSWERS_WITHIN: Duration = Duration::from_millis(900);

/// How long other nodes may take to say which one is the master. (own choice)
const KNOWS_WITHIN: Duration = Duration::from_millis(300);

/// How long a commit waits for replicas. (own choice)
const REPLICATES_WITHIN: Duration = Duration::from_millis(700);

/// How long it counts what other nodes have said about a master. (own choice)
const COUNTS_FOR: Duration = Duration::from_secs(1);

/// After how long an answer may be one of a master that was stopped, and has been replaced meanwhile. (own choice)
const LATE: Duration = Duration::from_millis(500);

/// The rest before the same is tried again. (own choice)
const REST: Duration = Duration::from_millis(40);

/// How long calls to a lost server fail at once, before one of them tries again. (own choice)
const FAILS_FAST: Duration = Duration::from_millis(250);

/// The most connections to a server. (own choice)
const CONNECTIONS: usize = 64;

/// The servers.
pub(super) struct Link {
    url: RedisUrl,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    /// Which server has which slots.
    topology: RwLock<Topology>,
    /// When the topology was last asked for. Held while somebody asks for it.
    asked: Mutex<Option<Instant>>,
    begun: Instant,
    /// How many requests were sent.
    pub(super) sent: AtomicU64,
}

#[derive(Default)]
struct Topology {
    /// In order: the last slot of a range, and its master.
    masters: Vec<(u16, Arc<Node>)>,
}

/// A server with the connections to it.
struct Node {
    address: Address,
    client: Client,
    pool: Mutex<Pool>,
    freed: Condvar,
    /// How many replicas it has said it has.
    replicas: AtomicUsize,
    /// How many replicas another node has said it has. It leaves out those that it does not know well yet.
    listed_replicas: AtomicUsize,
    /// When another node has last said that it is the master, in milliseconds of the link; these may be 0 for never.
    named: AtomicU64,
    /// Since when it is known to have no replica.
    alone_since: AtomicU64,
    /// When a commit was sent that its replicas have not confirmed.
    missed: AtomicU64,
    /// Until when calls fail at once, in milliseconds of the link.
    closed_until: AtomicU64,
    is_lost: AtomicBool,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    used: usize,
}

/// Commands for one server, sent at once.
#[derive(Default)]
pub(super) struct Request {
    bytes: Vec<u8>,
    count: usize,
    /// Whether replicas must have what it changes.
    is_durable: bool,
}

/// Who has the slots up to this one, as a node of the cluster says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    last: u16,
    master: Address,
    replicas: usize,
    /// Whether the master itself says so, which it does also after it was replaced, until it hears of that.
    is_own_word: bool,
}

/// Why one attempt has failed.
enum Failure {
    /// The connection is broken, or there was none.
    Broken(Both),
    /// The server can't do it now, or another one has it.
    Elsewhere(Both),
    /// The server won't do it.
    Refused(Both),
    /// It was not tried: the last attempt is too recent.
    Closed,
}

impl Request {
    pub(super) fn of(command: &Cmd) -> Self {
        let mut request = Self::default();
        request.add(command);
        request
    }

    pub(super) fn add(&mut self, command: &Cmd) {
        command.write_packed_command(&mut self.bytes);
        self.count += 1;
    }

    /// The same, answered once the replicas that are asked for have what it changes.
    pub(super) fn durable(self) -> Self {
        Self { is_durable: true, ..self }
    }
}

impl Link {
    pub(super) fn new(url: RedisUrl) -> Self {
        Self {
            url,
            nodes: Mutex::default(),
            topology: RwLock::default(),
            asked: Mutex::default(),
            begun: Instant::now(),
            sent: AtomicU64::new(0),
        }
    }

    pub(super) fn is_cluster(&self) -> bool {
        self.url.form == Form::Cluster
    }

    /// Whether replicas must have what a durable request changes.
    pub(super) fn waits(&self) -> bool {
        self.url.wait > 0
    }

    /// Sends the request to the server that has the slot, and returns its answers. What a lost connection has left open is tried
    /// again: a request must be one that can be repeated.
    pub(super) fn call(&self, slot: u16, request: &Request) -> Result<Vec<Value>, Unavailable> {
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
                Failure::Refused(reason) => return Err(Unavailable { reason }),
                Failure::Closed => {
                    let node = node.map_or_else(|| self.url.to_string(), |node| node.address.to_string());
                    return Err(Unavailable::of(|| text!("Redis at {node} can't be reached")));
                }
                Failure::Broken(reason) => (reason, true),
                Failure::Elsewhere(reason) => (reason, false),
            };
            // Another attempt needs the time for an answer.
            if Instant::now() + REST + KNOWS_WITHIN > deadline {
                if is_lost && let Some(node) = &node {
                    self.is_gone(node, &reason);
                }
                return Err(Unavailable { reason });
            }
            if begun.elapsed() > REST || !is_lost {
                std::thread::sleep(REST);
            }
            if self.url.form != Form::Single {
                self.ask_again(tried, deadline, node.as_deref());
            }
        }
    }

    /// Whether the node is still the one that has the slot, as far as anybody says.
    fn still_has(&self, node: &Arc<Node>, slot: u16, deadline: Instant) -> bool {
        if self.url.form == Form::Single {
            return true;
        }
        self.ask_again(Instant::now(), deadline, Some(node));
        self.known(slot).is_none_or(|known| Arc::ptr_eq(&known, node))
    }

    /// A hash tag for each master, whose slot it has.
    pub(super) fn tag_of_each(&self) -> Vec<String> {
        let topology = self.topology.read();
        let mut masters: HashSet<_> = topology.masters.iter().map(|(_, node)| &node.address).collect();
        // As many as there are slots, several times: each of them has one then.
        let tags = (0..16 * u32::from(keys::SLOTS)).map(|tag| tag.to_string());
        let mut found = Vec::new();
        for tag in tags {
            if masters.is_empty() {
                break;
            }
            if topology.at(keys::slot(&tag)).is_some_and(|node| masters.remove(&node.address)) {
                found.push(tag);
            }
        }
        found
    }

    /// The same for one command with one answer.
    pub(super) fn ask(&self, slot: u16, request: &Request) -> Result<Value, Unavailable> {
        self.call(slot, request)?.into_iter().next().ok_or_else(|| Unavailable::of(|| text!("no answer")))
    }

    /// The same for many merchants' commands, each with the merchant's slot, in as few requests as possible. Returns an answer for each, in their
    /// order; none for those whose server can't be reached. Replicas have what it tells: otherwise a callback could be sent whose
    /// change is lost.
    pub(super) fn call_each(
        &self,
        commands: impl IntoIterator<Item = (u16, Cmd)>,
    ) -> Result<Vec<Option<Value>>, Unavailable> {
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
            let node =
                if self.is_cluster() { self.known(slot).map(|node| node.address.clone()) } else { None };
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
        self.sent.fetch_add(1, Relaxed);
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
        let (begun, wanted) = (self.now(), usize::from(self.url.wait));
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
        if known == 0 && self.url.form != Form::Single {
            self.is_master(node, deadline)?;
        } else {
            node.alone_since.store(0, Relaxed);
        }
        Ok(answers)
    }

    /// Whether a server without replicas is the master, as another one says: it may be one that was stopped, and whose replicas
    /// have another master now.
    fn is_master(&self, node: &Arc<Node>, deadline: Instant) -> Result<(), Failure> {
        let now = self.now();
        let since = match node.alone_since.compare_exchange(0, now, Relaxed, Relaxed) {
            Ok(_) => now,
            Err(since) => since,
        };
        let is_named = || {
            let named = node.named.load(Relaxed);
            named >= since && named + millis(COUNTS_FOR) > self.now()
        };
        if !is_named() {
            self.ask_again(Instant::now(), deadline, Some(node));
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
        let now = self.now();
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
        let needs_master = self.url.wait > 0 || matches!(self.url.form, Form::Sentinel { .. });
        node.connect(needs_master, deadline).inspect_err(|_| node.let_go(None))
    }

    fn node(&self, slot: u16, deadline: Instant) -> Result<Arc<Node>, Failure> {
        if let Some(node) = self.known(slot) {
            return Ok(node);
        }
        self.ask_again(Instant::now(), deadline, None);
        if Instant::now() > deadline {
            return Err(Failure::Broken(Both::of(|| text!("there is no time left"))));
        }
        let unknown = || text!("none of {url} says which server is the master", url = self.url);
        self.known(slot).ok_or_else(|| Failure::Broken(Both::of(unknown)))
    }

    fn known(&self, slot: u16) -> Option<Arc<Node>> {
        self.topology.read().at(slot).map(Arc::clone)
    }

    /// Finds out which servers are the masters, unless somebody has asked since this moment. What can't be found out stays as it was.
    /// A node that has failed is asked last.
    fn ask_again(&self, since: Instant, deadline: Instant, failed: Option<&Node>) {
        let Some(mut asked) = self.asked.try_lock_until(deadline) else { return };
        if asked.is_some_and(|asked| asked > since) {
            return;
        }
        let masters = match &self.url.form {
            Form::Single => {
                self.url.hosts.first().and_then(|host| Some(vec![(u16::MAX, self.node_at(host)?)]))
            }
            Form::Cluster => self.masters_of_cluster(failed, deadline),
            Form::Sentinel { master } => {
                self.master_by_sentinel(master).map(|master| vec![(u16::MAX, master)])
            }
        };
        *asked = Some(Instant::now());
        let Some(masters) = masters else { return };
        let addresses = |masters: &[(u16, Arc<Node>)]| {
            let mut addresses: Vec<_> = masters.iter().map(|(_, node)| node.address.to_string()).collect();
            addresses.sort_unstable();
            addresses.dedup();
            addresses
        };
        let now = addresses(&masters);
        let before = std::mem::replace(&mut *self.topology.write(), Topology { masters });
        let before = addresses(&before.masters);
        if !before.is_empty() && before != now {
            tracing::info!(masters = now.join(","), "{}", phrase!("Redis has other masters now"));
        }
    }

    fn node_at(&self, address: &Address) -> Option<Arc<Node>> {
        let mut nodes = self.nodes.lock();
        if let Some(node) = nodes.get(address) {
            return Some(Arc::clone(node));
        }
        let node = Arc::new(Node::new(address, &self.url).ok()?);
        nodes.insert(address.clone(), Arc::clone(&node));
        Some(node)
    }

    /// Asks nodes of the cluster until each master is known by the word of another node.
    fn masters_of_cluster(&self, failed: Option<&Node>, deadline: Instant) -> Option<Vec<(u16, Arc<Node>)>> {
        let now = self.now();
        let mut addresses = Vec::new();
        let known = self.nodes.lock().keys().cloned().collect::<Vec<_>>();
        for address in known.iter().chain(&self.url.hosts) {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        // Not the same one first each time: it may be the one that is lost.
        let first = usize::try_from(now).unwrap_or_default() % addresses.len().max(1);
        addresses.rotate_left(first);
        addresses.sort_by_key(|address| failed.is_some_and(|failed| failed.address == *address));
        let mut request = Request::of(::redis::cmd("CLUSTER").arg("SLOTS"));
        request.add(::redis::cmd("CLUSTER").arg("MYID"));
        let mut found = Vec::new();
        for address in addresses.iter().take_while(|_| Instant::now() < deadline) {
            let Some(answers) = self.answers_of(address, &self.url, &request) else { continue };
            add_word(&mut found, ranges(&answers, address));
            if !found.is_empty() && found.iter().all(|range| !range.is_own_word) {
                break;
            }
        }
        let mut masters = Vec::new();
        for Range { last, master, replicas, is_own_word } in found {
            let node = self.node_at(&master)?;
            if !is_own_word {
                node.listed_replicas.store(replicas, Relaxed);
                node.named.store(now, Relaxed);
            }
            masters.push((last, node));
        }
        masters.sort_by_key(|(last, _)| *last);
        Some(masters).filter(|masters| !masters.is_empty())
    }

    fn master_by_sentinel(&self, master: &str) -> Option<Arc<Node>> {
        let now = self.now();
        let request = Request::of(::redis::cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(master));
        let first = usize::try_from(self.now()).unwrap_or_default() % self.url.hosts.len().max(1);
        let hosts = self.url.hosts.iter().cycle().skip(first).take(self.url.hosts.len());
        // A Sentinel has no databases and, mostly, no users.
        let plain = RedisUrl { database: 0, login: Default::default(), ..self.url.clone() };
        for host in hosts {
            let answers = self.answers_of(host, &plain, &request).unwrap_or_default();
            let [Value::Array(answer)] = answers.as_slice() else { continue };
            let [host, port] = answer.as_slice() else { continue };
            let port = text(port).and_then(|port| port.parse().ok());
            if let (Some(host), Some(port)) = (text(host), port) {
                let node = self.node_at(&Address { host: host.to_owned(), port })?;
                node.named.store(now, Relaxed);
                return Some(node);
            }
        }
        None
    }

    /// What one node answers over a connection of its own.
    fn answers_of(&self, address: &Address, url: &RedisUrl, request: &Request) -> Option<Vec<Value>> {
        let client = client(address, url).ok()?;
        let mut connection = client.get_connection_with_timeout(KNOWS_WITHIN).ok()?;
        connection.set_read_timeout(Some(KNOWS_WITHIN)).ok()?;
        let deadline = Instant::now() + KNOWS_WITHIN;
        let answers = exchange(&mut connection, &request.bytes, request.count, deadline).ok()?;
        self.sent.fetch_add(1, Relaxed);
        Some(answers)
    }

    fn is_gone(&self, node: &Node, reason: &Both) {
        node.closed_until.store(self.now() + millis(FAILS_FAST), Relaxed);
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

    /// Milliseconds of the link, from 1 on.
    fn now(&self) -> u64 {
        millis(self.begun.elapsed()) + 1
    }
}

/// How many commands are sent to a server at once.
const AT_ONCE: usize = 500;

impl Topology {
    fn at(&self, slot: u16) -> Option<&Arc<Node>> {
        let at = self.masters.partition_point(|(last, _)| *last < slot);
        self.masters.get(at).map(|(_, node)| node)
    }
}

impl Node {
    fn new(address: &Address, url: &RedisUrl) -> Result<Self, RedisError> {
        Ok(Self {
            address: address.clone(),
            client: client(address, url)?,
            pool: Mutex::default(),
            freed: Condvar::new(),
            replicas: AtomicUsize::new(0),
            listed_replicas: AtomicUsize::new(usize::MAX),
            named: AtomicU64::new(0),
            alone_since: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            closed_until: AtomicU64::new(0),
            is_lost: AtomicBool::new(false),
        })
    }

    /// How many replicas can confirm a change at this moment: as many as the server says, and after they have not confirmed one,
    /// for a while no more than another node knows since then.
    fn replicas(&self, now: u64) -> usize {
        let (replicas, missed) = (self.replicas.load(Relaxed), self.missed.load(Relaxed));
        let is_in_doubt = missed > 0
            && self.named.load(Relaxed) >= missed
            && now < missed + millis(REPLICATES_WITHIN + COUNTS_FOR);
        if is_in_doubt { replicas.min(self.listed_replicas.load(Relaxed)) } else { replicas }
    }

    /// A connection that knows the scripts.
    fn connect(&self, needs_master: bool, deadline: Instant) -> Result<Connection, Failure> {
        let broken = |error: RedisError| match error.kind() {
            ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig => {
                Failure::Refused(said(&self.address, &error))
            }
            _ => Failure::Broken(said(&self.address, &error)),
        };
        let mut connection = self.client.get_connection_with_timeout(ANSWERS_WITHIN).map_err(broken)?;
        connection.set_read_timeout(Some(ANSWERS_WITHIN)).map_err(broken)?;
        connection.set_write_timeout(Some(ANSWERS_WITHIN)).map_err(broken)?;
        let mut request = Request::default();
        request.add(&::redis::cmd("ROLE"));
        for script in SCRIPTS.texts() {
            request.add(::redis::cmd("SCRIPT").arg("LOAD").arg(script));
        }
        let answers = exchange(&mut connection, &request.bytes, request.count, deadline).map_err(broken)?;
        match answers.first().and_then(replicas_by) {
            Some(replicas) => self.replicas.store(replicas, Relaxed),
            None if needs_master => {
                return Err(no_master(&self.address));
            }
            None => {}
        }
        let error = answers.into_iter().skip(1).find_map(|answer| answer.extract_error().err());
        match error {
            None => Ok(connection),
            Some(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Server(ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown)
                ) =>
            {
                Err(Failure::Elsewhere(said(&self.address, &error)))
            }
            Some(error) => Err(Failure::Refused(said(&self.address, &error))),
        }
    }

    /// Ends the use of a connection, which is kept if it is whole.
    fn let_go(&self, connection: Option<Connection>) {
        let mut pool = self.pool.lock();
        pool.used -= 1;
        pool.idle.extend(connection);
        drop(pool);
        self.freed.notify_one();
    }
}

/// Why a server has not done everything, if so.
fn failure<'a>(address: &Address, answers: impl IntoIterator<Item = &'a Value>) -> Option<Failure> {
    let error = answers.into_iter().find_map(|answer| match answer {
        Value::ServerError(error) => Some(error),
        _ => None,
    })?;
    let reason = said(address, &error.clone().into());
    Some(match error.kind() {
        Some(
            ServerErrorKind::Moved
            | ServerErrorKind::Ask
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::BusyLoading
            | ServerErrorKind::NoScript,
        ) => Failure::Elsewhere(reason),
        _ if matches!(error.code(), "UNBLOCKED" | "BUSY" | "NOREPLICAS") => Failure::Elsewhere(reason),
        _ => Failure::Refused(reason),
    })
}

/// How many replicas a server says that it has, or `None` if it is one itself. A server that may not say its role is taken for a
/// master without replicas.
fn replicas_by(role: &Value) -> Option<usize> {
    let Value::Array(role) = role else { return Some(0) };
    match role.as_slice() {
        [role, _, Value::Array(replicas)] if text(role) == Some("master") => Some(replicas.len()),
        _ => None,
    }
}

fn wait_for(replicas: usize) -> Cmd {
    let mut wait = ::redis::cmd("WAIT");
    wait.arg(replicas).arg(REPLICATES_WITHIN.as_millis() as u64);
    wait
}

/// The answers of a node to `CLUSTER SLOTS` and `CLUSTER MYID`.
fn ranges(answers: &[Value], asked: &Address) -> Vec<Range> {
    let [Value::Array(ranges), own_id] = answers else { return Vec::new() };
    let range = |range: &Value| {
        let Value::Array(range) = range else { return None };
        let [Value::Int(_), Value::Int(last), Value::Array(master), replicas @ ..] = range.as_slice() else {
            return None;
        };
        let [host, Value::Int(port), id @ ..] = master.as_slice() else { return None };
        let host = text(host).filter(|host| !host.is_empty() && *host != "?").unwrap_or(&asked.host);
        let master = Address { host: host.to_owned(), port: u16::try_from(*port).ok()? };
        // A node may have several addresses.
        let has_own_id = id.first().and_then(text).is_some_and(|id| text(own_id) == Some(id));
        let is_own_word = has_own_id || master == *asked;
        Some(Range { last: u16::try_from(*last).ok()?, master, replicas: replicas.len(), is_own_word })
    };
    let mut ranges: Vec<_> = ranges.iter().filter_map(range).collect();
    // A node that knows no other is a cluster by itself.
    if ranges.iter().all(|range| range.is_own_word && range.replicas == 0) {
        ranges.iter_mut().for_each(|range| range.is_own_word = false);
    }
    ranges
}

/// Adds what another node says: it counts where a master has spoken for itself.
fn add_word(found: &mut Vec<Range>, other: Vec<Range>) {
    if found.is_empty() {
        *found = other;
        return;
    }
    for range in found.iter_mut().filter(|range| range.is_own_word) {
        if let Some(other) = other.iter().find(|other| other.last == range.last && !other.is_own_word) {
            *range = other.clone();
        }
    }
}

/// Sends commands and receives their answers, up to the first that does not come, or not in time.
fn exchange(
    connection: &mut Connection,
    bytes: &[u8],
    count: usize,
    deadline: Instant,
) -> Result<Vec<Value>, RedisError> {
    connection.send_packed_command(bytes)?;
    let answer = |_| {
        if Instant::now() > deadline {
            return Err(io::Error::from(io::ErrorKind::TimedOut).into());
        }
        connection.recv_response()
    };
    (0..count).map(answer).collect()
}

fn client(address: &Address, url: &RedisUrl) -> Result<Client, RedisError> {
    let Address { host, port } = address.clone();
    let address = if url.is_tls {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    let mut settings = RedisConnectionInfo::default().set_db(url.database).set_skip_set_lib_name();
    if let Some(user) = &url.login.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &url.login.password {
        settings = settings.set_password(password);
    }
    let info: ConnectionInfo = address.into_connection_info()?;
    let tcp = TcpSettings::default().set_nodelay(true);
    Client::open(info.set_redis_settings(settings).set_tcp_settings(tcp))
}

/// What went wrong, without secrets.
fn said(address: &Address, error: &RedisError) -> Both {
    Both::of(|| {
        let why = match error.kind() {
            ErrorKind::AuthenticationFailed => text!("it refuses the user or the password"),
            _ if error.is_timeout() => text!("it does not answer in time"),
            _ => error.to_string(),
        };
        text!("Redis at {address}: {why}")
    })
}

fn no_master(address: &Address) -> Failure {
    Failure::Elsewhere(Both::of(|| text!("Redis at {address} is not the master")))
}

pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.url).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a node says: the last slot, the port of the master, which is also its ID, and how many replicas it has.
    fn said(by: u16, ranges: &[(u16, u16, usize)]) -> Vec<Range> {
        let text = |text: String| Value::BulkString(text.into());
        let node = |port: u16| {
            let host = text("127.0.0.1".into());
            Value::Array(vec![host, Value::Int(port.into()), text(port.to_string())])
        };
        let range = |(last, master, replicas): &(u16, u16, usize)| {
            let nodes = std::iter::once(*master).chain(std::iter::repeat_n(9, *replicas)).map(node);
            Value::Array([Value::Int(0), Value::Int((*last).into())].into_iter().chain(nodes).collect())
        };
        let answers = [Value::Array(ranges.iter().map(range).collect()), text(by.to_string())];
        // By a name that is not the one that the cluster uses.
        super::ranges(&answers, &Address { host: "redis".into(), port: by })
    }

    fn ports(found: &[Range]) -> Vec<(u16, bool)> {
        found.iter().map(|range| (range.master.port, range.is_own_word)).collect()
    }

    #[test]
    fn the_word_of_another_node_counts_more_than_a_masters_own() {
        // The first was stopped, and the third has replaced it.
        let mut found = said(1, &[(99, 1, 1), (199, 2, 1)]);
        assert_eq!(ports(&found), [(1, true), (2, false)]);
        add_word(&mut found, said(3, &[(99, 3, 0), (199, 2, 1)]));
        assert_eq!(ports(&found), [(1, true), (2, false)]);
        add_word(&mut found, said(2, &[(99, 3, 0), (199, 2, 1)]));
        assert_eq!(ports(&found), [(3, false), (2, false)]);
    }

    #[test]
    fn a_master_speaks_for_itself_only_in_a_cluster_without_others() {
        assert_eq!(ports(&said(1, &[(99, 1, 0), (199, 1, 0)])), [(1, false), (1, false)]);
        assert_eq!(ports(&said(1, &[(99, 1, 1), (199, 1, 0)])), [(1, true), (1, true)]);
        assert_eq!(ports(&said(1, &[(99, 1, 0), (199, 2, 0)])), [(1, true), (2, false)]);
    }
}
