//! What can go wrong with a callback besides its signature.

/// What is wrong with a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackFault {
    /// It is not sent.
    Lost,
    /// It is sent twice at once.
    Twice,
    /// It waits, so that the next one overtakes it.
    OutOfOrder,
    /// It is signed with the merchant's other kind of key.
    OtherKindOfKey,
    /// The last byte of its ciphertext is altered; the signature is over the altered body.
    WrongTag,
    /// It is encrypted with another APIv3 key.
    OtherAeadKey,
    /// Its resource is not encrypted.
    PlainResource,
    /// It has an event type that does not exist.
    UnknownEvent,
    /// Its JSON has other spaces, another order and other escapes than a printer's.
    OddlyPrinted,
}
