//! The four trust situations, each with the unchanged client over a real socket: the platform certificate, the
//! public key, both, and a change-over from one certificate to another while requests are in flight.

mod change_over;
mod modes;
mod server;
