//! The client that is tested.

use std::{ffi::OsString, fmt, net::SocketAddr};

use super::Trigger;

/// The client that is tested, and how to make it call.
#[derive(Clone, Debug)]
pub enum TestedClient {
    /// A command with its arguments. It makes the sample call once, and exits with 0 if it accepts the response.
    Command(Vec<OsString>),
    /// A running application that uses the mock at `listen`. It makes the sample call at each request to it, and
    /// responds 2xx if it accepts the response.
    Application {
        /// The request.
        trigger: Trigger,
        /// Where the mock listens.
        listen: SocketAddr,
    },
}

impl fmt::Display for TestedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(words) => {
                let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
                f.write_str(&words.join(" "))
            }
            Self::Application { trigger, .. } => write!(f, "{trigger}"),
        }
    }
}
