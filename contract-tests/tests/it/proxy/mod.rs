//! The mock as a forward proxy: what it answers itself, what it refuses, and what it lets through.

mod here;
mod passthrough;
mod refused;
