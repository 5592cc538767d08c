//! A change-over from one platform certificate to another, with a clock that the tests set.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd};
use tokio::{task::JoinSet, time::timeout};
use wechatpay_client::{Client, Error, RightsChange, Trust, VerifiedResponse};
use wechatpay_mock::{Clock, Config, MockServer, PlatformCertificate, PlatformCertificates};
use wechatpay_protocol::{Credentials, Timestamp, WECHATPAY_SERIAL};

/// 2026-09-01 in Beijing.
const SIGNS_FROM: u64 = 1_788_192_000;
const DAY: u64 = 24 * 60 * 60;
const MINUTE: u64 = 60;

/// The old certificate is valid until 2026-10-01 UTC, the new one from 2026-08-01.
const OLD_ENDS: u64 = 1_790_812_800;
const OLD: &str = "10D0";
const NEW: &str = "2E30";

fn certificate(serial_no: [u8; 2], from: (i32, u8), to: (i32, u8), key: &str) -> PlatformCertificate {
    let pair = KeyPair::from_pem_and_sign_algo(key, &PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::new([]).unwrap();
    params.not_before = date_time_ymd(from.0, from.1, 1);
    params.not_after = date_time_ymd(to.0, to.1, 1);
    params.serial_number = Some(SerialNumber::from_slice(&serial_no));
    PlatformCertificate::new(&params.self_signed(&pair).unwrap().pem(), key).unwrap()
}

/// A mock in a change-over, and the clock that it shares with its clients.
struct Setup {
    mock: MockServer,
    clock: Arc<AtomicU64>,
}

impl Setup {
    async fn at(now: u64) -> Self {
        let [old_key, new_key] = [
            include_str!("../../../../fixtures/credentials/platform_key.pem"),
            include_str!("../../../../fixtures/credentials/other_key.pem"),
        ];
        let mut config = Config::default();
        config.platform_certificates = PlatformCertificates::ChangeOver {
            old: certificate([0x10, 0xd0], (2024, 1), (2026, 10), old_key),
            new: certificate([0x2e, 0x30], (2026, 8), (2031, 8), new_key),
            signs_from: Timestamp::from_unix(SIGNS_FROM),
        };
        let clock = Arc::new(AtomicU64::new(now));
        let of_mock = Clock::from_fn(reading(&clock));
        Self { mock: MockServer::builder().config(config).clock(of_mock).start().await.unwrap(), clock }
    }

    fn set_clock(&self, now: u64) {
        self.clock.store(now, SeqCst);
    }

    fn client(&self, trust: Trust) -> Client {
        self.client_of(&self.mock.credentials(), trust)
    }

    fn client_of(&self, credentials: &Credentials, trust: Trust) -> Client {
        let builder = Client::builder().base_url(&self.mock.url()).credentials(credentials);
        builder.trust(trust).clock(reading(&self.clock)).build().unwrap()
    }

    /// The key that signed the last response.
    fn last_signing_key(&self) -> String {
        let exchanges = self.mock.exchanges();
        exchanges.last().unwrap().response_headers.text(&WECHATPAY_SERIAL).unwrap().into()
    }
}

fn reading(clock: &Arc<AtomicU64>) -> impl Fn() -> Timestamp + Send + Sync + 'static {
    let clock = Arc::clone(clock);
    move || Timestamp::from_unix(clock.load(SeqCst))
}

async fn call(client: &Client, number: usize) -> Result<VerifiedResponse, Error> {
    client.set_rights("card", "code", &RightsChange::new(format!("call-{number}"))).await
}

/// The serial number of the key whose signature the client verified.
async fn verified_key(client: &Client) -> String {
    call(client, 0).await.unwrap().signature().serial.to_string()
}

fn serials(certificates: &[wechatpay_protocol::Certificate]) -> Vec<&str> {
    certificates.iter().map(|certificate| certificate.serial_no().as_str()).collect()
}

/// Clients that send one request after another, each counted, until a request fails or they are stopped.
struct Crowd {
    clients: JoinSet<()>,
    calls: Arc<[AtomicUsize]>,
    limit: Arc<AtomicUsize>,
}

impl Crowd {
    fn of(clients: Vec<Client>) -> Self {
        let calls: Arc<[AtomicUsize]> = clients.iter().map(|_| AtomicUsize::new(0)).collect();
        let limit = Arc::new(AtomicUsize::new(usize::MAX));
        let mut tasks = JoinSet::new();
        for (index, client) in clients.into_iter().enumerate() {
            let (calls, limit) = (Arc::clone(&calls), Arc::clone(&limit));
            tasks.spawn(async move {
                while calls[index].load(SeqCst) < limit.load(SeqCst) {
                    let number = calls[index].load(SeqCst);
                    call(&client, number).await.unwrap_or_else(|error| panic!("client {index}: {error:?}"));
                    calls[index].fetch_add(1, SeqCst);
                }
            });
        }
        Self { clients: tasks, calls, limit }
    }

