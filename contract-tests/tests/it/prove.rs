//! `prove-client` triggers a long-running application over HTTP, replaces the mock that it calls for each probe, and
//! judges it by its responses and by what the mock received.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use wechatpay_client::{Client, RightsChange};
use wechatpay_contract::prove::{Keys, PROBES, Prover, Results, StopError, TestedClient};
use wechatpay_protocol::Credentials;

/// How an application handles a trigger.
#[derive(Clone, Copy)]
enum Behaviour {
    /// It calls, and reports whether the response verified.
    Careful,
    /// It calls, and always reports success.
    AlwaysYes,
    /// It calls, and repeats the call if it was refused.
    Stubborn,
    /// It calls the first time. Later it reports failure without a call.
    Lazy,
    /// It calls the first time, and then exits.
    Dies,
    /// It calls the first time, and later sends no response.
    FallsSilent,
}

struct Application {
    url: String,
    running: JoinHandle<()>,
}

impl Drop for Application {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Application {
    async fn start(gateway: SocketAddr, keys: Keys, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/probe", listener.local_addr().unwrap());
        let mut credentials = Credentials::development();
        if keys == Keys::Certificate {
            credentials.public_key = None;
        }
        let client = Client::builder().base_url(&format!("http://{gateway}")).credentials(&credentials);
        let client = client.timeout(Duration::from_secs(2)).build().unwrap();
        let running = tokio::spawn(async move {
            let triggered = Arc::new(AtomicUsize::new(0));
            while let Ok((stream, _)) = listener.accept().await {
                let before = triggered.fetch_add(1, Relaxed);
                respond(stream, &client, behaviour, before).await;
                if matches!(behaviour, Behaviour::Dies) {
                    return;
                }
            }
        });
        Self { url, running }
    }
}

async fn respond(mut stream: TcpStream, client: &Client, behaviour: Behaviour, before: usize) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let status = match (behaviour, before) {
        (Behaviour::Lazy, 1..) => 502,
        (Behaviour::FallsSilent, 1..) => std::future::pending().await,
        _ => call(client, behaviour).await,
    };
    let response = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(response.as_bytes()).await.unwrap();
}

async fn call(client: &Client, behaviour: Behaviour) -> u16 {
    let change = RightsChange::sample();
    let call = || client.set_rights(RightsChange::SAMPLE_CARD_ID, RightsChange::SAMPLE_CODE, &change);
    let verified = call().await;
    let is_refused = verified.as_ref().is_err_and(|error| error.api_error().is_some());
    let verified =
        if matches!(behaviour, Behaviour::Stubborn) && is_refused { call().await } else { verified };
    if verified.is_ok() || matches!(behaviour, Behaviour::AlwaysYes) { 200 } else { 502 }
}

/// An address that is free now.
async fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap()
}

async fn prove(
    behaviour: Behaviour,
    keys: Keys,
    timeout: Duration,
    filters: &[&str],
) -> Result<Results, StopError> {
    let listen = free_address().await;
    let application = Application::start(listen, keys, behaviour).await;
    let trigger = application.url.parse().unwrap();
    let default = Prover::new(TestedClient::Application { trigger, listen });
    let filters: Vec<_> = filters.iter().map(ToString::to_string).collect();
    Prover { keys, timeout, ..default }.run(&filters, |_| {}).await
}

fn kinds(results: &Results) -> Vec<&'static str> {
    results.findings().map(|finding| finding.kind.name()).collect()
}

const LONG: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_careful_application_passes() {
    let results = prove(Behaviour::Careful, Keys::Both, LONG, &[]).await.unwrap();
    assert_eq!(results.findings().count(), 0, "{:?}", results.probes);
    let skipped = PROBES.iter().filter(|probe| probe.scenario.keys.is_some_and(|keys| keys != Keys::Both));
    assert_eq!(results.counts().skipped, skipped.count());
    assert!(results.counts().passed > 30);
}

#[tokio::test]
async fn an_application_with_the_platform_certificate_gets_the_change_over_probes() {
    let results = prove(Behaviour::Careful, Keys::Certificate, LONG, &["keys"]).await.unwrap();
    assert_eq!((results.counts().passed, results.counts().failed), (4, 0), "{:?}", results.probes);
}

#[tokio::test]
async fn an_application_that_always_reports_success_fails_wherever_it_must_reject() {
    let results =
        prove(Behaviour::AlwaysYes, Keys::Both, LONG, &["signature", "repeats", "clock"]).await.unwrap();
    let passed: Vec<_> =
        results.probes.iter().filter(|one| one.findings().is_empty()).map(|one| &one.probe.id).collect();
    assert_eq!(passed, ["without-signature-type"]);
    assert!(kinds(&results).iter().all(|kind| *kind == "let-through"));
}

#[tokio::test]
async fn an_application_that_repeats_a_final_refusal_fails() {
    let results = prove(Behaviour::Stubborn, Keys::Both, LONG, &["refusals", "trouble"]).await.unwrap();
    assert_eq!(kinds(&results), ["repeats-refused"; 4], "{:?}", results.probes);
}

#[tokio::test]
async fn a_probe_without_a_call_fails() {
    let results = prove(Behaviour::Lazy, Keys::Both, LONG, &["signature"]).await.unwrap();
    assert_eq!(kinds(&results), ["not-called"; 14]);
}

#[tokio::test]
async fn an_application_that_exits_fails() {
    let results = prove(Behaviour::Dies, Keys::Both, LONG, &["signtest"]).await.unwrap();
    assert_eq!(kinds(&results), ["gone"; 2]);
}

#[tokio::test]
async fn an_application_that_sends_no_response_in_time_fails() {
    let results =
        prove(Behaviour::FallsSilent, Keys::Both, Duration::from_secs(3), &["unsigned"]).await.unwrap();
    assert_eq!(kinds(&results), ["hung"]);
}

#[tokio::test]
async fn an_unreachable_application_ends_the_run() {
    let (application, listen) = (free_address().await, free_address().await);
    let trigger = format!("http://{application}/").parse().unwrap();
    let stopped =
        Prover::new(TestedClient::Application { trigger, listen }).run(&[], |_| {}).await.unwrap_err();
    assert!(matches!(stopped, StopError::HonestMock(_)));
    assert!(stopped.to_string().contains("the application can't be reached any more"), "{stopped}");
}
