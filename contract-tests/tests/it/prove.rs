//! A long-running application is asked over HTTP, finds one mock after another where it expects it, and is judged by what
//! it answers and what the mock saw.

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
use wechatpay_contract::prove::{Keys, Prover, Results, StopError, TestedClient};
use wechatpay_protocol::Credentials;

/// What an application makes of a request.
#[derive(Clone, Copy)]
enum Manner {
    /// It calls, and says whether the answer was verified.
    Careful,
    /// It calls, and says that all is well.
    AlwaysYes,
    /// It calls, and calls again if it was refused.
    Stubborn,
    /// It calls the first time, and afterwards says no without a call.
    Lazy,
    /// It calls the first time, and is gone afterwards.
    Dies,
    /// It calls the first time, and afterwards is silent.
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
    async fn start(gateway: SocketAddr, keys: Keys, manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/probe", listener.local_addr().unwrap());
        let mut credentials = Credentials::development();
        if keys == Keys::Certificate {
            credentials.public_key = None;
        }
        let client = Client::builder().base_url(&format!("http://{gateway}")).credentials(&credentials);
        let client = client.timeout(Duration::from_secs(2)).build().unwrap();
        let running = tokio::spawn(async move {
            let asked = Arc::new(AtomicUsize::new(0));
            while let Ok((stream, _)) = listener.accept().await {
                let before = asked.fetch_add(1, Relaxed);
                answer(stream, &client, manner, before).await;
                if matches!(manner, Manner::Dies) {
                    return;
                }
            }
        });
        Self { url, running }
    }
}

async fn answer(mut stream: TcpStream, client: &Client, manner: Manner, before: usize) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let status = match (manner, before) {
        (Manner::Lazy, 1..) => 502,
        (Manner::FallsSilent, 1..) => std::future::pending().await,
        _ => call(client, manner).await,
    };
    let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn call(client: &Client, manner: Manner) -> u16 {
    let change = RightsChange::sample();
    let call = || client.set_rights(RightsChange::SAMPLE_CARD_ID, RightsChange::SAMPLE_CODE, &change);
    let verified = call().await;
    let is_refused = verified.as_ref().is_err_and(|error| error.api_error().is_some());
    let verified = if matches!(manner, Manner::Stubborn) && is_refused { call().await } else { verified };
    if verified.is_ok() || matches!(manner, Manner::AlwaysYes) { 200 } else { 502 }
}

/// An address that is free now.
async fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap()
}

async fn prove(
    manner: Manner,
    keys: Keys,
    timeout: Duration,
    filters: &[&str],
) -> Result<Results, StopError> {
    let listen = free_address().await;
    let application = Application::start(listen, keys, manner).await;
    let trigger = application.url.parse().unwrap();
    let usual = Prover::new(TestedClient::Application { trigger, listen });
    let filters: Vec<_> = filters.iter().map(ToString::to_string).collect();
    Prover { keys, timeout, ..usual }.run(&filters, |_| {}).await
}

fn kinds(results: &Results) -> Vec<&'static str> {
    results.findings().map(|finding| finding.kind.name()).collect()
}

const LONG: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_careful_application_lets_nothing_through() {
    let results = prove(Manner::Careful, Keys::Both, LONG, &[]).await.unwrap();
    assert_eq!(results.findings().count(), 0, "{:?}", results.probes);
    let skipped = results
        .probes
        .iter()
        .filter(|result| result.probe.scenario.keys.is_some_and(|keys| keys != Keys::Both));
    assert_eq!(results.counts().skipped, skipped.count());
    assert!(results.counts().passed > 30);
}

#[tokio::test]
async fn an_application_with_the_platform_certificate_is_taken_through_the_change_of_certificates() {
    let results = prove(Manner::Careful, Keys::Certificate, LONG, &["keys"]).await.unwrap();
    assert_eq!((results.counts().passed, results.counts().failed), (4, 0), "{:?}", results.probes);
}

#[tokio::test]
async fn an_application_that_always_says_yes_is_found_out_wherever_it_must_refuse() {
    let results =
        prove(Manner::AlwaysYes, Keys::Both, LONG, &["signature", "repeats", "clock"]).await.unwrap();
    let held: Vec<_> =
        results.probes.iter().filter(|one| one.findings().is_empty()).map(|one| &one.probe.id).collect();
    assert_eq!(held, ["without-signature-type"]);
    assert!(kinds(&results).iter().all(|kind| *kind == "let-through"));
}

#[tokio::test]
async fn an_application_that_repeats_what_was_refused_for_good_is_found_out() {
    let results = prove(Manner::Stubborn, Keys::Both, LONG, &["refusals", "trouble"]).await.unwrap();
    assert_eq!(kinds(&results), ["repeats-refused"; 4], "{:?}", results.probes);
}

#[tokio::test]
async fn a_probe_that_never_reaches_the_call_is_not_held() {
    let results = prove(Manner::Lazy, Keys::Both, LONG, &["signature"]).await.unwrap();
    assert_eq!(kinds(&results), ["not-called"; 14]);
}

#[tokio::test]
async fn an_application_that_is_gone_is_found_out() {
    let results = prove(Manner::Dies, Keys::Both, LONG, &["signtest"]).await.unwrap();
    assert_eq!(kinds(&results), ["gone"; 2]);
}

#[tokio::test]
async fn an_application_that_does_not_answer_in_time_is_found_out() {
    let results =
        prove(Manner::FallsSilent, Keys::Both, Duration::from_secs(3), &["unsigned"]).await.unwrap();
    assert_eq!(kinds(&results), ["hung"]);
}

#[tokio::test]
async fn an_application_that_is_not_there_ends_the_run() {
    let (application, listen) = (free_address().await, free_address().await);
    let trigger = format!("http://{application}/").parse().unwrap();
    let stopped =
        Prover::new(TestedClient::Application { trigger, listen }).run(&[], |_| {}).await.unwrap_err();
    assert!(matches!(stopped, StopError::HonestMock(_)));
    assert!(stopped.to_string().contains("the application can't be reached any more"), "{stopped}");
}
