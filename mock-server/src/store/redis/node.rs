//! A server: the connections to it, and what is sent over one.

use std::{
    io,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use ::redis::{
    Client, Cmd, Connection, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, ServerErrorKind, Value, io::tcp::TcpSettings,
};
use parking_lot::{Condvar, Mutex};
use wechatpay_texts::{Both, text};

use super::{
    super::redis_url::{Address, RedisUrl},
    scripts::SCRIPTS,
    values::text,
};

/// How long a server may take to accept a connection, and to answer: so that there is time for a second attempt. (own choice)
const ANSWERS_WITHIN: Duration = Duration::from_millis(900);

/// How long a commit waits for replicas. (own choice)
pub(super) const REPLICATES_WITHIN: Duration = Duration::from_millis(700);

/// How long it counts what other nodes have said about a master. (own choice)
pub(super) const COUNTS_FOR: Duration = Duration::from_secs(1);

/// A server with the connections to it.
pub(super) struct Node {
    pub(super) address: Address,
    client: Client,
    pub(super) pool: Mutex<Pool>,
    pub(super) freed: Condvar,
    /// How many replicas it has said it has.
    pub(super) replicas: AtomicUsize,
    /// How many replicas another node has said it has. It leaves out those that it does not know well yet.
    pub(super) listed_replicas: AtomicUsize,
    /// When another node has last said that it is the master, in milliseconds of `Masters::now`; like the next two, 0 for never.
    pub(super) named: AtomicU64,
    /// Since when it is known to have no replica.
    pub(super) alone_since: AtomicU64,
    /// When a commit was sent that its replicas have not confirmed.
    pub(super) missed: AtomicU64,
    /// Until when calls fail at once, by `Masters::now`.
    pub(super) closed_until: AtomicU64,
    pub(super) is_lost: AtomicBool,
}

#[derive(Default)]
pub(super) struct Pool {
    pub(super) idle: Vec<Connection>,
    pub(super) used: usize,
}

/// Commands for one server, sent at once.
#[derive(Default)]
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    pub(super) count: usize,
    /// Whether replicas must have what it changes.
    pub(super) is_durable: bool,
}

/// Why one attempt has failed.
pub(super) enum Failure {
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

impl Node {
    pub(super) fn new(address: &Address, url: &RedisUrl) -> Result<Self, RedisError> {
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
    pub(super) fn replicas(&self, now: u64) -> usize {
        let (replicas, missed) = (self.replicas.load(Relaxed), self.missed.load(Relaxed));
        let is_in_doubt = missed > 0
            && self.named.load(Relaxed) >= missed
            && now < missed + millis(REPLICATES_WITHIN + COUNTS_FOR);
        if is_in_doubt { replicas.min(self.listed_replicas.load(Relaxed)) } else { replicas }
    }

    /// A connection that knows the scripts.
    pub(super) fn connect(&self, needs_master: bool, deadline: Instant) -> Result<Connection, Failure> {
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
    pub(super) fn let_go(&self, connection: Option<Connection>) {
        let mut pool = self.pool.lock();
        pool.used -= 1;
        pool.idle.extend(connection);
        drop(pool);
        self.freed.notify_one();
    }
}

/// Why a server has not done everything, if so.
pub(super) fn failure<'a>(
    address: &Address,
    answers: impl IntoIterator<Item = &'a Value>,
) -> Option<Failure> {
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
pub(super) fn replicas_by(role: &Value) -> Option<usize> {
    let Value::Array(role) = role else { return Some(0) };
    match role.as_slice() {
        [role, _, Value::Array(replicas)] if text(role) == Some("master") => Some(replicas.len()),
        _ => None,
    }
}

/// Sends commands and receives their answers, up to the first that does not come, or not in time.
pub(super) fn exchange(
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

pub(super) fn client(address: &Address, url: &RedisUrl) -> Result<Client, RedisError> {
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
pub(super) fn said(address: &Address, error: &RedisError) -> Both {
    Both::of(|| {
        let why = match error.kind() {
            ErrorKind::AuthenticationFailed => text!("it refuses the user or the password"),
            _ if error.is_timeout() => text!("it does not answer in time"),
            _ => error.to_string(),
        };
        text!("Redis at {address}: {why}")
    })
}

pub(super) fn no_master(address: &Address) -> Failure {
    Failure::Elsewhere(Both::of(|| text!("Redis at {address} is not the master")))
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