    /// Waits until each client has made this many more calls. The clients keep calling.
    async fn calls_each(&mut self, more: usize) {
        let wanted: Vec<_> = self.calls.iter().map(|calls| calls.load(SeqCst) + more).collect();
        let all_made = async {
            while self.calls.iter().zip(&wanted).any(|(calls, wanted)| calls.load(SeqCst) < *wanted) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            made = timeout(Duration::from_secs(60), all_made) => made.unwrap(),
            Some(ended) = self.clients.join_next() => panic!("a client ended: {ended:?}"),
        }
    }

    /// Lets each client finish its call, and returns the number of calls.
    async fn stop(mut self) -> usize {
        self.limit.store(0, SeqCst);
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
        self.calls.iter().map(|calls| calls.load(SeqCst)).sum()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_the_new_certificate_takes_over() {
    let setup = Setup::at(SIGNS_FROM - 2 * DAY).await;
    let before_the_listing: Vec<_> = (0..3).map(|_| setup.client(Trust::Downloaded)).collect();
    for client in &before_the_listing {
        assert_eq!(verified_key(client).await, OLD);
    }
    setup.set_clock(SIGNS_FROM - MINUTE);
    let after_the_listing = (0..3).map(|_| setup.client(Trust::Downloaded));
    let with_the_old = (0..2).map(|_| setup.client(Trust::Certificate));
    let clients = before_the_listing.into_iter().chain(after_the_listing).chain(with_the_old).collect();

    let mut crowd = Crowd::of(clients);
    crowd.calls_each(20).await;
    setup.set_clock(SIGNS_FROM + MINUTE);
    crowd.calls_each(20).await;
    assert!(crowd.stop().await >= 8 * 40);
    assert!(setup.mock.exchanges().iter().all(|exchange| exchange.status.unwrap().is_success()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_the_new_certificate_is_first_listed() {
    let setup = Setup::at(SIGNS_FROM - DAY - MINUTE).await;
    let trusts = [Trust::Downloaded, Trust::Certificate].into_iter().cycle().take(8);
    let mut crowd = Crowd::of(trusts.map(|trust| setup.client(trust)).collect());
    crowd.calls_each(20).await;
    setup.set_clock(SIGNS_FROM - DAY + MINUTE);
    crowd.calls_each(20).await;
    crowd.stop().await;
}

#[tokio::test]
async fn the_new_certificate_is_listed_24_hours_before_it_signs() {
    let setup = Setup::at(SIGNS_FROM - DAY - 1).await;
    let client = setup.client(Trust::Downloaded);
    assert_eq!(serials(&client.certificates().await.unwrap()), [OLD]);
    for (now, listed, signs) in [
        (SIGNS_FROM - DAY, &[NEW, OLD][..], OLD),
        (SIGNS_FROM, &[NEW, OLD], NEW),
        (OLD_ENDS, &[NEW, OLD], NEW),
        (OLD_ENDS + 1, &[NEW], NEW),
    ] {
        setup.set_clock(now);
        assert_eq!(serials(&client.certificates().await.unwrap()), listed, "{now}");
        // The download request names no key.
        assert_eq!(setup.last_signing_key(), signs, "{now}");
    }
}

#[tokio::test]
async fn each_listed_certificate_has_its_own_nonce() {
    let setup = Setup::at(SIGNS_FROM).await;
    setup.client(Trust::Downloaded).certificates().await.unwrap();
    let exchanges = setup.mock.exchanges();
    let list: serde_json::Value = serde_json::from_slice(&exchanges.last().unwrap().response_body).unwrap();
    let nonce = |index: usize| &list["data"][index]["encrypt_certificate"]["nonce"];
    assert!(nonce(0).is_string() && nonce(1).is_string());
    assert_ne!(nonce(0), nonce(1));
}

#[tokio::test]
async fn clients_of_either_certificate_work_throughout_the_change_over() {
    let setup = Setup::at(SIGNS_FROM - 1).await;
    let old = setup.mock.credentials();
    setup.set_clock(SIGNS_FROM);
    let new = setup.mock.credentials();
    for now in [SIGNS_FROM - 2 * DAY, SIGNS_FROM - 1, SIGNS_FROM, OLD_ENDS] {
        setup.set_clock(now);
        for (credentials, key) in [(&old, OLD), (&new, NEW)] {
            assert_eq!(verified_key(&setup.client_of(credentials, Trust::Certificate)).await, key, "{now}");
        }
    }
}

#[tokio::test]
async fn a_client_that_downloads_still_works_after_the_old_certificate_ends() {
    let setup = Setup::at(SIGNS_FROM - 2 * DAY).await;
    let client = setup.client(Trust::Downloaded);
    assert_eq!(verified_key(&client).await, OLD);
    setup.set_clock(OLD_ENDS + 1);
    assert_eq!(verified_key(&client).await, NEW);
}
