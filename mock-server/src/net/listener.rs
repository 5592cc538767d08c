//! The sockets that the mock listens on: one for both HTTP and TLS, and optionally one for TLS only.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::api::host::is_loopback;

/// How many connections the system queues before they are accepted. `TcpListener::bind` asks for 128, which load tests
/// exceed; peers beyond that retry a second later.
const BACKLOG: u32 = 4096;

/// The protocols that a port accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP in plain text or over TLS.
    Either,
    TlsOnly,
}

/// A value for each of the two sockets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Both<T> {
    pub(crate) either: T,
    pub(crate) tls_only: Option<T>,
}

pub(crate) type Addresses = Both<SocketAddr>;
pub(crate) type Listeners = Both<TcpListener>;
/// Bound but not listening: connections are refused, and no other process can bind the addresses.
pub(super) type Bound = Both<TcpSocket>;

impl<T> Both<T> {
    fn try_map<U>(self, map: impl Fn(T) -> io::Result<U>) -> io::Result<Both<U>> {
        Ok(Both { either: map(self.either)?, tls_only: self.tls_only.map(map).transpose()? })
    }
}

impl Addresses {
    /// The more exposed one: privileges of the local machine are granted only if both are loopback addresses.
    pub(crate) fn most_open(self) -> SocketAddr {
        let is_open = |address: &SocketAddr| !is_loopback(address.ip());
        self.tls_only.filter(|tls_only| is_open(tls_only) && !is_open(&self.either)).unwrap_or(self.either)
    }

    /// # Errors
    /// If an address is taken, or does not belong to this machine.
    pub(crate) fn listen(self) -> io::Result<Listeners> {
        self.bind()?.listen()
    }

    /// # Errors
    /// If an address is taken, or does not belong to this machine.
    pub(super) fn bind(self) -> io::Result<Bound> {
        self.try_map(bind)
    }
}

impl Bound {
    /// # Errors
    /// If another process is listening there by now.
    pub(super) fn listen(self) -> io::Result<Listeners> {
        self.try_map(|socket| socket.listen(BACKLOG))
    }
}

impl Listeners {
    /// Their addresses, with the ports that the system assigned.
    pub(crate) fn addresses(&self) -> io::Result<Addresses> {
        Both { either: &self.either, tls_only: self.tls_only.as_ref() }.try_map(TcpListener::local_addr)
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, Protocol)> {
        let with = |protocol| move |(stream, peer)| (stream, peer, protocol);
        match &self.tls_only {
            None => self.either.accept().await.map(with(Protocol::Either)),
            Some(tls_only) => tokio::select! {
                accepted = self.either.accept() => accepted.map(with(Protocol::Either)),
                accepted = tls_only.accept() => accepted.map(with(Protocol::TlsOnly)),
            },
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Lets a mock start right after another one on the same address. On Windows it would let two listen at once.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_exposed_address_decides() {
        let (inside, outside, other) = ("127.0.0.1:1", "0.0.0.0:2", "[::1]:3");
        for (either, tls_only, most_open) in [
            (inside, None, inside),
            (inside, Some(other), inside),
            (inside, Some(outside), outside),
            (outside, Some(inside), outside),
        ] {
            let parse = |address: &str| address.parse().unwrap();
            let addresses = Addresses { either: parse(either), tls_only: tls_only.map(parse) };
            assert_eq!(addresses.most_open(), parse(most_open), "{either} {tls_only:?}");
        }
    }
}
