//! What the peers share: the one request that they answer, and the line that says where they listen.
//!
//! Each program listens on a free port of the loopback interface, prints `listening on http://…` as its first line once it
//! accepts connections, and answers the sample request with an empty 204 until it is killed. None verifies or signs
//! anything.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

/// The path that the peers answer, from the documentation's sample.
pub const PATH: &str =
    "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights";

/// Prints the line that `benches/compare` waits for.
///
/// # Errors
/// If stdout is closed.
pub fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on http://{address}")?;
    stdout.flush()
}
