//! Calls to the servers: which one is asked, over which connection, how long, and how often.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use ::redis::{
    Client, Cmd, Connection, ConnectionAddr, ConnectionInfo, ConnectionLike, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, ServerErrorKind, Value, io::tcp::TcpSettings,
};
use parking_lot::{Condvar, Mutex, RwLock};

use super::{
    super::{
        Unavailable,
        redis_url::{Address, Form, RedisUrl},
    },
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
    /// When the topology was last asked for. Held by whoever asks for it.
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
    /// How many replicas its cluster lists.
    listed_replicas: AtomicUsize,
    /// How many replicas it has said it has.
    replicas: AtomicUsize,
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

/// Why one attempt has failed.
enum Failure {
    /// The connection is broken, or there was none.
    Broken(String),
    /// The server can't do it now, or another one has it.
    Elsewhere(String),
    /// The server won't do it.
    Refused(String),
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
                    return Err(Unavailable { reason: format!("Redis at {node} can't be reached") });
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
                self.ask_again(tried, deadline);
            }
        }
    }

    /// The same for one command with one answer.
    pub(super) fn ask(&self, slot: u16, request: &Request) -> Result<Value, Unavailable> {
        self.call(slot, request)?.into_iter().next().ok_or_else(|| Unavailable { reason: "no answer".into() })
    }

    /// The same for many merchants' commands, each with the merchant's slot, in as few requests as possible. Returns an answer for each, in their
    /// order; none for those whose server can't be reached.
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
                send((slot, Request::of(&command), vec![place]), &mut answers);
                continue;
            }
            let (_, request, places) =
                requests.entry(node.clone()).or_insert_with(|| (slot, Request::default(), Vec::new()));
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
        let replicas = match (request.is_durable, self.url.wait) {
            (false, _) | (_, 0) => 0,
            (true, most) => node.replicas().min(most.into()),
        };
        let mut with_wait;
        let bytes = if replicas == 0 {
            &request.bytes
        } else {
            with_wait = request.bytes.clone();
            ::redis::cmd("WAIT")
                .arg(replicas)
                .arg(REPLICATES_WITHIN.as_millis() as u64)
                .write_packed_command(&mut with_wait);
            &with_wait
        };
        let answers = exchange(&mut connection, bytes, request.count + usize::from(replicas > 0));
        let mut answers = match answers {
            Ok(answers) => answers,
            Err(error) => {
                node.let_go(None);
                // The others are probably as broken.
                node.pool.lock().idle.clear();
                return Err(Failure::Broken(said(&node.address, &error)));
            }
        };
        let error = answers.iter().find_map(|answer| match answer {
            Value::ServerError(error) => Some(error),
            _ => None,
        });
        if let Some(error) = error {
            let reason = said(&node.address, &error.clone().into());
            let failure = match error.kind() {
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
                _ if matches!(error.code(), "UNBLOCKED" | "BUSY" | "NOREPLICAS") => {
                    Failure::Elsewhere(reason)
                }
                _ => Failure::Refused(reason),
            };
            // A connection to what is no longer the master has no use; a new one loads the scripts.
            let is_kept = matches!(failure, Failure::Refused(_));
            node.let_go(is_kept.then_some(connection));
            return Err(failure);
        }
        if replicas > 0 {
            let reached = answers.pop();
            if !matches!(reached, Some(Value::Int(reached)) if usize::try_from(reached).is_ok_and(|reached| reached >= replicas))
            {
                // A new connection asks for the replicas anew.
                node.let_go(None);
                node.pool.lock().idle.clear();
                let address = &node.address;
                return Err(Failure::Elsewhere(format!(
                    "no replica of Redis at {address} has confirmed the change"
                )));
            }
        }
        node.let_go(Some(connection));
        Ok(answers)
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
                let reason = format!("all connections to Redis at {} are in use", node.address);
                return Err(Failure::Elsewhere(reason));
            }
        }
        drop(pool);
        let needs_master = self.url.wait > 0 || matches!(self.url.form, Form::Sentinel { .. });
        node.connect(needs_master).inspect_err(|_| node.let_go(None))
    }

    fn node(&self, slot: u16, deadline: Instant) -> Result<Arc<Node>, Failure> {
        if let Some(node) = self.known(slot) {
            return Ok(node);
        }
        self.ask_again(Instant::now(), deadline);
        if Instant::now() > deadline {
            return Err(Failure::Broken("there is no time left".into()));
        }
        self.known(slot)
            .ok_or_else(|| Failure::Broken(format!("none of {} says which server is the master", self.url)))
    }

    fn known(&self, slot: u16) -> Option<Arc<Node>> {
        let topology = self.topology.read();
        let at = topology.masters.partition_point(|(last, _)| *last < slot);
        topology.masters.get(at).map(|(_, node)| Arc::clone(node))
    }

    /// Finds out which servers are the masters, unless somebody has asked since this moment. What can't be found out stays as it was.
    fn ask_again(&self, since: Instant, deadline: Instant) {
        let Some(mut asked) = self.asked.try_lock_until(deadline) else { return };
        if asked.is_some_and(|asked| asked > since) {
            return;
        }
        let masters = match &self.url.form {
            Form::Single => {
                self.url.hosts.first().and_then(|host| Some(vec![(u16::MAX, self.node_at(host)?)]))
            }
            Form::Cluster => self.masters_of_cluster(),
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
            tracing::info!(masters = now.join(","), "Redis has other masters now");
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

    /// Asks the nodes of the cluster, those first that were masters.
    fn masters_of_cluster(&self) -> Option<Vec<(u16, Arc<Node>)>> {
        let mut addresses = Vec::new();
        let known = self.nodes.lock().keys().cloned().collect::<Vec<_>>();
        for address in known.iter().chain(&self.url.hosts) {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        // Not the same one first each time: it may be the one that is lost.
        let first = usize::try_from(self.now()).unwrap_or_default() % addresses.len().max(1);
        addresses.rotate_left(first);
        let mut slots = ::redis::cmd("CLUSTER");
        slots.arg("SLOTS");
        for address in addresses {
            let Some(Value::Array(ranges)) = self.answer_of(&address, &self.url, &slots) else { continue };
            let mut masters: Vec<_> = ranges.iter().filter_map(|range| self.range(range, &address)).collect();
            if !masters.is_empty() {
                masters.sort_by_key(|(last, _)| *last);
                return Some(masters);
            }
        }
        None
    }

    /// The last slot of a range and its master, as `CLUSTER SLOTS` has them.
    fn range(&self, range: &Value, asked: &Address) -> Option<(u16, Arc<Node>)> {
        let Value::Array(range) = range else { return None };
        let [Value::Int(_), Value::Int(last), Value::Array(master), replicas @ ..] = range.as_slice() else {
            return None;
        };
        let [host, Value::Int(port), ..] = master.as_slice() else { return None };
        let host = text(host).filter(|host| !host.is_empty() && *host != "?").unwrap_or(&asked.host);
        let node = self.node_at(&Address { host: host.to_owned(), port: u16::try_from(*port).ok()? })?;
        node.listed_replicas.store(replicas.len(), Relaxed);
        Some((u16::try_from(*last).ok()?, node))
    }

    fn master_by_sentinel(&self, master: &str) -> Option<Arc<Node>> {
        let mut command = ::redis::cmd("SENTINEL");
        command.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
        let first = usize::try_from(self.now()).unwrap_or_default() % self.url.hosts.len().max(1);
        let hosts = self.url.hosts.iter().cycle().skip(first).take(self.url.hosts.len());
        // A Sentinel has no databases and, mostly, no users.
        let plain = RedisUrl { database: 0, login: Default::default(), ..self.url.clone() };
        for host in hosts {
            let answer = self.answer_of(host, &plain, &command);
            let Some(Value::Array(answer)) = answer else { continue };
            let [host, port] = answer.as_slice() else { continue };
            let port = text(port).and_then(|port| port.parse().ok());
            if let (Some(host), Some(port)) = (text(host), port) {
                return self.node_at(&Address { host: host.to_owned(), port });
            }
        }
        None
    }

    /// What one node answers over a connection of its own.
    fn answer_of(&self, address: &Address, url: &RedisUrl, command: &Cmd) -> Option<Value> {
        let client = client(address, url).ok()?;
        let mut connection = client.get_connection_with_timeout(KNOWS_WITHIN).ok()?;
        connection.set_read_timeout(Some(KNOWS_WITHIN)).ok()?;
        let answer = connection.req_command(command).ok()?;
        self.sent.fetch_add(1, Relaxed);
        Some(answer)
    }

    fn is_gone(&self, node: &Node, reason: &str) {
        node.closed_until.store(self.now() + millis(FAILS_FAST), Relaxed);
        if !node.is_lost.swap(true, Relaxed) {
            tracing::warn!(address = %node.address, reason, "lost Redis");
        }
    }

    fn is_back(&self, node: &Node) {
        if node.is_lost.load(Relaxed) && node.is_lost.swap(false, Relaxed) {
            node.closed_until.store(0, Relaxed);
            tracing::info!(address = %node.address, "Redis is there again");
        }
    }

    /// Milliseconds of the link, from 1 on.
    fn now(&self) -> u64 {
        millis(self.begun.elapsed()) + 1
    }
}

/// How many commands are sent to a server at once.
const AT_ONCE: usize = 500;

impl Node {
    fn new(address: &Address, url: &RedisUrl) -> Result<Self, RedisError> {
        Ok(Self {
            address: address.clone(),
            client: client(address, url)?,
            pool: Mutex::default(),
            freed: Condvar::new(),
            listed_replicas: AtomicUsize::new(usize::MAX),
            replicas: AtomicUsize::new(0),
            closed_until: AtomicU64::new(0),
            is_lost: AtomicBool::new(false),
        })
    }

    /// How many replicas can have a change. What the cluster knows to be gone is soon no longer connected, or the other way round.
    fn replicas(&self) -> usize {
        self.replicas.load(Relaxed).min(self.listed_replicas.load(Relaxed))
    }

    /// A connection that knows the scripts.
    fn connect(&self, needs_master: bool) -> Result<Connection, Failure> {
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
        let answers = exchange(&mut connection, &request.bytes, request.count).map_err(broken)?;
        // A server that may not say its role is taken for a master without replicas.
        if let Some(Value::Array(role)) = answers.first() {
            match role.as_slice() {
                [role, _, Value::Array(replicas)] if text(role) == Some("master") => {
                    self.replicas.store(replicas.len(), Relaxed);
                }
                _ if needs_master => {
                    return Err(Failure::Elsewhere(format!("Redis at {} is not the master", self.address)));
                }
                _ => {}
            }
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

/// Sends commands and receives their answers, up to the first that does not come.
fn exchange(connection: &mut Connection, bytes: &[u8], count: usize) -> Result<Vec<Value>, RedisError> {
    connection.send_packed_command(bytes)?;
    (0..count).map(|_| connection.recv_response()).collect()
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
fn said(address: &Address, error: &RedisError) -> String {
    let why = match error.kind() {
        ErrorKind::AuthenticationFailed => "it refuses the user or the password".into(),
        _ if error.is_timeout() => "it does not answer in time".into(),
        _ => error.to_string(),
    };
    format!("Redis at {address}: {why}")
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
