//! The way to hosts that `--proxy-passthrough` names.

use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use http::{
    HeaderName, HeaderValue, Request, Response, Uri,
    header::{
        CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
        VIA,
    },
    uri::Authority,
};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, lookup_host},
    time::{sleep, timeout},
};

use super::{PSEUDONYM, ProxyRefusal};
use crate::door::Door;

/// How long a connection to a host may take, and its answer to begin. (own choice)
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a tunnel may be without a byte. (own choice)
const IDLE: Duration = Duration::from_secs(300);

/// Headers that are for the next hop alone.
const OF_ONE_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Connects to a host, unless that is one of the `own` addresses.
pub(super) async fn connect(authority: &Authority, own: &[SocketAddr]) -> Result<TcpStream, ProxyRefusal> {
    let unreachable = |source| ProxyRefusal::Unreachable { host: authority.to_string(), source };
    let port = authority.port_u16().unwrap_or(80);
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let connecting = async {
        let addresses: Vec<_> = lookup_host((host, port)).await.map_err(unreachable)?.collect();
        if addresses.iter().any(|address| is_own(*address, own)) {
            return Err(ProxyRefusal::Loop);
        }
        TcpStream::connect(&addresses[..]).await.map_err(unreachable)
    };
    let in_time = timeout(CONNECT_TIMEOUT, connecting).await;
    in_time.unwrap_or_else(|_| Err(unreachable(io::ErrorKind::TimedOut.into())))
}

fn is_own(address: SocketAddr, own: &[SocketAddr]) -> bool {
    own.iter().any(|own| {
        let ip = address.ip().to_canonical();
        address.port() == own.port()
            && (ip == own.ip() || ip.is_loopback() && (own.ip().is_loopback() || own.ip().is_unspecified()))
    })
}

/// Sends a request on to its host, and brings the answer back.
pub(super) async fn forward(
    mut request: Request<Incoming>,
    authority: &Authority,
    own: &[SocketAddr],
) -> Result<Response<Incoming>, ProxyRefusal> {
    let unreachable =
        |error| ProxyRefusal::Unreachable { host: authority.to_string(), source: io::Error::other(error) };
    let stream = connect(authority, own).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    // It ends with the answer, or when nobody waits for that any more.
    tokio::spawn(connection);
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = target.parse::<Uri>().unwrap_or_default();
    for name in &OF_ONE_HOP {
        request.headers_mut().remove(name);
    }
    if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
        request.headers_mut().insert(HOST, host);
    }
    if let Ok(via) = HeaderValue::from_str(&format!("1.1 {PSEUDONYM}")) {
        request.headers_mut().append(VIA, via);
    }
    let answer = timeout(ANSWER_TIMEOUT, sender.send_request(request)).await;
    let late =
        |_| ProxyRefusal::Unreachable { host: authority.to_string(), source: io::ErrorKind::TimedOut.into() };
    let mut answer = answer.map_err(late)?.map_err(unreachable)?;
    for name in &OF_ONE_HOP {
        answer.headers_mut().remove(name);
    }
    Ok(answer)
}

/// Carries bytes both ways until both ends have no more, there is none for too long, or the mock shall end.
pub(crate) async fn pass_through<S>(peer: S, destination: TcpStream, door: &Door)
where
    S: AsyncRead + AsyncWrite,
{
    let ((mut from_peer, mut to_peer), (mut from_there, mut to_there)) =
        (tokio::io::split(peer), destination.into_split());
    let carried = AtomicU64::new(0);
    let both = async {
        tokio::try_join!(
            carry(&mut from_peer, &mut to_there, &carried),
            carry(&mut from_there, &mut to_peer, &carried)
        )
    };
    let stands_still = async {
        let mut before = 0;
        loop {
            sleep(IDLE).await;
            let now = carried.load(Ordering::Relaxed);
            if now == before {
                return;
            }
            before = now;
        }
    };
    tokio::select! {
        _ = both => {}
        () = stands_still => tracing::debug!("a tunnel was idle for {} s", IDLE.as_secs()),
        () = door.ending() => {}
    }
}

/// Carries bytes one way, and counts them.
async fn carry<R, W>(from: &mut R, to: &mut W, carried: &AtomicU64) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
        to.flush().await?;
        carried.fetch_add(length as u64, Ordering::Relaxed);
    }
}
