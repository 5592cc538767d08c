//! The mock's CA is trusted only for the mock's own hosts, even if its key is stolen.

use std::{fs, path::Path, sync::Arc};

use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject},
};
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use wechatpay_mock::MockServer;

use crate::support::{
    frozen_mock,
    secure::{GATEWAY, connect, handshake, trusting},
    soon,
    tools::are_missing,
};

/// The CA of a mock, with its key stolen.
struct Stolen {
    dir: tempfile::TempDir,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Stolen {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mock = MockServer::builder().ca_dir(dir.path()).start().await.unwrap();
        let pem = mock.ca_pem().await.unwrap();
        let key = fs::read_to_string(dir.path().join("wechatpay-mock-ca-key.pem")).unwrap();
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, "wechatpay-mock");
        name.push(DnType::CommonName, "wechatpay-mock local CA (TEST ONLY)");
        let mut params = CertificateParams::default();
        params.distinguished_name = name;
        Self { dir, pem, issuer: Issuer::new(params, KeyPair::from_pem(&key).unwrap()) }
    }

    /// A certificate for that host, with its key.
    fn certificate(&self, host: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([host.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// The result of a TLS handshake between a client that trusts the CA and a server with a certificate for that host.
    async fn verified_by_rustls(&self, host: &str) -> Result<(), String> {
        let (certificate, key) = self.certificate(host);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let authority = CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap();
        let chain = vec![certificate.der().clone(), authority];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let server = async { TlsAcceptor::from(Arc::new(config)).accept(far).await.map(drop) };
        let client = handshake(near, trusting(&self.pem, &[]), host);
        let (_, client) = soon(async { tokio::join!(server, client) }).await;
        client.map(drop).map_err(|error| error.to_string())
    }

    /// The result of `openssl verify` for a certificate for that host.
    async fn verified_by_openssl(&self, host: &str) -> Result<(), String> {
        let path = |name: &str| self.dir.path().join(name);
        fs::write(path("leaf.pem"), self.certificate(host).0.pem()).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["verify", "-verify_hostname", host, "-CAfile"]).arg(path("wechatpay-mock-ca.pem"));
        let output = openssl.arg(path("leaf.pem")).output().await.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(stderr) }
    }
}

#[tokio::test]
async fn a_client_that_trusts_the_ca_refuses_its_certificates_for_other_hosts() {
    let stolen = Stolen::new().await;
    for host in [GATEWAY, "api2.mch.weixin.qq.com", "localhost", "127.0.0.1"] {
        assert_eq!(stolen.verified_by_rustls(host).await, Ok(()), "{host}");
    }
    for host in ["example.com", "mch.weixin.qq.com", "pay.weixin.qq.com", "192.0.2.1"] {
        let error = stolen.verified_by_rustls(host).await.unwrap_err();
        assert!(error.contains("NameConstraintViolation"), "{host}: {error}");
    }
}

#[tokio::test]
async fn openssl_refuses_the_cas_certificates_for_other_hosts() {
    if are_missing(&["openssl"]) {
        return;
    }
    let stolen = Stolen::new().await;
    assert_eq!(stolen.verified_by_openssl(GATEWAY).await, Ok(()));
    assert_eq!(stolen.verified_by_openssl("localhost").await, Ok(()));
    for host in ["example.com", "mch.weixin.qq.com"] {
        let error = stolen.verified_by_openssl(host).await.unwrap_err();
        assert!(error.contains("permitted subtree violation"), "{host}: {error}");
    }
}

#[tokio::test]
async fn the_certificate_has_the_configured_host_and_no_other() {
    let mock = MockServer::builder().host("mock.test".parse().unwrap()).start().await.unwrap();
    soon(connect(&mock, "mock.test", &[])).await.unwrap();
    for host in ["other.test", "a.mock.test"] {
        let error = soon(connect(&mock, host, &[])).await.unwrap_err();
        assert!(error.to_string().contains("not valid for name"), "{host}: {error}");
    }
}

#[tokio::test]
async fn each_mock_has_its_own_ca_unless_a_ca_dir_is_given() {
    let (one, other) = (frozen_mock().await, frozen_mock().await);
    assert_ne!(one.ca_pem().await.unwrap(), other.ca_pem().await.unwrap());
    let dir = tempfile::tempdir().unwrap();
    let ca_of = async |dir: &Path| {
        let mock = MockServer::builder().ca_dir(dir).start().await.unwrap();
        mock.ca_pem().await.unwrap()
    };
    assert_eq!(ca_of(dir.path()).await, ca_of(dir.path()).await);
}
