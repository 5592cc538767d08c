//! HTTPS over real sockets: negotiation, ports, trust, and HTTP/1.1 inside TLS.

mod authority;
mod curl;
mod http1;
mod protocols;
