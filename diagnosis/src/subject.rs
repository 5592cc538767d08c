//! What a signature is of.

/// What the signature is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A merchant's request.
    Request,
    /// The gateway's response or callback.
    Response,
    /// The encrypted data in a callback.
    Resource,
    /// What a front end hands to the client to open a payment.
    PaySign,
    /// What a front end hands over to open a page of pay score.
    BusinessView,
}
