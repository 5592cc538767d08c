//! What a capture is: HTTP messages in a file, however they were kept.

use wechatpay_texts::{Text, text};

/// The most bytes of a capture. (own choice)
pub(crate) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The most messages of a capture: twice as many as entries of an archive. (own choice)
pub(super) const MAX_MESSAGES: usize = 20_000;

/// A message as it was kept. Nothing in it is trusted, and only chosen parts of it are ever shown.
pub(crate) struct Message {
    /// Where it stands: `entry 3`, `line 12`; nothing if it is the whole capture.
    pub(super) place: Option<Place>,
    pub(super) start: Start,
    /// Names as kept, and values without white space at their ends.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The place of the request that it answers among the messages.
    pub(super) answers: Option<usize>,
    /// The length that `Content-Length` promises, if the body has fewer bytes.
    pub(super) promised: Option<usize>,
}

#[derive(Clone, Copy)]
pub(super) enum Place {
    /// An entry of an archive, counted from 1.
    Entry(usize),
    /// A line of a text, counted from 1.
    Line(usize),
}

/// The first line of a message.
pub(super) enum Start {
    Request {
        method: String,
        target: String,
    },
    Response {
        status: u16,
    },
    /// There was none, as in headers copied from a log.
    Unknown,
}

/// Why a file is no capture. Quotes nothing of it.
#[derive(Debug, Text, thiserror::Error)]
pub(crate) enum CaptureError {
    #[text("expected a capture of at most 16 MiB, found more; leave out other messages")]
    TooLarge,
    #[text(
        "expected HAR, `curl -v` output, raw HTTP, or headers and body, found a private key (not shown); explain needs none, \
         and has not used it"
    )]
    PrivateKey,
    #[text("expected an archive of at most 10,000 entries, found {found}; leave out other entries")]
    TooManyEntries { found: usize },
    #[text("expected an archive (HAR), found JSON of another form at line {line}, column {column}")]
    Har { line: usize, column: usize },
    #[text(
        "expected a message with Authorization: WECHATPAY2-SHA256-RSA2048 or Wechatpay-… headers, found none{among}",
        among = among(skipped)
    )]
    NoMessage { skipped: usize },
}

impl Message {
    /// The values of a header, in any case.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }
}

fn among(skipped: &usize) -> String {
    match skipped {
        0 => String::new(),
        1 => text!(" in 1 other message"),
        _ => text!(" in {skipped} other messages"),
    }
}

/// Whether it has a private key in PEM.
pub(super) fn has_private_key(bytes: &[u8]) -> bool {
    const LABEL: &[u8] = b"PRIVATE KEY-----";
    bytes.windows(LABEL.len()).any(|window| window == LABEL)
}
