//! Bytes to HTTP and back: listeners, connections, TLS and its authority, the forward proxy, and shutdown.
//!
//! The server starts [`accept::accept`]; each connection goes through [`connection`], which hands requests to the gateway
//! or to the admin API.

pub(crate) mod accept;
mod connection;
mod idle;
pub(crate) mod listener;
pub(crate) mod proxy;
pub(crate) mod tls;
mod write_timeout;

use std::{fmt::Display, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{admin::Admin, gateway::Gateway, journal::RejectedConnections, limits::Limits, payer::Payer};
use connection::serve;
use idle::IdleConnections;
use listener::Protocol;
use proxy::Proxy;
use tls::Tls;

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) payer: Arc<Payer>,
    pub(crate) rejected_connections: Arc<RejectedConnections>,
    pub(crate) admin: Admin,
    pub(crate) proxy: Proxy,
    pub(crate) tls: Arc<Tls>,
    pub(crate) idle: Arc<IdleConnections>,
}

impl Shared {
    fn limits(&self) -> Limits {
        self.gateway.limits
    }

    /// Records why a peer was rejected before there was an exchange.
    fn reject(&self, who: impl Display, why: impl Display) {
        self.rejected_connections.add(who, why);
    }

    /// Serves a connection that is not a socket, until its peer closes it.
    pub(crate) async fn serve_in_memory<S>(self: &Arc<Self>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        serve(stream, None, Protocol::Either, |_| {}, Arc::clone(self)).await;
    }
}
