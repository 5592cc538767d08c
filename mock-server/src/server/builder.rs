//! The builder of a mock, and how its parts are assembled.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use wechatpay_texts::text;

use super::MockServer;
use crate::{
    admin::{
        Access, Admin, AdminToken,
        advertised::{Advertised, advertised},
        control::{Control, Lasting, Others},
    },
    api::host::Host,
    clock::Clock,
    config::Config,
    faults::FaultRule,
    gateway::{Gateway, Parts},
    journal::RejectedConnections,
    limits::Limits,
    merchants::Merchants,
    net::{Shared, accept::accept, listener::Addresses, proxy::Proxy, tls::Tls},
    notify::{Notifier, NotifyMap},
    operations::{Operations, initial, payment::Payments, seed::Seed, transfer::Transfers},
    payer::Payer,
    policies::Policies,
    random::Randomness,
    request::diagnose::DiagnosisMode,
    store::{Store, StorePlace},
};

/// Configures a mock before it starts; see [`MockServer::builder`].
#[derive(Debug)]
pub struct MockServerBuilder {
    config: Config,
    clock: Clock,
    randomness: Randomness,
}

impl MockServerBuilder {
    /// A mock without settings.
    pub(super) fn new() -> Self {
        Self { config: Config::default(), clock: Clock::system(), randomness: Randomness::system() }
    }

    /// Replaces all settings so far with this configuration, except the clock and the randomness.
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

    /// Listens on this address too, for TLS only; port 0 picks a free one.
    #[must_use]
    pub fn tls_listen(mut self, listen: SocketAddr) -> Self {
        self.config.tls_listen = Some(listen);
        self
    }

    /// Also answers for this host, besides the gateway's hosts and this machine's names: in its certificate, and as a
    /// proxy.
    #[must_use]
    pub fn host(mut self, host: Host) -> Self {
        self.config.hosts.push(host);
        self
    }

    /// As a proxy, passes requests to this host through. By default, it passes none through: it is not an open proxy.
    #[must_use]
    pub fn proxy_passthrough(mut self, host: Host) -> Self {
        self.config.proxy_passthrough.push(host);
        self
    }

    /// Sends the callbacks of one address to another.
    #[must_use]
    pub fn notify_map(mut self, map: NotifyMap) -> Self {
        self.config.notify.maps.push(map);
        self
    }

    /// Also sends callbacks to this host. By default, they are sent to this machine only.
    #[must_use]
    pub fn notify_host(mut self, host: Host) -> Self {
        self.config.notify.hosts.push(host);
        self
    }

