//! Why a call did not return a verified response.

use std::{error, io, time::Duration};

use wechatpay_protocol::display::causes;
use wechatpay_texts::{Text, phrase};

use crate::{ApiError, CertificateListError, TargetError, VerificationError};

/// Why a call did not return a verified response.
///
/// # What to do
///
/// After a failed change, check [`Error::outcome_is_unknown`]. If it is `true`, the gateway may or may not have
/// carried out the change: send the same change with the same `out_request_no` again. Otherwise nothing was changed:
/// the request was not sent, or refused with a 4xx.
///
/// `Display` shows only its own level; [`source`](error::Error::source) has the cause. Never shows a key.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Kind>);

pub(crate) type Cause = Box<dyn error::Error + Send + Sync>;

#[derive(Debug, Text, thiserror::Error)]
pub(crate) enum Kind {
    #[text("the request is invalid")]
    InvalidInput(#[source] TargetError),
    #[text("cannot download the certificates that verify the response, so nothing was sent")]
    Download(#[source] Error),
    #[text("cannot connect to {to}")]
    Connect { to: String, source: Cause },
    #[text("no complete response within {seconds} s", seconds = _0.as_secs_f64())]
    Timeout(Duration),
    #[text("the connection failed before a complete response arrived")]
    Transport(#[source] Cause),
    #[text("the response's body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[text("{what}", what = if _0.is_refusal() { phrase!("the gateway refused") } else { phrase!("the gateway did not confirm the call") })]
    Api(#[source] ApiError),
    #[text("the response says success, but cannot be verified")]
    Unverified(#[source] VerificationError),
    #[text("the list of certificates cannot be trusted")]
    CertificateList(#[source] CertificateListError),
}

impl Error {
    /// Whether the gateway may have carried out the request: after a timeout, a broken connection, a 2xx that can't be
    /// verified, or any status but 2xx and 4xx.
    pub fn outcome_is_unknown(&self) -> bool {
        match &*self.0 {
            Kind::Timeout(_) | Kind::Transport(_) | Kind::TooLarge { .. } | Kind::Unverified(_) => true,
            Kind::Api(error) => !error.is_refusal(),
            Kind::InvalidInput(_) | Kind::Download(_) | Kind::Connect { .. } | Kind::CertificateList(_) => {
                false
            }
        }
    }

    /// The gateway's error, if it responded with one: any status but 2xx.
    pub fn api_error(&self) -> Option<&ApiError> {
        match &*self.0 {
            Kind::Api(error) => Some(error),
            _ => None,
        }
    }

    /// Why a 2xx can't be verified, if that is the error.
    pub fn verification_error(&self) -> Option<&VerificationError> {
        match &*self.0 {
            Kind::Unverified(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the timeout of the call or of connecting expired.
    pub fn is_timeout(&self) -> bool {
        let is_timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        match &*self.0 {
            Kind::Timeout(_) => true,
            Kind::Connect { .. } => causes(self).filter_map(|cause| cause.downcast_ref()).any(is_timed_out),
            _ => false,
        }
    }

    /// Whether the connection failed: it could not be opened, broke, or carried something other than HTTP or a body
    /// over [`MAX_BODY`](crate::MAX_BODY).
    pub fn is_transport(&self) -> bool {
        matches!(&*self.0, Kind::Connect { .. } | Kind::Transport(_) | Kind::TooLarge { .. })
    }

    /// Whether no connection could be opened, so that nothing was sent.
    pub fn is_connect(&self) -> bool {
        matches!(&*self.0, Kind::Connect { .. })
    }

    /// Whether the server's TLS certificate is not trusted.
    pub fn is_untrusted_server(&self) -> bool {
        causes(self).any(is_invalid_certificate)
    }

    /// Whether a downloaded list of certificates can't be trusted.
    pub fn is_certificate_list(&self) -> bool {
        matches!(&*self.0, Kind::CertificateList(_))
    }

    /// Whether the certificates that verify the response could not be downloaded, so that the request was not sent. The
    /// [`source`](error::Error::source) is another [`Error`].
    pub fn is_download(&self) -> bool {
        matches!(&*self.0, Kind::Download(_))
    }

    /// Whether the request is invalid, so that nothing was sent.
    pub fn is_invalid_input(&self) -> bool {
        matches!(&*self.0, Kind::InvalidInput(_))
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}

/// Errors of TLS are wrapped in one or more I/O errors.
fn is_invalid_certificate(error: &(dyn error::Error + 'static)) -> bool {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => is_invalid_certificate(inner),
        None => matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))),
    }
}
