//! The way to hosts that `--proxy-passthrough` names.

use std::{io, net::SocketAddr, time::Duration};

use http::uri::Authority;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use crate::net::proxy::ProxyRefusal;

/// How long a connection to a host may take. (own choice)
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

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
        let stream = TcpStream::connect(&addresses[..]).await.map_err(unreachable)?;
        // Who calls an address of this machine's does so from that address.
        let (here, there) = (stream.local_addr(), stream.peer_addr());
        let is_here =
            here.and_then(|here| there.map(|there| here.ip() == there.ip())).map_err(unreachable)?;
        if is_here && own.iter().any(|own| own.ip().is_unspecified() && own.port() == port) {
            return Err(ProxyRefusal::Loop);
        }
        Ok(stream)
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