    /// Keeps the certificate authority in this folder. By default, it is created in memory and lost when the mock
    /// stops.
    #[must_use]
    pub fn ca_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.config.ca_dir = Some(dir.into());
        self
    }

    /// Keeps the state there. By default, it is in memory and lost when the mock stops.
    #[must_use]
    pub fn store(mut self, place: StorePlace) -> Self {
        self.config.store = place;
        self
    }

    /// Shares the clock, and the fault rules and merchants created at run time, with all mocks that do and have the same Redis.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.config.shared = true;
        self
    }

    /// Tells other mocks with the same Redis to call this one at this address.
    #[must_use]
    pub fn advertise(mut self, address: Advertised) -> Self {
        self.config.advertise = Some(address);
        self
    }

    /// Starts with these cards and members. By default, every merchant has the documentation's sample card.
    #[must_use]
    pub fn seed(mut self, seed: Seed) -> Self {
        self.config.seed = Some(seed);
        self
    }

    /// Sets the behaviours that the documentation leaves open.
    #[must_use]
    pub fn policies(mut self, policies: Policies) -> Self {
        self.config.policies = policies;
        self
    }

    /// Sets the size, count and time limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Uses this clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Uses this randomness for nonces, request IDs and certificates.
    #[must_use]
    pub fn randomness(self, randomness: Randomness) -> Self {
        Self { randomness, ..self }
    }

    /// Sets whether a signature that does not match is diagnosed, and where the diagnosis appears. By default, everywhere.
    #[must_use]
    pub fn diagnosis(mut self, diagnosis: DiagnosisMode) -> Self {
        self.config.diagnosis = diagnosis;
        self
    }

    /// Requires this token for `/__mock/`.
    ///
    /// Without a token, `/__mock/` is open if the mock listens on a loopback address, and off on any other address.
    #[must_use]
    pub fn admin_token(mut self, token: AdminToken) -> Self {
        self.config.admin_token = Some(token);
        self
    }

    /// Sets what happens to payments by itself.
    #[must_use]
    pub fn payments(mut self, payments: Payments) -> Self {
        self.config.payments = payments;
        self
    }

    /// Sets what merchants may transfer, and what happens to transfers by itself.
    #[must_use]
    pub fn transfers(mut self, transfers: Transfers) -> Self {
        self.config.transfers = transfers;
        self
    }

    /// Starts with this fault rule.
    #[must_use]
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.config.faults.push(rule);
        self
    }

    /// Starts the mock. Once this returns, it accepts connections.
    ///
    /// # Errors
    /// An I/O error if the mock can't listen on an address, for example because it is in use; a
    /// [`RuleError`](crate::RuleError) inside it if a fault rule can't be added, a [`StoreError`](crate::StoreError) if the store
    /// can't be opened.
    pub async fn start(self) -> io::Result<MockServer> {
        if self.config.shared && !matches!(self.config.store, StorePlace::Redis(_)) {
            let problem = text!(
                "mocks can share their clock, fault rules and merchants only in Redis; leave shared out, or set store to \
                 redis://HOST:PORT"
            );
            return Err(io::Error::other(self.config.store.error(problem)));
        }
        let store = Store::open(&self.config.store, &self.config.limits).map_err(io::Error::other)?;
        self.start_with(store).await
    }

    /// Starts the mock with this store.
    pub(crate) async fn start_with(self, store: Store) -> io::Result<MockServer> {
        let Self { config, clock, randomness } = self;
        let either = config.listen.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
        let listeners = Addresses { either, tls_only: config.tls_listen }.listen()?;
        let addresses = listeners.addresses()?;
        let others = match &config.store {
            StorePlace::Redis(redis) => {
                let address = advertised(config.advertise.as_ref(), addresses.either, redis).await;
                Some(Others::new(address))
            }
            _ => None,
        };
        let lasting = Lasting::new(&config.store, config.shared, others);
        let shared = Arc::new(shared(&config, addresses, store, lasting, clock, randomness)?);
        let accepting = tokio::spawn(accept(listeners, addresses, Arc::clone(&shared)));
        let delivering = tokio::spawn(Arc::clone(&shared.admin.control.notifier).deliver());
        let paying = tokio::spawn(Arc::clone(&shared.payer).wait());
        let keeping_up = tokio::spawn(Arc::clone(&shared.admin.control).keep_up());
        Ok(MockServer { addresses, config, shared, accepting, delivering, paying, keeping_up })
    }
}

/// Assembles the parts.
fn shared(
    config: &Config,
    addresses: Addresses,
    store: Store,
    lasting: Lasting,
    clock: Clock,
    randomness: Randomness,
) -> io::Result<Shared> {
    let merchants =
        Merchants::new(config.merchants(), config.platform_certificates.clone(), config.public_key.clone());
    let operations = Operations {
        payments: config.payments,
        transfers: config.transfers.clone(),
        ..config.operations.clone()
    };
    let (policies, limits, diagnosis) = (config.policies.clone(), config.limits, config.diagnosis);
    let parts = Parts { operations, merchants, store, policies, limits, diagnosis, clock, randomness };
    let gateway = Gateway::new(parts);
    for merchant in config.merchants() {
        gateway
            .store
            .seed(&merchant.mchid, initial::documents(&merchant.mchid, config.seed.as_ref()))
            .map_err(io::Error::other)?;
    }
    let rejected_connections = Arc::new(RejectedConnections::default());
    let gateway = Arc::new(gateway);
    let notifier = Notifier::new(Arc::clone(&gateway), config.notify.clone());
    let payer = Payer::new(Arc::clone(&gateway));
    let (notifier, payer, faults) = (Arc::new(notifier), Arc::new(payer), config.faults.clone());
    let (its_gateway, its_payer) = (Arc::clone(&gateway), Arc::clone(&payer));
    let its_rejected = Arc::clone(&rejected_connections);
    let control = Control::new(its_gateway, notifier, its_payer, its_rejected, faults, lasting)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    control.restore().map_err(io::Error::other)?;
    let access = Access::new(addresses.most_open(), config.admin_token.clone());
    let tls = Tls::new(config.ca_dir.clone(), config.hosts.clone(), config.policies.gateway_http2);
    let tls = Arc::new(tls);
    let admin = Admin::new(Arc::new(control), access, Arc::<Tls>::clone(&tls));
    let proxy = Proxy::new(config.hosts.clone(), config.proxy_passthrough.clone(), addresses);
    Ok(Shared { gateway, payer, rejected_connections, admin, proxy, tls, idle: Arc::default() })
}
