//! HTTPS over real sockets: what is agreed on, on which port, who is trusted, and HTTP/1.1 within.

mod authority;
mod curl;
mod http1;
mod protocols;
