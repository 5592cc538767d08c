//! The socket: accepts connections and hands each request to the gateway.

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};
use wechatpay_protocol::Credentials;

use crate::{
    clock::Clock, contract::Contract, exchange::exchange, gateway::Gateway, gateway::Limits,
    identity::Identity, journal::Exchange, journal::Journal, policies::Policies, randomness::Randomness,
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
    gateway: Arc<Gateway>,
    accepting: AbortHandle,
}

/// How a mock shall be; see [`MockServer::builder`].
#[derive(Debug)]
pub struct MockServerBuilder {
    listen: SocketAddr,
    clock: Clock,
    randomness: Randomness,
}

impl MockServer {
    /// A mock on a free port of the loopback interface, with the development merchant.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            clock: Clock::system(),
            randomness: Randomness::system(),
        }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the development merchant needs to call it.
    pub fn credentials(&self) -> Credentials {
        Credentials::development()
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
    /// Listens on this address; port 0 picks a free one.
    #[must_use]
    pub fn listen(self, listen: SocketAddr) -> Self {
        Self { listen, ..self }
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

    /// Starts it. Once this returns, connections are accepted.
    ///
    /// # Errors
    /// If the address can't be listened on: it is taken, or not this machine's.
    pub async fn start(self) -> io::Result<MockServer> {
        let listener = TcpListener::bind(self.listen).await?;
        let address = listener.local_addr()?;
        let gateway = Arc::new(Gateway {
            contract: Contract::current(),
            identity: Identity::development(),
            clock: self.clock,
            randomness: self.randomness,
            journal: Journal::new(),
            policies: Policies::default(),
            limits: Limits::DEFAULT,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&gateway))).abort_handle();
        Ok(MockServer { address, gateway, accepting })
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

/// Accepts until it is aborted. The connections are its own: they end with it.
async fn accept(listener: TcpListener, gateway: Arc<Gateway>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    set_nodelay(&stream);
                    connections.spawn(serve(stream, Arc::clone(&gateway)));
                }
                // Out of file descriptors, or the peer was gone at once: the next may do better.
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
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
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = connection.await {
        tracing::debug!("a connection ended: {error}");
    }
}
