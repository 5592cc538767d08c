//! Why there is no load to be had.

use std::{io, num::NonZero, time::Duration};

use wechatpay_client::ConfigurationError;
use wechatpay_protocol::{KeyError, Timestamp};

use super::asked::GOOD_FOR;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The target may be a real gateway.
    #[error(
        "{url} is not on this machine, so it may be a real gateway, and nothing was sent; the requests change members' \
         points, so add --i-know-this-is-not-a-mock only if you mean it"
    )]
    NotAMock {
        /// The server.
        url: String,
    },
    /// There would be threads without a connection.
    #[error("expected at most as many threads as connections, found {threads} for {connections}")]
    Threads {
        /// How many threads.
        threads: NonZero<usize>,
        /// How many connections.
        connections: NonZero<usize>,
    },
    /// Signatures would be too old at the end.
    #[error(
        "a signature is good for {} s: expected warm-up and duration of at most {} s together, found {} s",
        Timestamp::MAX_SKEW.as_secs(), GOOD_FOR.as_secs(), asked.as_secs_f64()
    )]
    TooLong {
        /// How long it would take.
        asked: Duration,
    },
    /// Signing takes so long that signatures would be too old at the end.
    #[error(
        "a signature is good for {} s: of {of} requests {signed} were signed in {} s, which leaves too little for the \
         {} s of warm-up and duration; sign fewer (--signed), or send for a shorter time (--duration)",
        Timestamp::MAX_SKEW.as_secs(), took.as_secs(), asked.as_secs_f64()
    )]
    SigningTooLong {
        /// How many were signed.
        signed: usize,
        /// How many should have been.
        of: usize,
        /// How long that took.
        took: Duration,
        /// How long it would then have taken.
        asked: Duration,
    },
    /// The requests would fill the memory.
    #[error(
        "expected at most {most} requests of {each} bytes to be signed ahead, found {signed}; sign fewer \
         (--signed): they are sent again from the first"
    )]
    Memory {
        /// How many should be signed.
        signed: usize,
        /// The bytes of each.
        each: usize,
        /// How many can be.
        most: usize,
    },
    /// The body is longer than it shall be.
    #[error("expected a body of {least} to {most} bytes, found {asked}")]
    Body {
        /// How long it shall be.
        asked: usize,
        /// How long it is without any white space.
        least: usize,
        /// The most that the gateway takes.
        most: usize,
    },
    /// Nothing can be verified.
    #[error(
        "the credentials have no key of the gateway to verify answers by; add a platform certificate or public key, or \
         verify none with --verify-every 0"
    )]
    NoKey,
    /// A key of the gateway can't be read.
    #[error("the key of the gateway in the credentials")]
    Key(#[source] KeyError),
    /// The merchant's credentials can't be used.
    #[error("the merchant's credentials")]
    Credentials(#[source] ConfigurationError),
    /// Nobody answers.
    #[error("expected an answer of {url}, found {found}; is the server running there?")]
    Unreachable {
        /// The server.
        url: String,
        /// What there was.
        found: String,
    },
    /// The server refuses the request that all others are like.
    #[error("{url} does not take the request that all others are like, as merchant {mchid}: {answer}")]
    Refused {
        /// The server.
        url: String,
        /// The merchant.
        mchid: String,
        /// What the server said.
        answer: String,
    },
    /// The machine has no threads or sockets left.
    #[error("cannot start to send")]
    Start(#[source] io::Error),
}
