//! A mock that runs: how it is started, steered, looked at and ended.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
};
use wechatpay_protocol::{Credentials, Mchid};

use crate::{
    admin::{
        Access, Admin, AdminToken,
        control::{Control, NewMerchant},
    },
    clock::Clock,
    config::Config,
    diagnosing::Diagnosing,
    faults::{FaultId, FaultRule, RuleError, RuleState},
    gateway::Gateway,
    journal::{Exchange, Filter, Order, RejectedConnections, expectation::Expected},
    limits::Limits,
    merchants::{Merchants, NoCredentials, ProvisionError},
    net::{
        Front,
        accept::accept,
        host::Host,
        listener::Addresses,
        proxy::Proxy,
        tls::{AuthorityError, Tls},
    },
    operations::seed::{self, Seed},
    policies::Policies,
    random::Randomness,
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
    addresses: Addresses,
    config: Config,
    front: Arc<Front>,
    accepting: JoinHandle<bool>,
}

/// How a mock shall be; see [`MockServer::builder`].
#[derive(Debug)]
pub struct MockServerBuilder {
    config: Config,
    clock: Clock,
    randomness: Randomness,
}

impl MockServer {
    /// A mock on a free port of the loopback interface, with the development merchant.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder {
            config: Config::default(),
            clock: Clock::system(),
            randomness: Randomness::system(),
        }
    }

    /// Where it listens: `http://127.0.0.1:PORT`. There it takes HTTPS as well, and is a proxy for the gateway's hosts.
    pub fn url(&self) -> String {
        format!("http://{}", self.addresses.either)
    }

    /// The same, as address and port.
    pub fn address(&self) -> SocketAddr {
        self.addresses.either
    }

    /// Where it listens for TLS alone, if it was told to: `https://127.0.0.1:PORT`.
    pub fn tls_url(&self) -> Option<String> {
        self.addresses.tls_alone.map(|address| format!("https://{address}"))
    }

    /// The certificate authority that a client must trust to call it over HTTPS, as PEM.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wechatpay_mock::MockServer;
    ///
    /// let gateway = MockServer::builder().start().await?;
    /// let trusted = gateway.ca_pem().await?;
    /// assert!(trusted.starts_with("-----BEGIN CERTIFICATE-----"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AuthorityError`] if there is none and none can be made.
    pub async fn ca_pem(&self) -> Result<String, AuthorityError> {
        self.front.tls.authority().await.map(|authority| authority.pem().into())
    }

    /// What the first merchant needs to call it: the development merchant, unless others are configured.
    ///
    /// # Panics
    /// If that merchant is configured without its private key.
    pub fn credentials(&self) -> Credentials {
        let credentials = self.config.credentials(None, self.gateway().clock.now());
        credentials.expect("the first merchant is configured with its private key")
    }

    /// What the merchant with that number needs to call it, with those of the gateway's keys that it trusts.
    ///
    /// # Errors
    /// [`NoCredentials`] if there is no such merchant, or it is configured without its private key.
    pub fn credentials_of(&self, mchid: &str) -> Result<Credentials, NoCredentials> {
        let merchants = &self.gateway().merchants;
        match merchants.merchant(mchid) {
            Some(merchant) => merchants.credentials(&merchant, self.gateway().clock.now()),
            None => Err(NoCredentials::UnknownMchid {
                mchid: mchid.into(),
                known: merchants.merchants().iter().map(|merchant| merchant.mchid.to_string()).collect(),
            }),
        }
    }

    /// Answers the requests of one connection that is already there: a pipe in memory, a Unix socket. Returns when the
    /// peer has closed it.
    pub async fn serve_connection<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.front.serve_in_memory(stream).await;
    }

    /// The last exchanges, oldest first.
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        self.exchanges_matching(&Filter::default())
    }

    /// Those of the last exchanges that have what is named, oldest first.
    pub fn exchanges_matching(&self, filter: &Filter) -> Vec<Arc<Exchange>> {
        self.gateway().journal.page(filter, Order::Oldest, usize::MAX).exchanges
    }

    /// Why peers were turned away before there was an exchange: their handshake failed, or they asked for what the mock, as a
    /// proxy, does not do. Each reason once, the first 20.
    pub fn rejected_connections(&self) -> Vec<String> {
        self.front.control().rejected_connections.reasons()
    }

    /// The same, after there is a reason, or the time is up: a peer may be gone before the mock has heard why.
    pub async fn rejected_connections_within(&self, time: Duration) -> Vec<String> {
        self.front.control().rejected_connections.reasons_within(time).await
    }

    /// Figures about all exchanges since the start, in the text format of Prometheus.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use wechatpay_mock::MockServer;
    ///
    /// let gateway = MockServer::builder().start().await?;
    /// assert!(gateway.metrics().contains("wechatpay_mock_journal_exchanges 0\n"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn metrics(&self) -> String {
        self.gateway().journal.render_metrics()
    }

    /// Expects exchanges from now on. What is expected is said on what this returns, and checked when that is dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use wechatpay_mock::MockServer;
    ///
    /// let gateway = MockServer::builder().start().await?;
    /// let _no_change = gateway.expect().operation("set_rights").times(0);
    /// // … call it …
    /// # Ok(())
    /// # }
    /// ```
    pub fn expect(&self) -> Expected {
        let gateway = self.gateway();
        Expected::after_now(Arc::clone(&gateway.journal), Arc::clone(&gateway.merchants), gateway.contract)
    }

    /// The only source of time in this mock: freeze it, advance it, skew it, resume it.
    pub fn clock(&self) -> &Clock {
        &self.gateway().clock
    }

    /// Misbehaves as this rule says, from the next request on.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wechatpay_mock::{Fault, FaultRule, MockServer};
    ///
    /// let gateway = MockServer::builder().start().await?;
    /// let once = FaultRule { times: Some(1), ..FaultRule::of(Fault::SystemErrorApplied) };
    /// let rule = gateway.add_fault(once)?;
    /// assert_eq!((rule.id, rule.struck), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuleError`] if the rule makes no sense, or there are too many.
    pub fn add_fault(&self, rule: FaultRule) -> Result<RuleState, RuleError> {
        self.control().add_fault(rule)
    }

    /// Every fault rule, oldest first, with how often it has struck.
    pub fn faults(&self) -> Vec<RuleState> {
        self.gateway().faults.list()
    }

    /// Removes a fault rule. Whether there was one with that name.
    pub fn remove_fault(&self, id: FaultId) -> bool {
        self.control().remove_fault(id)
    }

    /// Removes every fault rule, takes connections again if one had it refuse them, and ends the waits of `no-answer` and
    /// latency. Says how many rules there were.
    pub fn clear_faults(&self) -> usize {
        self.control().clear_faults(None)
    }

    /// Makes a merchant that no other test knows, and says what it needs to call the mock. Its state, its part of the
    /// journal and its fault rules are its own.
    ///
    /// # Errors
    /// [`ProvisionError`] if its number is taken, or there are too many.
    pub fn make_merchant(&self, new: NewMerchant) -> Result<Credentials, ProvisionError> {
        self.control().make_merchant(new)
    }

    /// Removes a merchant that was made, with everything that was kept for it. Whether there was one; those of the
    /// configuration stay.
    pub fn remove_merchant(&self, mchid: &Mchid) -> bool {
        self.control().remove_merchant(mchid)
    }

    /// Begins again as when it was started: state, journal, fault rules and clock. Merchants that were made are gone.
    pub fn reset(&self) {
        self.control().reset();
    }

    /// Begins again for one merchant: its state, its part of the journal, its fault rules. Whether there is such a
    /// merchant.
    pub fn reset_merchant(&self, mchid: &str) -> bool {
        self.control().reset_merchant(mchid)
    }

    fn gateway(&self) -> &Gateway {
        &self.front.control().gateway
    }

    fn control(&self) -> &Control {
        self.front.control()
    }

    /// Takes no more connections, lets the exchanges end that are on their way, and then ends. Whether they did within
    /// the limit `shutdown`; those that didn't are cut off. Connections that are idle are closed at once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use wechatpay_mock::MockServer;
    ///
    /// let gateway = MockServer::builder().start().await?;
    /// // … call it …
    /// assert!(gateway.shutdown().await);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(mut self) -> bool {
        self.gateway().gate.end();
        (&mut self.accepting).await.unwrap_or(false)
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

    /// Listens on this address as well, for TLS alone; port 0 picks a free one.
    #[must_use]
    pub fn tls_listen(mut self, listen: SocketAddr) -> Self {
        self.config.tls_listen = Some(listen);
        self
    }

    /// Stands for this host too, beside the gateway's and this machine's usual names: in its certificate, and as a proxy.
    #[must_use]
    pub fn host(mut self, host: Host) -> Self {
        self.config.hosts.push(host);
        self
    }

    /// As a proxy, lets requests to this host through. By default there is none: it is no open proxy.
    #[must_use]
    pub fn proxy_passthrough(mut self, host: Host) -> Self {
        self.config.proxy_passthrough.push(host);
        self
    }

    /// Keeps its certificate authority in this folder. By default it is gone with the mock.
    #[must_use]
    pub fn ca_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.config.ca_dir = Some(dir.into());
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

    /// Finds out why a signature does not match, and says so there. By default it does, everywhere.
    #[must_use]
    pub fn diagnosis(mut self, diagnosis: Diagnosing) -> Self {
        self.config.diagnosis = diagnosis;
        self
    }

    /// Lets only those see and steer it over HTTP, under `/__mock/`, who have this token.
    ///
    /// Without one, whoever reaches it may, if it listens on a loopback address; on any other, nobody.
    #[must_use]
    pub fn admin_token(mut self, token: AdminToken) -> Self {
        self.config.admin_token = Some(token);
        self
    }

    /// Misbehaves as this rule says, from the first request on.
    #[must_use]
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.config.faults.push(rule);
        self
    }

    /// Starts it. Once this returns, connections are accepted.
    ///
    /// # Errors
    /// If the address can't be listened on: it is taken, or not this machine's. If a fault rule makes no sense, which is
    /// then a [`RuleError`].
    pub async fn start(self) -> io::Result<MockServer> {
        let Self { config, clock, randomness } = self;
        let either = config.listen.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
        let listeners = Addresses { either, tls_alone: config.tls_listen }.listen()?;
        let addresses = listeners.addresses()?;
        let front = front(&config, addresses, clock, randomness);
        let front = Arc::new(front.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?);
        let accepting = tokio::spawn(accept(listeners, addresses, Arc::clone(&front)));
        Ok(MockServer { addresses, config, front, accepting })
    }
}

/// Puts the parts together.
fn front(
    config: &Config,
    addresses: Addresses,
    clock: Clock,
    randomness: Randomness,
) -> Result<Front, RuleError> {
    let merchants =
        Merchants::new(config.merchants(), config.platform_certificates.clone(), config.public_key.clone());
    let gateway =
        Gateway::new(merchants, config.policies.clone(), config.limits, config.diagnosis, clock, randomness);
    for merchant in config.merchants() {
        gateway.store.seed(&merchant.mchid, seed::documents(&merchant.mchid, config.seed.as_ref()));
    }
    let rejected_connections = Arc::new(RejectedConnections::default());
    let control = Control::new(Arc::new(gateway), rejected_connections, config.faults.clone())?;
    let access = Access::new(addresses.most_open(), config.admin_token.clone());
    let admin = Admin::new(Arc::new(control), access);
    let proxy = Proxy::new(config.hosts.clone(), config.proxy_passthrough.clone(), addresses);
    let tls = Tls::new(config.ca_dir.clone(), config.hosts.clone(), config.policies.gateway_http2);
    Ok(Front { admin, proxy, tls })
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
