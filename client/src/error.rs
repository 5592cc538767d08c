//! Why a call did not end in a verified answer.

use std::{error, fmt, time::Duration};

use crate::{CertificatesError, Rejection, TargetError, Unverified};

/// Why a call did not end in a verified answer.
///
/// # What to do then
///
/// [`Error::outcome_is_unknown`] is the question that matters for whoever changes something. If so, the gateway may
/// have carried the change out: neither believe that it did nor that it didn't, and send the very same change with
/// the same `out_request_no` again. Otherwise nothing was changed.
///
/// Shows its own level only; [`source`](error::Error::source) tells the rest. Never shows a key.
pub struct Error(Box<Kind>);

pub(crate) type Cause = Box<dyn error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("the request cannot be made")]
    InvalidInput(#[source] TargetError),
    #[error("the certificates to verify the answer with could not be had, so nothing was sent")]
    Download(#[source] Error),
    #[error("cannot connect to {to}")]
    Connect { to: String, source: Cause },
    #[error("no complete answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    #[error("the connection failed before a complete answer came")]
    Transport(#[source] Cause),
    #[error("the answer's body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the gateway refused")]
    Rejected(#[source] Rejection),
    #[error("the gateway said yes, but the answer cannot be verified")]
    Unverified(#[source] Unverified),
    #[error("the list of certificates is not to be trusted")]
    Certificates(#[source] CertificatesError),
}

impl Error {
    /// Whether the gateway may have carried the request out.
    ///
    /// So it is after a timeout, a broken connection, a server error (5xx), and an answer that says yes but can't
    /// be verified.
    pub fn outcome_is_unknown(&self) -> bool {
        match &*self.0 {
            Kind::Timeout(_) | Kind::Transport(_) | Kind::TooLarge { .. } => true,
            Kind::Unverified(_) => true,
            Kind::Rejected(rejection) => rejection.status().is_server_error(),
            Kind::InvalidInput(_) | Kind::Download(_) | Kind::Connect { .. } | Kind::Certificates(_) => false,
        }
    }

    /// Whether the gateway refused: any status but 2xx.
    pub fn is_rejected(&self) -> bool {
        self.rejection().is_some()
    }

    /// The refusal, if it is one.
    pub fn rejection(&self) -> Option<&Rejection> {
        match &*self.0 {
            Kind::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }

    /// Whether a 2xx came that can't be verified.
    pub fn is_unverified(&self) -> bool {
        self.unverified().is_some()
    }

    /// Why a 2xx can't be verified, if that is what happened.
    pub fn unverified(&self) -> Option<&Unverified> {
        match &*self.0 {
            Kind::Unverified(unverified) => Some(unverified),
            _ => None,
        }
    }

    /// Whether time ran out: the whole call's, or the time for connecting.
    pub fn is_timeout(&self) -> bool {
        match &*self.0 {
            Kind::Timeout(_) => true,
            Kind::Connect { source, .. } => timed_out(source.as_ref()),
            _ => false,
        }
    }

    /// Whether the connection failed: it was not to be had, broke, or carried something other than HTTP, or more
    /// than a client takes.
    pub fn is_transport(&self) -> bool {
        matches!(&*self.0, Kind::Connect { .. } | Kind::Transport(_) | Kind::TooLarge { .. })
    }

    /// Whether no connection was to be had, so that nothing was sent.
    pub fn is_connect(&self) -> bool {
        matches!(&*self.0, Kind::Connect { .. })
    }

    /// Whether whoever answered there could not prove by TLS to be the gateway.
    pub fn is_untrusted_server(&self) -> bool {
        let mut causes = std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        causes.any(is_bad_certificate)
    }

    /// Whether a list of certificates came that is not to be trusted.
    pub fn is_certificates(&self) -> bool {
        matches!(&*self.0, Kind::Certificates(_))
    }

    /// Whether the certificates to verify the answer with could not be downloaded, for the reason that is the
    /// [`source`](error::Error::source), another [`Error`]. The call itself was not sent.
    pub fn is_download(&self) -> bool {
        matches!(&*self.0, Kind::Download(_))
    }

    /// Whether a request can't be made of what was given. Nothing was sent.
    pub fn is_invalid_input(&self) -> bool {
        matches!(&*self.0, Kind::InvalidInput(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source()
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        Kind::InvalidInput(error).into()
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Kind::Rejected(rejection).into()
    }
}

impl From<Unverified> for Error {
    fn from(unverified: Unverified) -> Self {
        Kind::Unverified(unverified).into()
    }
}

impl From<CertificatesError> for Error {
    fn from(error: CertificatesError) -> Self {
        Kind::Certificates(error).into()
    }
}

fn timed_out(error: &(dyn error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut) || error.source().is_some_and(timed_out)
}

/// An error of TLS comes wrapped, more than once, as one of input and output.
fn is_bad_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => is_bad_certificate(inner),
        None => matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))),
    }
}
