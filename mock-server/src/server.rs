//! The socket: accepts connections and hands each request to the gateway.

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    task::{AbortHandle, JoinSet},
    time::sleep,
};
use wechatpay_protocol::Credentials;

use crate::{
    clock::Clock,
    config::{Config, NoCredentials},
    exchange::exchange,
    gateway::Gateway,
    journal::Exchange,
    limits::Limits,
    policies::Policies,
    randomness::Randomness,
    seed::Seed,
    write_timeout::WriteTimeout,
};

/// A running mock of the gateway. Dropping it closes its socket and its connections.
///
/// Each is a world of its own: any number of them may run in one process.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use wechatpay_mock::MockServer;
///
/// let gateway = MockServer::builder().start().await?;
/// assert!(gateway.url().starts_with("http://127.0.0.1:"));
/// assert_eq!(gateway.credentials().mchid.as_str(), "1900000001");
/// # Ok(())
/// # }
/// ```
pub struct MockServer {
    address: SocketAddr,
    config: Config,
    gateway: Arc<Gateway>,
    accepting: AbortHandle,
}

/// How a mock shall be; see [`MockServer::builder`].
#[derive(Debug)]
pub struct MockServerBuilder {
    config: Config,
    clock: Clock,
    randomness: Randomness,
    diagnosis: bool,
}

impl MockServer {
    /// A mock on a free port of the loopback interface, with the development merchant.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder {
            config: Config::default(),
            clock: Clock::system(),
            randomness: Randomness::system(),
            diagnosis: true,
        }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the first merchant needs to call it: the development merchant, unless others are configured.
    ///
    /// # Panics
    /// If that merchant is configured without its private key.
    pub fn credentials(&self) -> Credentials {
        let credentials = self.config.credentials(None, self.gateway.clock.now());
        credentials.expect("the first merchant is configured with its private key")
    }

    /// What the merchant with that number needs to call it, with those of the gateway's keys that it trusts.
    ///
    /// # Errors
    /// [`NoCredentials`] if there is no such merchant, or it is configured without its private key.
    pub fn credentials_of(&self, mchid: &str) -> Result<Credentials, NoCredentials> {
        self.config.credentials(Some(mchid), self.gateway.clock.now())
    }

    /// Answers the requests of one connection that is already there: a pipe in memory, a Unix socket. Returns when the
    /// peer has closed it.
    pub async fn serve_connection<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        serve(stream, Arc::clone(&self.gateway)).await;
    }

    /// The last exchanges, oldest first.
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        self.gateway.journal.exchanges()
    }
}

impl MockServerBuilder {
    /// Is as this configuration says. What was said before is forgotten.
    #[must_use]
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// Listens on this address; port 0 picks a free one.
    #[must_use]
    pub fn listen(mut self, listen: SocketAddr) -> Self {
        self.config.listen = Some(listen);
        self
    }

    /// Starts with this state.
    #[must_use]
    pub fn seed(mut self, seed: Seed) -> Self {
        self.config.seed = Some(seed);
        self
    }

    /// Decides so what nothing public decides.
    #[must_use]
    pub fn policies(mut self, policies: Policies) -> Self {
        self.config.policies = policies;
        self
    }

    /// Takes so much at most.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Takes nonces and request IDs from here.
    #[must_use]
    pub fn randomness(self, randomness: Randomness) -> Self {
        Self { randomness, ..self }
    }

    /// Finds out why a signature does not match, and says so in the journal, in the log, and in the header
    /// `Mock-Diagnosis`, which no real gateway sends. It does unless told otherwise.
    #[must_use]
    pub fn diagnosis(self, diagnosis: bool) -> Self {
        Self { diagnosis, ..self }
    }

    /// Starts it. Once this returns, connections are accepted.
    ///
    /// # Errors
    /// If the address can't be listened on: it is taken, or not this machine's.
    pub async fn start(self) -> io::Result<MockServer> {
        let listener = listen(self.config.listen.unwrap_or((Ipv4Addr::LOCALHOST, 0).into()))?;
        let address = listener.local_addr()?;
        let gateway = Gateway::new(&self.config, self.clock, self.randomness);
        let gateway = Arc::new(Gateway { diagnosis: self.diagnosis, ..gateway });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&gateway))).abort_handle();
        Ok(MockServer { address, config: self.config, gateway, accepting })
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer").field("url", &self.url()).finish_non_exhaustive()
    }
}

/// How many connections the system holds ready to be accepted. It leaves the first message of any more without an
/// answer, and their peers try again a second later. `TcpListener::bind` asks for 128, which a load test goes beyond.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // So that a mock can start again where one has just ended. On Windows it would let two listen at once.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How long to wait before the next attempt when no connection can be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Accepts until it is aborted, as many at once as the limits allow; the others wait in the system's queue. The
/// connections are its own: they end with it.
async fn accept(listener: TcpListener, gateway: Arc<Gateway>) {
    let mut connections = JoinSet::new();
    let mut fails = false;
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < gateway.limits.connections => match accepted {
                Ok((stream, _)) => {
                    fails = false;
                    set_nodelay(&stream);
                    connections.spawn(serve(stream, Arc::clone(&gateway)));
                }
                // Out of file descriptors, or the peer was gone at once: a later attempt may do better. The one that
                // fails may still wait in the queue, so that trying at once would go on without end; saying so each
                // time would as well.
                Err(error) => {
                    if !fails {
                        tracing::warn!("cannot accept a connection: {error}");
                    }
                    fails = true;
                    sleep(ACCEPT_AGAIN).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

fn set_nodelay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
}

/// Answers the requests of one connection, one after another.
async fn serve<S>(stream: S, gateway: Arc<Gateway>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = gateway.limits;
    let answer = service_fn(|request| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(exchange(&gateway, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head)
        // An official SDK looks headers up by their capitals.
        .title_case_headers(true)
        .half_close(true)
        .serve_connection(TokioIo::new(WriteTimeout::new(stream, limits.write_timeout)), answer);
    if let Err(error) = connection.await {
        tracing::debug!("a connection ended: {error}");
    }
}
