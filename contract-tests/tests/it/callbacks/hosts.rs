//! Where callbacks may go.

use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use wechatpay_mock::{Config, DeliveryState, MockServer, Outcome, Trigger};

use super::{PAID, trigger};
use crate::support::{
    frozen_mock,
    receiver::{OK, Receiver, serve},
};

#[tokio::test]
async fn nothing_is_sent_to_a_host_that_was_not_allowed() {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[OK]).await);
    let port = receiver.port();
    for url in [
        format!("http://example.com:{port}/"),
        format!("http://127.0.0.1:{port}@example.com/"),
        format!("http://example.com@127.0.0.1:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("http://[::]:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f000001:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://127.0.0.1.nip.io:{port}/"),
        format!("http://localhost.example.com:{port}/"),
        format!("ftp://127.0.0.1:{port}/"),
        "http://[fe80::1]/".into(),
        "not a url".into(),
    ] {
        let delivery = trigger(&mock, Trigger { to: Some(url.clone()), ..Trigger::of(PAID) }).await;
        assert_eq!(delivery.state, DeliveryState::Held, "{url}");
        assert!(matches!(&delivery.attempts[..], [only] if only.sent.is_none()), "{url}");
        let Outcome::NotSent { reason } = &delivery.attempts[0].outcome else { panic!("{url}") };
        assert!(["expected", "--notify-map"].iter().any(|text| reason.english.contains(text)), "{reason}");
    }
    assert!(receiver.arrived().is_none());
}

#[tokio::test]
async fn this_machine_is_allowed_by_name_and_address() {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[OK]).await);
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]"] {
        let to = format!("http://{host}:{}/", receiver.port());
        let delivery = trigger(&mock, Trigger { to: Some(to), ..Trigger::of(PAID) }).await;
        assert_eq!(delivery.state, DeliveryState::Received, "{host}: {:?}", delivery.attempts);
        receiver.next().await;
    }
}

#[tokio::test]
async fn a_map_leads_the_callbacks_of_a_public_address_to_this_machine() {
    let mut receiver = Receiver::start(&[OK]).await;
    let map = format!("https://shop.example.com=http://127.0.0.1:{}", receiver.port());
    let mock = MockServer::builder().notify_map(map.parse().unwrap()).start().await.unwrap();
    let to = Some("https://shop.example.com/pay/notify?order=1".into());
    let delivery = trigger(&mock, Trigger { to, ..Trigger::of(PAID) }).await;
    assert_eq!(delivery.state, DeliveryState::Received);
    assert_eq!(delivery.notify_url, "https://shop.example.com/pay/notify?order=1");
    let received = receiver.next().await;
    assert_eq!(received.line, "POST /pay/notify?order=1");
    assert_eq!(received.header("Host"), Some(&*format!("127.0.0.1:{}", receiver.port())));
}

#[tokio::test]
async fn a_host_that_the_user_names_is_resolved_and_tried() {
    // A name that no resolver knows (RFC 6761): the attempt is made, and fails.
    let mock = MockServer::builder().notify_host("receiver.invalid".parse().unwrap()).start().await.unwrap();
    let to = Some("http://receiver.invalid/".into());
    let delivery = trigger(&mock, Trigger { to, ..Trigger::of(PAID) }).await;
    let Outcome::NoAnswer { reason } = &delivery.attempts[0].outcome else { panic!("{delivery:?}") };
    assert!(!reason.english.is_empty() && matches!(delivery.state, DeliveryState::Waiting(_)), "{reason}");
}

#[tokio::test]
async fn a_proxy_in_the_environment_is_not_used() {
    // The sender has no notion of proxies: a callback to this machine arrives here, whatever the environment says.
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[OK]).await);
    trigger(&mock, Trigger { to: Some(receiver.url()), ..Trigger::of(PAID) }).await;
    assert!(receiver.next().await.line.starts_with("POST /notify"));
}

/// A receiver over TLS, with a certificate of this key for itself.
async fn secure_receiver(certificate: &rcgen::Certificate, key: &KeyPair) -> (String, JoinHandle<()>) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config =
        config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], private).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepting = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let (sender, _receiver) = mpsc::unbounded_channel();
            let answers = Arc::new(Mutex::new([OK].into()));
            serve(stream, sender, answers, Arc::new(Semaphore::new(9))).await;
        }
    });
    (format!("https://localhost:{port}/notify"), accepting)
}

#[tokio::test]
async fn a_receivers_certificate_is_checked_if_the_user_names_its_authority() {
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let other =
        CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&KeyPair::generate().unwrap());
    let (url, accepting) = secure_receiver(&own, &key).await;
    for (trusted, is_taken) in [(None, true), (Some(own.pem()), true), (Some(other.unwrap().pem()), false)] {
        let mut config = Config::default();
        if let Some(pem) = &trusted {
            config.notify.trust(pem).unwrap();
        }
        let mock = MockServer::builder().config(config).start().await.unwrap();
        let delivery = trigger(&mock, Trigger { to: Some(url.clone()), ..Trigger::of(PAID) }).await;
        assert_eq!(delivery.state == DeliveryState::Received, is_taken, "{:?}", delivery.attempts[0].outcome);
    }
    accepting.abort();
    assert!(Config::default().notify.trust("no certificate").is_err());
}

#[test]
fn maps_and_hosts_of_a_configuration_are_checked() {
    let error = |text: &str| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mock.toml");
        std::fs::write(&file, text).unwrap();
        Config::from_file(&file).map(drop).map_err(|errors| errors.to_string())
    };
    let good = "notify_maps = [\"https://shop.example.com=http://127.0.0.1:3000\"]\nnotify_hosts = [\"receiver.test\"]\n";
    assert_eq!(error(good), Ok(()));
    let bad = error("notify_maps = [\"shop.example.com=127.0.0.1\"]\n").unwrap_err();
    assert!(bad.contains("mock.toml:1") && bad.contains("expected"), "{bad}");
    let bad = error("[[merchant]]\nmchid = \"1900000002\"\nnotify_url = \"/notify\"\n").unwrap_err();
    assert!(bad.contains("mock.toml:3") && bad.contains("URL"), "{bad}");
}
