//! The sockets that the mock listens on.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::net::connection::Protocol;

/// How many connections the system holds ready to be accepted. It leaves the first message of any more without an
/// answer, and their peers try again a second later. `TcpListener::bind` asks for 128, which a load test goes beyond.
const BACKLOG: u32 = 4096;

/// Where a mock listens: for HTTP and TLS alike, and perhaps elsewhere for TLS alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) either: SocketAddr,
    pub(crate) tls_alone: Option<SocketAddr>,
}

/// The sockets that listen there.
pub(crate) struct Listeners {
    either: TcpListener,
    tls_alone: Option<TcpListener>,
}

/// The same, refusing whoever connects. They keep the addresses, so that nobody else takes them.
pub(super) struct Refusing {
    either: TcpSocket,
    tls_alone: Option<TcpSocket>,
}

impl Addresses {
    /// The one that is reached from farthest away: what is open to this machine alone is so only if both are on loopback.
    pub(crate) fn most_open(self) -> SocketAddr {
        let is_open = |address: &SocketAddr| !address.ip().to_canonical().is_loopback();
        self.tls_alone.filter(|tls_alone| is_open(tls_alone) && !is_open(&self.either)).unwrap_or(self.either)
    }

    /// # Errors
    /// If one of them is taken, or not this machine's.
    pub(crate) fn listen(self) -> io::Result<Listeners> {
        self.bind()?.listen()
    }

    /// # Errors
    /// If one of them is taken, or not this machine's.
    pub(super) fn bind(self) -> io::Result<Refusing> {
        Ok(Refusing { either: bind(self.either)?, tls_alone: self.tls_alone.map(bind).transpose()? })
    }
}

impl Refusing {
    /// # Errors
    /// If others have come to listen there meanwhile.
    pub(super) fn listen(self) -> io::Result<Listeners> {
        let tls_alone = self.tls_alone.map(|socket| socket.listen(BACKLOG)).transpose()?;
        Ok(Listeners { either: self.either.listen(BACKLOG)?, tls_alone })
    }
}

impl Listeners {
    /// Their addresses, with the ports that the system gave.
    pub(crate) fn addresses(&self) -> io::Result<Addresses> {
        let tls_alone = self.tls_alone.as_ref().map(TcpListener::local_addr).transpose()?;
        Ok(Addresses { either: self.either.local_addr()?, tls_alone })
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, Protocol)> {
        let with = |speech| move |(stream, peer)| (stream, peer, speech);
        match &self.tls_alone {
            None => self.either.accept().await.map(with(Protocol::Either)),
            Some(tls_alone) => tokio::select! {
                accepted = self.either.accept() => accepted.map(with(Protocol::Either)),
                accepted = tls_alone.accept() => accepted.map(with(Protocol::TlsAlone)),
            },
        }
    }
}

/// A socket that has the address, and refuses whoever connects, until it listens.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // So that a mock can start again where one has just ended. On Windows it would let two listen at once.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mock_is_as_open_as_the_more_open_of_its_addresses() {
        let (inside, outside, other) = ("127.0.0.1:1", "0.0.0.0:2", "[::1]:3");
        for (either, tls_alone, most_open) in [
            (inside, None, inside),
            (inside, Some(other), inside),
            (inside, Some(outside), outside),
            (outside, Some(inside), outside),
        ] {
            let parse = |address: &str| address.parse().unwrap();
            let addresses = Addresses { either: parse(either), tls_alone: tls_alone.map(parse) };
            assert_eq!(addresses.most_open(), parse(most_open), "{either} {tls_alone:?}");
        }
    }
}
