//! What the peers have in common: the one call that they answer, and how they say where they listen.
//!
//! Each is a program that listens on a free port of the loopback interface, prints `listening on http://…` as its first
//! line once it accepts connections, and then answers the sample call with an empty 204 until it is ended. None looks at
//! a signature or signs anything.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

/// The path of the call that is answered, which is that of the documentation's sample.
pub const PATH: &str =
    "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights";

/// Prints the line that whoever started this waits for.
///
/// # Errors
/// If nobody takes it.
pub fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on http://{address}")?;
    stdout.flush()
}
