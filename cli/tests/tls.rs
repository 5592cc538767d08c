//! TLS in the real binary: the memory of many connections.
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")] // Memory use is read from /proc.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use wechatpay_mock::Authority;

/// How long a test waits for something that should happen much sooner.
const PATIENCE: Duration = Duration::from_secs(60);
/// Limit on the mock's peak memory. An idle connection takes about 36 KiB.
const MEMORY_KIB: u64 = 128 * 1024;

/// A mock that stops with the test, with its CA in a temporary folder.
struct Mock {
    child: Child,
    address: SocketAddr,
    dir: TempDir,
}

impl Mock {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("mock.toml");
        fs::write(&config, "listen = \"127.0.0.1:0\"\n[limits]\nhead_timeout = 120\n").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wechatpay-mock"));
        for name in ["LISTEN", "QUIET", "CONFIG", "SEED"] {
            command.env_remove(format!("WECHATPAY_MOCK_{name}"));
        }
        command.arg("--config").arg(config).arg("--ca-dir").arg(dir.path().join("ca"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { child, address, dir }
    }

    /// A client that trusts the CA in the mock's folder.
    fn trusting(&self, protocol: &str) -> TlsConnector {
        let authority = Authority::open(&self.dir.path().join("ca"), &[]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.into()];
        TlsConnector::from(Arc::new(config))
    }

    async fn connect(&self, client: &TlsConnector) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let host = ServerName::try_from("localhost").unwrap();
        timeout(PATIENCE, client.connect(host, stream)).await.unwrap().unwrap()
    }

    fn peak_memory_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The first bytes from an HTTP/2 client: the preface and settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

// One test, since a process can often open no more than 1,024 files.
#[tokio::test]
async fn a_thousand_idle_tls_connections_need_little_memory() {
    for (protocol, beginning) in [("http/1.1", &b""[..]), ("h2", PREFACE)] {
        let mock = Mock::start();
        let (client, before) = (mock.trusting(protocol), mock.peak_memory_kib());
        let mut idle = Vec::new();
        for _ in 0..1000 {
            let mut peer = mock.connect(&client).await;
            peer.write_all(beginning).await.unwrap();
            idle.push(peer);
        }
        // All connections are still open.
        for peer in &mut idle {
            assert!(timeout(Duration::ZERO, peer.read_u8()).await.map_or(true, |read| read.is_ok()));
        }
        let memory = mock.peak_memory_kib();
        println!("{protocol}: {memory} KiB at most, {before} before");
        assert!(memory <= MEMORY_KIB, "{memory} KiB");
    }
}
