//! The mock as a forward proxy: requests it handles itself, requests it refuses, and tunnels it passes through.

mod here;
mod passthrough;
mod refused;
