//! The mock: with its builder, the only code that knows all parts and assembles them.

pub(crate) mod builder;
#[cfg(test)]
mod lost_store;
#[cfg(test)]
mod several;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
};
use wechatpay_protocol::{Credentials, Mchid};

use crate::{
    admin::{
        control::{Control, NewMerchant},
        environment::{Environment, EnvironmentError, Program},
    },
    clock::Clock,
    config::Config,
    faults::{FaultId, FaultRule, RuleError, RuleState},
    gateway::Gateway,
    journal::{Exchange, Expected, Filter, Order},
    merchants::{NoCredentials, ProvisionError},
    net::{Shared, listener::Addresses, tls::AuthorityError},
    notify::{Trigger, TriggerError},
    payer::{Confirmation, Payment, PaymentError, ServiceOrderCall},
    store::{Delivery, SentCallback},
};
use builder::MockServerBuilder;

/// Why a change of the library's own fails: never with the store in memory.
const LOST: &str = "the store can be reached";

/// A running mock of the gateway. Dropping it closes its sockets and connections.
///
/// Mocks share nothing: any number of them can run in one process.
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
    shared: Arc<Shared>,
    accepting: JoinHandle<bool>,
    delivering: JoinHandle<()>,
    /// Lets happen what is due.
    paying: JoinHandle<()>,
    /// Keeps what lasts, and keeps up with the other mocks of the store.
    keeping_up: JoinHandle<()>,
}

impl MockServer {
    /// A mock on a free port of the loopback interface, with the development merchant.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::new()
    }

    /// Its URL: `http://127.0.0.1:PORT`. The same port accepts HTTPS, and serves as a proxy for the gateway's hosts.
    pub fn url(&self) -> String {
        format!("http://{}", self.addresses.either)
    }

    /// The address and port of [`MockServer::url`].
    pub fn address(&self) -> SocketAddr {
        self.addresses.either
    }

    /// The URL of the TLS-only port, if one is configured: `https://127.0.0.1:PORT`.
    pub fn tls_url(&self) -> Option<String> {
        self.addresses.tls_only.map(|address| format!("https://{address}"))
    }

    /// The certificate authority that clients must trust to call it over HTTPS, as PEM.
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
    /// [`AuthorityError`] if it cannot be read or created.
    pub async fn ca_pem(&self) -> Result<String, AuthorityError> {
        self.shared.tls.authority().await.map(|authority| authority.pem().into())
    }

    /// What makes an unmodified program reach this mock under the gateway's own names. The caller writes the files, and sets the
    /// variables. A merchant's credentials are not among them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wechatpay_mock::{MockServer, Program};
    ///
    /// let gateway = MockServer::builder().start().await?;
    /// let program = Program { folder: "/tmp/shop".into(), ..Program::default() };
    /// let environment = gateway.environment(&program).await?;
    /// assert_eq!(environment.variables["HTTPS_PROXY"], gateway.url());
    /// assert!(environment.files.contains_key("ca.pem"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`EnvironmentError`] if the program's folder or variables can't be used, or the certificate authority cannot be read or
    /// created.
    pub async fn environment(&self, program: &Program) -> Result<Environment, EnvironmentError> {
        let authority = self.ca_pem().await.map_err(|error| EnvironmentError::Authority(error.into()))?;
        Environment::of(&self.address().into(), &authority, program)
    }

    /// The credentials of the first merchant, which is the development merchant unless others are configured.
    ///
    /// # Panics
    /// If the configuration does not have that merchant's private key.
    pub fn credentials(&self) -> Credentials {
        let credentials = self.config.credentials(None, self.gateway().clock.now());
        credentials.expect("the first merchant is configured with its private key")
    }

    /// The credentials of the merchant with this mchid, with the gateway's keys that it trusts.
    ///
    /// # Errors
    /// [`NoCredentials`] if there is no such merchant, or its private key is not configured.
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

    /// Serves a connection that is already open, such as an in-memory pipe or a Unix socket. Returns when the peer closes
    /// it.
    pub async fn serve_connection<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.shared.serve_in_memory(stream).await;
    }

    /// The exchanges in the journal, oldest first.
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        self.exchanges_matching(&Filter::default())
    }

    /// The exchanges in the journal that match the filter, oldest first.
    pub fn exchanges_matching(&self, filter: &Filter) -> Vec<Arc<Exchange>> {
        self.gateway().journal.page(filter, Order::Oldest, usize::MAX).exchanges
    }

    /// How many requests to the gateway have arrived since the start. Unlike the journal, this is never reset.
    pub fn requests(&self) -> u64 {
        self.gateway().journal.recorded().recorded
    }

    /// Like [`MockServer::requests`], but only those of an operation, by `operationId`: `set_rights`.
    pub fn requests_of(&self, operation: &str) -> u64 {
        self.gateway().journal.recorded_of(operation)
    }

    /// Why connections were rejected before there was an exchange: a TLS handshake failed, or a request to the proxy was
    /// refused. Each reason once, at most 20.
    pub fn rejected_connections(&self) -> Vec<String> {
        self.shared.rejected_connections.reasons()
    }

    /// Like [`MockServer::rejected_connections`], but waits up to `time` for the first reason: a peer may disconnect
    /// before the mock knows the reason.
    pub async fn rejected_connections_within(&self, time: Duration) -> Vec<String> {
        self.shared.rejected_connections.reasons_within(time).await
    }

    /// Metrics of all exchanges since the start or the last reset, in the text format of Prometheus.
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

    /// Expects exchanges from now on. Describe them on the returned value, which checks the expectation when it is dropped.
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
        let Gateway { journal, merchants, contract, .. } = self.gateway();
        Expected::after_now(Arc::clone(journal), Arc::clone(merchants), Arc::clone(contract))
    }

    /// The only source of time in this mock: freeze it, advance it, skew it, resume it.
    pub fn clock(&self) -> &Clock {
        &self.gateway().clock
    }

    /// Adds a fault rule. It takes effect with the next request.
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
    /// [`RuleError`] if the rule contradicts itself or names something unknown, or there are too many rules.
    pub fn add_fault(&self, rule: FaultRule) -> Result<RuleState, RuleError> {
        self.control().add_fault(rule)
    }

    /// Every fault rule, oldest first, with how often it has applied.
    pub fn faults(&self) -> Vec<RuleState> {
        self.gateway().faults.list()
    }

    /// Removes a fault rule. Returns whether there was one with this ID.
    ///
    /// # Panics
    /// If the store can't be reached, which never happens in memory.
    pub fn remove_fault(&self, id: FaultId) -> bool {
        self.control().remove_fault(id).expect(LOST)
    }

    /// Removes every fault rule, accepts connections again if a fault refuses them, and ends the waits of `no-answer` and
    /// latency. Returns how many rules there were.
    ///
    /// # Panics
    /// If the store can't be reached, which never happens in memory.
    pub fn clear_faults(&self) -> usize {
        self.control().clear_faults(None).expect(LOST)
    }

    /// Sends a callback now, and waits for its first attempt.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wechatpay_mock::{DeliveryState, MockServer, Trigger};
    ///
    /// let gateway = MockServer::builder().start().await?;
    /// let paid = Trigger { to: Some("http://127.0.0.1:3000/notify".into()), ..Trigger::of("TRANSACTION.SUCCESS") };
    /// assert_eq!(gateway.trigger(paid).await?.state, DeliveryState::Received);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TriggerError`] if the event or the merchant is unknown, or nothing says where to send it.
    pub async fn trigger(&self, trigger: Trigger) -> Result<Arc<Delivery>, TriggerError> {
        self.control().notifier.trigger(&trigger).await
    }

    /// The callback with this number once it has had this many attempts, or as it is if none ends within ten seconds; `None` if
    /// there is no such callback. Move the clock for the attempts that are due later.
    ///
    /// # Panics
    /// If the store can't be reached, which never happens in memory.
    pub async fn attempted(&self, number: u64, attempts: usize) -> Option<Arc<Delivery>> {
        self.control().notifier.attempted(number, attempts).await.expect(LOST)
    }

    /// Encrypts and signs a callback without sending it. Also returns its resource before it was encrypted.
    ///
    /// # Errors
    /// The same as for [`MockServer::trigger`].
    pub fn signed_callback(&self, trigger: &Trigger) -> Result<(SentCallback, Value), TriggerError> {
        self.control().notifier.signed(trigger)
    }

    /// The callbacks that were sent or wait to be sent, oldest first, with every attempt.
    ///
    /// # Panics
    /// If the store can't be reached, which never happens in memory.
    pub fn callbacks(&self) -> Vec<Arc<Delivery>> {
        self.gateway().store.deliveries(None, 0, usize::MAX).expect(LOST)
    }

    /// Does what a payer does with an order: pays it, leaves it, fails to pay it. Returns the order as a query shows it, with
    /// its merchant.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use wechatpay_mock::{MockServer, OrderName, Payment, PaymentError};
    ///
    /// let gateway = MockServer::builder().start().await?;
    /// let unknown = gateway.pay(&Payment::of(OrderName::OutTradeNo("never-placed".into())));
    /// assert!(matches!(unknown, Err(PaymentError::UnknownOrder { .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`PaymentError`] if there is no such order, or it can't be paid.
    pub fn pay(&self, payment: &Payment) -> Result<Value, PaymentError> {
        self.control().payer.act(payment)
    }

    /// Does what a user does with a transfer, or with an authorization of transfers: confirms or declines it. Returns it as a query
    /// shows it, with its merchant.
    ///
    /// # Errors
    /// [`PaymentError`] if there is no such transfer, or nothing to confirm or to decline.
    pub fn confirm(&self, confirmation: &Confirmation) -> Result<Value, PaymentError> {
        self.control().payer.confirm(confirmation)
    }

    /// Does what a user does with a service order of pay score: confirms it, pays it, or fails to; or opens the service of a
    /// permission. Returns the order or the permission as a query shows it, with its `merchant`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use wechatpay_mock::{MockServer, PaymentError, ServiceOrderCall};
    ///
    /// let gateway = MockServer::builder().start().await?;
    /// let unknown = gateway.act_on_service_order(&ServiceOrderCall::of("never-created"));
    /// assert!(matches!(unknown, Err(PaymentError::UnknownServiceOrder { .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`PaymentError`] if there is no such order, or it is in another state.
    pub fn act_on_service_order(&self, call: &ServiceOrderCall) -> Result<Value, PaymentError> {
        self.control().payer.act_on_service(call)
    }

    /// Creates a merchant for one test, and returns its credentials. It shares no documents, exchanges or fault rules
    /// with others.
    ///
    /// # Errors
    /// [`ProvisionError`] if its mchid is taken, or there are too many merchants.
    pub fn make_merchant(&self, new: NewMerchant) -> Result<Credentials, ProvisionError> {
        self.control().make_merchant(new)
    }

    /// Removes a merchant that was created at run time, with all its data. Returns whether it existed. Configured
    /// merchants stay.
    ///
    /// # Panics
    /// If the store can't be reached, which never happens in memory.
    pub fn remove_merchant(&self, mchid: &Mchid) -> bool {
        self.control().remove_merchant(mchid).expect(LOST)
    }

    /// Restores the initial state: documents, journal, metrics, fault rules and clock. Removes merchants that were
    /// created at run time.
    ///
    /// # Panics
    /// If the store can't be reached, which never happens in memory.
    pub fn reset(&self) {
        self.control().reset().expect(LOST);
    }

    /// Restores the initial state of one merchant: its documents, its exchanges, its fault rules. Returns whether it
    /// exists.
    ///
    /// # Panics
    /// If the store can't be reached, which never happens in memory.
    pub fn reset_merchant(&self, mchid: &str) -> bool {
        self.control().reset_merchant(mchid).expect(LOST)
    }

    fn gateway(&self) -> &Gateway {
        &self.shared.gateway
    }

    fn control(&self) -> &Control {
        &self.shared.admin.control
    }

    /// Stops accepting connections, finishes the requests and callbacks in flight, and closes idle connections. Returns whether all
    /// requests finished within the shutdown timeout (`limits.shutdown`); the others are cut off.
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
        self.gateway().gate.shut_down();
        let (accepted, _) = tokio::join!(&mut self.accepting, &mut self.delivering);
        self.keeping_up.abort();
        self.control().leave();
        accepted.unwrap_or(false)
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.accepting.abort();
        self.delivering.abort();
        self.paying.abort();
        self.keeping_up.abort();
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer").field("url", &self.url()).finish_non_exhaustive()
    }
}
